//! Looks at accounts whose chats are many or that Unipile shows slowly.

use std::{collections::BTreeMap, time::Duration};

use chrono::TimeDelta;
use clento::models::WatchKind;

use super::{answers::Stage, history::wrote};
use crate::{
    mailboxes::until,
    support::unipile::{Act, On, Trouble},
};

/// So many have accepted, and each has answered since; no webhook told of the answers.
async fn answered(count: usize) -> Stage {
    let stage = Stage::set(count).await;
    for person in 0..count {
        let told = stage.accept(person);
        stage.world.webhook(&told).await;
    }
    stage.follow().await;
    stage.app().clock.advance(Duration::from_mins(20));
    for person in 0..count {
        stage.write(person, "Yes.");
    }
    sqlx::query("update account_watches set read_at = null").execute(&stage.app().pool).await.unwrap();
    stage.world.fake.world().requests.clear();
    stage
}

/// Each request about chats takes so long.
fn slow(stage: &Stage, each: Duration) {
    let clock = stage.app().clock.clone();
    stage.world.fake.world().chance = Some(Box::new(move |_, path| {
        if path.contains("/chats") {
            clock.advance(each);
        }
        None
    }));
}

/// How often the messages of each chat were asked for.
fn asked(stage: &Stage) -> BTreeMap<String, usize> {
    let mut asked = BTreeMap::new();
    for request in &stage.world.fake.world().requests {
        if let Some((chat, _)) = request.split_once("/messages") {
            *asked.entry(chat.to_owned()).or_default() += 1;
        }
    }
    asked
}

async fn is_read(stage: &Stage) -> bool {
    stage.world.count("select count(*) from account_watches where kind = 'messages' and read_at is not null").await == 1
}

#[tokio::test]
async fn nobody_is_written_to_from_an_account_whose_chats_cannot_be_read() {
    let stage = Stage::set(1).await;
    let told = stage.accept(0);
    stage.world.webhook(&told).await;
    stage.follow().await;
    // The lead answers, no webhook tells, and Unipile does not show chats, for hours.
    stage.write(0, "No, thank you.");
    stage.world.fake.world().chance = Some(Box::new(|method, path| {
        (*method == "GET" && path.ends_with("/chats")).then_some(Trouble::Refuse(503, "network_down"))
    }));
    let hours_ago = "update account_watches set read_at = read_at - interval '3 hours' where kind = 'messages'";
    sqlx::query(hours_ago).execute(&stage.app().pool).await.unwrap();
    for _ in 0..3 {
        stage.pass(TimeDelta::hours(1)).await;
        stage.look(WatchKind::Messages).await;
    }
    assert_eq!((stage.done(Act::Message).len(), stage.ways("waiting").await), (0, 1));
    let why = "select count(*) from campaign_executions where moves->0->>'rule' = 'linkedin_unread'";
    assert_eq!(stage.world.count(why).await, 1);
    let usage = format!("{}/{}/usage", super::ACCOUNTS, stage.account);
    let unread = stage.app().member().get(&usage).await.expect(200)["messages_unread"].clone();
    assert_eq!(unread["failed_looks"], 3, "{unread}");
    stage.world.fake.world().chance = None;
    stage.pass(TimeDelta::hours(1)).await;
    stage.look(WatchKind::Messages).await;
    stage.pass(TimeDelta::hours(1)).await;
    assert_eq!((stage.done(Act::Message).len(), stage.ways("replied").await), (0, 1));
    assert!(stage.app().member().get(&usage).await.expect(200)["messages_unread"].is_null());
}

#[tokio::test]
async fn an_account_that_is_out_does_not_count_as_read() {
    let stage = Stage::set(1).await;
    let read = "select read_at is not null from account_watches where kind = 'messages'";
    let is_read = async || sqlx::query_scalar::<_, bool>(read).fetch_one(&stage.app().pool).await.unwrap();
    assert!(is_read().await);
    sqlx::query("update account_watches set read_at = null").execute(&stage.app().pool).await.unwrap();
    for (word, expected) in [("CREDENTIALS", false), ("OK", true)] {
        let told = stage.world.fake.world().set_source("acc", word);
        stage.world.webhook(&told).await;
        stage.world.work().await;
        stage.pass(TimeDelta::hours(1)).await;
        stage.look(WatchKind::Messages).await;
        assert_eq!(is_read().await, expected, "{word}");
    }
}

#[tokio::test]
async fn what_came_while_an_account_was_out_unnoticed_is_read_once_it_is_back_and_before_anybody_is_written_to() {
    let stage = Stage::set(3).await;
    for person in 0..3 {
        let told = stage.accept(person);
        stage.world.webhook(&told).await;
    }
    stage.follow().await;
    // It is out, nobody has noticed, and Unipile shows what it knew last: nothing of what the lead writes.
    stage.write(0, "No, thank you.");
    stage.world.fake.world().chance = Some(Box::new(|method, path| {
        let nothing = r#"{"object": "ChatList", "items": [], "cursor": null}"#;
        (*method == "GET" && path.ends_with("/chats")).then_some(Trouble::Say(200, nothing))
    }));
    for _ in 0..20 {
        stage.app().clock.advance(Duration::from_mins(15));
        stage.look(WatchKind::Messages).await;
    }
    assert!(is_read(&stage).await);
    let status = async |word: &'static str| {
        let told = stage.world.fake.world().set_source("acc", word);
        stage.world.webhook(&told).await;
        stage.world.work().await;
    };
    status("CREDENTIALS").await;
    status("OK").await;
    stage.world.fake.world().chance = None;
    stage.campaigns().await;
    assert_eq!(stage.done(Act::Message), [], "who has answered is not known yet");
    stage.look(WatchKind::Messages).await;
    assert_eq!(stage.ways("replied").await, 1);
    // What Unipile fetches later still is found too.
    wrote(&stage.world, "person-1", false, "Nor me.", TimeDelta::hours(4));
    stage.app().clock.advance(Duration::from_mins(15));
    stage.look(WatchKind::Messages).await;
    assert_eq!(stage.ways("replied").await, 2);
    stage.pass(TimeDelta::minutes(5)).await;
    assert_eq!(stage.done(Act::Message).len(), 1);
    // Each of it once; after an hour what was read is seen.
    let seen = "select extract(epoch from seen_until)::bigint from account_watches where kind = 'messages'";
    let began = stage.now().timestamp();
    assert!(stage.world.count(seen).await < began - 86_400);
    for _ in 0..8 {
        stage.app().clock.advance(Duration::from_mins(15));
        stage.look(WatchKind::Messages).await;
    }
    assert!(stage.world.count(seen).await > began + 3_600);
    assert_eq!(stage.world.count("select count(*) from messages where direction = 'inbound'").await, 2);
}

#[tokio::test]
async fn a_look_that_was_under_way_when_its_account_was_taken_up_again_has_no_say() {
    let stage = Stage::set(1).await;
    let told = stage.accept(0);
    stage.world.webhook(&told).await;
    stage.follow().await;
    stage.app().clock.advance(Duration::from_mins(20));
    stage.write(0, "Hello yourself.");
    let seen = "select extract(epoch from seen_until)::bigint from account_watches where kind = 'messages'";
    // While it looks for who has written, the account is found to be out, and is in order again.
    let mut held = stage.app().pool.begin().await.unwrap();
    sqlx::query("lock table linkedin_people in access exclusive mode").execute(&mut *held).await.unwrap();
    let taking_up = async {
        until(stage.app(), "select claimed_until is not null from account_watches where kind = 'messages'").await;
        for word in ["CREDENTIALS", "OK"] {
            let told = stage.world.fake.world().set_source("acc", word);
            stage.world.webhook(&told).await;
            stage.world.work().await;
        }
        held.rollback().await.unwrap();
        stage.world.count(seen).await
    };
    let ((), back) = tokio::join!(stage.look(WatchKind::Messages), taking_up);
    assert_eq!(stage.world.count(seen).await, back);
    assert!(!is_read(&stage).await);
}

#[tokio::test]
async fn a_look_that_takes_too_long_goes_on_where_it_stopped() {
    let stage = answered(8).await;
    slow(&stage, Duration::from_secs(25));
    let mut looks = 0;
    while !is_read(&stage).await {
        stage.look(WatchKind::Messages).await;
        looks += 1;
        assert_eq!(stage.leads("replied").await, (2 * looks).min(8), "two of them are read in a minute");
        assert!(looks < 6);
        stage.app().clock.advance(Duration::from_secs(6));
    }
    let asked = asked(&stage);
    assert_eq!((asked.len(), asked.values().max()), (8, Some(&1)), "{asked:?}");
}

#[tokio::test]
async fn however_slow_a_request_is_each_look_comes_on_and_no_other_worker_reads_the_account_meanwhile() {
    let stage = answered(4).await;
    // Two of them are longer than a claim.
    slow(&stage, Duration::from_secs(65));
    let mut looks = 0;
    // When all is read the next pass may begin at once, since this one has taken so long.
    while !is_read(&stage).await {
        looks += 1;
        assert!(looks < 7);
        let others = async {
            for _ in 0..100 {
                stage.look(WatchKind::Messages).await;
                tokio::task::yield_now().await;
            }
        };
        tokio::join!(stage.look(WatchKind::Messages), others);
        stage.app().clock.advance(Duration::from_secs(6));
    }
    let asked = asked(&stage);
    assert_eq!(stage.leads("replied").await, 4);
    assert_eq!((asked.len(), asked.values().max()), (4, Some(&1)), "{asked:?}");
}

#[tokio::test]
async fn while_a_step_of_one_is_on_its_way_out_the_others_are_read_once() {
    let stage = answered(3).await;
    let on_its_way = async |status: &str| {
        let update = "update campaign_executions set status = $1 where lead_id = (select id from leads where linkedin_url like '%person-1')";
        sqlx::query(update).bind(status).execute(&stage.app().pool).await.unwrap();
    };
    on_its_way("running").await;
    for _ in 0..4 {
        stage.look(WatchKind::Messages).await;
        stage.app().clock.advance(Duration::from_secs(6));
    }
    assert_eq!((stage.leads("replied").await, is_read(&stage).await), (2, false));
    let mut times: Vec<_> = asked(&stage).into_values().collect();
    times.sort_unstable();
    assert_eq!(times, [1, 1, 4]);
    on_its_way("waiting").await;
    stage.look(WatchKind::Messages).await;
    assert_eq!((stage.leads("replied").await, is_read(&stage).await), (3, true));
}

#[tokio::test]
async fn one_chat_that_cannot_be_read_keeps_the_others_from_being_written_to_for_an_hour_only() {
    let stage = answered(2).await;
    let bad = stage.world.fake.world().chats[0].id.clone();
    stage.world.fake.world().chance = Some(Box::new(move |_, path| {
        path.contains(&format!("/{bad}/")).then_some(Trouble::Refuse(500, "provider_error"))
    }));
    let mut looks = 0;
    while !is_read(&stage).await {
        stage.look(WatchKind::Messages).await;
        stage.app().clock.advance(Duration::from_mins(12));
        looks += 1;
        assert!(looks < 20);
    }
    assert_eq!((looks, stage.leads("replied").await), (10, 1));
    // What it has read is old by then. The next pass follows at once, and passes the chat over at once, and so does every one after it.
    for pause in [Duration::from_secs(6), Duration::from_mins(12), Duration::from_mins(12)] {
        stage.app().clock.advance(pause);
        stage.look(WatchKind::Messages).await;
        let fresh =
            "select read_at > clock_timestamp() - interval '5 minutes' from account_watches where kind = 'messages'";
        assert!(sqlx::query_scalar::<_, bool>(fresh).fetch_one(&stage.app().pool).await.unwrap());
    }
}

#[tokio::test]
async fn while_no_chat_can_be_read_none_is_passed_over() {
    let stage = answered(2).await;
    stage.world.fake.world().chance =
        Some(Box::new(|_, path| path.ends_with("/messages").then_some(Trouble::Refuse(500, "provider_error"))));
    for _ in 0..15 {
        stage.look(WatchKind::Messages).await;
        stage.app().clock.advance(Duration::from_mins(12));
    }
    assert!(!is_read(&stage).await);
}

#[tokio::test]
async fn an_account_that_is_called_too_busy_is_left_alone_at_once() {
    let stage = answered(3).await;
    stage.world.fake.trouble(On::get("/chats/"), Trouble::Busy(Some(3_600)));
    stage.look(WatchKind::Messages).await;
    assert_eq!(asked(&stage).values().sum::<usize>(), 1);
    stage.pass(TimeDelta::minutes(50)).await;
    stage.look(WatchKind::Messages).await;
    assert_eq!(asked(&stage).values().sum::<usize>(), 1, "it is not its turn yet");
    stage.pass(TimeDelta::minutes(15)).await;
    stage.look(WatchKind::Messages).await;
    assert_eq!((stage.leads("replied").await, is_read(&stage).await), (3, true));
}
