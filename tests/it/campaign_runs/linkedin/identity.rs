//! Who a lead is on LinkedIn, and whose chats are whose.

use serde_json::{Value, json};

use super::{Stage, invitation, only};
use crate::support::unipile::Act;

#[tokio::test]
async fn who_a_lead_is_is_asked_once_for_each_account_and_tier() {
    let stage = Stage::set().await;
    let (first, second) = (stage.account("A1", false).await, stage.account("A2", false).await);
    let list = stage.people(1).await;
    let looks = |account: &str| {
        let path = format!("GET /api/v1/users/person-0?account_id={account}");
        stage.fake.world().requests.iter().filter(|it| **it == path).count()
    };
    for account in [&first, &first, &second] {
        stage.start(&list, &[account], only("like_post", &json!({}))).await;
        stage.pass(3).await;
    }
    assert_eq!((looks("A1"), looks("A2")), (1, 1));
    // Somebody pays: another tier may know people by other ids.
    stage.connect(&first, "A1", true).await;
    stage.start(&list, &[&first], only("like_post", &json!({}))).await;
    stage.pass(24).await;
    assert_eq!(looks("A1"), 2);
}

#[tokio::test]
async fn who_renames_the_profile_is_followed() {
    let stage = Stage::set().await;
    let account = stage.account("A1", false).await;
    let list = stage.people(1).await;
    stage.start(&list, &[&account], only("like_post", &json!({}))).await;
    stage.pass(3).await;
    stage.fake.world().person("person-0").public_identifier = "somebody-else".into();
    stage.start(&list, &[&account], only("profile_visit", &json!({}))).await;
    stage.pass(3).await;
    stage.start(&list, &[&account], invitation(&Value::Null)).await;
    stage.pass(3).await;
    let to = vec![("A1".to_owned(), "ACo_person-0".to_owned())];
    assert_eq!((stage.done(Act::Visit), stage.done(Act::Invite)), (to.clone(), to));
    let known = stage.texts("select public_identifier from linkedin_people").await;
    assert_eq!(known, ["somebody-else"]);
}

#[tokio::test]
async fn a_followup_never_goes_into_a_chat_of_many() {
    let stage = Stage::set().await;
    let account = stage.account("A1", false).await;
    let list = stage.people(1).await;
    stage.fake.world().accept("A1", "person-0");
    let text = "Hello, all of you";
    let group = clento::integrations::unipile::NewChat { person: "ACo_person-0", text, subject: None, inmail: false };
    let group = stage.fake.client().start_chat("A1", group).await.unwrap().chat_id.unwrap();
    stage.fake.world().chats.iter_mut().for_each(|chat| chat.of_many = true);
    stage.start(&list, &[&account], only("send_followup", &json!({"message": "Hello {{ first_name }}"}))).await;
    stage.pass(3).await;
    let chats = stage.fake.world().chats.clone();
    let texts = |of_many| {
        let group = &group;
        let those = chats.iter().filter(move |chat| chat.of_many == of_many && (chat.id == *group) == of_many);
        those.flat_map(|chat| chat.messages.iter().map(|it| it.text.as_str())).collect::<Vec<_>>()
    };
    assert_eq!((texts(true), texts(false)), (vec![text], vec!["Hello First0"]));
}

#[tokio::test]
async fn a_followup_goes_into_the_accounts_own_chat() {
    let stage = Stage::set().await;
    let account = stage.account("A1", false).await;
    let list = stage.people(1).await;
    // Another tenant's account has a chat with the same person, and a newer one.
    stage.fake.world().account("B1");
    stage.fake.world().accept("A1", "person-0");
    stage.fake.world().accept("B1", "person-0");
    let unipile = stage.fake.client();
    let to =
        |text| clento::integrations::unipile::NewChat { person: "ACo_person-0", text, subject: None, inmail: false };
    let own = unipile.start_chat("A1", to("Before")).await.unwrap().chat_id.unwrap();
    stage.app.clock.advance(std::time::Duration::from_mins(1));
    unipile.start_chat("B1", to("Not yours")).await.unwrap();
    stage.start(&list, &[&account], only("send_followup", &json!({"message": "Hello {{ first_name }}"}))).await;
    stage.pass(3).await;
    let chats = stage.fake.world().chats.clone();
    let mine: Vec<_> =
        chats.iter().find(|chat| chat.id == own).unwrap().messages.iter().map(|it| it.text.clone()).collect();
    assert_eq!(mine, ["Before", "Hello First0"]);
    let posted = format!("POST /api/v1/chats/{own}/messages");
    assert_eq!(stage.fake.world().requests.iter().filter(|it| **it == posted).count(), 1);
}

#[tokio::test]
async fn a_lead_without_a_profile_that_unipile_knows_is_not_asked_for() {
    let stage = Stage::set().await;
    let account = stage.account("A1", false).await;
    let list = super::list_of(&stage.app.member(), 0).await;
    let sales = "https://www.linkedin.com/sales/lead/ACwAAAxyz123,NAME_SEARCH,abcd";
    let lead = json!({"first_name": "Sal", "linkedin_url": sales, "lead_list_ids": [list]});
    stage.app.member().post("/api/v1/leads", lead).await.expect(201);
    stage.start(&list, &[&account], invitation(&Value::Null)).await;
    stage.pass(3).await;
    assert_eq!(stage.standing().await, ["invite failed no_such_recipient"]);
    assert_eq!(stage.fake.world().requests, [""; 0]);
}
