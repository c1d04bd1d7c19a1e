//! What goes wrong, and that nothing is lost by it.

use std::{sync::Arc, time::Duration};

use clento::{utils::clock::Clock as _, workers::push_to_clay};
use serde_json::{Value, json};

use super::{add, path_of, push, pushed_list, shown, sorted};
use crate::support::{TestApp, fake_clay::Answer};

/// When the destination is tried again, counted from now, in seconds.
async fn wait(app: &TestApp, destination: &Value) -> i64 {
    let shown = shown(app, destination).await;
    assert_eq!(shown["status"], "active");
    let again = shown["next_attempt_at"].as_str().unwrap().parse::<chrono::DateTime<chrono::Utc>>().unwrap();
    (again - app.clock.now()).num_seconds()
}

#[tokio::test]
async fn a_webhook_that_fails_is_tried_again_with_growing_pauses() {
    let (app, clay, list, destination) = pushed_list().await;
    add(&app, &list, 0..1).await;
    clay.answer(Answer::Status(503));
    for expected in [5, 10, 20, 40, 80] {
        assert_eq!(push(&app).await, 0);
        assert_eq!(wait(&app, &destination).await, expected);
        assert_eq!(push(&app).await, 0);
        app.clock.advance(Duration::from_secs(u64::try_from(expected).unwrap()));
    }
    assert_eq!(clay.requests(), 5, "not before its time");
    let failing = shown(&app, &destination).await;
    assert_eq!(
        (&failing["status_reason"], &failing["version"]),
        (&json!("Clay answered 503 Service Unavailable."), &json!(1))
    );
    clay.answer(None);
    assert_eq!(push(&app).await, 1);
    let well = shown(&app, &destination).await;
    assert_eq!((&well["status_reason"], &well["next_attempt_at"]), (&json!(null), &json!(null)));
    // Clay may have counted what it answered with 5xx, so we do.
    assert_eq!(well["webhook_sent_count"], 6);
}

#[tokio::test]
async fn a_webhook_that_asks_for_time_gets_it_and_never_more_than_an_hour() {
    let (app, clay, list, destination) = pushed_list().await;
    add(&app, &list, 0..1).await;
    clay.answer_once(Answer::Wait(429, "120"));
    push(&app).await;
    assert_eq!(wait(&app, &destination).await, 120);
    assert_eq!(shown(&app, &destination).await["webhook_sent_count"], 0, "what was refused is not counted");
    app.clock.advance(Duration::from_mins(2));
    clay.answer_once(Answer::Wait(429, "86400"));
    push(&app).await;
    assert_eq!(wait(&app, &destination).await, 3_600);
    app.clock.advance(Duration::from_hours(1));
    clay.answer_once(Answer::Status(429));
    push(&app).await;
    assert_eq!(wait(&app, &destination).await, 20);
    app.clock.advance(Duration::from_mins(1));
    assert_eq!(push(&app).await, 1);
}

#[tokio::test]
async fn what_no_repetition_can_mend_stops_the_push_with_its_cause() {
    let (app, clay, list, destination) = pushed_list().await;
    add(&app, &list, 0..1).await;
    for status in [401, 403, 404, 410] {
        clay.answer_once(Answer::Status(status));
        assert_eq!(push(&app).await, 0);
        let stopped = shown(&app, &destination).await;
        assert_eq!(stopped["status"], "disabled");
        assert!(stopped["status_reason"].as_str().unwrap().contains(&status.to_string()), "{stopped}");
        assert_eq!((&stopped["pending_count"], &stopped["webhook_sent_count"]), (&json!(1), &json!(0)));
        app.clock.advance(Duration::from_hours(2));
        assert_eq!(push(&app).await, 0);
        app.member().patch(&path_of(&destination), json!({"status": "active"})).await.expect(200);
    }
    assert_eq!(clay.requests(), 4);
    assert_eq!(push(&app).await, 1);
    let lines = app.admin().get("/api/v1/audit-logs?action=clay_destination.stopped").await.expect(200);
    assert_eq!(lines["data"].as_array().unwrap().len(), 4);
    assert_eq!(
        lines["data"][0]["actor"],
        json!({"type": "system", "id": null, "email": null, "name": null, "impersonator": null})
    );
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let (app, clay, list, destination) = pushed_list().await;
    add(&app, &list, 0..1).await;
    clay.answer(Answer::Elsewhere);
    assert_eq!(push(&app).await, 0);
    assert_eq!(clay.records().len(), 0);
    assert_eq!(shown(&app, &destination).await["status"], "disabled");
}

#[tokio::test]
async fn a_lead_that_clay_refuses_does_not_hold_up_the_others() {
    let (app, clay, list, destination) = pushed_list().await;
    let ids = add(&app, &list, 0..3).await;
    for status in [400, 422] {
        clay.answer_once(Answer::Status(status));
    }
    assert_eq!(push(&app).await, 3);
    let now = shown(&app, &destination).await;
    assert_eq!((&now["rejected_count"], &now["sent_count"], &now["status"]), (&json!(2), &json!(1), &json!("active")));
    assert!(ids.contains(&clay.taken("lead_id")[0]));
    app.clock.advance(Duration::from_mins(1));
    assert_eq!(push(&app).await, 0, "refused is refused");
}

#[tokio::test]
async fn a_webhook_that_nobody_answers_is_tried_again() {
    let (app, _clay, list, destination) = pushed_list().await;
    app.member().patch(&path_of(&destination), json!({"url": "http://127.0.0.1:1/nobody"})).await.expect(200);
    add(&app, &list, 0..1).await;
    assert_eq!(push(&app).await, 0);
    assert_eq!(wait(&app, &destination).await, 5);
    assert_eq!(shown(&app, &destination).await["webhook_sent_count"], 0, "nothing was sent");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_dies_loses_nothing_and_repeats_only_what_was_on_its_way() {
    let (app, clay, list, destination) = pushed_list().await;
    let app = Arc::new(app);
    let ids = add(&app, &list, 0..10).await;
    // Of the first four, three are done and one hangs when the worker is killed.
    clay.answer_once(Answer::Stall);
    let worker = {
        let app = Arc::clone(&app);
        tokio::spawn(async move { push_to_clay(&app.state).await })
    };
    clay.stalled().await;
    worker.abort();
    assert!(worker.await.unwrap_err().is_cancelled());
    // Its lease outlives it for a minute; then another goes on.
    assert_eq!(push(&app).await, 0);
    app.clock.advance(Duration::from_mins(2));
    assert!(push(&app).await >= 7);
    let taken = clay.taken("lead_id");
    let mut each = sorted(taken.clone());
    each.dedup();
    assert_eq!(each, sorted(ids), "each has arrived");
    assert!((11..=14).contains(&taken.len()), "{taken:?}");
    let now = shown(&app, &destination).await;
    assert_eq!((&now["sent_count"], &now["pending_count"]), (&json!(10), &json!(0)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_clay_has_taken_is_noted_though_the_database_is_restarted_meanwhile() {
    let (app, clay, list, destination) = pushed_list().await;
    let app = Arc::new(app);
    let ids = add(&app, &list, 0..6).await;
    clay.answer_once(Answer::Stall);
    let worker = {
        let app = Arc::clone(&app);
        tokio::spawn(async move { push_to_clay(&app.state).await })
    };
    clay.stalled().await;
    let others = "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()";
    sqlx::query(others).execute(&app.pool).await.unwrap();
    clay.go_on();
    // Others, which had not begun, may have failed.
    drop(worker.await.unwrap());
    app.clock.advance(Duration::from_mins(2));
    push(&app).await;
    assert_eq!(sorted(clay.taken("lead_id")), sorted(ids), "each has arrived once");
    assert_eq!(shown(&app, &destination).await["sent_count"], 6);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_takes_a_running_push_out_of_the_workers_hands() {
    let (app, clay, list, destination) = pushed_list().await;
    let app = Arc::new(app);
    add(&app, &list, 0..8).await;
    clay.answer_once(Answer::Stall);
    let worker = {
        let app = Arc::clone(&app);
        tokio::spawn(async move { push_to_clay(&app.state).await })
    };
    clay.stalled().await;
    app.member().patch(&path_of(&destination), json!({"status": "paused"})).await.expect(200);
    clay.go_on();
    let sent = worker.await.unwrap().unwrap().rows;
    assert!((1..=4).contains(&sent), "those that were on their way, not {sent}");
    let now = shown(&app, &destination).await;
    assert_eq!(
        (&now["status"], &now["sent_count"], &now["pending_count"]),
        (&json!("paused"), &json!(sent), &json!(8 - sent))
    );
    assert_eq!(now["version"], 2, "the worker changed nothing after the person");
    app.member().patch(&path_of(&destination), json!({"status": "active"})).await.expect(200);
    assert_eq!(push(&app).await, 8 - sent);
    assert_eq!(clay.requests(), 8);
}

#[tokio::test]
async fn a_token_that_cannot_be_opened_stops_the_push() {
    let (app, clay, list, destination) = pushed_list().await;
    app.member().patch(&path_of(&destination), json!({"auth_token": "s3cret"})).await.expect(200);
    sqlx::query("update clay_destinations set auth_token_key_id = 'another'").execute(&app.pool).await.unwrap();
    add(&app, &list, 0..1).await;
    assert_eq!(push(&app).await, 0);
    let stopped = shown(&app, &destination).await;
    assert_eq!((&stopped["status"], clay.requests()), (&json!("disabled"), 0));
    let mended = json!({"auth_token": "s3cret", "status": "active"});
    app.member().patch(&path_of(&destination), mended).await.expect(200);
    assert_eq!(push(&app).await, 1);
    assert_eq!(clay.tokens(), [Some("s3cret".to_owned())]);
}

#[tokio::test]
async fn in_production_an_address_that_turns_out_to_be_inside_is_never_asked() {
    let (app, clay, list, destination) = pushed_list().await;
    add(&app, &list, 0..1).await;
    let strict = {
        let database = app.database.share();
        let db = database.open();
        TestApp::start_on(database, db, Arc::clone(&app.clock), |server| server.outbound_anywhere = false).await
    };
    assert_eq!(push(&strict).await, 0);
    assert_eq!(clay.requests(), 0);
    assert_eq!(shown(&app, &destination).await["status"], "disabled");
}
