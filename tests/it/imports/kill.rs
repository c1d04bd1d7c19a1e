//! Imports that are killed, wherever they are.

use std::{
    process::{Child, Command, Stdio},
    time::Duration,
};

use clento::services::imports::Worked;
use secrecy::ExposeSecret as _;
use serde_json::Value;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{LISTS, PATIENCE, comes_to, count, counts, done, job, list, people, polls, upload};
use crate::support::TestApp;

const KILLS: usize = 50;

/// New people, people who come again near and far, and rows that cannot be used, over twelve pieces.
fn table() -> String {
    let mut table = people(0, 10_500);
    table.extend((0..10_500).step_by(97).map(|i| format!("P{i}@Example.com,Again,\nnobody {i},,\n")));
    table += people(10_500, 700).split_once('\n').unwrap().1;
    table
}

/// Whatever an import has left behind, less what differs between any two of them.
async fn traces(app: &TestApp, import: &Value) -> Vec<String> {
    let id: Uuid = import["id"].as_str().unwrap().parse().unwrap();
    let mut found: Vec<String> = sqlx::query_scalar(
        "select number || outcomes || (select coalesce(string_agg(coalesce(l.email, '-'), ',' order by ordinality), '')
                from unnest(lead_ids) with ordinality row (id, ordinality) left join leads l on l.id = row.id)
         from import_pieces where import_id = $1 order by number",
    )
    .bind(id)
    .fetch_all(&app.pool)
    .await
    .unwrap();
    let rejections: Vec<String> = sqlx::query_scalar(
        "select row_number || ' ' || line || cells::text || faults from import_rejections where import_id = $1 order by row_number",
    )
    .bind(id)
    .fetch_all(&app.pool)
    .await
    .unwrap();
    let audited: Vec<String> = sqlx::query_scalar(
        "select action || coalesce(jsonb_array_length(after->'lead_ids'), 0) from audit_logs where entity_id = $1 order by seq",
    )
    .bind(id)
    .fetch_all(&app.pool)
    .await
    .unwrap();
    found.extend(rejections);
    found.extend(audited);
    found
}

/// Numbers that look as if they were thrown, the same in every run.
fn dice(seed: u64) -> impl FnMut(usize) -> usize {
    let mut state = seed;
    move |most| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap() % most + 1
    }
}

#[tokio::test]
async fn an_import_killed_fifty_times_ends_with_exactly_the_right_rows() {
    let app = TestApp::start().await;
    let (member, outsider) = (app.member(), app.outsider());
    let (ours, theirs) = (list(&member).await, list(&outsider).await);
    // The same file, in peace.
    let peaceful = upload(&outsider, &theirs, "", table()).await;
    let (job_in_peace, stop) = (job(&app, &peaceful).await, CancellationToken::new());
    let mut work = Box::pin(app.state.imports().work(&job_in_peace, &stop));
    let mut whole = 0;
    while polls(&mut work, 1).await.is_none() {
        whole += 1;
    }
    let expected = done(&app, &outsider, &peaceful).await;
    assert_eq!(counts(&expected), [11_200, 0, 0, 109, 0, 109]);

    let import = upload(&member, &ours, "", table()).await;
    let job = job(&app, &import).await;
    let mut throw = dice(3);
    for kill in 0..KILLS {
        // Most kills come before a piece is settled, some after.
        let most = if kill % 8 == 0 { whole / 6 } else { whole / 24 };
        let mut work = Box::pin(app.state.imports().work(&job, &stop));
        if let Some(done) = polls(&mut work, throw(most)).await {
            panic!("{:?} before the {kill}th kill of {most} polls", done.map_err(|error| error.code().to_owned()));
        }
    }
    let import = done(&app, &member, &import).await;
    assert_eq!((&import["status"], counts(&import)), (&expected["status"], counts(&expected)));
    assert_eq!(traces(&app, &import).await, traces(&app, &expected).await);
    assert_eq!(count(&app, "select count(*) from leads").await, 2 * 11_200);
    for (caller, list) in [(&member, ours), (&outsider, theirs)] {
        assert_eq!(caller.get(&format!("{LISTS}/{list}")).await.expect(200)["lead_count"], 11_200);
    }
}

/// Ends all connections to the database but the one that says so.
async fn cut(app: &TestApp) {
    let others = "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()";
    sqlx::query(others).execute(&app.pool).await.unwrap();
}

#[tokio::test]
async fn an_import_whose_connections_are_cut_ends_with_exactly_the_right_rows() {
    let app = TestApp::start().await;
    let member = app.member();
    let list = list(&member).await;
    let import = upload(&member, &list, "", people(0, 5_500)).await;
    let (job, stop) = (job(&app, &import).await, CancellationToken::new());
    let (mut throw, mut cuts) = (dice(7), 0);
    let mut work = Box::pin(app.state.imports().work(&job, &stop));
    let result = loop {
        if let Some(result) = polls(&mut work, 3 + throw(15)).await {
            break result;
        }
        if cuts < 8 {
            cut(&app).await;
            cuts += 1;
        }
    };
    assert_eq!((result.expect("it goes on by itself"), cuts), (Worked::ToTheEnd, 8));
    let import = done(&app, &member, &import).await;
    assert_eq!((&import["status"], counts(&import)), (&"completed".into(), [5_500, 0, 0, 0, 0, 0]));
    assert_eq!(count(&app, "select count(*) from leads").await, 5_500);
    assert_eq!(count(&app, "select count(*) from audit_logs where action = 'import.failed'").await, 0);
}

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

#[tokio::test]
#[ignore = "takes about a minute: a process is taken for gone half a minute after its last sign of life"]
async fn a_worker_that_is_killed_is_followed_by_the_next() {
    let app = TestApp::start().await;
    let member = app.member();
    let list = list(&member).await;
    let import = upload(&member, &list, "", people(0, 60_000)).await;
    let mut first = worker(&app);
    comes_to(&app, "select least(max(pieces_done), 3)::int8 from imports", 3).await;
    first.kill().unwrap();
    first.wait().unwrap();
    assert!(count(&app, "select max(pieces_done)::int8 from imports").await < 60, "it was done before it was killed");
    let mut second = worker(&app);
    // Half a minute until it is known to be gone, and then the rest of the work.
    let completed = "select count(*) from imports where status = 'completed'";
    let come = async {
        while count(&app, completed).await == 0 {
            sleep(Duration::from_millis(100)).await;
        }
    };
    timeout(3 * PATIENCE, come).await.unwrap();
    second.kill().unwrap();
    second.wait().unwrap();
    let import = member.get(&super::path_of(&import)).await.expect(200);
    assert_eq!(counts(&import), [60_000, 0, 0, 0, 0, 0]);
    assert_eq!(count(&app, "select count(*) from leads").await, 60_000);
}
