//! What the usage of an account tells of how it does.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::{ACCOUNTS, answers::Stage};
use crate::support::unipile::{On, Trouble};

async fn usage(stage: &Stage) -> Value {
    stage.app().member().get(&format!("{ACCOUNTS}/{}/usage", stage.account)).await.expect(200)
}

#[tokio::test]
async fn rates_are_told_with_their_samples_and_age() {
    let stage = Stage::set(5).await;
    let none = usage(&stage).await;
    assert_eq!(none["rates"]["acceptance"], json!({"sample": 5, "count": 0, "rate": 0.0}));
    assert_eq!(none["rates"]["reply"], json!({"sample": 0, "count": 0, "rate": null}));
    assert_eq!((&none["cooling_down"], &none["warnings"]), (&Value::Null, &json!([])));
    for person in 0..2 {
        let told = stage.accept(person);
        stage.world.webhook(&told).await;
    }
    stage.follow().await;
    stage.pass(TimeDelta::hours(3)).await;
    let answer = stage.write(1, "Yes.");
    stage.world.webhook(&answer).await;
    stage.follow().await;
    let rates = usage(&stage).await["rates"].clone();
    assert_eq!(rates["acceptance"], json!({"sample": 5, "count": 2, "rate": 0.4}));
    assert_eq!(rates["reply"], json!({"sample": 2, "count": 1, "rate": 0.5}));
    assert_eq!(
        rates["since"],
        json!((stage.now() - TimeDelta::days(30)).to_rfc3339_opts(chrono::SecondsFormat::Secs, true))
    );
    stage.app().clock.advance(std::time::Duration::from_hours(24 * 31));
    assert_eq!(usage(&stage).await["rates"]["acceptance"]["sample"], 0);
}

#[tokio::test]
async fn a_rest_says_why_and_what_is_near_a_cap_is_warned_of() {
    let stage = Stage::set(2).await;
    let told = stage.accept(0);
    stage.world.webhook(&told).await;
    stage.follow().await;
    stage.world.fake.trouble(On::post("/chats"), Trouble::Refuse(422, "limit_exceeded"));
    stage.pass(TimeDelta::hours(3)).await;
    let told = usage(&stage).await;
    let account = stage.world.account(&stage.account).await;
    assert_eq!(told["cooling_down"]["reason"], "limit_exceeded", "{told}");
    assert_eq!(told["cooling_down"]["until"], account["rests_until"]);
    assert_eq!(told["cooling_down"]["detail"], "LinkedIn says that the account has reached a limit of its.");
    for (used, warned) in [(79, false), (80, true)] {
        let update = "update account_usage set used = $1 where action = 'send_connection_request'";
        sqlx::query(update).bind(used).execute(&stage.app().pool).await.unwrap();
        let warnings = usage(&stage).await["warnings"].clone();
        assert_eq!(warnings.as_array().unwrap().len(), usize::from(warned), "{warnings}");
        if warned {
            let one = ["action", "window", "used", "likely_cap"].map(|name| warnings[0][name].clone());
            assert_eq!(one, [json!("send_connection_request"), json!("week"), json!(80), json!(100)]);
        }
    }
    // One that is paid for bears more.
    let paid = "update connected_accounts set unipile = jsonb_set(unipile, '{tier,premium}', 'true')";
    sqlx::query(paid).execute(&stage.app().pool).await.unwrap();
    assert_eq!(usage(&stage).await["warnings"], json!([]));
    stage.pass(TimeDelta::hours(30)).await;
    assert_eq!(usage(&stage).await["cooling_down"], Value::Null);
}
