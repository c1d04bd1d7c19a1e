//! Providers that fail, workers that die, databases that go away: nothing is sent twice, and nothing is lost.

use std::{
    future::Future,
    pin::{Pin, pin},
    task::Poll,
};

use chrono::{DateTime, TimeDelta, Utc};
use clento::utils::clock::Clock as _;
use serde_json::json;
use sqlx::{Postgres, Transaction};
use tokio_util::sync::CancellationToken;

use super::{
    MONDAY, WAITING, account, act, assert_nothing_twice, at, campaign, count, list_of, nobody, run_until, schedule,
    sent, tick, two_mails,
};
use crate::support::{ManualClock, TestApp};

#[tokio::test]
async fn what_a_provider_does_not_answer_is_looked_up_and_not_sent_again() {
    let app = TestApp::start().await;
    app.clock.set(at(MONDAY));
    let member = app.member();
    let list = list_of(&member, 60).await;
    let people = nobody(json!({"silence": 0.4, "rate_error": 0.1}));
    let mailbox = account(&member, "email", people, json!({"limits": {"send_email": {"per_day": 500}}})).await;
    let id = campaign(&member, &[&list], &[&mailbox], two_mails(), schedule()).await;
    act(&member, &id, "start").await;
    run_until(&app, at("2027-02-28T00:00:00Z")).await;
    assert_eq!(count(&app, "select count(*) from campaign_executions where status = 'completed'").await, 60);
    assert_eq!(sent(&app).await.len(), 120);
    assert!(count(&app, "select count(*) from execution_steps where reason = 'not_found_at_provider'").await > 5);
    assert!(
        count(
            &app,
            "select count(*) from execution_steps where state = 'sent' and settled_at > sending_at + interval '59 s'"
        )
        .await
            > 5
    );
    assert_nothing_twice(&app).await;
    let charged = count(&app, "select sum(used)::int8 from account_usage").await;
    assert_eq!(charged, 120, "what was not sent is given back");
}

/// Polls `work` this often, and gives it up then: what a crash would leave.
pub(super) async fn polls<F: Future>(work: F, mut polls: usize) -> Option<F::Output> {
    let mut work = pin!(work);
    std::future::poll_fn(|context| {
        let polled = work.as_mut().poll(context);
        if let Poll::Ready(output) = polled {
            return Poll::Ready(Some(output));
        }
        polls -= 1;
        if polls == 0 { Poll::Ready(None) } else { Poll::Pending }
    })
    .await
}

/// Waits until the database has done what it was asked.
async fn nothing_is_asked(app: &TestApp) {
    let asked = "select count(*) from pg_stat_activity
                 where datname = current_database() and state = 'active' and pid <> pg_backend_pid()";
    while count(app, asked).await > 0 {}
}

#[tokio::test]
async fn a_worker_that_dies_anywhere_sends_nothing_twice_and_loses_nothing() {
    let app = TestApp::start().await;
    app.clock.set(at(MONDAY));
    let member = app.member();
    let list = list_of(&member, 40).await;
    let terms = json!({"spacing_seconds": 0, "limits": {"send_email": {"per_day": 1_000}}});
    let mailbox = account(&member, "email", nobody(json!({})), terms).await;
    let id = campaign(&member, &[&list], &[&mailbox], two_mails(), schedule()).await;
    act(&member, &id, "start").await;
    app.state.runs().enrol_all().await.unwrap();
    app.state.runs().begin_due().await.unwrap();
    let stop = CancellationToken::new();
    let (mut dice, mut kills) = (88_172_645_463_325_252_u64, 0);
    while app.clock.now() < at("2026-12-20T00:00:00Z") {
        dice ^= dice << 13;
        dice ^= dice >> 7;
        dice ^= dice << 17;
        let most = 1 + usize::try_from(dice % 60).unwrap();
        let killed = match dice % 4 {
            0 => polls(app.state.runs().reconcile(), most).await.is_none(),
            1 => polls(app.state.runs().take_in(), most).await.is_none(),
            _ => polls(app.state.runs().do_due(&stop), most).await.is_none(),
        };
        kills += usize::from(killed);
        app.clock.advance(std::time::Duration::from_secs(if kills < 200 { 40 } else { 3_600 }));
    }
    tick(&app).await;
    run_until(&app, at("2027-01-31T00:00:00Z")).await;
    assert!(kills > 50, "{kills}");
    assert_eq!(count(&app, "select count(*) from campaign_executions where status = 'completed'").await, 40);
    assert_eq!(sent(&app).await.len(), 80);
    assert_nothing_twice(&app).await;
}

/// A campaign of two mails to so many leads, to all of whom the first one is due now.
pub(super) async fn all_due(app: &TestApp, leads: usize) {
    app.clock.set(at(MONDAY));
    let member = app.member();
    let list = list_of(&member, leads).await;
    let mailbox = account(&member, "email", nobody(json!({})), json!({"spacing_seconds": 0})).await;
    let id = campaign(&member, &[&list], &[&mailbox], two_mails(), schedule()).await;
    act(&member, &id, "start").await;
    app.state.runs().enrol_all().await.unwrap();
    app.state.runs().begin_due().await.unwrap();
    app.clock.set(at("2026-11-23T08:00:00Z"));
}

#[tokio::test]
async fn who_was_stopped_past_the_lease_does_not_begin_to_send() {
    let app = TestApp::start().await;
    all_due(&app, 20).await;
    let stop = CancellationToken::new();
    // The worker stands still right after it has claimed, and comes back when its lease is over.
    let mut work = pin!(app.state.runs().do_due(&stop));
    while count(&app, "select count(*) from execution_steps where state = 'sending'").await == 0 {
        assert!(polls(work.as_mut(), 1).await.is_none(), "it claims before it sends");
    }
    let at_first = sent(&app).await.len();
    app.clock.advance((TimeDelta::minutes(3)).to_std().unwrap());
    app.state.runs().reconcile().await.unwrap();
    work.await.unwrap();
    let late = sent(&app).await.into_iter().filter(|(.., at)| *at > self::at("2026-11-23T08:02:00Z")).count();
    assert_eq!(late, 0, "{at_first} were sent before it stood still");
    run_until(&app, at("2027-01-31T00:00:00Z")).await;
    assert_eq!(sent(&app).await.len(), 40);
    assert_nothing_twice(&app).await;
}

#[tokio::test]
async fn a_proof_that_comes_late_is_believed_and_nothing_is_sent_again() {
    let app = TestApp::start().await;
    all_due(&app, 1).await;
    let stop = CancellationToken::new();
    // The mail is out, but whoever sent it stands still before it can say so; somebody else looks in vain at a provider that does not show it.
    let mut work = pin!(app.state.runs().do_due(&stop));
    until_sent(&app, work.as_mut()).await;
    looked_up_in_vain(&app).await;
    assert_eq!(charged(&app).await, 0, "what is taken for unsent is given back");
    work.await.unwrap();
    assert_eq!(count(&app, "select count(*) from execution_steps where state = 'sent' and node_id = 'mail'").await, 1);
    assert_eq!(charged(&app).await, 1, "what was given back is charged anew");
    run_until(&app, at("2027-01-31T00:00:00Z")).await;
    assert_eq!(sent(&app).await.iter().map(|(node, ..)| node.as_str()).collect::<Vec<_>>(), ["mail", "bump"]);
    assert_eq!(charged(&app).await, 2);
    assert_nothing_twice(&app).await;
}

/// Lets a worker go on until the sandbox has what it sends, and not so far that it could say so.
pub(super) async fn until_sent<T>(app: &TestApp, mut work: Pin<&mut impl Future<Output = T>>) {
    let closed = until_claimed(app, work.as_mut()).await;
    // Whoever writes down how a step ended first waits for who suppresses.
    let mut suppressing = app.pool.begin().await.unwrap();
    let lock = "select pg_advisory_xact_lock(hashtextextended('suppressions.' || id, 0)) from organizations";
    sqlx::raw_sql(lock).execute(&mut *suppressing).await.unwrap();
    closed.rollback().await.unwrap();
    while sent(app).await.is_empty() {
        assert!(polls(work.as_mut(), 1).await.is_none(), "it says nothing before it has sent");
    }
    suppressing.rollback().await.unwrap();
}

/// Somebody else looks a step up where it does not show.
pub(super) async fn looked_up_in_vain(app: &TestApp) {
    let hide = "create table hidden as select * from sandbox_acts; delete from sandbox_acts";
    sqlx::raw_sql(hide).execute(&app.pool).await.unwrap();
    app.clock.advance(TimeDelta::minutes(4).to_std().unwrap());
    app.state.runs().reconcile().await.unwrap();
    assert_eq!(count(app, "select count(*) from execution_steps where reason = 'not_found_at_provider'").await, 1);
    sqlx::raw_sql("insert into sandbox_acts select * from hidden; drop table hidden").execute(&app.pool).await.unwrap();
}

/// What the ledger is charged with.
pub(super) async fn charged(app: &TestApp) -> i64 {
    count(app, "select coalesce(sum(used), 0)::int8 from account_usage").await
}

#[tokio::test]
async fn a_late_proof_of_what_a_person_was_asked_about_is_not_charged_again() {
    let app = TestApp::start().await;
    all_due(&app, 1).await;
    let stop = CancellationToken::new();
    let mut work = pin!(app.state.runs().do_due(&stop));
    until_sent(&app, work.as_mut()).await;
    // Somebody else has taken the step over, and nobody could tell.
    sqlx::raw_sql(
        "update execution_steps set token = gen_random_uuid(), state = 'needs_review', reason = 'outcome_unknown', settled_at = sending_at;
         update campaign_executions set status = 'waiting', hold = 'needs_review', next_run_at = null",
    )
    .execute(&app.pool)
    .await
    .unwrap();
    work.await.unwrap();
    assert_eq!(count(&app, "select count(*) from execution_steps where state = 'sent' and reason is null").await, 1);
    assert_eq!(charged(&app).await, 1, "it was charged when it was claimed, and never given back");
    assert_eq!(
        count(&app, "select count(*) from campaign_executions where node_id = 'bump' and hold is null").await,
        1
    );
    run_until(&app, at("2027-01-31T00:00:00Z")).await;
    assert_eq!(charged(&app).await, 2);
    assert_nothing_twice(&app).await;
}

#[tokio::test]
async fn a_late_proof_of_a_visit_is_not_charged_again() {
    let app = TestApp::start().await;
    app.clock.set(at(MONDAY));
    let member = app.member();
    let list = list_of(&member, 1).await;
    let linkedin = account(&member, "linkedin", nobody(json!({})), json!({"spacing_seconds": 0})).await;
    let visit = json!({"nodes": [{"id": "visit", "type": "profile_visit"}]});
    let id = campaign(&member, &[&list], &[&linkedin], visit, schedule()).await;
    act(&member, &id, "start").await;
    app.state.runs().enrol_all().await.unwrap();
    app.state.runs().begin_due().await.unwrap();
    app.clock.set(at("2026-11-23T08:00:00Z"));
    let stop = CancellationToken::new();
    let mut work = pin!(app.state.runs().do_due(&stop));
    until_sent(&app, work.as_mut()).await;
    looked_up_in_vain(&app).await;
    assert_eq!(charged(&app).await, 1, "a visit that was looked up in vain may have been one all the same");
    work.await.unwrap();
    assert_eq!(count(&app, "select count(*) from execution_steps where state = 'sent'").await, 1);
    assert_eq!(charged(&app).await, 1);
    assert_nothing_twice(&app).await;
}

/// What may be said of somebody on both channels, by any of which nobody may write to them.
const SUPPRESSED: [(&str, &str); 3] = [
    ("email", "person0@company0.example"),
    ("domain", "company0.example"),
    ("linkedin_url", "https://www.linkedin.com/in/person-0"),
];

#[tokio::test]
async fn who_is_suppressed_after_the_claim_is_not_written_to_on_any_channel() {
    let steps = [
        ("linkedin", json!({"id": "step", "type": "send_connection_request"})),
        ("email", two_mails()["nodes"][0].clone()),
    ];
    for ((kind, value), (channel, node)) in SUPPRESSED.iter().flat_map(|by| steps.iter().map(move |step| (by, step))) {
        let app = TestApp::start().await;
        app.clock.set(at(MONDAY));
        let member = app.member();
        let list = list_of(&member, 2).await;
        let sender = account(&member, channel, nobody(json!({})), json!({"spacing_seconds": 0})).await;
        let id = campaign(&member, &[&list], &[&sender], json!({"nodes": [node]}), schedule()).await;
        act(&member, &id, "start").await;
        app.state.runs().enrol_all().await.unwrap();
        app.state.runs().begin_due().await.unwrap();
        app.clock.set(at("2026-11-23T08:00:00Z"));
        let stop = CancellationToken::new();
        let mut work = pin!(app.state.runs().do_due(&stop));
        let closed = until_claimed(&app, work.as_mut()).await;
        app.member().post("/api/v1/suppressions", json!({"kind": kind, "value": value})).await.expect(201);
        // What was recalled stays so, whoever is suppressed after that.
        let another = json!({"kind": "email", "value": "somebody@else.example"});
        app.member().post("/api/v1/suppressions", another).await.expect(201);
        closed.rollback().await.unwrap();
        work.await.unwrap();
        run_until(&app, at("2026-11-24T00:00:00Z")).await;
        let to: Vec<_> = sent(&app).await.into_iter().map(|(_, email, _)| email).collect();
        assert_eq!(to, ["person1@company1.example"], "{channel}, suppressed by {kind}");
        let over = "select count(*) from campaign_executions where status = 'stopped' and status_reason = 'suppressed'";
        assert_eq!(count(&app, over).await, 1, "{channel}, suppressed by {kind}");
        assert_eq!(charged(&app).await, 1, "what was recalled is given back");
        assert_nothing_twice(&app).await;
    }
}

/// Lets a worker go on until it has claimed what is due. Nothing leaves before the sandbox is let go of.
pub(super) async fn until_claimed<T>(
    app: &TestApp,
    mut work: Pin<&mut impl Future<Output = T>>,
) -> Transaction<'static, Postgres> {
    let mut closed = app.pool.begin().await.unwrap();
    sqlx::raw_sql("lock table sandbox_acts in share mode").execute(&mut *closed).await.unwrap();
    while count(app, "select count(*) from execution_steps where state = 'sending'").await == 0 {
        assert!(polls(work.as_mut(), 1).await.is_none(), "it claims before it sends");
    }
    assert!(sent(app).await.is_empty());
    closed
}

/// Lets a worker go on until it commits what it claims, which takes until it is let go of.
async fn while_it_claims<T>(
    app: &TestApp,
    mut work: Pin<&mut impl Future<Output = T>>,
) -> Transaction<'static, Postgres> {
    let slow = "create function is_slow() returns trigger language plpgsql as
                $$ begin perform pg_advisory_xact_lock_shared(1); return null; end $$;
                create constraint trigger is_slow after insert on execution_steps deferrable initially deferred
                for each row execute function is_slow()";
    sqlx::raw_sql(slow).execute(&app.pool).await.unwrap();
    let mut closed = app.pool.begin().await.unwrap();
    sqlx::raw_sql("select pg_advisory_xact_lock(1)").execute(&mut *closed).await.unwrap();
    while count(app, WAITING).await == 0 {
        assert!(polls(work.as_mut(), 1).await.is_none(), "it claims before it sends");
    }
    closed
}

#[tokio::test]
async fn who_has_too_little_left_of_the_lease_does_not_begin_though_nobody_has_taken_over() {
    let app = TestApp::start().await;
    all_due(&app, 3).await;
    let stop = CancellationToken::new();
    let mut work = pin!(app.state.runs().do_due(&stop));
    let closed = while_it_claims(&app, work.as_mut()).await;
    // Of 60 s there must be 30 left: 20 for the provider, 10 for what nobody thinks of.
    app.clock.advance(std::time::Duration::from_secs(31));
    closed.rollback().await.unwrap();
    work.await.unwrap();
    let late = "select count(*) from execution_steps where state = 'not_sent' and reason = 'lease_ran_out'";
    assert_eq!((sent(&app).await.len(), count(&app, late).await), (0, 3));
    assert_eq!(charged(&app).await, 0);
    run_until(&app, at("2027-01-31T00:00:00Z")).await;
    assert_eq!(sent(&app).await.len(), 6);
    assert_nothing_twice(&app).await;
}

#[tokio::test]
async fn what_is_paused_between_the_claim_and_the_wire_does_not_leave() {
    let app = TestApp::start().await;
    all_due(&app, 3).await;
    let stop = CancellationToken::new();
    let mut work = pin!(app.state.runs().do_due(&stop));
    let closed = until_claimed(&app, work.as_mut()).await;
    // As `/pause` does, which then waits until nothing is on its way.
    sqlx::raw_sql("update campaigns set status = 'paused'").execute(&app.pool).await.unwrap();
    closed.rollback().await.unwrap();
    work.await.unwrap();
    assert_eq!((sent(&app).await.len(), charged(&app).await), (0, 0));
    sqlx::raw_sql("update campaigns set status = 'running'").execute(&app.pool).await.unwrap();
    run_until(&app, at("2027-01-31T00:00:00Z")).await;
    assert_eq!(sent(&app).await.len(), 6);
    assert_nothing_twice(&app).await;
}

#[tokio::test]
async fn what_was_sent_right_before_a_suppression_is_written_down_as_sent() {
    let app = TestApp::start().await;
    all_due(&app, 1).await;
    let stop = CancellationToken::new();
    let mut work = pin!(app.state.runs().do_due(&stop));
    let mut done = None;
    while sent(&app).await.is_empty() {
        done = polls(work.as_mut(), 1).await;
        nothing_is_asked(&app).await;
    }
    app.member().post("/api/v1/suppressions", json!({"kind": "domain", "value": "company0.example"})).await.expect(201);
    // On a busy machine it may have come to its end already.
    if done.is_none() {
        work.await.unwrap();
    }
    assert_eq!(count(&app, "select count(*) from execution_steps where state = 'sent'").await, 1);
    assert_eq!(count(&app, "select count(*) from activities where type = 'step_result_came_late'").await, 0);
    run_until(&app, at("2026-12-31T00:00:00Z")).await;
    assert_eq!((sent(&app).await.len(), charged(&app).await), (1, 1));
    assert_nothing_twice(&app).await;
}

#[tokio::test]
async fn a_worker_whose_clock_is_ten_minutes_ahead_goes_by_the_databases() {
    let app = TestApp::start().await;
    all_due(&app, 3).await;
    sqlx::raw_sql("update campaign_executions set next_run_at = clock_timestamp() + interval '5 minutes'")
        .execute(&app.pool)
        .await
        .unwrap();
    sqlx::raw_sql("update campaigns set schedule = schedule || '{\"days\": [\"mon\", \"tue\", \"wed\", \"thu\", \"fri\", \"sat\", \"sun\"], \"start_time\": \"00:00\", \"end_time\": \"24:00\"}'")
        .execute(&app.pool)
        .await
        .unwrap();
    let now: DateTime<Utc> = sqlx::query_scalar("select clock_timestamp()").fetch_one(&app.pool).await.unwrap();
    let skewed = || async {
        let clock = ManualClock::new();
        clock.set(now);
        clock.advance(std::time::Duration::from_mins(10));
        TestApp::start_on(app.database.share(), app.database.open(), clock, |_| {}).await
    };
    let stop = CancellationToken::new();
    let (set_right, wrong) = (skewed().await, skewed().await);
    set_right.state.have_clock_set().await.unwrap();
    set_right.state.runs().do_due(&stop).await.unwrap();
    assert_eq!(sent(&app).await.len(), 0, "by the database's clock nothing is due");
    wrong.state.runs().do_due(&stop).await.unwrap();
    assert_eq!(sent(&app).await.len(), 3, "by its own clock it would have been");
}
