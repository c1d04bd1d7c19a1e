//! What is written by hand in the ledger of its account.

use std::time::Duration;

use chrono::TimeDelta;
use clento::utils::clock::Clock as _;
use serde_json::{Value, json};

use super::{ACCOUNTS, at, conversations::Sent, run_until, sent as acts};

/// How many mails the mailbox has sent on the day, as its usage says.
async fn used_today(sent: &Sent) -> Value {
    let usage = sent.app.member().get(&format!("{ACCOUNTS}/{}/usage", sent.account)).await.expect(200);
    let actions = usage["actions"].as_array().unwrap().clone();
    actions.into_iter().find(|it| it["action"] == "send_email").unwrap()["day"].clone()
}

/// Days on which the second mail went out.
async fn bumped(sent: &Sent) -> Vec<String> {
    let acts = acts(&sent.app).await.into_iter().filter(|(node, ..)| node == "bump");
    acts.map(|(.., at)| at.date_naive().to_string()).collect()
}

#[tokio::test]
async fn no_limit_of_ones_own_holds_an_answer_back_and_campaigns_leave_room_for_it() {
    let sent = Sent::to(2).await;
    sent.happens(0, "replied", Some("Who are you?")).await;
    let path = Sent::path_of(&sent.conversations("").await.remove(0), "/messages");
    // The other one's second mail is due on Thursday; there is one mail a day.
    let limits = json!({"limits": {"send_email": {"per_day": 1}}});
    sent.app.member().patch(&format!("{ACCOUNTS}/{}", sent.account), limits).await.expect(200);
    run_until(&sent.app, at("2026-11-26T00:30:00Z")).await;
    assert!(bumped(&sent).await.is_empty());
    for (text, used) in [("Ada, from Clento.", 1), ("And one more thing.", 2)] {
        assert_eq!(sent.app.member().post(&path, json!({"text": text})).await.expect(201)["state"], "sent");
        assert_eq!(used_today(&sent).await, json!({"used": used, "limit": 1, "left": 0}));
    }
    run_until(&sent.app, at("2026-11-27T23:00:00Z")).await;
    assert_eq!(bumped(&sent).await, ["2026-11-27"]);
}

#[tokio::test]
async fn an_account_whose_provider_wants_less_is_left_alone_by_people_too() {
    let sent = Sent::to(1).await;
    sent.happens(0, "replied", Some("Who are you?")).await;
    let path = Sent::path_of(&sent.conversations("").await.remove(0), "/messages");
    let rests = |why: &'static str| {
        let until = sent.app.clock.now() + TimeDelta::minutes(10);
        let update = "update connected_accounts set rests_until = $1, rest_reason = $2";
        sqlx::query(update).bind(until).bind(why).execute(&sent.app.pool)
    };
    rests("rate_limited").await.unwrap();
    let refused = sent.app.member().post(&path, json!({"text": "Ada."})).await;
    let wait: u64 = refused.header("retry-after").parse().unwrap();
    refused.expect_problem(429, "account_rests");
    assert!((590..=601).contains(&wait), "{wait}");
    assert_eq!(used_today(&sent).await["used"], 1, "nothing is charged for it");
    // Something else may be no obstacle to this.
    rests("provider_unreachable").await.unwrap();
    assert_eq!(sent.app.member().post(&path, json!({"text": "Ada."})).await.expect(201)["state"], "sent");
    rests("rate_limited").await.unwrap();
    sent.app.clock.advance(Duration::from_secs(wait));
    assert_eq!(sent.app.member().post(&path, json!({"text": "Ada again."})).await.expect(201)["state"], "sent");
}
