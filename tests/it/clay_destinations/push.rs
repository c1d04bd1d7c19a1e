//! What is sent: each lead that is put on the list, once.

use std::{sync::Arc, time::Duration};

use serde_json::json;
use tokio::task::JoinSet;

use super::{LEADS, LISTS, add, destinations_of, make, make_list, path_of, push, pushed_list, shown, sorted};
use crate::support::{TestApp, fake_clay::FakeClay};

#[tokio::test]
async fn a_lead_is_one_flat_object_with_its_id() {
    let (app, clay, list, destination) = pushed_list().await;
    let body = json!({
        "email": "ada@acme.com", "full_name": "Ada Lovelace", "linkedin_url": "https://www.linkedin.com/in/ada", "lead_list_id": list,
        "tags": ["berlin", "q4"], "custom_fields": {"seats": 40, "team": {"lead": "Bob"}, "note": null, "hot": true}
    });
    let lead = app.member().post(LEADS, body).await.expect(201);
    assert_eq!(push(&app).await, 1);
    let record = clay.records().pop().unwrap();
    assert!(record.as_object().unwrap().values().all(|value| !value.is_object() && !value.is_array()), "{record}");
    assert_eq!((&record["lead_id"], &record["lead_list_id"]), (&lead["id"], &json!(list)));
    for field in ["email", "first_name", "last_name", "linkedin_url", "phone", "status", "source", "created_at"] {
        assert_eq!(record[field], lead[field], "{field}");
    }
    assert!(record.as_object().unwrap().contains_key("phone"), "columns do not depend on the first row");
    assert_eq!(
        (&record["tags"], &record["custom_seats"], &record["custom_hot"], &record["custom_team"]),
        (&json!("berlin, q4"), &json!(40), &json!(true), &json!("{\"lead\":\"Bob\"}"))
    );
    assert_eq!(clay.tokens(), [None]);
    let now = shown(&app, &destination).await;
    assert_eq!(
        (&now["sent_count"], &now["pending_count"], &now["webhook_sent_count"]),
        (&json!(1), &json!(0), &json!(1))
    );
    assert_eq!(now["version"], 1, "to push is not to change");
    assert!(now["last_sent_at"].is_string(), "{now}");
}

#[tokio::test]
async fn the_token_goes_with_each_record_and_only_then() {
    let (app, clay) = (TestApp::start().await, FakeClay::start().await);
    let list = make_list(&app).await;
    let body = json!({"url": clay.hook("a"), "auth_token": "s3cret"});
    let made = app.member().post(&destinations_of(&list), body).await.expect(201);
    add(&app, &list, 0..1).await;
    push(&app).await;
    app.member().patch(&path_of(&made), json!({"auth_token": null})).await.expect(200);
    add(&app, &list, 1..2).await;
    push(&app).await;
    assert_eq!(clay.tokens(), [Some("s3cret".to_owned()), None]);
}

#[tokio::test]
async fn whatever_puts_a_lead_on_the_list_sends_it_once() {
    let (app, clay, list, _) = pushed_list().await;
    let member = app.member();
    // By a batch, alone, by a row, by a change of its lists; not by a repetition of any.
    let mut expected = add(&app, &list, 0..3).await;
    let other = make_list(&app).await;
    let row = json!({"email": "row@acme.com"});
    let upsert = |list: &str| format!("{LEADS}/upsert?lead_list_id={list}");
    for list in [&other, &list, &list] {
        member.post(&upsert(list), row.clone()).await;
    }
    let row = member.post(&upsert(&list), row).await.expect(200);
    expected.push(row["lead_id"].as_str().unwrap().to_owned());
    let alone = member.post(LEADS, json!({"email": "alone@acme.com", "lead_list_id": list})).await.expect(201);
    let joined = member.post(LEADS, json!({"email": "joined@acme.com"})).await.expect(201);
    let path = format!("{LEADS}/{}", joined["id"].as_str().unwrap());
    member.patch(&path, json!({"lead_list_ids": [list]})).await.expect(200);
    expected.extend([&alone, &joined].map(|lead| lead["id"].as_str().unwrap().to_owned()));
    assert_eq!(push(&app).await, 6);
    add(&app, &list, 0..3).await;
    member.patch(&path, json!({"lead_list_ids": []})).await.expect(200);
    member.patch(&path, json!({"lead_list_ids": [list]})).await.expect(200);
    app.clock.advance(Duration::from_mins(1));
    assert_eq!(push(&app).await, 0);
    assert_eq!(sorted(clay.taken("lead_id")), sorted(expected));
}

#[tokio::test]
async fn who_leaves_the_list_or_the_organization_before_their_turn_is_not_sent() {
    let (app, clay, list, destination) = pushed_list().await;
    let member = app.member();
    let ids = add(&app, &list, 0..3).await;
    member.patch(&format!("{LEADS}/{}", ids[0]), json!({"lead_list_ids": []})).await.expect(200);
    member.delete(&format!("{LEADS}/{}", ids[1])).await.expect(204);
    assert_eq!(push(&app).await, 1);
    assert_eq!(clay.taken("lead_id"), [ids[2].clone()]);
    assert_eq!(shown(&app, &destination).await["pending_count"], 0);
    // Back again before it was ever sent.
    member.patch(&format!("{LEADS}/{}", ids[0]), json!({"lead_list_ids": [list]})).await.expect(200);
    assert_eq!(push(&app).await, 1);
}

#[tokio::test]
async fn the_leads_that_were_there_before_are_sent_if_that_is_asked_for() {
    let (app, clay) = (TestApp::start().await, FakeClay::start().await);
    let list = make_list(&app).await;
    let old = add(&app, &list, 0..3).await;
    make(&app, &list, &clay.hook("new")).await;
    assert_eq!(push(&app).await, 0);
    let body = json!({"url": clay.hook("all"), "include_existing": true});
    let all = app.member().post(&destinations_of(&list), body).await.expect(201);
    assert_eq!(all["pending_count"], 3);
    assert_eq!(push(&app).await, 3);
    assert_eq!(sorted(clay.taken("lead_id")), sorted(old));
    add(&app, &list, 3..4).await;
    assert_eq!(push(&app).await, 2);
}

#[tokio::test]
async fn nothing_is_pushed_where_it_is_set_aside_or_the_organization_has_ended() {
    let (app, clay, list, destination) = pushed_list().await;
    let member = app.member();
    member.patch(&path_of(&destination), json!({"status": "paused"})).await.expect(200);
    add(&app, &list, 0..2).await;
    assert_eq!(push(&app).await, 0);
    assert_eq!(shown(&app, &destination).await["pending_count"], 2);
    member.patch(&path_of(&destination), json!({"status": "active"})).await.expect(200);
    let gone = "update organizations set deleted_at = now() where clerk_organization_id = 'org_ours'";
    sqlx::query(gone).execute(&app.pool).await.unwrap();
    assert_eq!(push(&app).await, 0);
    sqlx::query("update organizations set deleted_at = null").execute(&app.pool).await.unwrap();
    assert_eq!(push(&app).await, 2);
    assert_eq!(clay.requests(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn leads_that_join_while_a_destination_is_made_are_sent_once_each() {
    let (app, clay) = (Arc::new(TestApp::start().await), FakeClay::start().await);
    let list = make_list(&app).await;
    let mut tasks = JoinSet::new();
    for n in 0..8 {
        let (app, list) = (Arc::clone(&app), list.clone());
        tasks.spawn(async move {
            add(&app, &list, n * 4..n * 4 + 4).await;
        });
    }
    let body = json!({"url": clay.hook("a"), "include_existing": true});
    app.member().post(&destinations_of(&list), body).await.expect(201);
    tasks.join_all().await;
    let mut sent = 0;
    while sent < 32 {
        let more = push(&app).await;
        assert!(more > 0, "{sent} of 32 were sent");
        sent += more;
        app.clock.advance(Duration::from_secs(2));
    }
    let taken = sorted(clay.taken("lead_id"));
    let mut each = taken.clone();
    each.dedup();
    assert_eq!((taken.len(), each.len()), (32, 32));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_workers_send_each_lead_once() {
    let (app, clay, list, destination) = pushed_list().await;
    let other = app.replica().await;
    add(&app, &list, 0..20).await;
    let (here, there) = tokio::join!(push(&app), push(&other));
    assert_eq!(here + there, 20);
    assert_eq!(clay.requests(), 20);
    assert_eq!(shown(&app, &destination).await["sent_count"], 20);
    app.member().delete(&format!("{LISTS}/{list}")).await.expect(204);
}
