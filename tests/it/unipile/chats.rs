//! Writing, and reading what was written.

use chrono::TimeDelta;
use clento::{
    integrations::unipile::{Class, MessageSent, NewChat, PageQuery, Since},
    utils::clock::Clock as _,
};
use serde_json::json;

use super::{asked, fake, saying};
use crate::support::unipile::{Act, On, Trouble};

fn to_anna(text: &str) -> NewChat<'_> {
    NewChat { person: "ACo_anna", text, subject: None, inmail: false }
}

#[tokio::test]
async fn a_message_opens_a_chat_and_the_next_goes_into_it() {
    let (fake, _) = fake().await;
    let unipile = fake.client();
    let stranger = unipile.start_chat("A1", to_anna("Hi")).await.unwrap_err();
    assert_eq!((stranger.kind(), stranger.class()), (Some("no_connection_with_recipient"), Class::Lead));
    fake.world().accept("A1", "anna");

    let text = "Hi Anna,\r\n--boundary\n\"quoted\" & 👋";
    let first = unipile.start_chat("A1", to_anna(text)).await.unwrap();
    let second = unipile.start_chat("A1", to_anna("Again")).await.unwrap();
    assert_eq!((&first.chat_id, first.message_id.is_some()), (&second.chat_id, true));
    let chat = first.chat_id.unwrap();
    let third = unipile.send_message(&chat, "And again").await.unwrap();
    assert_eq!((third.chat_id.as_deref(), third.message_id.is_some()), (Some(chat.as_str()), true));
    let texts: Vec<_> = fake.world().deeds.iter().filter_map(|deed| deed.text.clone()).collect();
    assert_eq!(texts, [text, "Again", "And again"]);
    assert_eq!(asked(&fake).last().unwrap(), &format!("POST /api/v1/chats/{chat}/messages"));
}

#[tokio::test]
async fn an_answer_without_ids_is_a_success() {
    let (fake, _) = fake().await;
    fake.world().accept("A1", "anna");
    fake.world().null_ids = true;
    let unipile = fake.client();
    assert_eq!(unipile.start_chat("A1", to_anna("Hi")).await.unwrap(), MessageSent::default());
    let chat = fake.world().chats[0].id.clone();
    assert_eq!(unipile.send_message(&chat, "Hi").await.unwrap().message_id, None);
}

#[tokio::test]
async fn an_inmail_says_so_and_costs_a_credit() {
    let (fake, _) = fake().await;
    fake.world().account("A1").inmail_credits = 1;
    let unipile = fake.client();
    let inmail = NewChat { subject: Some("About you"), inmail: true, ..to_anna("Hello") };
    unipile.start_chat("A1", inmail).await.unwrap();
    assert_eq!(fake.world().done(Act::Inmail), [("A1".into(), "ACo_anna".into())]);
    let poor = unipile.start_chat("A1", inmail).await.unwrap_err();
    assert_eq!((poor.kind(), poor.class()), (Some("insufficient_credits"), Class::Cooldown));
    assert_eq!(fake.world().done(Act::Inmail).len(), 1);
}

#[tokio::test]
async fn the_chats_with_a_person_are_those_of_every_account() {
    let (fake, _) = fake().await;
    let unipile = fake.client();
    fake.world().account("A2");
    for account in ["A1", "A2"] {
        fake.world().accept(account, "anna");
        unipile.start_chat(account, to_anna("Hi")).await.unwrap();
    }
    let found = unipile.chats_with("ACo_anna", PageQuery::first(250)).await.unwrap().items;
    let whose: Vec<_> = found.iter().map(|chat| chat.account_id.clone().unwrap()).collect();
    assert_eq!(whose, ["A1", "A2"]);
    let chat = &found[0];
    assert_eq!((chat.attendee_provider_id.as_deref(), chat.kind), (Some("ACo_anna"), Some(0)));
    let read = unipile.chat(chat.id.as_deref().unwrap()).await.unwrap();
    assert_eq!(read.id, chat.id);
    let own = unipile.chats("A2", Since::default(), PageQuery::first(250)).await.unwrap().items;
    assert_eq!(own.len(), 1);
    assert_eq!(asked(&fake)[2], "GET /api/v1/chat_attendees/ACo_anna/chats?limit=250");
}

#[tokio::test]
async fn messages_are_read_in_pages_within_bounds_of_time() {
    let (fake, clock) = fake().await;
    fake.world().accept("A1", "anna");
    let unipile = fake.client();
    let chat = unipile.start_chat("A1", to_anna("0")).await.unwrap().chat_id.unwrap();
    let since = clock.now();
    for text in ["1", "2", "3"] {
        clock.advance(std::time::Duration::from_secs(1));
        unipile.send_message(&chat, text).await.unwrap();
    }
    let within = Since { after: Some(since), before: Some(since + TimeDelta::seconds(3)) };
    asked(&fake);
    let first = unipile.messages_of(&chat, within, PageQuery::first(1)).await.unwrap();
    let last = unipile.messages_of(&chat, within, PageQuery::at(1, first.cursor.as_deref())).await.unwrap();
    let texts: Vec<_> = first.items.iter().chain(&last.items).map(|it| it.text.clone().unwrap()).collect();
    assert_eq!((texts, last.cursor), (vec!["2".to_owned(), "1".to_owned()], None));
    let message = &first.items[0];
    assert_eq!((message.is_sender, message.sender_id.as_deref()), (Some(true), Some("ACo-A1")));
    assert_eq!(message.timestamp, Some(since + TimeDelta::seconds(2)));
    assert!(
        asked(&fake)[0].ends_with("?after=2026-11-22T12%3A00%3A00.000Z&before=2026-11-22T12%3A00%3A03.000Z&limit=1")
    );
    let all = unipile.messages("A1", PageQuery::first(250)).await.unwrap().items;
    assert_eq!(all.len(), 4);
}

#[tokio::test]
async fn is_sender_may_be_a_number_or_a_word_and_anything_may_be_null() {
    let list = json!({ "object": "MessageList", "cursor": null, "items": [
        { "id": "m", "is_sender": 0, "text": null, "timestamp": "now", "attachments": null },
        { "id": null, "is_sender": true, "text": "x", "attachments": [{ "type": "img" }] },
        {},
    ]});
    let (_fake, unipile) = saying(200, &list).await;
    let items = unipile.messages_of("c", Since::default(), PageQuery::first(3)).await.unwrap().items;
    let told: Vec<_> = items.iter().map(|it| (it.id.as_deref(), it.is_sender, it.text.as_deref())).collect();
    assert_eq!(told, [(Some("m"), Some(false), None), (None, Some(true), Some("x")), (None, None, None)]);
    assert_eq!(items[1].attachments.as_ref().map(Vec::len), Some(1));
}

#[tokio::test]
async fn an_answer_that_is_no_list_is_an_error_and_not_an_empty_list() {
    for body in [json!({}), json!({ "object": "MessageList", "items": null }), json!([]), json!("x")] {
        let (_fake, unipile) = saying(200, &body).await;
        let error = unipile.messages_of("c", Since::default(), PageQuery::first(3)).await.unwrap_err();
        assert_eq!(error.class(), Class::Unknown, "{body}");
    }
}

#[tokio::test]
async fn a_message_whose_answer_is_lost_was_sent_all_the_same() {
    let (fake, _) = fake().await;
    fake.world().accept("A1", "anna");
    fake.trouble(On::post("/chats"), Trouble::CutAfter);
    let error = fake.client().start_chat("A1", to_anna("Hi")).await.unwrap_err();
    assert_eq!((error.class(), fake.world().done(Act::Message).len()), (Class::Unknown, 1));
}
