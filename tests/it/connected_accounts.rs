//! Sending accounts.

use serde_json::{Value, json};

use crate::support::TestApp;

const PATH: &str = "/api/v1/connected-accounts";

fn linkedin() -> Value {
    json!({"provider": "sandbox", "channel": "linkedin", "display_name": "Alexandra", "seed": 4_242_424_242_i64})
}

#[tokio::test]
async fn smoke() {
    let app = TestApp::start().await;
    let made = app.member().post(PATH, linkedin()).await;
    println!("{made:?}");
    for body in [
        json!({}),
        json!({"provider": "mailbox", "smtp": {}}),
        json!({"provider": "fax"}),
        json!({"provider": 5}),
        json!([]),
        json!({"provider": "sandbox", "channel": "fax", "limits": {"wait": {}, "send_email": {"per_day": -1}}, "sending_window": {"timezone": "x"}}),
    ] {
        println!("{} {}", body, app.member().post(PATH, body.clone()).await.text);
    }
    println!("{}", app.member().patch(made.header("location"), json!({"limits": {"like_post": {"per_day": 3}, "send_email": {"per_day": 5}}, "sending_window": {"end_time": "24:00"}})).await.text);
    println!(
        "{}",
        app.member()
            .patch(made.header("location"), json!({"limits": {"like_post": {"per_day": 3}}, "status": "paused"}))
            .await
            .text
    );
}
