//! The one list of conversations.

use std::time::Duration;

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::answers::Stage;

/// Somebody has answered on LinkedIn; the conversation.
async fn answered() -> (Stage, Value) {
    let stage = Stage::set(1).await;
    let told = stage.accept(0);
    stage.world.webhook(&told).await;
    stage.follow().await;
    stage.pass(TimeDelta::hours(3)).await;
    stage.app().clock.advance(Duration::from_mins(20));
    let answer = stage.write(0, "Let us talk.");
    stage.world.webhook(&answer).await;
    stage.follow().await;
    let conversation = found(&stage, "").await[0].clone();
    (stage, conversation)
}

async fn found(stage: &Stage, filter: &str) -> Vec<Value> {
    let list = stage.app().member().get(&format!("/api/v1/conversations{filter}")).await.expect(200);
    list["data"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_conversation_is_found_by_each_channel_that_it_was_held_on() {
    let (stage, _) = answered().await;
    // As if the lead had written a mail after that.
    sqlx::query("update conversations set channel = 'email'").execute(&stage.app().pool).await.unwrap();
    assert_eq!(found(&stage, "?channel=linkedin").await.len(), 1);
    assert_eq!(found(&stage, "?channel=email").await.len(), 1);
}

#[tokio::test]
async fn what_came_after_the_version_that_was_shown_stays_unread() {
    let (stage, shown) = answered().await;
    let answer = stage.write(0, "Tomorrow?");
    stage.world.webhook(&answer).await;
    stage.follow().await;
    let path = format!("/api/v1/conversations/{}/read", shown["id"].as_str().unwrap());
    let read = async |version: &Value| {
        let call = stage.app().member().request(reqwest::Method::POST, &path);
        call.header("If-Match", &format!("\"{version}\"")).send().await
    };
    read(&shown["version"]).await.expect_problem(412, "version_mismatch");
    let now = found(&stage, "").await[0].clone();
    assert_eq!(now["unread_count"], json!(2));
    assert_eq!(read(&now["version"]).await.expect(200)["unread_count"], json!(0));
}
