//! Who is connected or invited already, notes, and taking back.

use serde_json::{Value, json};

use super::{Stage, invitation};
use crate::support::unipile::Act;

const NO_NOTE: Value = Value::Null;

#[tokio::test]
async fn who_is_connected_already_takes_the_accepted_path_at_once() {
    let stage = Stage::set().await;
    let account = stage.account("A1", false).await;
    let list = stage.people(2).await;
    stage.fake.world().accept("A1", "person-0");
    stage.start(&list, &[&account], invitation(&NO_NOTE)).await;
    stage.pass(5).await;
    assert_eq!(stage.done(Act::Invite), [("A1".into(), "ACo_person-1".into())]);
    assert_eq!(stage.done(Act::Message), [("A1".into(), "ACo_person-0".into())]);
    assert_eq!(stage.standing().await, ["chat completed", "invite waiting acceptance"]);
    assert_eq!(stage.reasons("step_skipped").await, ["already_connected"]);
    // What was not sent is not charged.
    let used = "select sum(used)::text from account_usage where action = 'send_connection_request'";
    assert_eq!(stage.texts(used).await, ["1"]);
}

#[tokio::test]
async fn that_two_are_connected_may_also_be_learned_from_the_refusal() {
    let stage = Stage::set().await;
    let account = stage.account("A1", false).await;
    let list = stage.people(1).await;
    // Who the lead is was kept when they were strangers.
    stage.start(&list, &[&account], super::only("like_post", &json!({}))).await;
    stage.pass(2).await;
    stage.fake.world().accept("A1", "person-0");
    stage.start(&list, &[&account], invitation(&NO_NOTE)).await;
    stage.pass(5).await;
    let profiles = |requests: &[String]| requests.iter().filter(|it| it.contains("/users/person-0?")).count();
    assert_eq!(profiles(&stage.fake.world().requests), 1, "asked once only");
    assert_eq!((stage.done(Act::Invite).len(), stage.done(Act::Message).len()), (0, 1));
    assert_eq!(stage.reasons("step_skipped").await, ["no_recent_post", "already_connected"]);
}

#[tokio::test]
async fn who_is_invited_already_is_awaited_and_not_invited_again() {
    let stage = Stage::set().await;
    let account = stage.account("A1", false).await;
    let list = stage.people(1).await;
    // By hand, in LinkedIn itself.
    stage.fake.client().invite("A1", "ACo_person-0", None).await.unwrap();
    stage.start(&list, &[&account], invitation(&NO_NOTE)).await;
    stage.pass(5).await;
    assert_eq!(stage.done(Act::Invite).len(), 1);
    assert_eq!(stage.attempts().await, ["invite sent already_invited"]);
    assert_eq!(stage.standing().await, ["invite waiting acceptance"]);
    // It is found in the list, since nobody said its id, and taken back.
    stage.pass(24 * 9).await;
    assert_eq!(stage.done(Act::Withdraw), [("A1".into(), "ACo_person-0".into())]);
}

#[tokio::test]
async fn that_somebody_is_invited_may_also_be_learned_from_the_refusal() {
    let stage = Stage::set().await;
    let account = stage.account("A1", false).await;
    let list = stage.people(1).await;
    stage.start(&list, &[&account], super::only("like_post", &json!({}))).await;
    stage.pass(2).await;
    stage.fake.client().invite("A1", "ACo_person-0", None).await.unwrap();
    stage.start(&list, &[&account], invitation(&NO_NOTE)).await;
    stage.pass(5).await;
    assert_eq!(stage.done(Act::Invite).len(), 1);
    assert_eq!(stage.attempts().await, ["it skipped no_recent_post", "invite sent already_invited_recently"]);
    assert_eq!(stage.standing().await, ["it completed", "invite waiting acceptance"]);
}

#[tokio::test]
async fn who_was_taken_back_from_is_not_invited_for_three_weeks() {
    let stage = Stage::set().await;
    let account = stage.account("A1", false).await;
    let list = stage.people(1).await;
    stage.start(&list, &[&account], invitation(&NO_NOTE)).await;
    stage.pass(24 * 9).await;
    assert_eq!((stage.done(Act::Invite).len(), stage.done(Act::Withdraw).len()), (1, 1));
    let before = stage.fake.world().requests.len();
    stage.start(&list, &[&account], invitation(&NO_NOTE)).await;
    stage.pass(24 * 2).await;
    // Nobody need be asked: it is known here.
    let invited = stage.fake.world().requests[before..].iter().filter(|it| it.starts_with("POST")).count();
    assert_eq!((stage.done(Act::Invite).len(), invited), (1, 0));
    assert_eq!(stage.reasons("step_skipped").await[0], "withdrawn_lately");
    stage.pass(24 * 21).await;
    stage.start(&list, &[&account], invitation(&NO_NOTE)).await;
    stage.pass(24 * 2).await;
    assert_eq!(stage.done(Act::Invite).len(), 2);
}

#[tokio::test]
async fn a_lock_that_only_linkedin_knows_of_is_the_leads_and_not_the_accounts() {
    let stage = Stage::set().await;
    let account = stage.account("A1", false).await;
    let list = stage.people(2).await;
    // Taken back by hand, in LinkedIn itself.
    let unipile = stage.fake.client();
    let id = unipile.invite("A1", "ACo_person-0", None).await.unwrap().invitation_id.unwrap();
    unipile.cancel_invitation("A1", &id).await.unwrap();
    stage.start(&list, &[&account], invitation(&NO_NOTE)).await;
    stage.pass(5).await;
    assert_eq!(stage.done(Act::Invite).last().unwrap().1, "ACo_person-1");
    assert_eq!(stage.reasons("step_skipped").await[0], "withdrawn_lately");
    assert_eq!(
        stage.texts("select rests_until::text from connected_accounts where rests_until is not null").await,
        [""; 0]
    );
}

#[tokio::test]
async fn a_free_account_has_three_notes_a_month_and_a_paid_one_as_many_as_it_likes() {
    for (paid, with, without) in [(false, 3, 2), (true, 5, 0)] {
        let stage = Stage::set().await;
        let account = stage.account("A1", paid).await;
        let list = stage.people(5).await;
        stage.start(&list, &[&account], invitation(&json!("Hello {{ first_name }}"))).await;
        stage.pass(9).await;
        let deeds = stage.fake.world().deeds.clone();
        assert_eq!(deeds.iter().filter(|deed| deed.text.is_some()).count(), with, "{paid}");
        assert_eq!(deeds.iter().filter(|deed| deed.text.is_none()).count(), without, "{paid}");
        let left_out = stage.reasons("connection_request_sent").await;
        assert_eq!(left_out.iter().filter(|reason| *reason == "note_left_out").count(), without, "{paid}");
        // The month is any 31 days in a row.
        if !paid {
            stage.pass(24 * 31).await;
            let list = super::list_of(&stage.app.member(), 0).await;
            let late = json!({"first_name": "Late", "linkedin_url": "https://www.linkedin.com/in/late", "lead_list_ids": [list]});
            stage.fake.world().person("late");
            stage.app.member().post("/api/v1/leads", late).await.expect(201);
            stage.start(&list, &[&account], invitation(&json!("Hello {{ first_name }}"))).await;
            stage.pass(9).await;
            assert_eq!(stage.fake.world().deeds.last().unwrap().text.as_deref(), Some("Hello Late"));
        }
    }
}

#[tokio::test]
async fn a_note_may_be_as_long_as_its_account_has_paid_for() {
    let stage = Stage::set().await;
    let (free, paid) = (stage.account("A1", false).await, stage.account("A2", true).await);
    let list = stage.people(1).await;
    let long = "x".repeat(250);
    let body = |account: &str| json!({"name": "Long", "lead_list_ids": [list], "account_ids": [account], "workflow": invitation(&json!(long)), "schedule": super::schedule(), "stop_on": []});
    for (account, good) in [(&free, false), (&paid, true)] {
        let id = super::super::made(&stage.app.member(), super::super::CAMPAIGNS, body(account)).await;
        let told = stage.app.member().post(&format!("/api/v1/campaigns/{id}/validate"), json!({})).await.expect(200);
        assert_eq!(told["valid"], good, "{told}");
    }
}

#[tokio::test]
async fn an_invitation_that_does_not_wait_any_more_is_taken_back_already() {
    let stage = Stage::set().await;
    let account = stage.account("A1", false).await;
    let list = stage.people(1).await;
    stage.start(&list, &[&account], invitation(&NO_NOTE)).await;
    stage.pass(24).await;
    let id = stage.fake.world().invitations[0].id.clone();
    stage.fake.client().cancel_invitation("A1", &id).await.unwrap();
    stage.pass(24 * 9).await;
    assert_eq!(stage.attempts().await, ["invite sent", "withdraw sent not_pending"]);
    assert_eq!(stage.standing().await, ["withdraw completed"]);
}
