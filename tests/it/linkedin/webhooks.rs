//! Who is believed, what is kept, and that Unipile has our webhooks.

use std::time::Duration;

use serde_json::{Value, json};

use super::World;
use crate::support::{
    TestApp,
    unipile::{On, Trouble, WEBHOOK_SECRET},
};

fn relation(person: &str) -> Value {
    json!({
        "event": "new_relation", "account_id": "acc", "account_type": "LINKEDIN", "webhook_name": "clento-users",
        "user_full_name": "Some Body", "user_provider_id": person, "user_public_identifier": "somebody",
        "user_profile_url": "https://www.linkedin.com/in/somebody/", "user_picture_url": null
    })
}

#[tokio::test]
async fn whoever_does_not_show_the_secret_is_not_believed() {
    let world = World::begin().await;
    world.connect(&world.app.member(), "acc").await;
    let body = relation("ACo1");
    world.webhook_with(None, &body).await.expect_problem(401, "webhook_header_missing");
    let longer = format!("{WEBHOOK_SECRET}x");
    for wrong in ["", "x", &WEBHOOK_SECRET[1..], &longer, &WEBHOOK_SECRET.to_uppercase()] {
        world.webhook_with(Some(wrong), &body).await.expect_problem(401, "webhook_secret_wrong");
    }
    let unread = world.app.anonymous().request(reqwest::Method::POST, "/api/v1/webhooks/unipile").body("no JSON");
    unread.header("unipile-auth", WEBHOOK_SECRET).send().await.expect_problem(422, "webhook_malformed");
    assert_eq!(world.count("select count(*) from unipile_events").await, 0);
    assert_eq!(world.webhook(&body).await["outcome"], "kept");
}

#[tokio::test]
async fn without_a_secret_of_ours_nobody_is() {
    let world = World::begin().await;
    let app = TestApp::start_by(crate::support::ManualClock::new(), |server| {
        world.fake.set_up(server);
        if let Some(unipile) = &mut server.unipile {
            unipile.webhook_secret = None;
        }
    })
    .await;
    for secret in ["", WEBHOOK_SECRET] {
        let call = app.anonymous().request(reqwest::Method::POST, "/api/v1/webhooks/unipile");
        let answer = call.header("unipile-auth", secret).body(relation("ACo1").to_string()).send().await;
        answer.expect_problem(503, "webhooks_not_configured");
    }
    // Nor are webhooks asked for that could not be believed.
    app.state.unipile().keep_webhooks().await.unwrap();
    assert!(world.fake.world().upkeep.webhooks.is_empty());
}

#[tokio::test]
async fn a_hint_is_kept_once_however_often_it_comes_and_unipile_is_not_asked_for_the_answer() {
    let world = World::begin().await;
    world.connect(&world.app.member(), "acc").await;
    let asked = world.fake.world().requests.len();
    world.fake.world().chance = Some(Box::new(|_, _| Some(Trouble::StallBefore)));
    for round in 0..5 {
        for person in 0..20 {
            assert_eq!(world.webhook(&relation(&format!("ACo{}", (person * 7 + round) % 20))).await["outcome"], "kept");
        }
    }
    let message = json!({
        "event": "message_received", "account_id": "acc", "account_type": "LINKEDIN", "chat_id": "chat", "message_id": "msg", "message": "Private.",
        "timestamp": "2026-11-22T12:00:00.000Z", "sender": {"attendee_id": "a", "attendee_name": "Jane", "attendee_provider_id": "ACo1"},
        "attendees": [], "attachments": [], "webhook_name": "clento-messaging"
    });
    for _ in 0..3 {
        assert_eq!(world.webhook(&message).await["outcome"], "kept");
    }
    assert_eq!(world.count("select count(*) from unipile_events where due_at is not null").await, 21);
    let said = "select count(*) from unipile_events where unipile_events::text ilike any (array['%private%', '%jane%', '%some body%'])";
    assert_eq!(world.count(said).await, 0, "what people write and are called is not kept");
    assert_eq!(world.fake.world().requests.len(), asked);
}

#[tokio::test]
async fn what_is_about_nobodys_account_or_nothing_of_ours_is_ignored() {
    let world = World::begin().await;
    world.connect(&world.app.member(), "acc").await;
    let mut foreign = relation("ACo1");
    foreign["account_id"] = "somebody-elses".into();
    let status = json!({"AccountStatus": {"account_id": "somebody-elses", "message": "CREDENTIALS"}});
    let read = json!({"event": "message_read", "account_id": "acc", "chat_id": "c", "message_id": "m"});
    let mail = json!({"event": "mail_received", "account_id": "acc", "email_id": "e"});
    for body in [
        foreign,
        status,
        read,
        mail,
        json!({}),
        json!([1]),
        json!(null),
        json!({"event": "new_relation", "account_id": 7}),
    ] {
        assert_eq!(world.webhook(&body).await["outcome"], "ignored", "{body}");
    }
    assert_eq!(world.count("select count(*) from unipile_events").await, 0);
}

#[tokio::test]
async fn unipile_has_our_webhooks_and_keeps_them() {
    let world = World::begin().await;
    let keep = async || world.app.state.unipile().keep_webhooks().await.unwrap().done;
    world.fake.trouble(On::post("/webhooks"), Trouble::Refuse(503, "service_unavailable"));
    assert_eq!(keep().await, 3);
    world.app.clock.advance(Duration::from_mins(2));
    assert_eq!((keep().await, keep().await), (1, 0));
    let made = world.fake.world().upkeep.webhooks.clone();
    let mut sources: Vec<_> = made.values().map(|body| body["source"].as_str().unwrap()).collect();
    sources.sort_unstable();
    assert_eq!(sources, ["account_status", "email", "messaging", "users"]);
    for body in made.values() {
        assert_eq!(body["request_url"], "https://api.clento.test/api/v1/webhooks/unipile");
        let headers = json!([{"key": "Content-Type", "value": "application/json"}, {"key": "Unipile-Auth", "value": WEBHOOK_SECRET}]);
        assert_eq!(body["headers"], headers);
    }
    // One is lost there, and is made again; the others stay.
    let lost = made.keys().next().unwrap().clone();
    world.fake.world().upkeep.webhooks.remove(&lost);
    world.app.clock.advance(Duration::from_hours(2));
    assert_eq!((keep().await, world.fake.world().upkeep.webhooks.len()), (1, 4));
    // What the database has is no secret.
    let secret =
        format!("select count(*) from unipile_webhooks where unipile_webhooks::text like '%{WEBHOOK_SECRET}%'");
    assert_eq!(world.count(&secret).await, 0);
}

#[tokio::test]
async fn a_secret_that_was_replaced_replaces_the_webhooks() {
    let world = World::begin().await;
    world.app.state.unipile().keep_webhooks().await.unwrap();
    let before: Vec<_> = world.fake.world().upkeep.webhooks.keys().cloned().collect();
    world.app.clock.advance(Duration::from_hours(2));
    let database = world.app.database.share();
    let db = database.open();
    let other = "another-secret-of-thirty-two-characters";
    let replica = TestApp::start_on(database, db, std::sync::Arc::clone(&world.app.clock), |server| {
        world.fake.set_up(server);
        if let Some(unipile) = &mut server.unipile {
            unipile.webhook_secret = Some(other.into());
        }
    })
    .await;
    replica.state.unipile().keep_webhooks().await.unwrap();
    let now = world.fake.world().upkeep.webhooks.clone();
    assert_eq!(now.len(), 4);
    assert!(now.iter().all(|(id, body)| !before.contains(id) && body["headers"][1]["value"] == other));
}
