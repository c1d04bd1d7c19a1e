//! Outcomes that were lost: looked up by what every attempt is known by, and never repeated on a guess.

use std::time::Duration;

use chrono::TimeDelta;
use clento::utils::clock::Clock as _;
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};

use super::{MONDAY, Stage, at, invitation, only};
use crate::support::unipile::{Act, On, Trouble};

/// What each kind of step is: its workflow, where it is sent, and what it does.
fn kinds() -> Vec<(Value, On, Act)> {
    vec![
        (invitation(&json!("Hello")), On::post("/users/invite"), Act::Invite),
        (
            only("send_followup", &json!({"message": "Hi  there,\n{{ first_name }} é"})),
            On::post("/chats"),
            Act::Message,
        ),
        (only("send_inmail", &json!({"subject": "You", "message": "Hello there"})), On::post("/chats"), Act::Inmail),
        (only("comment_post", &json!({"message": "Well said"})), On::post("/posts"), Act::Comment),
    ]
}

/// Somebody who can be written to and has written; what was done shows a minute and a half later.
async fn set(act: Act) -> (Stage, String, String) {
    let stage = Stage::set().await;
    let account = stage.account("A1", true).await;
    let list = stage.people(1).await;
    let mut world = stage.fake.world();
    world.shows_after = TimeDelta::seconds(90);
    world.post("person-0", at(MONDAY));
    if act == Act::Message {
        world.accept("A1", "person-0");
    }
    drop(world);
    (stage, account, list)
}

/// Waits for what others bring about.
async fn until(holds: impl AsyncFn() -> bool) {
    let held = async {
        while !holds().await {
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(Duration::from_secs(20), held).await.expect("it comes about");
}

#[tokio::test]
async fn what_was_done_and_not_answered_is_found_and_not_repeated() {
    let troubles = [
        Trouble::CutAfter,
        Trouble::RefuseAfter(500, "unexpected_error"),
        Trouble::RefuseAfter(504, "request_timeout"),
        Trouble::SayAfter(200, "<html>"),
    ];
    for (workflow, on, act) in kinds() {
        for trouble in &troubles {
            let (stage, account, list) = set(act).await;
            stage.fake.world().null_ids = true;
            stage.fake.trouble(on.clone(), trouble.clone());
            stage.start(&list, &[&account], workflow.clone()).await;
            stage.pass(8).await;
            assert_eq!(stage.done(act).len(), 1, "{act:?} {trouble:?}");
            let attempts = stage.attempts().await;
            assert!(attempts.len() == 1 && attempts[0].ends_with(" sent"), "{act:?} {trouble:?}: {attempts:?}");
            let kept = stage.texts("select provider_id from execution_steps").await;
            assert!(!kept[0].is_empty(), "{act:?}");
        }
    }
}

#[tokio::test]
async fn what_was_not_done_and_not_answered_is_surely_absent_and_done_then_once() {
    for (workflow, on, act) in kinds() {
        for trouble in [Trouble::CutBefore, Trouble::Refuse(503, "no_client_session"), Trouble::Say(502, "x")] {
            let (stage, account, list) = set(act).await;
            stage.fake.trouble(on.clone(), trouble.clone());
            stage.start(&list, &[&account], workflow.clone()).await;
            stage.pass(8).await;
            assert_eq!(stage.done(act).len(), 1, "{act:?} {trouble:?}");
            let attempts = stage.attempts().await;
            assert_eq!(attempts.len(), 2, "{attempts:?}");
            assert!(attempts[0].ends_with("not_sent not_found_at_provider"), "{attempts:?}");
            let gap = "select extract(epoch from max(sending_at) - min(sending_at))::int8::text from execution_steps";
            let gap: i64 = stage.texts(gap).await[0].parse().unwrap();
            assert!(gap >= 180, "a minute of lease and two until it shows: {gap}");
            let used = stage.texts("select sum(used)::text from account_usage").await;
            assert_eq!(used, ["1"], "{act:?}: charged once");
        }
    }
}

#[tokio::test]
async fn an_invitation_is_found_on_whatever_page_it_is() {
    let (stage, account, list) = set(Act::Invite).await;
    stage.fake.trouble(On::post("/users/invite"), Trouble::CutAfter);
    stage.start(&list, &[&account], invitation(&Value::Null)).await;
    stage.until_done(Act::Invite).await;
    stage.fake.world().crowd("A1", 250);
    stage.pass(6).await;
    let pages = stage.fake.world().requests.iter().filter(|it| it.contains("/invite/sent?")).count();
    assert!(pages >= 3, "{pages}");
    assert_eq!((stage.done(Act::Invite).len(), stage.attempts().await), (1, vec!["invite sent".to_owned()]));
}

#[tokio::test]
async fn a_search_that_is_refused_once_is_made_again_at_once() {
    let (stage, account, list) = set(Act::Invite).await;
    stage.fake.trouble(On::post("/users/invite"), Trouble::CutAfter);
    stage.start(&list, &[&account], invitation(&Value::Null)).await;
    stage.until_done(Act::Invite).await;
    stage.fake.world().shows_after = TimeDelta::zero();
    stage.fake.trouble(On::get("/users/invite/sent"), Trouble::Refuse(500, "provider_error"));
    for _ in 0..8 {
        stage.app.clock.advance(Duration::from_secs(15));
        super::tick(&stage.app).await;
    }
    assert_eq!(stage.attempts().await, ["invite sent"], "within the two minutes after which it would have had to show");
}

#[tokio::test]
async fn an_invitation_that_was_accepted_before_it_was_looked_up_is_no_longer_in_the_list() {
    let (stage, account, list) = set(Act::Invite).await;
    stage.fake.trouble(On::post("/users/invite"), Trouble::CutAfter);
    stage.start(&list, &[&account], invitation(&json!("Hello"))).await;
    stage.until_done(Act::Invite).await;
    stage.fake.world().accept("A1", "person-0");
    stage.pass(6).await;
    assert_eq!((stage.done(Act::Invite).len(), stage.done(Act::Message).len()), (1, 1));
    assert_eq!(stage.attempts().await, ["invite sent already_connected", "chat sent"]);
}

#[tokio::test]
async fn a_withdrawal_that_was_not_answered_is_one_if_nothing_waits_any_more() {
    for (trouble, attempts) in [(Trouble::CutAfter, 1), (Trouble::CutBefore, 2)] {
        let (stage, account, list) = set(Act::Invite).await;
        stage.fake.trouble(On::delete("/users/invite/sent"), trouble.clone());
        stage.start(&list, &[&account], invitation(&Value::Null)).await;
        stage.pass(24 * 10).await;
        assert_eq!((stage.done(Act::Invite).len(), stage.done(Act::Withdraw).len()), (1, 1), "{trouble:?}");
        let tried = "select count(*)::text from execution_steps where action = 'withdraw_request'";
        assert_eq!(stage.texts(tried).await, [attempts.to_string()], "{trouble:?}");
        assert_eq!(stage.standing().await, ["withdraw completed"]);
    }
}

#[tokio::test]
async fn what_nobody_can_look_up_waits_for_a_person() {
    for (workflow, on, act) in kinds() {
        let (stage, account, list) = set(act).await;
        stage.fake.trouble(on, Trouble::CutAfter);
        stage.start(&list, &[&account], workflow).await;
        stage.until_done(act).await;
        // From now on nothing can be read.
        stage.fake.world().chance = Some(Box::new(|_, _| Some(Trouble::Refuse(500, "provider_error"))));
        stage.pass(1).await;
        assert_eq!((stage.done(act).len(), stage.attempts().await.len()), (1, 1));
        assert_eq!(stage.attempts().await[0].split_once(' ').unwrap().1, "needs_review outcome_unknown");
        assert!(stage.standing().await[0].ends_with("waiting needs_review"));
    }
}

#[tokio::test]
async fn a_look_and_a_like_are_repeated_since_they_may_be() {
    for (kind, on, act) in
        [("profile_visit", On::get("/users"), Act::Visit), ("like_post", On::post("/posts/reaction"), Act::Like)]
    {
        let (stage, account, list) = set(act).await;
        // The first request of a like is for the profile.
        stage.fake.trouble(on, Trouble::CutAfter);
        stage.start(&list, &[&account], only(kind, &json!({}))).await;
        stage.pass(8).await;
        assert_eq!(stage.done(act).len(), 2, "{kind}");
        assert_eq!(stage.done(act)[0], stage.done(act)[1], "{kind}: the same post");
        assert_eq!(stage.standing().await, ["it completed"]);
        let used = stage.texts("select sum(used)::text from account_usage").await;
        assert_eq!(used, [if act == Act::Visit { "2" } else { "1" }], "LinkedIn counts looks, and not second likes");
    }
}

#[tokio::test]
async fn what_fails_every_time_and_proves_nothing_has_its_account_rest_and_then_waits_for_a_person() {
    let (stage, account, list) = set(Act::Invite).await;
    stage.fake.world().chance = Some(Box::new(|method, path| {
        (method == "POST" && path.ends_with("/users/invite")).then_some(Trouble::Say(500, "x"))
    }));
    stage.start(&list, &[&account], invitation(&Value::Null)).await;
    stage.pass(2).await;
    let vain = "invite not_sent not_found_at_provider";
    assert_eq!(stage.attempts().await, [vain, vain, vain], "none follows while the account rests");
    let usage = stage.app.member().get(&format!("/api/v1/connected-accounts/{account}/usage")).await.expect(200);
    assert_eq!(usage["cooling_down"]["reason"], "not_found_at_provider");
    stage.pass(24).await;
    assert_eq!(stage.attempts().await, [vain, vain, vain, "invite needs_review not_found_at_provider"]);
    assert_eq!(stage.standing().await, ["invite waiting needs_review"]);
    assert_eq!(stage.done(Act::Invite), []);
}

#[tokio::test]
async fn who_does_not_answer_keeps_no_other_waiting() {
    let stage = Stage::set().await;
    let accounts = [stage.account("A1", true).await, stage.account("A2", true).await];
    let list = stage.people(2).await;
    for _ in &accounts {
        stage.fake.trouble(On::post("/users/invite"), Trouble::CutAfter);
    }
    stage.fake.world().shows_after = TimeDelta::seconds(90);
    let accounts: Vec<_> = accounts.iter().map(String::as_str).collect();
    stage.start(&list, &accounts, only("send_connection_request", &json!({}))).await;
    while stage.done(Act::Invite).len() < 2 {
        stage.app.clock.advance(Duration::from_secs(10));
        super::tick(&stage.app).await;
    }
    assert_eq!(stage.attempts().await, ["it sending", "it sending"]);
    stage.app.clock.advance(Duration::from_mins(10));
    stage.fake.trouble(On::get("/users/invite/sent"), Trouble::StallBefore);
    let runs = stage.app.state.runs().clone();
    let looking = tokio::spawn(async move { runs.reconcile().await });
    // Whichever is asked about first gets no answer; the other's is written down meanwhile.
    until(async || stage.attempts().await.iter().any(|it| it == "it sent")).await;
    assert!(!looking.is_finished(), "the first is still being asked about");
    assert_eq!(stage.attempts().await.iter().filter(|it| *it == "it sending").count(), 1);
    looking.abort();
}

#[tokio::test]
async fn what_workers_broke_off_has_no_account_rest() {
    let (stage, account, list) = set(Act::Invite).await;
    stage.start(&list, &[&account], only("send_connection_request", &json!({}))).await;
    for times in 1..=4 {
        stage.fake.trouble(On::post("/users/invite"), Trouble::StallBefore);
        let asked = |stage: &Stage| {
            stage
                .fake
                .world()
                .requests
                .iter()
                .filter(|it| it.starts_with("POST") && it.ends_with("/users/invite"))
                .count()
        };
        // A worker that dies while it waits for the answer.
        while asked(&stage) < times {
            stage.app.clock.advance(Duration::from_secs(30));
            tokio::select! {
                () = super::tick(&stage.app) => {}
                () = until(async || asked(&stage) == times) => {}
            }
        }
        assert_eq!(stage.attempts().await.last().unwrap(), "it sending");
    }
    stage.pass(1).await;
    let vain = "it not_sent not_found_at_provider";
    assert_eq!(stage.attempts().await, [vain, vain, vain, vain, "it sent"]);
    assert_eq!(stage.done(Act::Invite).len(), 1);
    let usage = stage.app.member().get(&format!("/api/v1/connected-accounts/{account}/usage")).await.expect(200);
    assert_eq!(usage["cooling_down"], Value::Null);
}

#[tokio::test]
async fn what_could_not_be_written_down_is_looked_up_again_before_the_lease_is_over() {
    let (stage, account, list) = set(Act::Invite).await;
    stage.fake.trouble(On::post("/users/invite"), Trouble::CutAfter);
    stage.start(&list, &[&account], only("send_connection_request", &json!({}))).await;
    stage.until_done(Act::Invite).await;
    stage.app.clock.advance(Duration::from_mins(10));
    let fails = "create function fails() returns trigger language plpgsql as $$ begin raise 'broken'; end $$;
                 create trigger fails before update on execution_steps for each row when (new.state = 'sent') execute function fails()";
    sqlx::raw_sql(fails).execute(&stage.app.pool).await.unwrap();
    stage.app.state.runs().reconcile().await.unwrap_err();
    assert_eq!(stage.attempts().await, ["it sending"]);
    sqlx::raw_sql("drop function fails cascade").execute(&stage.app.pool).await.unwrap();
    stage.app.clock.advance(Duration::from_secs(15));
    stage.app.state.runs().reconcile().await.unwrap();
    assert_eq!(stage.attempts().await, ["it sent"]);
}

#[tokio::test]
async fn what_may_have_been_written_before_the_account_was_signed_in_to_anew_is_written_again_by_nobody() {
    for act in [Act::Message, Act::Inmail] {
        let (workflow, on, _) = kinds().into_iter().find(|(.., kind)| *kind == act).unwrap();
        let (stage, account, list) = set(act).await;
        stage.fake.trouble(on, Trouble::CutAfter);
        stage.start(&list, &[&account], workflow).await;
        stage.until_done(act).await;
        // Its owner signs in anew: Unipile knows it by another id, and shows no chat of before.
        stage.fake.world().account("A2");
        let anew = "update connected_accounts set unipile = jsonb_set(unipile, '{account_id}', '\"A2\"')";
        sqlx::raw_sql(anew).execute(&stage.app.pool).await.unwrap();
        stage.pass(8).await;
        assert_eq!(stage.done(act).len(), 1, "{act:?}");
        let attempts = stage.attempts().await;
        assert!(attempts.len() == 1 && attempts[0].contains("needs_review"), "{act:?}: {attempts:?}");
    }
}

#[tokio::test]
async fn what_does_not_show_is_not_taken_for_unsent_while_unipile_still_fetches_what_it_missed() {
    let (workflow, on, act) = kinds().into_iter().nth(1).unwrap();
    let (stage, account, list) = set(act).await;
    stage.fake.trouble(on, Trouble::CutAfter);
    stage.start(&list, &[&account], workflow).await;
    stage.until_done(act).await;
    // It was out, and what was written shows only an hour later.
    stage.fake.world().shows_after = TimeDelta::minutes(50);
    let gap = "update account_watches set gap_closes_at = $1 where kind = 'messages'";
    let closes = stage.app.clock.now() + TimeDelta::hours(1);
    sqlx::query(gap).bind(closes).execute(&stage.app.pool).await.unwrap();
    stage.pass(8).await;
    assert_eq!((stage.done(act).len(), stage.attempts().await.len()), (1, 1));
    assert!(stage.attempts().await[0].ends_with(" sent"));
}
