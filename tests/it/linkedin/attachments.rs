//! What leads attach to what they write.

use chrono::TimeDelta;
use serde_json::json;

use super::answers::Stage;

#[tokio::test]
async fn a_voice_message_without_words_is_an_answer_and_what_is_attached_is_noted() {
    let stage = Stage::set(1).await;
    let told = stage.accept(0);
    stage.world.webhook(&told).await;
    stage.follow().await;
    stage.pass(TimeDelta::hours(3)).await;
    let answer = stage.write(0, "");
    let id = answer["message_id"].as_str().unwrap().to_owned();
    stage.world.fake.world().attached.insert(id);
    stage.world.webhook(&answer).await;
    stage.follow().await;
    assert_eq!((stage.ways("replied").await, stage.told("lead_replied").await), (1, 1));
    let noted = "select attachments from messages where direction = 'inbound' and coalesce(text, '') = ''";
    let noted: serde_json::Value = sqlx::query_scalar(noted).fetch_one(&stage.app().pool).await.unwrap();
    assert_eq!(noted, json!([{"name": null, "media_type": "application/octet-stream", "bytes": 0}]));
}
