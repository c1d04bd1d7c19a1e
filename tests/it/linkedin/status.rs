//! How accounts are, as Unipile says when it is asked.

use std::time::Duration;

use serde_json::{Value, json};

use super::{ACCOUNTS, World};
use crate::support::unipile::{On, Trouble};

async fn set(world: &World, status: &'static str) {
    let told = world.fake.world().set_source("acc", status);
    assert_eq!(world.webhook(&told).await["outcome"], "kept");
    world.work().await;
}

#[tokio::test]
async fn each_status_holds_or_frees_the_accounts_work_at_once() {
    let world = World::begin().await;
    let id = world.connect(&world.app.member(), "acc").await;
    for (word, status) in [
        ("CREDENTIALS", "needs_reconnect"),
        ("OK", "connected"),
        ("PERMISSIONS", "needs_reconnect"),
        ("STOPPED", "needs_reconnect"),
        ("CONNECTING", "connecting"),
        ("ERROR", "error"),
        ("SOMETHING_NEW", "error"),
        ("OK", "connected"),
    ] {
        set(&world, word).await;
        let account = world.account(&id).await;
        assert_eq!(account["status"], status, "{word}");
        assert_eq!(account["status_reason"].is_null(), word == "OK", "{account}");
    }
    // Repeated, it is no news.
    let version = world.account(&id).await["version"].clone();
    for _ in 0..5 {
        set(&world, "OK").await;
    }
    assert_eq!(world.account(&id).await["version"], version);
}

#[tokio::test]
async fn what_a_webhook_says_is_only_where_to_look() {
    let world = World::begin().await;
    let id = world.connect(&world.app.member(), "acc").await;
    let lie = json!({"AccountStatus": {"account_id": "acc", "account_type": "LINKEDIN", "message": "CREDENTIALS"}});
    assert_eq!(world.webhook(&lie).await["outcome"], "kept");
    world.work().await;
    assert_eq!(world.account(&id).await["status"], "connected");
    // Unipile is away when it is asked: it is asked again, and what was so stays so.
    world.fake.trouble(On::get("/accounts"), Trouble::Refuse(503, "no_client_session"));
    set(&world, "CREDENTIALS").await;
    assert_eq!(world.account(&id).await["status"], "connected");
    world.app.clock.advance(Duration::from_secs(3));
    world.work().await;
    assert_eq!(world.account(&id).await["status"], "needs_reconnect");
}

#[tokio::test]
async fn an_account_that_is_gone_at_unipile_is_disconnected() {
    let world = World::begin().await;
    let id = world.connect(&world.app.member(), "acc").await;
    world.fake.world().accounts.remove("acc");
    let told = json!({"AccountStatus": {"account_id": "acc", "account_type": "LINKEDIN", "message": "DELETED"}});
    world.webhook(&told).await;
    world.work().await;
    assert_eq!(world.account(&id).await["status"], "disconnected");
}

#[tokio::test]
async fn an_account_is_looked_at_though_nothing_hints_at_it() {
    let world = World::begin().await;
    let id = world.connect(&world.app.member(), "acc").await;
    world.work().await;
    world.fake.world().set_source("acc", "CREDENTIALS");
    world.app.clock.advance(Duration::from_mins(30));
    world.work().await;
    assert_eq!(world.account(&id).await["status"], "connected");
    world.app.clock.advance(Duration::from_mins(50));
    world.work().await;
    assert_eq!(world.account(&id).await["status"], "needs_reconnect");
}

#[tokio::test]
async fn an_account_that_a_person_set_aside_is_not_taken_up_by_unipile() {
    let world = World::begin().await;
    let member = world.app.member();
    let id = world.connect(&member, "acc").await;
    let path = format!("{ACCOUNTS}/{id}");
    member.patch(&path, json!({"status": "paused"})).await.expect(200);
    for word in ["CONNECTING", "OK", "CREDENTIALS"] {
        set(&world, word).await;
        assert_eq!(world.account(&id).await["status"], "paused", "{word}");
    }
    // Taken up again by the person, it is looked at before long.
    member.patch(&path, json!({"status": "connected"})).await.expect(200);
    world.work().await;
    assert_eq!(world.account(&id).await["status"], "needs_reconnect");
}

#[tokio::test]
async fn whoever_asks_for_it_has_an_account_looked_at_at_once() {
    let world = World::begin().await;
    let member = world.app.member();
    let id = world.connect(&member, "acc").await;
    let sync = format!("{ACCOUNTS}/{id}/sync");
    {
        let mut fake = world.fake.world();
        fake.account("acc").premium = true;
        fake.account("acc").public_identifier = "renamed".into();
    }
    let account: Value = member.post(&sync, json!({})).await.expect(200);
    assert_eq!(
        (&account["linkedin"]["premium"], &account["linkedin"]["url"]),
        (&json!(true), &json!("https://www.linkedin.com/in/renamed"))
    );
    world.fake.world().set_source("acc", "STOPPED");
    assert_eq!(member.post(&sync, json!({})).await.expect(200)["status"], "needs_reconnect");
    world.fake.trouble(On::get("/accounts"), Trouble::CutBefore);
    member.post(&sync, json!({})).await.expect_problem(503, "unipile_unavailable");
    world.app.outsider().post(&sync, json!({})).await.expect_problem(404, "connected_account_not_found");
}
