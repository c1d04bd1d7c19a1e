//! What Clay takes: ten records a second, twenty at once, 50,000 in a webhook's life.

use std::time::Duration;

use serde_json::json;

use super::{add, destinations_of, make, make_list, path_of, pretend_sent, push, pushed_list, shown};

#[tokio::test]
async fn twenty_go_at_once_and_ten_each_second() {
    let (app, clay, list, destination) = pushed_list().await;
    add(&app, &list, 0..60).await;
    assert_eq!(push(&app).await, 20);
    assert_eq!(push(&app).await, 0);
    app.clock.advance(Duration::from_secs(1));
    assert_eq!(push(&app).await, 10);
    app.clock.advance(Duration::from_secs(1));
    assert_eq!(push(&app).await, 10);
    // Who rests may burst again, and no more than that.
    app.clock.advance(Duration::from_hours(1));
    assert_eq!(push(&app).await, 20);
    assert_eq!(clay.requests(), 60);
    assert_eq!(shown(&app, &destination).await["pending_count"], 0);
}

#[tokio::test]
async fn two_lists_share_the_pace_and_the_count_of_a_webhook() {
    let (app, clay, list, first) = pushed_list().await;
    let other = make_list(&app).await;
    let second = make(&app, &other, &clay.hook("a")).await;
    add(&app, &list, 0..15).await;
    add(&app, &other, 15..30).await;
    assert_eq!(push(&app).await, 20);
    for destination in [&first, &second] {
        assert_eq!(shown(&app, destination).await["webhook_sent_count"], 20);
    }
    app.clock.advance(Duration::from_secs(1));
    assert_eq!(push(&app).await, 10);
    assert_eq!(clay.requests(), 30);
}

#[tokio::test]
async fn the_webhooks_of_an_organization_share_the_pace_but_not_the_count() {
    let (app, clay, list, first) = pushed_list().await;
    let second = make(&app, &list, &clay.hook("b")).await;
    add(&app, &list, 0..15).await;
    assert_eq!(push(&app).await, 20);
    let count = async |destination| shown(&app, destination).await["webhook_sent_count"].as_i64().unwrap();
    assert_eq!(count(&first).await + count(&second).await, 20);
    let theirs = app.outsider().post("/api/v1/lead-lists", json!({"name": "Theirs"})).await.expect(201);
    let theirs = theirs["id"].as_str().unwrap();
    app.outsider().post(&destinations_of(theirs), json!({"url": clay.hook("c")})).await.expect(201);
    let leads: Vec<_> = (0..5).map(|n| json!({"email": format!("lead{n}@acme.com")})).collect();
    app.outsider().post("/api/v1/leads/batch", json!({"lead_list_id": theirs, "leads": leads})).await.expect(200);
    assert_eq!(push(&app).await, 5, "another organization has a pace of its own");
    app.clock.advance(Duration::from_secs(1));
    assert_eq!(push(&app).await, 10);
    assert_eq!((count(&first).await, count(&second).await), (15, 15));
}

#[tokio::test]
async fn a_webhook_warns_before_it_is_full_and_then_takes_nothing_more() {
    let (app, clay, list, destination) = pushed_list().await;
    pretend_sent(&app, 44_999).await;
    assert_eq!(shown(&app, &destination).await["warning"], json!(null));
    add(&app, &list, 0..1).await;
    push(&app).await;
    let warned = shown(&app, &destination).await;
    assert!(warned["warning"].as_str().unwrap().contains("5000 more"), "{warned}");
    assert_eq!(warned["webhook_remaining"], 5_000);

    pretend_sent(&app, 49_998).await;
    add(&app, &list, 1..6).await;
    assert_eq!(push(&app).await, 2);
    let full = shown(&app, &destination).await;
    assert_eq!(
        (&full["status"], &full["webhook_sent_count"], &full["webhook_remaining"], &full["pending_count"]),
        (&json!("full"), &json!(50_000), &json!(0), &json!(3))
    );
    assert!(full["status_reason"].as_str().unwrap().contains("50,000"), "{full}");
    app.clock.advance(Duration::from_mins(1));
    assert_eq!((push(&app).await, clay.requests()), (0, 3));
    let lines = app.admin().get("/api/v1/audit-logs?action=clay_destination.stopped").await.expect(200);
    assert_eq!(
        (&lines["data"][0]["actor"]["type"], &lines["data"][0]["after"]["status"]),
        (&json!("system"), &json!("full"))
    );

    let member = app.member();
    member.patch(&path_of(&destination), json!({"status": "active"})).await.expect_problem(409, "clay_webhook_full");
    let anew = json!({"url": clay.hook("b"), "status": "active"});
    let anew = member.patch(&path_of(&destination), anew).await.expect(200);
    assert_eq!(
        (&anew["status"], &anew["warning"], &anew["status_reason"]),
        (&json!("active"), &json!(null), &json!(null))
    );
    assert_eq!(push(&app).await, 3, "what waited goes to the new webhook");
}

#[tokio::test]
async fn a_webhooks_count_outlives_its_destination() {
    let (app, clay, list, destination) = pushed_list().await;
    pretend_sent(&app, 49_999).await;
    app.member().delete(&path_of(&destination)).await.expect(204);
    let again = make(&app, &list, &clay.hook("a")).await;
    assert_eq!(again["webhook_sent_count"], 49_999);
    add(&app, &list, 0..2).await;
    assert_eq!(push(&app).await, 1);
    assert_eq!(shown(&app, &again).await["status"], "full");
    // Another organization's webhook of the same address is another matter: of ours it must learn nothing.
    let theirs = app.outsider().post("/api/v1/lead-lists", json!({"name": "Theirs"})).await.expect(201);
    let path = destinations_of(theirs["id"].as_str().unwrap());
    let theirs = app.outsider().post(&path, json!({"url": clay.hook("a")})).await.expect(201);
    assert_eq!(theirs["webhook_sent_count"], 0);
}
