//! Campaigns under way, in the sandbox: what it was sent is the truth, not what our own tables say of it.

mod beginnings;
mod claims;
mod conversations;
mod edits;
mod endings;
mod events;
mod faults;
mod guardrails;
mod hand_written;
mod inbox;
mod late_proofs;
mod lifecycle;
mod limits;
mod linkedin;
mod pending;
mod progress;
mod promises;
mod races;
mod reliability;
mod reports;
mod retries;
mod reviews;
mod room;
mod stops;
mod trials;
mod turns;
mod webhooks;

use std::time::Duration;

use chrono::{DateTime, Utc};
use clento::utils::clock::Clock as _;
use serde_json::{Value, json};
use sqlx::AssertSqlSafe;
use tokio_util::sync::CancellationToken;

use crate::{
    mailboxes::until,
    support::{Caller, TestApp},
};

const CAMPAIGNS: &str = "/api/v1/campaigns";
const EXECUTIONS: &str = "/api/v1/campaign-executions";
const ACCOUNTS: &str = "/api/v1/connected-accounts";

/// Monday, 2026-11-23, 08:00 in Berlin.
const MONDAY: &str = "2026-11-23T07:00:00Z";

async fn made(caller: &Caller, path: &str, body: Value) -> String {
    caller.post(path, body).await.expect(201)["id"].as_str().unwrap().to_owned()
}

/// People who do nothing unless told so, and machines that never fail.
#[expect(clippy::needless_pass_by_value, reason = "callers write json!(…) in place")]
fn nobody(more: Value) -> Value {
    let mut behaviour = json!({
        "acceptance": 0, "reply": 0, "auto_reply": 0, "bounce": 0, "unsubscribe": 0, "rate_error": 0, "silence": 0
    });
    behaviour.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    behaviour
}

/// A sandbox account.
async fn account(caller: &Caller, channel: &str, behaviour: Value, more: Value) -> String {
    let mut body =
        json!({"provider": "sandbox", "channel": channel, "display_name": channel, "seed": 7, "behaviour": behaviour});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    made(caller, ACCOUNTS, body).await
}

/// A list of `count` people who can be reached by both channels.
async fn list_of(caller: &Caller, count: usize) -> String {
    let list = made(caller, "/api/v1/lead-lists", json!({"name": "People"})).await;
    for from in (0..count).step_by(1_000) {
        let people: Vec<_> = (from..count.min(from + 1_000)).map(person).collect();
        caller.post("/api/v1/leads/batch", json!({"lead_list_id": list, "leads": people})).await.expect(200);
    }
    list
}

fn person(i: usize) -> Value {
    json!({
        "first_name": format!("First{i}"), "last_name": "Last", "email": format!("person{i}@company{i}.example"),
        "linkedin_url": format!("https://www.linkedin.com/in/person-{i}"), "company": format!("Company {i}")
    })
}

fn schedule() -> Value {
    json!({"timezone": "Europe/Berlin", "days": ["mon", "tue", "wed", "thu", "fri"], "start_time": "09:00", "end_time": "17:30"})
}

/// A mail, and another three days later.
fn two_mails() -> Value {
    json!({
        "nodes": [
            {"id": "mail", "type": "send_email", "config": {"variants": [{"subject": "Hello {{ first_name }}", "text": "{Hi|Hello} {{ first_name }} of {{ company }}"}]}},
            {"id": "bump", "type": "send_email", "config": {"thread": true, "variants": [{"text": "Did you see this, {{ first_name }}?"}]}}
        ],
        "edges": [{"source": "mail", "target": "bump", "delay": {"value": 3, "unit": "days"}}]
    })
}

/// A campaign over these lists and accounts.
async fn campaign(caller: &Caller, lists: &[&str], accounts: &[&str], workflow: Value, schedule: Value) -> String {
    let body = json!({"name": "Campaign", "lead_list_ids": lists, "account_ids": accounts, "workflow": workflow, "schedule": schedule});
    made(caller, CAMPAIGNS, body).await
}

/// A server on Monday, and a campaign of two mails to so many people who do nothing, which is not started yet.
async fn two_mails_to(count: usize) -> (TestApp, String) {
    let app = TestApp::start().await;
    app.clock.set(at(MONDAY));
    let member = app.member();
    let list = list_of(&member, count).await;
    let mailbox = account(&member, "email", nobody(json!({})), json!({})).await;
    let id = campaign(&member, &[&list], &[&mailbox], two_mails(), schedule()).await;
    (app, id)
}

async fn act(caller: &Caller, campaign: &str, verb: &str) -> Value {
    caller.post(&format!("{CAMPAIGNS}/{campaign}/{verb}"), json!({})).await.expect(200)
}

async fn count(app: &TestApp, query: &str) -> i64 {
    sqlx::query_scalar(AssertSqlSafe(query.to_owned())).fetch_one(&app.pool).await.unwrap()
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// What the workers do at one instant, until nothing is left to be done.
async fn tick(app: &TestApp) {
    let (runs, stop) = (app.state.runs(), CancellationToken::new());
    loop {
        let mut done = runs.take_in().await.unwrap().done;
        done += runs.reconcile().await.unwrap().done;
        done += runs.do_due(&stop).await.unwrap().done;
        done += runs.replan_all().await.unwrap().done;
        done += runs.enrol_all().await.unwrap().done;
        done += runs.begin_due().await.unwrap().done;
        if done == 0 {
            return;
        }
    }
}

/// The next instant at which anything is to happen.
async fn next_instant(app: &TestApp) -> Option<DateTime<Utc>> {
    sqlx::query_scalar(
        "select min(at) from (
           select min(e.next_run_at) as at from campaign_executions e join campaigns c on c.id = e.campaign_id
             where e.status = 'waiting' and c.status = 'running'
           union all select min(next_begin_at) from campaigns where status in ('running', 'scheduled')
           union all select min(due_at) from sandbox_happenings
           union all select min(deadline) from execution_steps where state = 'sending') instants",
    )
    .fetch_one(&app.pool)
    .await
    .unwrap()
}

/// Lets time pass from instant to instant, as the workers would see it, until nothing is left or `until` is reached.
async fn run_until(app: &TestApp, until: DateTime<Utc>) {
    tick(app).await;
    while let Some(next) = next_instant(app).await.filter(|next| *next <= until) {
        let wait = (next - app.clock.now()).to_std().unwrap_or(Duration::from_secs(1));
        app.clock.advance(wait.max(Duration::from_millis(1)));
        tick(app).await;
    }
    let rest = (until - app.clock.now()).to_std().unwrap_or_default();
    app.clock.advance(rest);
    // Campaigns that have come to their end are told so when their lists are looked at next.
    tick(app).await;
}

/// What the sandbox was sent: (node, lead's address, when), in order.
async fn sent(app: &TestApp) -> Vec<(String, String, DateTime<Utc>)> {
    sqlx::query_as(
        "select split_part(a.natural_key, '/', 2), l.email, a.taken_at from sandbox_acts a join leads l on l.id = a.lead_id
         order by a.taken_at, l.id",
    )
    .fetch_all(&app.pool)
    .await
    .unwrap()
}

/// That nothing was sent twice.
async fn assert_nothing_twice(app: &TestApp) {
    assert_none_got_anything_twice(app).await;
    assert_eq!(
        count(app, "select count(*) from sandbox_acts").await,
        count(app, "select count(*) from execution_steps where state = 'sent'").await,
        "what was sent is what is written down as sent"
    );
}

async fn assert_none_got_anything_twice(app: &TestApp) {
    let twice =
        "select count(*) from (select 1 from sandbox_acts group by account_id, natural_key having count(*) > 1) t";
    assert_eq!(count(app, twice).await, 0, "something was sent twice");
}

/// How many connections to a test's own database wait for a lock.
const WAITING: &str =
    "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";

/// Has the campaign paused when a worker that does `work` is about to write into `table` that something leaves now: the last it does before the wire.
pub(crate) async fn paused_before_the_wire(app: &TestApp, id: &str, table: &str, work: impl Future<Output = ()>) {
    let mut held = app.pool.begin().await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(format!("lock table {table} in share mode"))).execute(&mut *held).await.unwrap();
    let pausing = async {
        let waits = "select exists (select from pg_locks where not granted and relation = $1::regclass
                     and database = (select oid from pg_database where datname = current_database()))";
        until(app, &waits.replace("$1", &format!("'{table}'"))).await;
        let letting_go = async {
            until(app, "select bool_and(status = 'paused') from campaigns").await;
            held.rollback().await.unwrap();
        };
        let member = app.member();
        tokio::join!(act(&member, id, "pause"), letting_go)
    };
    tokio::join!(work, pausing);
}
