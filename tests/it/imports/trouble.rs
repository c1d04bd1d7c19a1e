//! Imports in passing trouble, of the database, of the queue and on the way here.

use std::{sync::Arc, time::Duration};

use clento::{services::imports::Worked, workers::take_up_imports};
use futures::{SinkExt as _, channel::mpsc};
use reqwest::{Body, Method};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::{IMPORTS, LISTS, TRACES, comes_to, count, counts, done, job, list, path_of, people, send, upload, work};
use crate::support::{Answer, TestApp};

const JOBS: &str = "select count(*) from graphile_worker.jobs where attempts < max_attempts";

#[tokio::test]
async fn who_stops_leaves_the_rest_as_something_that_was_never_tried() {
    let app = TestApp::start().await;
    let member = app.member();
    let list = list(&member).await;
    let import = upload(&member, &list, "", people(0, 2_500)).await;
    let job = job(&app, &import).await;
    sqlx::query("update graphile_worker._private_jobs set attempts = 24").execute(&app.pool).await.unwrap();
    let stop = CancellationToken::new();
    stop.cancel();
    assert_eq!(app.state.imports().work(&job, &stop).await.unwrap(), Worked::Stopped);
    app.state.imports().leave(&job).await.unwrap();
    let jobs = "select count(*) from graphile_worker.jobs where attempts = 0 and run_at <= now() + interval '1 second'";
    assert_eq!((count(&app, jobs).await, count(&app, JOBS).await), (1, 1));
}

#[tokio::test]
async fn an_import_that_nobody_works_on_is_taken_up_again() {
    let app = TestApp::start().await;
    let member = app.member();
    let list = list(&member).await;
    let import = upload(&member, &list, "", people(0, 10)).await;
    app.clock.advance(Duration::from_mins(3));
    assert_eq!(take_up_imports(&app.state).await.unwrap().rows, 0, "its job is there and due");
    sqlx::query("update graphile_worker._private_jobs set attempts = max_attempts").execute(&app.pool).await.unwrap();
    assert_eq!(count(&app, JOBS).await, 0, "nobody will ever look at it");
    assert_eq!(take_up_imports(&app.state).await.unwrap().rows, 1);
    assert_eq!(count(&app, JOBS).await, 1);
    assert_eq!(take_up_imports(&app.state).await.unwrap().rows, 0);
    sqlx::query("update graphile_worker._private_jobs set run_at = now() + interval '6 hours'")
        .execute(&app.pool)
        .await
        .unwrap();
    assert_eq!(take_up_imports(&app.state).await.unwrap().rows, 1, "nobody waits for hours");
    assert_eq!(done(&app, &member, &import).await["status"], "completed");
    sqlx::query("delete from graphile_worker._private_jobs").execute(&app.pool).await.unwrap();
    app.clock.advance(Duration::from_hours(1));
    assert_eq!(take_up_imports(&app.state).await.unwrap().rows, 0, "there is nothing to do about it");
    app.member().post(&format!("{}/undo", path_of(&import)), json!({})).await.expect(202);
    sqlx::query("delete from graphile_worker._private_jobs").execute(&app.pool).await.unwrap();
    app.clock.advance(Duration::from_hours(1));
    assert_eq!(take_up_imports(&app.state).await.unwrap().rows, 1, "there is: it is to be undone");
}

/// Sends a table of which the first piece is here; answers where its rest goes and what becomes of it.
async fn half_sent(app: &Arc<TestApp>, list: &str) -> (mpsc::Sender<Result<Vec<u8>, std::io::Error>>, Sending) {
    let (mut rest, body) = mpsc::channel(1);
    let (app_of_caller, path) = (Arc::clone(app), format!("{LISTS}/{list}/imports"));
    let sending = tokio::spawn(async move {
        let call = app_of_caller.member().request(Method::POST, &path);
        call.header("content-type", "text/csv").body(Body::wrap_stream(body)).send().await
    });
    // More than is looked at before it is known what the file is.
    rest.send(Ok(people(0, 10_000).into_bytes())).await.unwrap();
    comes_to(app, "select count(*) from import_pieces where number = 0", 1).await;
    (rest, sending)
}

type Sending = tokio::task::JoinHandle<Answer>;

#[tokio::test]
async fn a_file_of_which_the_database_has_lost_rows_is_not_imported() {
    let app = Arc::new(TestApp::start().await);
    let list = list(&app.member()).await;
    let (mut rest, sending) = half_sent(&app, &list).await;
    // As a crash leaves it that comes before the piece is on the disk.
    sqlx::query("delete from import_pieces where number = 0").execute(&app.pool).await.unwrap();
    rest.send(Ok(b"last@example.com,Last\n".to_vec())).await.unwrap();
    drop(rest);
    sending.await.unwrap().expect_problem(503, "upload_interrupted");
    comes_to(&app, TRACES, 0).await;
}

#[tokio::test]
async fn who_is_removed_while_the_file_is_coming_is_cut_off_before_its_end() {
    let app = Arc::new(TestApp::start().await);
    let list = list(&app.admin()).await;
    let (mut rest, sending) = half_sent(&app, &list).await;
    app.remove("user_member").await;
    app.clock.advance(Duration::from_secs(2));
    rest.send(Ok(b"last@example.com,Last\n".to_vec())).await.unwrap();
    sending.await.unwrap().expect_problem(403, "admission_ended");
    comes_to(&app, TRACES, 0).await;
    drop(rest);
}

#[tokio::test]
async fn who_trickles_gives_their_place_to_others() {
    let app = Arc::new(TestApp::start().await);
    let list = list(&app.admin()).await;
    let (mut rest, sending) = half_sent(&app, &list).await;
    let trickle = async {
        // Each byte is in time for the connection, and lets the server see how long it has waited.
        while rest.send(Ok(vec![b'x'])).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(10)).await;
            app.clock.advance(Duration::from_secs(31));
        }
        futures::future::pending::<()>().await;
    };
    let answer = tokio::select! {
        () = trickle => unreachable!("it waits for the answer"),
        answer = sending => answer.unwrap(),
    };
    answer.expect_problem(400, "upload_too_slow");
    comes_to(&app, TRACES, 0).await;
}

#[tokio::test]
async fn one_user_has_two_files_on_their_way_in_all_organizations_together() {
    let app = Arc::new(TestApp::start().await);
    let (first, second) = (list(&app.admin()).await, list(&app.admin()).await);
    let (one, two) = (half_sent(&app, &first).await, half_sent(&app, &second).await);
    sqlx::query(
        "insert into organization_members (id, organization_id, user_id, clerk_membership_id, clerk_role, created_at, updated_at)
         select gen_random_uuid(), o.id, u.id, 'orgmem_second', 'org:member', now(), now() from organizations o, users u
         where o.clerk_organization_id = 'org_theirs' and u.clerk_user_id = 'user_member'",
    )
    .execute(&app.pool)
    .await
    .unwrap();
    let abroad = app.somebody("user_member", Some(("org_theirs", "org:member")));
    let theirs = list(&abroad).await;
    send(&abroad, &theirs, "", ("text/csv", people(0, 1))).await.expect_problem(503, "too_many_uploads");
    send(&app.outsider(), &theirs, "", ("text/csv", people(0, 1))).await.expect(202);
    drop((one, two));
}

#[tokio::test]
async fn who_may_not_import_any_more_when_the_file_is_here_has_sent_it_in_vain() {
    let app = Arc::new(TestApp::start().await);
    let list = list(&app.admin()).await;
    let (rest, sending) = half_sent(&app, &list).await;
    app.remove("user_member").await;
    drop(rest);
    sending.await.unwrap().expect_problem(403, "admission_ended");
    comes_to(&app, TRACES, 0).await;
}

#[tokio::test]
async fn who_hangs_up_while_an_import_is_committed_has_imported() {
    let app = Arc::new(TestApp::start().await);
    let member = app.member();
    let list = list(&member).await;
    // The commit itself waits for us.
    sqlx::raw_sql(
        "create function wait_for_the_test() returns trigger language plpgsql as
           $$ begin perform pg_advisory_xact_lock(4711); return null; end $$;
         create constraint trigger waits after insert on imports deferrable initially deferred
           for each row execute function wait_for_the_test()",
    )
    .execute(&app.pool)
    .await
    .unwrap();
    let mut held = app.pool.begin().await.unwrap();
    sqlx::query("select pg_advisory_xact_lock(4711)").execute(&mut *held).await.unwrap();
    let sending = tokio::spawn({
        let (app, list) = (Arc::clone(&app), list.clone());
        async move { send(&app.member(), &list, "", ("text/csv", people(0, 20))).await }
    });
    comes_to(&app, "select count(*) from pg_locks where locktype = 'advisory' and not granted and objid = 4711", 1)
        .await;
    sending.abort();
    assert!(sending.await.unwrap_err().is_cancelled());
    held.rollback().await.unwrap();
    comes_to(&app, "select count(*) from imports", 1).await;
    let id: String = sqlx::query_scalar("select id::text from imports").fetch_one(&app.pool).await.unwrap();
    let import = member.get(&format!("{IMPORTS}/{id}")).await.expect(200);
    assert_eq!(counts(&done(&app, &member, &import).await), [20, 0, 0, 0, 0, 0]);
}

#[tokio::test]
async fn the_same_file_makes_no_second_lead_though_it_gives_somebodys_address_to_another() {
    for rows_between in [0, 1_000] {
        let app = TestApp::start().await;
        let member = app.member();
        let list = list(&member).await;
        member.post(super::LEADS, json!({"external_id": "1", "email": "old@example.com"})).await.expect(201);
        member.post(super::LEADS, json!({"external_id": "2", "email": "other@example.com"})).await.expect(201);
        let between: Vec<_> = (0..rows_between).map(|i| format!("x{i},x{i}@example.com\n")).collect();
        let between = between.concat();
        let table = format!("external_id,email\n1,new@example.com\n{between}2,old@example.com\n,other@example.com\n");
        let first = upload(&member, &list, "?on_duplicate=overwrite", table.clone()).await;
        let first = done(&app, &member, &first).await;
        assert_eq!(counts(&first), [rows_between + 1, 2, 0, 0, 0, 0], "{rows_between}");
        let leads = count(&app, "select count(*) from leads").await;
        let again = upload(&member, &list, "?on_duplicate=overwrite", table).await;
        let again = done(&app, &member, &again).await;
        assert_eq!(counts(&again), [0, 0, rows_between + 3, 0, 0, 0], "{rows_between}");
        assert_eq!(count(&app, "select count(*) from leads").await, leads);
    }
}

#[tokio::test]
async fn what_is_done_of_an_import_does_not_hang_on_connections_that_last() {
    let app = TestApp::start().await;
    let member = app.member();
    let list = list(&member).await;
    let import: Value = upload(&member, &list, "", people(0, 10)).await;
    let others = "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()";
    sqlx::query(others).execute(&app.pool).await.unwrap();
    work(&app, job(&app, &import).await).await;
    assert_eq!(member.get(&path_of(&import)).await.expect(200)["status"], "completed");
}

/// How many imports would be worked on if as many workers as there are jobs took them.
async fn at_work(app: &TestApp) -> i64 {
    let turns =
        "select count(distinct coalesce(job_queue_id, -id)) from graphile_worker._private_jobs where is_available";
    count(app, turns).await
}

#[tokio::test]
async fn many_imports_of_one_organization_leave_the_workers_to_the_others() {
    let app = TestApp::start().await;
    let (member, outsider) = (app.member(), app.outsider());
    let (ours, theirs) = (list(&member).await, list(&outsider).await);
    let mut imports = Vec::new();
    for _ in 0..6 {
        imports.push(upload(&member, &ours, "", people(0, 10)).await);
    }
    assert_eq!((at_work(&app).await, count(&app, JOBS).await), (1, 6));
    let foreign = upload(&outsider, &theirs, "", people(0, 10)).await;
    assert_eq!(at_work(&app).await, 2);
    // One that is to end ends at once, whoever is before it.
    member.post(&format!("{}/cancel", path_of(&imports[5])), json!({})).await.expect(202);
    assert_eq!((at_work(&app).await, count(&app, JOBS).await), (3, 7));
    // A job that an earlier version has stored runs in a turn of its own, and once: the next about the same takes its place.
    let old = "select graphile_worker.add_job('work_on_import', payload, queue_name => 'work_on_import:' || (payload ->> 'import_id'),
                 job_key => 'work_on_import:' || (payload ->> 'import_id'))
               from (select json_build_object('organization_id', organization_id, 'import_id', id) as payload from imports where id = $1) i";
    let id: uuid::Uuid = imports[4]["id"].as_str().unwrap().parse().unwrap();
    sqlx::query(old).bind(id).execute(&app.pool).await.unwrap();
    assert_eq!((at_work(&app).await, count(&app, JOBS).await), (4, 7));
    let stop = CancellationToken::new();
    let workers = clento::workers::Workers::new(stop.clone());
    workers.tend_database(&app.state);
    comes_to(&app, JOBS, 0).await;
    stop.cancel();
    workers.ended().await;
    for (import, status) in
        imports.iter().zip(["completed", "completed", "completed", "completed", "completed", "cancelled"])
    {
        assert_eq!(member.get(&path_of(import)).await.expect(200)["status"], status);
    }
    assert_eq!(outsider.get(&path_of(&foreign)).await.expect(200)["status"], "completed");
}
