//! Floor 7: what is done without being asked, each piece of work a call down to a service or repository. Knows no HTTP.

mod clay;
mod clerk;
mod housekeeping;
mod periodic;
mod queue;
mod seal;

use std::{sync::Arc, time::Duration};

use tokio_util::{sync::CancellationToken, task::TaskTracker};

use self::periodic::{Task, run};
pub use self::{
    clay::push_to_clay,
    clerk::compare_members,
    housekeeping::{
        forget_counts, forget_expired_keys, forget_imports, forget_inbound_events, forget_taken_in,
        forget_unipile_events, take_up_imports,
    },
    periodic::Done,
    seal::seal_once,
};
use crate::{errors::Result, models::WatchKind, services::campaign_runs::Round, state::AppState};

/// A line of the audit log is sealed within about this time of its commit.
const SEAL: Task = Task { name: "seal_audit_logs", every: Duration::from_secs(1) };
/// Clay's pace is kept by bursts this far apart.
const CLAY: Task = Task { name: "push_to_clay", every: Duration::from_secs(1) };
/// An organization at a time: far below what Clerk allows (100 requests in 10 s of a development instance).
const COMPARE_MEMBERS: Task = Task { name: "compare_members", every: Duration::from_secs(1) };
const EXPIRED_KEYS: Task = Task { name: "forget_expired_keys", every: Duration::from_mins(1) };
const INBOUND_EVENTS: Task = Task { name: "forget_inbound_events", every: Duration::from_hours(1) };
const TAKEN_IN: Task = Task { name: "forget_taken_in", every: Duration::from_hours(1) };
const COUNTS: Task = Task { name: "forget_counts", every: Duration::from_hours(1) };
const IMPORTS: Task = Task { name: "forget_imports", every: Duration::from_hours(1) };
const IMPORTS_LEFT: Task = Task { name: "take_up_imports", every: Duration::from_mins(1) };
/// How far a machine's clock may run away in between matters little; that it is wrong matters.
const CLOCK: Task = Task { name: "align_clock", every: Duration::from_secs(10) };
/// A promised instant is kept to about this.
const STEPS: Task = Task { name: "do_due_steps", every: Duration::from_millis(500) };
const BEGINNINGS: Task = Task { name: "begin_leads", every: Duration::from_secs(1) };
const REPLAN: Task = Task { name: "replan_campaigns", every: Duration::from_secs(1) };
const ENROLMENT: Task = Task { name: "enrol_leads", every: Duration::from_secs(2) };
const RECONCILE: Task = Task { name: "reconcile_steps", every: Duration::from_secs(5) };
const COPIES: Task = Task { name: "copy_sent_mails", every: Duration::from_secs(10) };
/// Whoever has set a mailbox's domain sees within about this time whether it leads here.
const LINK_DOMAINS: Task = Task { name: "look_at_link_domains", every: Duration::from_secs(5) };
const LETTERS: Task = Task { name: "reconcile_letters", every: Duration::from_secs(5) };
const GUARD: Task = Task { name: "guard_campaigns", every: Duration::from_secs(5) };
/// People are told of within about this time, after what it takes to judge.
const READS: Task = Task { name: "judge_mail_reads", every: Duration::from_secs(5) };
const SANDBOX: Task = Task { name: "take_in_sandbox", every: Duration::from_secs(1) };
/// How much waits changes slowly, and is asked of the whole database.
const BACKLOG: Task = Task { name: "measure_backlog", every: Duration::from_secs(15) };
/// What campaigns' progress is told from grows until then.
const PROGRESS: Task = Task { name: "sum_up_progress", every: Duration::from_secs(5) };
/// A signed-in account is there, and one that is out is held, within about this time.
const LINKS: Task = Task { name: "confirm_connect_links", every: Duration::from_millis(500) };
const ACCOUNTS: Task = Task { name: "look_at_accounts", every: Duration::from_millis(500) };
const UNIPILE_WEBHOOKS: Task = Task { name: "keep_unipile_webhooks", every: Duration::from_secs(30) };
const DEPARTURES: Task = Task { name: "delete_unipile_accounts", every: Duration::from_secs(5) };
const HINTS: Task = Task { name: "follow_unipile_hints", every: Duration::from_secs(1) };
/// How often it is asked whose turn it is; how often it is an account's is told in `services::unipile`.
const RELATIONS: Task = Task { name: "look_for_relations", every: Duration::from_secs(10) };
const MESSAGES: Task = Task { name: "look_for_messages", every: Duration::from_secs(10) };
const HISTORY: Task = Task { name: "read_back_history", every: Duration::from_secs(10) };
const UNIPILE_EVENTS: Task = Task { name: "forget_unipile_events", every: Duration::from_hours(1) };
/// The queue's worker runs until it is stopped, or the database goes away; then it is started again.
const QUEUE: Task = Task { name: "work_on_queue", every: Duration::from_secs(1) };
/// Mailboxes are watched until the process stops, or the database goes away; then again.
const MAILBOXES: Task = Task { name: "watch_mailboxes", every: Duration::from_secs(1) };
const METRICS: Task = Task { name: "sum_up_metrics", every: Duration::from_secs(5) };
/// What an API key does for the first time is in the audit log within about this time.
const KEY_USES: Task = Task { name: "tell_key_uses", every: Duration::from_secs(5) };
const IDLE_CALLERS: Task = Task { name: "forget_idle_callers", every: Duration::from_mins(1) };

/// The running workers of one process.
#[derive(Debug)]
pub struct Workers {
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Workers {
    /// No worker yet; all will end when `stop` is cancelled, each when it has finished what it is at.
    #[must_use]
    pub fn new(stop: CancellationToken) -> Self {
        Self { tasks: TaskTracker::new(), stop }
    }

    /// Starts what every process does for itself.
    pub fn tend_process(&self, state: &AppState) {
        self.start(METRICS, state, |state| async move {
            state.sum_up_metrics();
            Ok(Done::default())
        });
        self.start(IDLE_CALLERS, state, |state| async move {
            state.rate_limiter().forget_idle();
            state.sign_in_failures().forget_idle();
            Ok(Done::default())
        });
        self.start(KEY_USES, state, |state| async move {
            state.api_keys().tell_uses().await.map(|rows| Done { rows, more: false })
        });
    }

    /// Starts forgetting what has served its time.
    fn forget(&self, state: &AppState) {
        self.start(EXPIRED_KEYS, state, |state| async move { forget_expired_keys(&state).await });
        self.start(INBOUND_EVENTS, state, |state| async move { forget_inbound_events(&state).await });
        self.start(TAKEN_IN, state, |state| async move { forget_taken_in(&state).await });
        self.start(COUNTS, state, |state| async move { forget_counts(&state).await });
    }

    /// Starts what some process must do for the database. That more than one does it costs little and breaks nothing.
    pub fn tend_database(&self, state: &AppState) {
        self.start(SEAL, state, |state| async move { seal_once(&state).await });
        self.start(CLAY, state, |state| async move { push_to_clay(&state).await });
        self.start(COMPARE_MEMBERS, state, |state| async move { compare_members(&state).await });
        self.forget(state);
        self.look_after_imports(state);
        self.look_after_unipile(state);
        self.start(CLOCK, state, |state| async move { state.align_clock().await.map(|()| Done::default()) });
        // Where time passes faster for campaigns, they are looked at more often.
        let speed = state.server().campaign_clock_speed;
        self.run(BEGINNINGS.hurried(speed), state, |state| async move { state.runs().begin_due().await });
        self.run(REPLAN, state, |state| async move { state.runs().replan_all().await });
        self.run(ENROLMENT, state, |state| async move { state.runs().enrol_all().await });
        self.run(RECONCILE.hurried(speed), state, |state| async move { state.runs().reconcile().await });
        self.run(COPIES, state, |state| async move { state.runs().copy_sent().await });
        self.run(LINK_DOMAINS, state, |state| async move { state.runs().look_at_link_domains().await });
        self.run(LETTERS.hurried(speed), state, |state| async move { state.runs().reconcile_letters().await });
        self.run(GUARD.hurried(speed), state, |state| async move { state.runs().guard().await });
        self.run(SANDBOX.hurried(speed), state, |state| async move { state.runs().take_in().await });
        self.run(READS.hurried(speed), state, |state| async move { state.mail_reads().judge().await });
        self.run(PROGRESS, state, |state| async move { state.runs().sum_up().await });
        self.run(BACKLOG, state, |state| async move { state.runs().measure().await });
        let stop = self.stop.clone();
        self.run(STEPS.hurried(speed), state, move |state| {
            let stop = stop.clone();
            async move { state.runs().do_due(&stop).await }
        });
        let stop = self.stop.clone();
        self.start(MAILBOXES, state, move |state| {
            let stop = stop.clone();
            async move { state.mailbox_watch().watch(stop).await.map(|()| Done::default()) }
        });
        let stop = self.stop.clone();
        self.start(QUEUE, state, move |state| {
            let stop = stop.clone();
            async move { queue::work(state, stop).await.map(|()| Done::default()) }
        });
    }

    /// Those that have served their time, and those that nobody works on.
    fn look_after_imports(&self, state: &AppState) {
        self.start(IMPORTS, state, |state| async move { forget_imports(&state).await });
        self.start(IMPORTS_LEFT, state, |state| async move { take_up_imports(&state).await });
    }

    /// Starts what looks after accounts at Unipile.
    fn look_after_unipile(&self, state: &AppState) {
        self.start(LINKS, state, |state| async move { state.unipile().confirm_reported().await.map(done) });
        self.start(ACCOUNTS, state, |state| async move { state.unipile().look_at_accounts().await.map(done) });
        self.start(UNIPILE_WEBHOOKS, state, |state| async move { state.unipile().keep_webhooks().await.map(done) });
        self.start(DEPARTURES, state, |state| async move { state.unipile().see_off().await.map(done) });
        let look = |kind| move |state: AppState| async move { state.unipile().look_in_turn(kind).await };
        self.run(HINTS, state, |state| async move { state.unipile().follow_hints().await });
        self.run(RELATIONS, state, look(WatchKind::Relations));
        self.run(MESSAGES, state, look(WatchKind::Messages));
        self.run(HISTORY, state, look(WatchKind::History));
        self.start(UNIPILE_EVENTS, state, |state| async move { forget_unipile_events(&state).await });
    }

    /// Starts what goes by the clock of campaigns, which must have been set before: a machine's own may be wrong.
    fn run<W, F>(&self, task: Task, state: &AppState, work: W)
    where
        W: Fn(AppState) -> F + Send + Sync + 'static,
        F: Future<Output = Result<Round>> + Send + 'static,
    {
        let work = Arc::new(work);
        self.start(task, state, move |state| {
            let work = Arc::clone(&work);
            async move {
                state.have_clock_set().await?;
                work(state).await.map(done)
            }
        });
    }

    fn start<W, F>(&self, task: Task, state: &AppState, work: W)
    where
        W: Fn(AppState) -> F + Send + 'static,
        F: Future<Output = Result<Done>> + Send + 'static,
    {
        let state = state.clone();
        self.tasks.spawn(run(task, self.stop.clone(), move || work(state.clone())));
    }

    /// Waits until all have ended.
    pub async fn ended(self) {
        self.tasks.close();
        self.tasks.wait().await;
    }
}

fn done(round: Round) -> Done {
    Done { rows: round.done, more: round.more }
}
