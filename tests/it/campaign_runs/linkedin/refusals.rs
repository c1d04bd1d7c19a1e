//! What each kind of refusal means for the lead and for the account.

use serde_json::{Value, json};

use super::{Stage, invitation, only};
use crate::support::unipile::{Act, On, Trouble};

#[tokio::test]
async fn an_account_that_is_not_let_in_is_paused_and_no_lead_loses_its_place() {
    for (status, kind) in [(401, "disconnected_account"), (401, "whatever"), (403, "account_restricted")] {
        let stage = Stage::set().await;
        let account = stage.account("A1", false).await;
        let list = stage.people(2).await;
        if status == 401 {
            stage.fake.world().set_source("A1", "CREDENTIALS");
        }
        stage.fake.trouble(On::post("/users/invite"), Trouble::Refuse(status, kind));
        stage.start(&list, &[&account], invitation(&Value::Null)).await;
        stage.pass(5).await;
        assert_eq!(stage.done(Act::Invite), []);
        assert_eq!(stage.texts("select status from connected_accounts").await, ["needs_reconnect"], "{kind}");
        let held = "invite waiting account_unavailable";
        assert_eq!(stage.standing().await, [held, held], "{kind}");
        assert_eq!(stage.texts("select sum(used)::text from account_usage").await, ["0"]);
    }
}

#[tokio::test]
async fn an_account_that_is_in_order_by_unipiles_word_is_shut_out_only_if_it_is_not_let_in_again_and_again() {
    for (refusals, status, invited) in [(1, "connected", 1), (10, "needs_reconnect", 0)] {
        let stage = Stage::set().await;
        let account = stage.account("A1", false).await;
        let list = stage.people(1).await;
        for _ in 0..refusals {
            stage.fake.trouble(On::post("/users/invite"), Trouble::Refuse(401, "disconnected_feature"));
        }
        stage.start(&list, &[&account], invitation(&Value::Null)).await;
        stage.pass(5).await;
        assert_eq!(stage.texts("select status from connected_accounts").await, [status]);
        assert_eq!(stage.done(Act::Invite).len(), invited);
        assert_eq!(stage.attempts().await[0], "invite not_sent account_not_let_in");
    }
}

#[tokio::test]
async fn a_key_that_unipile_refuses_shuts_no_account_out() {
    let stage = Stage::set().await;
    let account = stage.account("A1", false).await;
    let list = stage.people(1).await;
    stage.fake.world().chance = Some(Box::new(|_, _| Some(Trouble::Refuse(401, "missing_credentials"))));
    stage.start(&list, &[&account], invitation(&Value::Null)).await;
    stage.pass(24).await;
    assert_eq!(stage.texts("select status from connected_accounts").await, ["connected"]);
    assert!(stage.attempts().await.iter().all(|it| it == "invite not_sent unipile_key_refused"));
    stage.fake.world().chance = None;
    stage.pass(24).await;
    assert_eq!(stage.done(Act::Invite).len(), 1);
}

#[tokio::test]
async fn what_is_not_answered_about_one_lead_is_the_leads_and_its_account_goes_on() {
    let stage = Stage::set().await;
    let account = stage.account("A1", false).await;
    let list = stage.people(2).await;
    let now = clento::utils::clock::Clock::now(&*stage.app.clock);
    stage.fake.world().post("person-1", now);
    stage.fake.world().chance = Some(Box::new(|_, path| {
        path.ends_with("/users/ACo_person-0/posts").then_some(Trouble::Refuse(500, "provider_error"))
    }));
    stage.start(&list, &[&account], only("like_post", &json!({}))).await;
    stage.pass(3).await;
    assert_eq!(stage.done(Act::Like).len(), 1);
    let rests = "select count(*)::text from connected_accounts where rests_until is not null";
    assert_eq!(stage.texts(rests).await, ["0"]);
    stage.pass(24 * 5).await;
    let attempts: Vec<_> = stage.attempts().await.into_iter().filter(|it| it != "it sent").collect();
    assert_eq!(attempts.len(), 6, "{attempts:?}");
    assert!(attempts[..5].iter().all(|it| it == "it not_sent lead_unanswered"), "{attempts:?}");
    assert_eq!(attempts[5], "it needs_review lead_unanswered");
    assert!(stage.standing().await.contains(&"it waiting needs_review".to_owned()));
    assert_eq!(stage.texts(rests).await, ["0"]);
}

#[tokio::test]
async fn an_answer_that_the_catalogue_does_not_have_waits_for_a_person_and_is_not_tried_again() {
    for trouble in [Trouble::Refuse(422, "brand_new"), Trouble::Refuse(418, "teapot"), Trouble::Say(400, "no JSON")] {
        let stage = Stage::set().await;
        let account = stage.account("A1", false).await;
        let list = stage.people(1).await;
        stage.fake.trouble(On::post("/users/invite"), trouble.clone());
        stage.start(&list, &[&account], invitation(&Value::Null)).await;
        stage.pass(48).await;
        assert_eq!(stage.attempts().await, ["invite needs_review unknown_answer"], "{trouble:?}");
        assert_eq!(stage.standing().await, ["invite waiting needs_review"]);
        // A person says that it was not sent.
        let id = &stage.texts("select id::text from campaign_executions").await[0];
        stage.app.member().post(&format!("{}/{id}/retry", super::super::EXECUTIONS), json!({})).await.expect(200);
        stage.pass(24).await;
        assert_eq!(stage.done(Act::Invite).len(), 1);
    }
}

#[tokio::test]
async fn what_will_never_be_accepted_has_failed_at_once() {
    for (status, kind) in [(400, "invalid_parameters"), (403, "feature_not_subscribed")] {
        let stage = Stage::set().await;
        let account = stage.account("A1", false).await;
        let list = stage.people(1).await;
        stage.fake.trouble(On::post("/users/invite"), Trouble::Refuse(status, kind));
        stage.start(&list, &[&account], invitation(&Value::Null)).await;
        stage.pass(5).await;
        assert_eq!(stage.attempts().await, [format!("invite failed {kind}")]);
        assert_eq!(stage.standing().await, [format!("invite failed {kind}")]);
    }
}

#[tokio::test]
async fn a_profile_that_is_gone_fails_the_lead_and_nobody_else() {
    let stage = Stage::set().await;
    let account = stage.account("A1", false).await;
    let list = super::list_of(&stage.app.member(), 2).await;
    stage.fake.world().person("person-1");
    stage.start(&list, &[&account], invitation(&Value::Null)).await;
    stage.pass(5).await;
    assert_eq!(stage.standing().await, ["invite failed no_such_recipient", "invite waiting acceptance"]);
    assert_eq!(stage.done(Act::Invite), [("A1".into(), "ACo_person-1".into())]);
}

#[tokio::test]
async fn what_cannot_be_done_to_a_lead_is_left_out_and_the_lead_goes_on() {
    // Who cannot be invited goes the way of those who do not accept, and who is not connected is not written to.
    let stage = Stage::set().await;
    let account = stage.account("A1", false).await;
    let list = stage.people(1).await;
    stage.fake.world().person("person-0").refuses.insert(Act::Invite, (422, "cannot_invite_attendee"));
    stage.start(&list, &[&account], invitation(&Value::Null)).await;
    stage.pass(5).await;
    assert_eq!(
        stage.attempts().await,
        ["invite skipped cannot_invite_attendee", "withdraw skipped no_pending_invitation"]
    );
    assert_eq!(stage.standing().await, ["withdraw completed"]);

    let stage = Stage::set().await;
    let account = stage.account("A1", false).await;
    let list = stage.people(1).await;
    stage.start(&list, &[&account], only("send_followup", &json!({"message": "Hi"}))).await;
    stage.pass(5).await;
    assert_eq!(stage.attempts().await, ["it skipped no_connection_with_recipient"]);
    assert_eq!((stage.standing().await, stage.done(Act::Message)), (vec!["it completed".to_owned()], vec![]));
}

#[tokio::test]
async fn an_unreachable_unipile_costs_nothing_and_is_tried_again() {
    let stage = Stage::set().await;
    let account = stage.account("A1", false).await;
    let list = stage.people(1).await;
    stage.fake.world().chance = Some(Box::new(|_, _| Some(Trouble::Refuse(500, "provider_error"))));
    stage.start(&list, &[&account], invitation(&Value::Null)).await;
    stage.pass(3).await;
    let attempts = stage.attempts().await;
    // Every two minutes, and never for good.
    assert!((20..=80).contains(&attempts.len()), "{}", attempts.len());
    assert!(attempts.iter().all(|it| it == "invite not_sent provider_unreachable"), "{attempts:?}");
    stage.fake.world().chance = None;
    stage.pass(1).await;
    assert_eq!(stage.done(Act::Invite).len(), 1);
}
