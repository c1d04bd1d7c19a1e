//! Real worker processes that are killed: the one test of campaigns that goes by real time.

use std::{
    process::{Child, Command, Stdio},
    time::Duration,
};

use chrono::{DateTime, Utc};
use secrecy::ExposeSecret as _;
use serde_json::json;
use tokio::time::{sleep, timeout};

use super::{account, act, assert_nothing_twice, campaign, count, list_of, nobody};
use crate::support::TestApp;

const LEADS: usize = 300;
const WORKERS: usize = 3;
const KILLS: usize = 6;

fn worker(app: &TestApp) -> Child {
    Command::new(env!("CARGO_BIN_EXE_clento"))
        .arg("worker")
        .env_clear()
        .env("DATABASE_URL", app.database.url.expose_secret())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Workers that end with the test, however it ends.
struct Workers(Vec<Child>);

impl Workers {
    /// Others in place of `killed`.
    fn replaced(killed: Self, app: &TestApp) -> Self {
        drop(killed);
        Self((0..WORKERS).map(|_| worker(app)).collect())
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        for worker in &mut self.0 {
            let _ = worker.kill();
            let _ = worker.wait();
        }
    }
}

#[tokio::test]
async fn workers_that_are_killed_again_and_again_send_nothing_twice_and_lose_nothing() {
    let app = TestApp::start().await;
    let now: DateTime<Utc> = sqlx::query_scalar("select clock_timestamp()").fetch_one(&app.pool).await.unwrap();
    app.clock.set(now);
    let member = app.member();
    let list = list_of(&member, LEADS).await;
    let terms = json!({"spacing_seconds": 0, "limits": {"send_email": {"per_day": 100_000}}});
    let mailbox = account(&member, "email", nobody(json!({})), terms).await;
    let mut workflow = super::two_mails();
    workflow["edges"][0]["delay"] = json!({"value": 0, "unit": "minutes"});
    let days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    let always = json!({"timezone": "UTC", "days": days, "start_time": "00:00", "end_time": "24:00"});
    let id = campaign(&member, &[&list], &[&mailbox], workflow, always).await;
    act(&member, &id, "start").await;
    let mut workers = Workers((0..WORKERS).map(|_| worker(&app)).collect());
    let sent = "select count(*) from sandbox_acts";
    for _ in 0..KILLS {
        // All of them, as soon as a step is on its way.
        let under_way = async {
            while count(&app, "select count(*) from execution_steps where state = 'sending' and deadline > clock_timestamp() + interval '55 s'").await == 0 {
                sleep(Duration::from_millis(5)).await;
            }
        };
        if timeout(Duration::from_secs(20), under_way).await.is_err() {
            break;
        }
        workers = Workers::replaced(workers, &app);
    }
    let completed = "select count(*) from campaign_executions where status = 'completed'";
    let come = async {
        while count(&app, completed).await < i64::try_from(LEADS).unwrap() {
            sleep(Duration::from_millis(200)).await;
        }
    };
    let in_time = timeout(Duration::from_mins(3), come).await;
    drop(workers);
    assert_nothing_twice(&app).await;
    assert!(in_time.is_ok(), "{} of {LEADS} came to their end", count(&app, completed).await);
    assert_eq!(count(&app, sent).await, i64::try_from(2 * LEADS).unwrap());
    let looked_up = "select count(*) from execution_steps where reason = 'not_found_at_provider' or settled_at - sending_at > interval '50 s'";
    assert!(count(&app, looked_up).await > 0, "no kill hit a step on its way");
    assert_eq!(count(&app, "select sum(used)::int8 from account_usage").await, i64::try_from(2 * LEADS).unwrap());
}
