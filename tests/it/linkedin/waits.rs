//! Waits for an acceptance that are over while nobody knows who has accepted.

use chrono::TimeDelta;
use clento::models::WatchKind;
use serde_json::{Value, json};

use super::answers::Stage;
use crate::support::unipile::{Act, On, Trouble};

/// Leads that wait since it is not known whether they have accepted.
const UNREAD: &str = "select count(*) from campaign_executions where awaiting = 'acceptance' and moves -> 0 ->> 'rule' = 'connections_unread'";

#[tokio::test]
async fn who_accepts_unread_before_the_wait_is_over_goes_on_as_accepted() {
    let stage = Stage::set(2).await;
    stage.look(WatchKind::Relations).await;
    stage.accept(0);
    stage.pass(TimeDelta::hours(169)).await;
    assert_eq!((stage.world.count(UNREAD).await, stage.done(Act::Visit)), (2, vec![]));
    stage.look(WatchKind::Relations).await;
    stage.pass(TimeDelta::hours(3)).await;
    let to = |person: &str| vec![("acc".to_owned(), format!("ACo_{person}"))];
    assert_eq!((stage.done(Act::Message), stage.done(Act::Visit)), (to("person-0"), to("person-1")));
}

#[tokio::test]
async fn nobody_takes_the_other_way_while_the_account_is_out() {
    let stage = Stage::set(2).await;
    stage.look(WatchKind::Relations).await;
    let status = async |word: &'static str| {
        let told = stage.world.fake.world().set_source("acc", word);
        stage.world.webhook(&told).await;
        stage.world.work().await;
    };
    status("CREDENTIALS").await;
    stage.accept(0);
    for _ in 0..3 {
        stage.pass(TimeDelta::hours(80)).await;
        stage.look(WatchKind::Relations).await;
    }
    assert_eq!((stage.world.count(UNREAD).await, stage.told("connection_not_accepted").await), (2, 0));
    status("OK").await;
    for _ in 0..6 {
        stage.look(WatchKind::Messages).await;
        stage.look(WatchKind::Relations).await;
        stage.pass(TimeDelta::hours(1)).await;
    }
    let to = |person: &str| vec![("acc".to_owned(), format!("ACo_{person}"))];
    assert_eq!((stage.done(Act::Message), stage.done(Act::Visit)), (to("person-0"), to("person-1")));
}

#[tokio::test]
async fn a_wait_for_an_account_that_is_gone_for_good_ends_with_the_reason() {
    let stage = Stage::set(1).await;
    stage.world.fake.world().accounts.remove("acc");
    let told = json!({"AccountStatus": {"account_id": "acc", "account_type": "LINKEDIN", "message": "DELETED"}});
    stage.world.webhook(&told).await;
    stage.world.work().await;
    stage.pass(TimeDelta::hours(167)).await;
    assert_eq!(stage.told("connection_not_accepted").await, 0, "it may be connected anew until then");
    stage.pass(TimeDelta::hours(2)).await;
    let ended =
        "select count(*) from activities where type = 'connection_not_accepted' and data->>'reason' = 'account_gone'";
    assert_eq!(stage.world.count(ended).await, 1);
    // What comes next says why it is not done.
    let held = "select concat_ws(' ', node_id, status, hold) from campaign_executions";
    let held: String = sqlx::query_scalar(held).fetch_one(&stage.app().pool).await.unwrap();
    assert_eq!(held, "visit waiting cannot_be_planned");
}

#[tokio::test]
async fn a_wait_goes_on_for_as_long_as_unipile_does_not_show_connections() {
    let stage = Stage::set(1).await;
    stage.look(WatchKind::Relations).await;
    stage.accept(0);
    for _ in 0..40 {
        stage.world.fake.trouble(On::get("/users/relations"), Trouble::Refuse(503, "network_down"));
    }
    stage.pass(TimeDelta::hours(169)).await;
    for _ in 0..6 {
        stage.look(WatchKind::Relations).await;
        stage.pass(TimeDelta::hours(4)).await;
    }
    assert_eq!((stage.world.count(UNREAD).await, stage.told("connection_not_accepted").await), (1, 0));
    stage.world.fake.world().troubles.clear();
    stage.look(WatchKind::Relations).await;
    stage.pass(TimeDelta::hours(3)).await;
    assert_eq!((stage.done(Act::Message).len(), stage.done(Act::Visit).len()), (1, 0));
}

/// Unipile does not show connections, for as long as nobody mends it.
fn hides_connections(stage: &Stage) {
    stage.world.fake.world().chance =
        Some(Box::new(|_, path| path.ends_with("/users/relations").then_some(Trouble::Refuse(503, "network_down"))));
}

/// Days in which connections are looked at every hour, and all else is done in the evening.
async fn days(stage: &Stage, days: usize) {
    for _ in 0..days {
        for _ in 0..24 {
            stage.app().clock.advance(std::time::Duration::from_hours(1));
            stage.look(WatchKind::Relations).await;
        }
        stage.look(WatchKind::Messages).await;
        stage.campaigns().await;
    }
}

#[tokio::test]
async fn a_wait_ends_after_three_days_on_which_connections_could_not_be_read_and_late_acceptance_is_found() {
    let stage = Stage::set_by(2, json!({"late_acceptance": "move"})).await;
    let usage = format!("{}/{}/usage", super::ACCOUNTS, stage.account);
    stage.look(WatchKind::Relations).await;
    assert_eq!(stage.app().member().get(&usage).await.expect(200)["connections_unread"], Value::Null);
    stage.pass(TimeDelta::hours(160)).await;
    stage.look(WatchKind::Relations).await;
    stage.accept(0);
    hides_connections(&stage);
    days(&stage, 3).await;
    assert_eq!((stage.world.count(UNREAD).await, stage.told("connection_not_accepted").await), (2, 0));
    let unread = stage.app().member().get(&usage).await.expect(200)["connections_unread"].clone();
    assert_eq!(unread["ends_waits"], false, "{unread}");
    assert!(unread["failed_looks"].as_i64().unwrap() > 5, "{unread}");
    days(&stage, 1).await;
    let unread = stage.app().member().get(&usage).await.expect(200)["connections_unread"].clone();
    assert_eq!(unread["ends_waits"], true, "{unread}");
    let ended = "select count(*) from activities where type = 'connection_not_accepted' and data->>'reason' = 'connections_unreadable'";
    assert_eq!(stage.world.count(ended).await, 2);
    assert_eq!(stage.done(Act::Visit).len(), 2, "both go the way of those who have not accepted");
    let id: String = sqlx::query_scalar(
        "select e.id::text from campaign_executions e join leads l on l.id = e.lead_id where l.linkedin_url like '%person-0'",
    )
    .fetch_one(&stage.app().pool)
    .await
    .unwrap();
    let path = format!("/api/v1/campaign-executions/{id}");
    let told = stage.app().member().get(&path).await.expect(200)["acceptance"].clone();
    assert_eq!((&told["accepted"], &told["reason"]), (&json!(false), &json!("connections_unreadable")));
    assert!(told["detail"].as_str().unwrap().contains("three days"), "{told}");
    // Nobody is awaited any more, and yet whoever has accepted is found once connections can be read.
    stage.world.fake.world().chance = None;
    days(&stage, 1).await;
    assert_eq!(stage.done(Act::Message), [("acc".to_owned(), "ACo_person-0".to_owned())]);
    assert_eq!(stage.app().member().get(&path).await.expect(200)["acceptance"]["accepted"], true);
    assert_eq!(stage.app().member().get(&usage).await.expect(200)["connections_unread"], Value::Null);
}

#[tokio::test]
async fn an_account_that_comes_back_has_its_waits_counted_anew() {
    let stage = Stage::set(1).await;
    stage.look(WatchKind::Relations).await;
    hides_connections(&stage);
    stage.pass(TimeDelta::hours(140)).await;
    days(&stage, 4).await;
    // What it failed by may have been what it was signed out for.
    let status = async |word: &'static str| {
        let told = stage.world.fake.world().set_source("acc", word);
        stage.world.webhook(&told).await;
        stage.world.work().await;
    };
    let failed = "select count(*) from account_watches where kind = 'relations' and failures > 0";
    assert_eq!(stage.world.count(failed).await, 1);
    status("CREDENTIALS").await;
    status("OK").await;
    assert_eq!(stage.world.count(failed).await, 0);
}

#[tokio::test]
async fn what_was_held_goes_on_within_five_seconds_of_the_webhook_that_says_ok() {
    let stage = Stage::set(3).await;
    for person in 0..3 {
        let told = stage.accept(person);
        stage.world.webhook(&told).await;
    }
    stage.follow().await;
    let status = async |word: &'static str| {
        let told = stage.world.fake.world().set_source("acc", word);
        stage.world.webhook(&told).await;
    };
    status("STOPPED").await;
    stage.world.work().await;
    stage.pass(TimeDelta::hours(3)).await;
    let held = "select count(*) from campaign_executions where hold = 'account_unavailable'";
    assert_eq!((stage.world.count(held).await, stage.done(Act::Message).len()), (3, 0));
    status("OK").await;
    stage.world.work().await;
    let by = stage.now() + TimeDelta::seconds(5);
    let due =
        format!("select count(*) from campaign_executions where hold is null and next_run_at <= '{}'", by.to_rfc3339());
    assert_eq!(stage.world.count(&due).await, 3);
    stage.look(WatchKind::Messages).await;
    stage.pass(TimeDelta::seconds(5)).await;
    assert_eq!(stage.done(Act::Message).len(), 3);
}
