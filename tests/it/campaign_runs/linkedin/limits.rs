//! Accounts that must rest, while others keep their pace.

use serde_json::{Value, json};

use super::{Stage, invitation, only};
use crate::support::unipile::{Act, On, Trouble};

/// How long accounts rest from now on, in minutes, by what Unipile calls them.
async fn rests(stage: &Stage) -> Vec<(String, Option<i64>)> {
    let now = clento::utils::clock::Clock::now(&*stage.app.clock);
    sqlx::query_as(
        "select unipile ->> 'account_id', (extract(epoch from rests_until - $1) / 60)::int8 from connected_accounts
         where unipile is not null order by 1",
    )
    .bind(now)
    .fetch_all(&stage.app.pool)
    .await
    .unwrap()
}

#[tokio::test]
async fn the_account_that_unipile_calls_too_busy_rests_and_the_other_goes_on() {
    let stage = Stage::set().await;
    let (first, second) = (stage.account("A1", false).await, stage.account("A2", false).await);
    let list = stage.people(6).await;
    // All of the first account's looks are too many, for a day by its own word.
    let busy = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(true));
    let still = busy.clone();
    stage.fake.world().refuse_account = Some(Box::new(move |account| {
        let busy = still.load(std::sync::atomic::Ordering::SeqCst) && account == "A1";
        busy.then_some(Trouble::Busy(Some(2 * 3_600)))
    }));
    stage.start(&list, &[&first, &second], only("profile_visit", &json!({}))).await;
    stage.pass(2).await;
    let by = |name: &str| stage.done(Act::Visit).iter().filter(|(account, _)| account == name).count();
    assert_eq!((by("A1"), by("A2")), (0, 3), "the second account has done its half");
    let rests = rests(&stage).await;
    assert!(rests[0].1.is_some_and(|minutes| (1..=120).contains(&minutes)), "{rests:?}");
    assert_eq!(rests[1].1, None);
    let tried = "select count(*)::text from execution_steps where state = 'not_sent'";
    assert_eq!(stage.texts(tried).await, ["1"], "one was told, and the others not tried");
    busy.store(false, std::sync::atomic::Ordering::SeqCst);
    stage.pass(26).await;
    assert_eq!((by("A1"), by("A2")), (3, 3));
    assert!(stage.standing().await.iter().all(|it| it == "it completed"));
}

#[tokio::test]
async fn a_limit_of_linkedins_rests_the_account_for_a_day_and_the_step_stays_queued() {
    for kind in ["cannot_resend_yet", "cannot_resend_within_24hrs", "limit_exceeded"] {
        let stage = Stage::set().await;
        let account = stage.account("A1", false).await;
        let list = stage.people(2).await;
        stage.fake.trouble(On::post("/users/invite"), Trouble::Refuse(422, kind));
        stage.start(&list, &[&account], invitation(&Value::Null)).await;
        stage.pass(3).await;
        assert_eq!(stage.done(Act::Invite), [], "{kind}");
        let rests = rests(&stage).await[0].1.unwrap();
        assert!((21 * 60..=26 * 60).contains(&rests), "{kind}: {rests}");
        assert_eq!(stage.attempts().await, [format!("invite not_sent {kind}")]);
        stage.pass(48).await;
        assert_eq!(stage.done(Act::Invite).len(), 2, "{kind}");
        stage.nothing_twice();
    }
}

#[tokio::test]
async fn a_limit_that_is_said_of_somebody_who_is_invited_is_none() {
    let stage = Stage::set().await;
    let account = stage.account("A1", false).await;
    let list = stage.people(1).await;
    stage.fake.trouble(On::post("/users/invite"), Trouble::RefuseAfter(422, "cannot_resend_yet"));
    stage.start(&list, &[&account], invitation(&Value::Null)).await;
    stage.pass(3).await;
    assert_eq!(stage.attempts().await, ["invite sent already_invited"]);
    assert_eq!(rests(&stage).await[0].1, None);
}

#[tokio::test]
async fn one_person_does_not_send_an_account_to_rest_for_ever() {
    let stage = Stage::set().await;
    let account = stage.account("A1", false).await;
    let list = stage.people(1).await;
    stage.fake.world().person("person-0").refuses.insert(Act::Invite, (422, "cannot_resend_yet"));
    stage.start(&list, &[&account], invitation(&Value::Null)).await;
    stage.pass(24 * 14).await;
    assert_eq!(stage.attempts().await.len(), 4);
    assert_eq!(stage.attempts().await[3], "invite needs_review cannot_resend_yet");
    assert_eq!(stage.standing().await, ["invite waiting needs_review"]);
}

#[tokio::test]
async fn attempts_that_failed_otherwise_do_not_count_as_refusals_of_the_invitation() {
    let stage = Stage::set().await;
    let account = stage.account("A1", false).await;
    let list = stage.people(1).await;
    for _ in 0..4 {
        stage.fake.trouble(On::post("/users/invite"), Trouble::Busy(Some(60)));
    }
    stage.fake.trouble(On::post("/users/invite"), Trouble::Refuse(422, "cannot_resend_yet"));
    stage.start(&list, &[&account], invitation(&Value::Null)).await;
    stage.pass(24 * 4).await;
    let mut expected = ["invite not_sent account_cools_down"; 4].map(str::to_owned).to_vec();
    expected.extend(["invite not_sent cannot_resend_yet", "invite sent"].map(str::to_owned));
    assert_eq!(stage.attempts().await, expected);
    assert_eq!(stage.done(Act::Invite).len(), 1);
}

#[tokio::test]
async fn without_credits_inmails_wait_and_the_account_goes_on() {
    let stage = Stage::set().await;
    let account = stage.account("A1", true).await;
    let list = stage.people(2).await;
    stage.fake.world().account("A1").inmail_credits = 0;
    stage.start(&list, &[&account], only("send_inmail", &json!({"subject": "You", "message": "Hello"}))).await;
    stage.start(&list, &[&account], only("profile_visit", &json!({}))).await;
    stage.pass(5).await;
    assert_eq!((stage.done(Act::Inmail).len(), stage.done(Act::Visit).len()), (0, 2));
    let asked = stage.fake.world().requests.iter().filter(|it| *it == "POST /api/v1/chats").count();
    assert_eq!(asked, 1, "the second is not asked for");
    stage.fake.world().account("A1").inmail_credits = 5;
    stage.pass(48).await;
    assert_eq!(stage.done(Act::Inmail).len(), 2);
    stage.nothing_twice();
}

#[tokio::test]
async fn looks_in_vain_are_free_a_hundred_times_a_day() {
    let stage = Stage::set().await;
    let account = stage.account("A1", false).await;
    let limits = json!({"limits": {"like_post": {"per_day": 1000}}, "spacing_seconds": 0});
    stage.app.member().patch(&format!("/api/v1/connected-accounts/{account}"), limits).await.expect(200);
    let list = stage.people(103).await;
    stage.start(&list, &[&account], only("like_post", &json!({}))).await;
    stage.pass(5).await;
    assert!(stage.attempts().await.iter().all(|it| it == "it skipped no_recent_post"));
    assert_eq!(stage.texts("select sum(used)::text from account_usage where action = 'like_post'").await, ["3"]);
}
