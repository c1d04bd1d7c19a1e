//! How far campaigns are, and how much waits: kept and bounded, and yet what the rows say.

use std::{collections::BTreeMap, process::Stdio, time::Duration};

use clento::utils::clock::Clock as _;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::Command,
    time::timeout,
};

use super::{
    CAMPAIGNS, EXECUTIONS, MONDAY, account, act, at, campaign, count, list_of, nobody, run_until, schedule, tick,
    two_mails,
};
use crate::support::TestApp;

/// What the executions themselves say.
async fn counted(app: &TestApp, campaign: &str) -> (BTreeMap<String, i64>, i64) {
    let rows: Vec<(String, i64, i64)> = sqlx::query_as(
        "select status, count(*), sum(sent_count) from campaign_executions where campaign_id = $1::uuid group by status",
    )
    .bind(campaign)
    .fetch_all(&app.pool)
    .await
    .unwrap();
    let sent = rows.iter().map(|(_, _, sent)| sent).sum();
    (rows.into_iter().map(|(status, count, _)| (status, count)).collect(), sent)
}

/// That what is told is what the executions say, before and after it is summed up.
async fn tells_the_truth(app: &TestApp, campaign: &str) -> Value {
    let (by_status, sent) = counted(app, campaign).await;
    let mut told = Value::Null;
    for _ in 0..2 {
        told = app.member().get(&format!("{CAMPAIGNS}/{campaign}")).await.expect(200)["progress"].clone();
        assert_eq!(told["by_status"], json!(by_status), "{told}");
        assert_eq!((&told["sent"], &told["total"]), (&json!(sent), &json!(by_status.values().sum::<i64>())));
        app.state.runs().sum_up().await.unwrap();
        assert_eq!(count(app, "select count(*) from campaign_progress_changes").await, 0);
    }
    told
}

#[tokio::test]
async fn what_is_kept_of_a_campaigns_progress_is_what_its_executions_say() {
    let app = TestApp::start().await;
    app.clock.set(at(MONDAY));
    let member = app.member();
    let list = list_of(&member, 40).await;
    let people = nobody(json!({"reply": 0.3, "bounce": 0.1, "rate_error": 0.1}));
    let mailbox = account(&member, "email", people, json!({"limits": {"send_email": {"per_day": 15}}})).await;
    let id = campaign(&member, &[&list], &[&mailbox], two_mails(), schedule()).await;
    act(&member, &id, "start").await;
    let next = tells_the_truth(&app, &id).await;
    assert_eq!(next["next_send_at"], Value::Null);
    for hours in [0, 2, 5, 24, 30] {
        run_until(&app, at(MONDAY) + chrono::TimeDelta::hours(hours)).await;
        let told = tells_the_truth(&app, &id).await;
        let next: Option<chrono::DateTime<chrono::Utc>> =
            sqlx::query_scalar("select min(next_run_at) from campaign_executions").fetch_one(&app.pool).await.unwrap();
        assert_eq!(told["next_send_at"].as_str().map(at), next);
    }
    // Whoever is deleted is not counted any more, nor is a campaign that is gone.
    let listed = app.member().get(&format!("{CAMPAIGNS}/{id}/executions?limit=1")).await.expect(200);
    let lead = listed["data"][0]["lead"]["id"].as_str().unwrap();
    app.member().delete(&format!("/api/v1/leads/{lead}")).await.expect(204);
    assert_eq!(tells_the_truth(&app, &id).await["total"], 39);
    let paused = act(&app.member(), &id, "pause").await;
    assert_eq!((&paused["progress"]["total"], &paused["lead_lists"][0]["lead_count"]), (&json!(39), &Value::Null));
    let shown = app.member().get(&format!("{CAMPAIGNS}/{id}")).await.expect(200);
    assert!(shown["lead_lists"][0]["lead_count"].as_i64().unwrap() > 0, "whoever looks has the lists counted");
    assert_eq!(act(&app.member(), &id, "resume").await["progress"]["total"], 39);
    let stopped = act(&app.member(), &id, "stop").await["progress"].clone();
    assert_eq!(stopped, tells_the_truth(&app, &id).await);
    assert_eq!(stopped["by_status"]["waiting"], Value::Null);
    sqlx::query("delete from campaigns where id = $1::uuid").bind(&id).execute(&app.pool).await.unwrap();
    app.state.runs().sum_up().await.unwrap();
    let left = "select (select count(*) from campaign_progress) + (select count(*) from campaign_progress_changes)";
    assert_eq!(count(&app, left).await, 0, "nothing is left of a campaign that is gone");
}

#[tokio::test]
async fn progress_is_right_at_any_instant_while_many_work_and_sum_it_up() {
    let app = TestApp::start().await;
    app.clock.set(at(MONDAY));
    let member = app.member();
    let list = list_of(&member, 300).await;
    let terms = json!({"spacing_seconds": 0, "limits": {"send_email": {"per_day": 1_000}}});
    let mut campaigns = Vec::new();
    for _ in 0..2 {
        let mailbox = account(&member, "email", nobody(json!({})), terms.clone()).await;
        let id = campaign(&member, &[&list], &[&mailbox], two_mails(), schedule()).await;
        let settings = json!({"settings": {"skip_in_another_campaign": false}});
        member.patch(&format!("{CAMPAIGNS}/{id}"), settings).await.expect(200);
        act(&member, &id, "start").await;
        campaigns.push(id);
    }
    app.state.runs().enrol_all().await.unwrap();
    app.state.runs().begin_due().await.unwrap();
    app.clock.set(at("2026-11-23T08:00:00Z"));
    let replicas = [app.replica().await, app.replica().await];
    let (stop, member) = (tokio_util::sync::CancellationToken::new(), app.member());
    let work = async |it: &TestApp| {
        while it.state.runs().do_due(&stop).await.unwrap().done > 0 {}
    };
    let sum_up = async |it: &TestApp| {
        for _ in 0..40 {
            it.state.runs().sum_up().await.unwrap();
        }
    };
    let watch = async {
        for id in campaigns.iter().cycle().take(40) {
            let told = member.get(&format!("{CAMPAIGNS}/{id}")).await.expect(200);
            assert_eq!(told["progress"]["total"], 300, "{told}");
        }
    };
    let [one, two] = &replicas;
    tokio::join!(work(one), work(two), sum_up(one), sum_up(&app), watch);
    for id in &campaigns {
        assert!(tells_the_truth(&app, id).await["sent"].as_i64().unwrap() > 100);
    }
}

#[tokio::test]
async fn how_much_waits_is_told_and_not_counted_beyond_a_bound() {
    let app = TestApp::start().await;
    app.clock.set(at(MONDAY));
    let member = app.member();
    let list = list_of(&member, 6).await;
    let mailbox = account(&member, "email", nobody(json!({})), json!({"spacing_seconds": 0})).await;
    let id = campaign(&member, &[&list], &[&mailbox], two_mails(), schedule()).await;
    let backlog = async |most: i64| app.state.db().campaign_backlog(app.clock.now(), most).await.unwrap();
    let told = backlog(100).await;
    assert_eq!((told.due, told.oldest, told.sending, told.lost, told.needs_review), (0, None, 0, 0, 0));
    act(&member, &id, "start").await;
    tick(&app).await;
    assert_eq!(backlog(100).await.due, 0, "nothing is due yet");
    app.clock.set(at("2026-11-23T12:00:00Z"));
    sqlx::raw_sql("update campaign_executions set next_run_at = '2026-11-23T11:00:00Z'")
        .execute(&app.pool)
        .await
        .unwrap();
    let told = backlog(100).await;
    assert_eq!((told.due, told.oldest), (6, Some(at("2026-11-23T11:00:00Z"))));
    assert_eq!(backlog(4).await.due, 4, "no more than is asked for is counted");
    act(&app.member(), &id, "pause").await;
    assert_eq!(backlog(100).await.due, 0, "what is paused waits for nobody");
    act(&app.member(), &id, "resume").await;
    tick(&app).await;
    app.clock.advance(Duration::from_hours(1));
    tick(&app).await;
    sqlx::raw_sql(
        "with s as (select id, row_number() over (order by id) as n from execution_steps where state = 'sent')
         update execution_steps e set state = case s.n when 1 then 'needs_review' else 'sending' end,
                provider_id = null, settled_at = case s.n when 1 then settled_at end,
                deadline = case s.n when 2 then timestamptz '2026-01-01' else '2027-01-01' end
         from s where s.id = e.id and s.n <= 3",
    )
    .execute(&app.pool)
    .await
    .unwrap();
    let told = backlog(100).await;
    assert_eq!((told.sending, told.lost, told.needs_review), (2, 1, 1));
}

/// The value of the measurement that begins so.
fn value(metrics: &str, begins: &str) -> Option<f64> {
    metrics.lines().find(|line| line.starts_with(begins))?.rsplit_once(' ')?.1.parse().ok()
}

#[tokio::test]
async fn a_worker_tells_on_a_port_of_its_own_what_it_has_done_and_what_waits() {
    let app = TestApp::start().await;
    let member = app.member();
    let list = list_of(&member, 3).await;
    let mailbox = account(&member, "email", nobody(json!({})), json!({"spacing_seconds": 0})).await;
    let always = json!({"timezone": "UTC", "days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"], "start_time": "00:00", "end_time": "24:00"});
    let id = campaign(&member, &[&list], &[&mailbox], two_mails(), always).await;
    act(&member, &id, "start").await;
    let mut worker = Command::new(env!("CARGO_BIN_EXE_clento"))
        .arg("worker")
        .env_clear()
        .env("DATABASE_URL", app.database.url.expose_secret())
        .env("WORKER_METRICS_ADDR", "127.0.0.1:0")
        .env("LOG_FORMAT", "text")
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(worker.stderr.take().unwrap()).lines();
    let address = async {
        loop {
            let line = lines.next_line().await.unwrap().expect("it tells where it listens");
            if let Some((_, address)) =
                line.split_once("telling measurements").and_then(|(_, rest)| rest.split_once("address="))
            {
                return address.trim().to_owned();
            }
        }
    };
    let base = format!("http://{}", timeout(Duration::from_mins(1), address).await.unwrap());
    tokio::spawn(async move { while lines.next_line().await.is_ok_and(|line| line.is_some()) {} });
    let ask = async |path: &str| {
        let answer = app.http.get(format!("{base}{path}")).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    assert_eq!(ask("/health").await.0, 200);
    assert_eq!(ask("/ready").await.0, 200);
    for path in ["/api/v1/campaigns", "/api-docs/openapi.json", "/u/x"] {
        assert_eq!(ask(path).await.0, 404, "{path}");
    }
    let sent = r#"campaign_steps_total{channel="email",action="send_email",outcome="sent",reason=""}"#;
    let metrics = timeout(Duration::from_mins(1), async {
        loop {
            let (_, metrics) = ask("/metrics").await;
            if value(&metrics, sent) == Some(3.0) && value(&metrics, "campaign_steps_due ").is_some() {
                return metrics;
            }
            tokio::task::yield_now().await;
        }
    })
    .await
    .expect("three mails");
    for gauge in [
        "campaign_steps_lag_seconds ",
        "campaign_steps_sending ",
        "campaign_steps_lost ",
        "campaign_steps_needs_review ",
    ] {
        assert!(value(&metrics, gauge).is_some(), "{gauge}: {metrics}");
    }
    assert!(value(&metrics, r#"worker_runs_total{task="do_due_steps"}"#).is_some_and(|runs| runs > 0.0), "{metrics}");
    let path = format!("{CAMPAIGNS}/{id}/executions?limit=1");
    let execution = app.member().get(&path).await.expect(200)["data"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(app.member().get(&format!("{EXECUTIONS}/{execution}")).await.expect(200)["sent_count"], 1);
}
