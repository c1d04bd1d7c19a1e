//! Everything fails at once: real worker processes are killed and stopped, their connections break, the database crashes and is away. What
//! the sandbox was sent, which knows no duplicates, is then compared with what was promised. The one test of campaigns that goes by real time.

mod linkedin;
mod storm;
mod workers;

use std::{io::Write as _, time::Duration};

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep, timeout};

use self::{storm::Storm, workers::Workers};
use super::{account, act, assert_none_got_anything_twice, assert_nothing_twice, campaign, count, list_of, nobody};
use crate::support::{Caller, TestApp, own_postgres::OwnPostgres, postgres::TestDatabase, proxy::Proxy};

/// How much is done, and how hard it is hit.
#[derive(Debug, Clone, Copy)]
struct Scale {
    /// Leads, to each of whom two mails are sent.
    leads: usize,
    /// Mailboxes, each of which sends a mail a second at the most.
    mailboxes: usize,
    /// Worker processes.
    workers: usize,
    /// How long a worker's results are awaited.
    lease: Duration,
    /// How long things keep failing.
    storm: Duration,
    /// Between one kill and the next.
    kill_every: Duration,
    /// Crashes of the database.
    crashes: u32,
    /// How long the database is away once.
    away: Duration,
    /// How long all may take to come to its end after the last fault.
    calm: Duration,
}

const SHORT: Scale = Scale {
    leads: 150,
    mailboxes: 12,
    workers: 4,
    lease: Duration::from_secs(15),
    storm: Duration::from_secs(22),
    kill_every: Duration::from_secs(3),
    crashes: 1,
    away: Duration::from_secs(2),
    calm: Duration::from_mins(2),
};

const LONG: Scale = Scale {
    leads: 10_000,
    mailboxes: 64,
    workers: 8,
    lease: Duration::from_mins(1),
    storm: Duration::from_mins(8),
    kill_every: Duration::from_secs(1),
    crashes: 5,
    away: Duration::from_secs(20),
    calm: Duration::from_mins(2),
};

#[tokio::test]
async fn whatever_fails_nothing_is_sent_twice_and_nothing_is_lost() {
    weathers(SHORT).await;
}

#[tokio::test]
#[ignore = "takes a quarter of an hour: ./x reliability"]
async fn whatever_fails_for_minutes_nothing_is_sent_twice_and_nothing_is_lost() {
    weathers(LONG).await;
}

async fn weathers(scale: Scale) {
    let mut postgres = OwnPostgres::start().await;
    let proxy = Proxy::to(&postgres.url()).await;
    let app = TestApp::start_over(TestDatabase::at(proxy.url()), |_| {}).await;
    start(&app, scale).await;
    let workers = Workers::start(app.database.url.clone(), scale, Vec::new());
    let at_work = async {
        while count(&app, "select count(*) from sandbox_acts").await == 0 {
            sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(Duration::from_mins(2), at_work).await.expect("the workers begin");
    let storm = Storm::begin(proxy, workers, scale);
    storm.rage(&mut postgres).await;
    let (calm, since) = (Instant::now(), database_time(&app).await);
    let in_time = comes_to_rest(&app, &befallen_by_nothing(since), scale.calm).await;
    let took = calm.elapsed();
    let late = count(&app, UNDER_WAY).await;
    // The sandbox goes on being silent at times: each time is a fault of its own.
    let in_the_end = comes_to_rest(&app, UNDER_WAY, scale.calm * 2).await;
    let (told, results) = (storm.told(), results(&app, scale).await);
    let _ = writeln!(
        std::io::stderr(),
        "{told}; all ended {took:.0?} after the last of it, but {late} that met with silence after it; {results}"
    );
    assert_none_got_anything_twice(&app).await;
    assert!(in_time && in_the_end, "{in_time} {in_the_end}, {late}: {}", on_their_way(&app).await);
    assert_nothing_twice(&app).await;
    assert_all_was_sent(&app, scale).await;
    assert_no_limit_was_exceeded(&app).await;
    assert!(count(&app, &of(&taken_over(scale))).await > 0, "no fault hit a step on its way");
}

/// Leads that have not come to their end.
const UNDER_WAY: &str = "select count(*) from campaign_executions e where e.status <> 'completed'";

/// Of them those that no fault has hit since then.
fn befallen_by_nothing(since: DateTime<Utc>) -> String {
    let since = since.to_rfc3339();
    format!(
        "{UNDER_WAY} and not exists
           (select from execution_steps s where s.execution_id = e.id and s.unclear and s.sending_at > '{since}')"
    )
}

/// Whether nothing is left within that time of what a query counts.
async fn comes_to_rest(app: &TestApp, left: &str, within: Duration) -> bool {
    let ends = async {
        while count(app, left).await > 0 {
            sleep(Duration::from_millis(200)).await;
        }
    };
    timeout(within, ends).await.is_ok()
}

async fn database_time(app: &TestApp) -> DateTime<Utc> {
    sqlx::query_scalar("select clock_timestamp()").fetch_one(&app.pool).await.unwrap()
}

/// Everybody gets a mail now, and another right after it.
async fn start(app: &TestApp, scale: Scale) {
    app.clock.set(database_time(app).await);
    let member = app.member();
    let list = list_of(&member, scale.leads).await;
    let mut mailboxes = Vec::new();
    for _ in 0..scale.mailboxes {
        mailboxes.push(mailbox(&member, scale).await);
    }
    let mailboxes: Vec<_> = mailboxes.iter().map(String::as_str).collect();
    let mut workflow = super::two_mails();
    workflow["edges"][0]["delay"] = json!({"value": 0, "unit": "minutes"});
    let id = campaign(&member, &[&list], &mailboxes, workflow, always()).await;
    act(&member, &id, "start").await;
}

/// One in fifty mails is not answered so that one could tell what became of it.
async fn mailbox(member: &Caller, scale: Scale) -> String {
    let each = 2 * scale.leads / scale.mailboxes;
    let terms = json!({"spacing_seconds": 1, "limits": {"send_email": {"per_day": 2 * each}}});
    account(member, "email", nobody(json!({"silence": 0.02})), terms).await
}

fn always() -> Value {
    let days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    json!({"timezone": "UTC", "days": days, "start_time": "00:00", "end_time": "24:00"})
}

/// How many attempts are so.
fn of(what: &str) -> String {
    format!("select count(*) from execution_steps where {what}")
}

/// Whoever made the attempt did not say in time what became of it.
fn taken_over(scale: Scale) -> String {
    format!("deadline <> sending_at + interval '{} s'", scale.lease.as_secs())
}

async fn results(app: &TestApp, scale: Scale) -> String {
    let attempts = count(app, &of("true")).await;
    let absent = count(app, &of("reason = 'not_found_at_provider'")).await;
    let found = count(app, &of(&format!("state = 'sent' and {}", taken_over(scale)))).await;
    let given_back = count(app, &of("state = 'not_sent' and reason <> 'not_found_at_provider'")).await;
    let acts = count(app, "select count(*) from sandbox_acts").await;
    format!(
        "{acts} mails of {attempts} attempts: {absent} looked up in vain, {found} found, {given_back} given back before they began"
    )
}

/// A few of those that have not come to their end, with the attempts made for them.
async fn on_their_way(app: &TestApp) -> String {
    let told: Vec<String> = sqlx::query_scalar(
        "select jsonb_build_object('now', clock_timestamp(), 'execution', to_jsonb(e), 'steps', (
           select jsonb_agg(to_jsonb(s) order by s.sending_at) from execution_steps s where s.execution_id = e.id))::text
         from campaign_executions e where e.status <> 'completed' order by e.awaiting nulls first limit 3",
    )
    .fetch_all(&app.pool)
    .await
    .unwrap();
    told.join("\n")
}

async fn assert_all_was_sent(app: &TestApp, scale: Scale) {
    let leads = i64::try_from(scale.leads).unwrap();
    assert_eq!(count(app, "select count(*) from campaign_executions where status = 'completed'").await, leads);
    assert_eq!(count(app, "select count(*) from sandbox_acts").await, 2 * leads);
    assert_eq!(count(app, "select sum(used)::int8 from account_usage").await, 2 * leads, "each is charged once");
    assert_eq!(count(app, "select count(*) from activities where type = 'email_sent'").await, 2 * leads);
}

async fn assert_no_limit_was_exceeded(app: &TestApp) {
    let over =
        "select count(*) from (select a.account_id from sandbox_acts a join connected_accounts c on c.id = a.account_id
                  group by a.account_id, c.limits, a.taken_at::date
                  having count(*) > (c.limits -> 'send_email' ->> 'per_day')::int) t";
    assert_eq!(count(app, over).await, 0, "an account did more than it may");
}
