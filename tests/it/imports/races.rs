//! Imports at the same time as others, and as what others do.

use std::time::Duration;

use futures::future::join_all;
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};

use super::{LISTS, PATIENCE, count, counts, done, job, list, path_of, people, upload, upload_with, work, work_until};
use crate::support::TestApp;

#[tokio::test]
async fn ten_overlapping_imports_at_once_make_one_lead_of_each() {
    let app = TestApp::start().await;
    let member = app.member();
    let list = list(&member).await;
    let mut imports = Vec::new();
    for number in 0..10 {
        // Everybody but those at the ends is in several files, in the one order or the other.
        let mut lines: Vec<String> = people(number * 200, 1_200).lines().skip(1).map(str::to_owned).collect();
        if number % 2 == 1 {
            lines.reverse();
        }
        let table = format!("email,first_name,company\n{}\n", lines.join("\n"));
        let on_duplicate = ["skip", "update_empty", "overwrite"][number % 3];
        imports.push(upload(&member, &list, &format!("?on_duplicate={on_duplicate}"), table).await);
    }
    let jobs = join_all(imports.iter().map(|import| job(&app, import))).await;
    join_all(jobs.into_iter().map(|job| work(&app, job))).await;
    let mut created = 0;
    for import in &imports {
        let import = done(&app, &member, import).await;
        assert_eq!((&import["status"], &import["rows_read"]), (&json!("completed"), &json!(1_200)), "{import}");
        assert_eq!(import["duplicate_in_file"], 0, "{import}");
        created += counts(&import)[0];
    }
    assert_eq!(created, 3_000);
    assert_eq!(count(&app, "select count(*) from leads").await, 3_000);
    assert_eq!(count(&app, "select count(distinct email) from leads").await, 3_000);
}

#[tokio::test]
async fn two_workers_on_one_import_do_it_once() {
    let app = TestApp::start().await;
    let member = app.member();
    let list = list(&member).await;
    let (first, rest) = (people(0, 2_500), people(0, 2_500));
    let table = format!("{first}{}", rest.split_once('\n').unwrap().1);
    let import = upload_with(&member, &list, &json!({"on_duplicate": "overwrite"}), &table).await;
    let job = job(&app, &import).await;
    join_all((0..3).map(|_| work(&app, job))).await;
    let import = done(&app, &member, &import).await;
    assert_eq!(counts(&import), [2_500, 0, 0, 2_500, 0, 0], "{import}");
    assert_eq!(count(&app, "select count(*) from leads").await, 2_500);
    assert_eq!(count(&app, "select count(*) from audit_logs where action = 'import.completed'").await, 1);
}

#[tokio::test]
async fn a_cancelled_import_stops_and_keeps_what_it_has_done() {
    let app = TestApp::start().await;
    let member = app.member();
    let list = list(&member).await;
    let import = upload(&member, &list, "", people(0, 3_500)).await;
    work_until(&app, &import, 1).await;
    let cancel = format!("{}/cancel", path_of(&import));
    app.outsider().post(&cancel, json!({})).await.expect_problem(404, "import_not_found");
    let answer = member.post(&cancel, json!({})).await.expect(202);
    assert_eq!((&answer["status"], &answer["cancel_requested"]), (&json!("running"), &json!(true)));
    member.post(&cancel, json!({})).await.expect(202);
    let import = done(&app, &member, &import).await;
    assert_eq!((&import["status"], counts(&import)), (&json!("cancelled"), [1_000, 0, 0, 0, 0, 0]));
    assert_eq!(count(&app, "select count(*) from leads").await, 1_000);
    assert_eq!(
        count(&app, "select count(*) from import_pieces").await,
        1,
        "rows that were not worked on are forgotten"
    );
    let audited = "select count(*) from audit_logs where action in ('import.cancel_requested', 'import.cancelled')";
    assert_eq!(count(&app, audited).await, 2);
    // Before anything is done.
    let import = upload(&member, &list, "", people(0, 10)).await;
    member.post(&format!("{}/cancel", path_of(&import)), json!({})).await.expect(202);
    let import = done(&app, &member, &import).await;
    assert_eq!((&import["status"], &import["rows_read"]), (&json!("cancelled"), &json!(0)));
    // After all is done.
    let import = upload(&member, &list, "", people(0, 10)).await;
    let import = done(&app, &member, &import).await;
    let problem = member.post(&format!("{}/cancel", path_of(&import)), json!({})).await;
    let problem = problem.expect_problem(409, "import_finished");
    assert_eq!((&problem["status"], &problem["state"]), (&json!(409), &json!("completed")));
}

#[tokio::test]
async fn an_import_whose_list_is_gone_fails_and_says_so() {
    let app = TestApp::start().await;
    let member = app.member();
    let list = list(&member).await;
    let import = upload(&member, &list, "", people(0, 2_500)).await;
    work_until(&app, &import, 1).await;
    member.delete(&format!("{LISTS}/{list}")).await.expect(204);
    let import = done(&app, &member, &import).await;
    assert_eq!((&import["status"], &import["failure"]), (&json!("failed"), &json!("lead_list_deleted")), "{import}");
    assert_eq!((&import["lead_list_id"], &import["rows_read"]), (&Value::Null, &json!(1_000)));
    assert_eq!(count(&app, "select count(*) from leads").await, 1_000);
    assert_eq!(count(&app, "select count(*) from import_pieces").await, 1);
}

#[tokio::test]
async fn a_list_that_goes_while_its_import_runs_leaves_nothing_half_written() {
    let app = TestApp::start().await;
    let member = app.member();
    for _ in 0..2 {
        sqlx::query("delete from leads").execute(&app.pool).await.unwrap();
        let list = list(&member).await;
        let import = upload(&member, &list, "", people(0, 3_000)).await;
        let job = job(&app, &import).await;
        let delete = async {
            loop {
                let answer = member.delete(&format!("{LISTS}/{list}")).await;
                if answer.status == 204 {
                    return;
                }
                assert_eq!(answer.status, 503, "{}", answer.text);
            }
        };
        timeout(PATIENCE, async { tokio::join!(work(&app, job), delete) }).await.unwrap();
        let import = done(&app, &member, &import).await;
        let ended = (import["status"].as_str().unwrap(), import["failure"].as_str());
        assert!(matches!(ended, ("completed", None) | ("failed", Some("lead_list_deleted"))), "{import}");
        let leads = count(&app, "select count(*) from leads").await;
        assert_eq!((import["created"].as_i64(), leads % 1_000), (Some(leads), 0));
    }
    let deadlocks = "select deadlocks from pg_stat_database where datname = current_database()";
    assert_eq!(count(&app, deadlocks).await, 0, "both lock the import before the list");
}

#[tokio::test]
async fn the_queue_works_on_imports_by_itself() {
    let app = TestApp::start().await;
    let member = app.member();
    let list = list(&member).await;
    let before = upload(&member, &list, "", people(0, 1_500)).await;
    let stop = tokio_util::sync::CancellationToken::new();
    let workers = clento::workers::Workers::new(stop.clone());
    workers.tend_database(&app.state);
    let until = async |import: &Value, status: &str| {
        let come = async {
            loop {
                let now = member.get(&path_of(import)).await.expect(200);
                if now["status"] == status {
                    return now;
                }
                sleep(Duration::from_millis(20)).await;
            }
        };
        timeout(PATIENCE, come).await.unwrap()
    };
    assert_eq!(counts(&until(&before, "completed").await), [1_500, 0, 0, 0, 0, 0]);
    let after = upload(&member, &list, "", people(500, 1_500)).await;
    assert_eq!(counts(&until(&after, "completed").await), [500, 0, 1_000, 0, 0, 0]);
    member.post(&format!("{}/undo", path_of(&after)), json!({})).await.expect(202);
    assert_eq!(until(&after, "undone").await["undo"]["leads_removed"], 500);
    super::comes_to(&app, "select count(*) from graphile_worker.jobs", 0).await;
    stop.cancel();
    timeout(PATIENCE, workers.ended()).await.unwrap();
}
