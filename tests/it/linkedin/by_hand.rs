//! What an account's owner types on LinkedIn itself.

use std::time::Duration;

use chrono::TimeDelta;
use clento::models::WatchKind;
use serde_json::{Value, json};

use super::answers::Stage;
use crate::support::unipile::{Act, world::Message};

/// The owner types this into the chat with somebody.
fn types(stage: &Stage, person: usize, id: &str, text: &str) {
    let mut world = stage.world.fake.world();
    let at = world.now();
    let chat = world.chats.iter_mut().find(|chat| chat.person == format!("ACo_person-{person}")).unwrap();
    chat.messages.push(Message { id: id.into(), sender: "ACo-acc".into(), text: text.into(), own: true, at });
}

/// Two people who have accepted and were written to.
async fn written_to() -> Stage {
    let stage = Stage::set(2).await;
    for person in 0..2 {
        let told = stage.accept(person);
        stage.world.webhook(&told).await;
    }
    stage.follow().await;
    stage.pass(TimeDelta::hours(3)).await;
    assert_eq!(stage.done(Act::Message).len(), 2);
    stage.app().clock.advance(Duration::from_mins(20));
    stage
}

/// The one conversation, and its thread: of each message its direction and text, and whether a step or a user of ours wrote it.
async fn thread(stage: &Stage) -> (Value, Vec<(String, String, bool)>) {
    let list = stage.app().member().get("/api/v1/conversations").await.expect(200);
    assert_eq!(list["data"].as_array().unwrap().len(), 1, "{list}");
    let path = format!("/api/v1/conversations/{}/messages?sort=created_at", list["data"][0]["id"].as_str().unwrap());
    let messages = stage.app().member().get(&path).await.expect(200);
    let one = |it: &Value| {
        let text = |name: &str| it[name].as_str().unwrap().to_owned();
        (text("direction"), text("text"), it["node_id"].is_string() || it["user_id"].is_string())
    };
    (list["data"][0].clone(), messages["data"].as_array().unwrap().iter().map(one).collect())
}

#[tokio::test]
async fn what_the_owner_types_on_linkedin_is_in_the_conversation_once_and_what_we_sent_is_not_there_twice() {
    let stage = written_to().await;
    types(&stage, 0, "h1", "P.S. I am in Berlin next week.");
    stage.app().clock.advance(Duration::from_mins(1));
    let answer = stage.write(0, "Then let us meet.");
    stage.world.webhook(&answer).await;
    stage.follow().await;
    let said = |direction: &str, text: &str, ours: bool| (direction.to_owned(), text.to_owned(), ours);
    let mut expected = vec![
        said("outbound", "Hello First0", true),
        said("outbound", "Thank you, First0!", true),
        said("outbound", "P.S. I am in Berlin next week.", false),
        said("inbound", "Then let us meet.", false),
    ];
    let (conversation, messages) = thread(&stage).await;
    assert_eq!(messages, expected);
    assert_eq!(conversation["preview"], "Then let us meet.", "what came last is shown");
    // From the inbox, and then on LinkedIn again.
    let path = format!("/api/v1/conversations/{}/messages", conversation["id"].as_str().unwrap());
    stage.app().member().post(&path, json!({"text": "Tuesday at ten?"})).await.expect(201);
    stage.app().clock.advance(Duration::from_mins(5));
    types(&stage, 0, "h2", "Or Wednesday.");
    for _ in 0..3 {
        stage.app().clock.advance(Duration::from_mins(15));
        stage.look(WatchKind::Messages).await;
        stage.world.webhook(&answer).await;
        stage.follow().await;
    }
    expected.extend([said("outbound", "Tuesday at ten?", true), said("outbound", "Or Wednesday.", false)]);
    let (conversation, messages) = thread(&stage).await;
    assert_eq!(messages, expected);
    assert_eq!(
        (&conversation["preview"], &conversation["last_direction"]),
        (&json!("Or Wednesday."), &json!("outbound"))
    );
}

#[tokio::test]
async fn what_the_owner_types_ends_no_way_and_begins_no_conversation() {
    let stage = written_to().await;
    types(&stage, 0, "h1", "By the way.");
    stage.app().clock.advance(Duration::from_mins(15));
    stage.look(WatchKind::Messages).await;
    let list = stage.app().member().get("/api/v1/conversations").await.expect(200);
    assert_eq!(list["data"], json!([]));
    stage.pass(TimeDelta::hours(50)).await;
    assert_eq!(stage.done(Act::Message).len(), 4, "both are written to again");
}
