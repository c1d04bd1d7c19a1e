//! What people write by hand to leads on LinkedIn.

use serde_json::json;
use sqlx::AssertSqlSafe;

use super::Stage;
use crate::support::unipile::{Act, On, Trouble};

/// A conversation with somebody who is a connection of the account's.
async fn conversation(stage: &Stage) -> String {
    let account = stage.account("A1", false).await;
    stage.people(1).await;
    stage.fake.world().accept("A1", "person-0");
    let insert = format!(
        "insert into conversations (id, organization_id, lead_id, channel, account_id, created_at, updated_at, last_message_at, preview, last_direction)
         select gen_random_uuid(), l.organization_id, l.id, 'linkedin', '{account}', now(), now(), now(), 'Hello', 'inbound' from leads l
         returning id::text"
    );
    sqlx::query_scalar(AssertSqlSafe(insert)).fetch_one(&stage.app.pool).await.unwrap()
}

async fn write(stage: &Stage, conversation: &str, text: &str) -> serde_json::Value {
    let path = format!("/api/v1/conversations/{conversation}/messages");
    stage.app.member().post(&path, json!({"text": text})).await.expect(201)
}

async fn reconcile(stage: &Stage) {
    stage.app.clock.advance(std::time::Duration::from_mins(4));
    stage.app.state.runs().reconcile_letters().await.unwrap();
}

#[tokio::test]
async fn a_message_goes_into_the_chat() {
    let stage = Stage::set().await;
    let conversation = conversation(&stage).await;
    for text in ["Hello", "And again"] {
        assert_eq!(write(&stage, &conversation, text).await["state"], "sent");
    }
    assert_eq!(stage.done(Act::Message).len(), 2);
    assert_eq!(stage.fake.world().chats.len(), 1);
    let last = stage.fake.world().requests.last().unwrap().clone();
    assert!(last.starts_with("POST /api/v1/chats/chat-") && last.ends_with("/messages"), "{last}");
}

#[tokio::test]
async fn a_message_whose_outcome_was_lost_is_looked_up_and_not_written_again() {
    for (trouble, done, state) in [(Trouble::CutAfter, 1, "sent"), (Trouble::CutBefore, 0, "failed")] {
        let stage = Stage::set().await;
        let conversation = conversation(&stage).await;
        stage.fake.trouble(On::post("/chats"), trouble);
        assert_eq!(write(&stage, &conversation, "Hello").await["state"], "sending");
        reconcile(&stage).await;
        assert_eq!(stage.done(Act::Message).len(), done);
        assert_eq!(stage.texts("select state from messages").await, [state]);
    }
}

#[tokio::test]
async fn a_message_is_looked_up_where_it_went_whatever_becomes_of_the_account_and_the_lead() {
    for (trouble, state) in [(Trouble::CutAfter, "sent"), (Trouble::CutBefore, "failed")] {
        let stage = Stage::set().await;
        let conversation = conversation(&stage).await;
        stage.fake.trouble(On::post("/chats"), trouble);
        assert_eq!(write(&stage, &conversation, "Hello").await["state"], "sending");
        // It is paid for from now on, and the lead's profile is another.
        let paid = "update connected_accounts set unipile = jsonb_set(unipile, '{tier,premium}', 'true') where unipile is not null";
        sqlx::query(paid).execute(&stage.app.pool).await.unwrap();
        let moved = "update leads set linkedin_url = 'https://www.linkedin.com/in/somebody-else'";
        sqlx::query(moved).execute(&stage.app.pool).await.unwrap();
        reconcile(&stage).await;
        assert_eq!(stage.texts("select state from messages").await, [state]);
    }
}

#[tokio::test]
async fn a_refusal_is_told() {
    let stage = Stage::set().await;
    let conversation = conversation(&stage).await;
    stage.fake.world().person("person-0").relations.clear();
    let written = write(&stage, &conversation, "Hello").await;
    assert_eq!((&written["state"], &written["reason"]), (&json!("failed"), &json!("no_connection_with_recipient")));
    stage.fake.trouble(On::post("/chats"), Trouble::Refuse(429, "too_many_requests"));
    let written = write(&stage, &conversation, "Hello").await;
    assert_eq!((&written["state"], &written["reason"]), (&json!("failed"), &json!("account_cools_down")));
    assert_eq!(stage.texts("select count(*)::text from connected_accounts where rests_until is not null").await, ["1"]);
}
