//! Chats and messages.

use clento::integrations::unipile::{Chat, ChatMessage, NewChat, Page, PageQuery, Since, Unipile, UnipileError};
use serde_json::{Value, json};

use super::{Row, hold};

fn chat() -> Value {
    json!({
        "object": "Chat", "id": "c1", "account_id": "A1", "account_type": "LINKEDIN", "provider_id": "2-x", "attendee_provider_id": "ACoAnna",
        "type": 0, "timestamp": "2026-11-22T12:00:00.000Z", "unread_count": 1
    })
}

fn of(it: &Chat) -> Value {
    json!([it.id, it.account_id, it.attendee_provider_id, it.timestamp.map(|at| at.timestamp())])
}

fn messages() -> Value {
    json!({
        "object": "MessageList", "cursor": "older", "items": [
            {"object": "Message", "id": "m2", "provider_id": "2-m2", "chat_id": "c1", "sender_id": "ACoAnna", "text": "Yes",
             "timestamp": "2026-11-22T12:00:00.000Z", "is_sender": 0, "attachments": [{"id": "a"}], "seen": 1, "delivered": 1},
            {"object": "Message", "id": "m1", "provider_id": "2-m1", "chat_id": "c1", "sender_id": "ACoAda", "text": null,
             "timestamp": null, "is_sender": 1, "attachments": []}
        ]
    })
}

fn said() -> Value {
    json!([[["m2", "ACoAnna", "Yes", false, 1, 1_795_348_800], ["m1", "ACoAda", null, true, 0, null]], "older"])
}

fn read(page: Page<ChatMessage>) -> Value {
    let one = |it: ChatMessage| {
        let attached = it.attachments.map(|them| them.len());
        json!([it.id, it.sender_id, it.text, it.is_sender, attached, it.timestamp.map(|at| at.timestamp())])
    };
    json!([page.items.into_iter().map(one).collect::<Vec<_>>(), page.cursor])
}

fn since() -> Since {
    Since { after: Some("2026-11-21T12:00:00Z".parse().unwrap()), before: None }
}

async fn start(it: Unipile, inmail: bool) -> Result<Value, UnipileError> {
    let subject = inmail.then_some("You");
    let sent = it.start_chat("A1", NewChat { person: "ACoAnna", text: "Hi 👋\r\n--", subject, inmail }).await?;
    Ok(json!([sent.chat_id, sent.message_id]))
}

#[tokio::test]
async fn chats() {
    let rows = vec![
        Row {
            call: |it| Box::pin(start(it, false)),
            asked: "POST /api/v1/chats",
            body: json!({"form": [["account_id", "A1"], ["text", "Hi 👋\r\n--"], ["attendees_ids", "ACoAnna"]]}),
            answer: (201, json!({"object": "ChatStarted", "chat_id": "c1", "message_id": "m1"})),
            read: json!(["c1", "m1"]),
        },
        Row {
            call: |it| Box::pin(start(it, true)),
            asked: "POST /api/v1/chats",
            body: json!({"form": [["account_id", "A1"], ["text", "Hi 👋\r\n--"], ["attendees_ids", "ACoAnna"], ["subject", "You"],
                                  ["linkedin[inmail]", "true"]]}),
            answer: (201, json!({"object": "ChatStarted", "chat_id": null, "message_id": null})),
            read: json!([null, null]),
        },
        Row {
            call: |it| {
                Box::pin(async move { it.send_message("c1", "Hi").await.map(|it| json!([it.chat_id, it.message_id])) })
            },
            asked: "POST /api/v1/chats/c1/messages",
            body: json!({"form": [["text", "Hi"]]}),
            answer: (201, json!({"object": "MessageSent", "message_id": null})),
            read: json!(["c1", null]),
        },
        Row {
            call: |it| {
                Box::pin(async move {
                    let page = it.chats("A1", since(), PageQuery::at(250, Some("x/y"))).await?;
                    Ok(json!([page.items.iter().map(of).collect::<Vec<_>>(), page.cursor]))
                })
            },
            asked: "GET /api/v1/chats?account_id=A1&after=2026-11-21T12%3A00%3A00.000Z&limit=250&cursor=x%2Fy",
            body: Value::Null,
            answer: (
                200,
                json!({"object": "ChatList", "cursor": null, "items": [chat(), {"id": "c2", "account_id": "A1", "type": 1}]}),
            ),
            read: json!([[["c1", "A1", "ACoAnna", 1_795_348_800], ["c2", "A1", null, null]], null]),
        },
        Row {
            call: |it| Box::pin(async move { it.chat("c1").await.map(|it| of(&it)) }),
            asked: "GET /api/v1/chats/c1",
            body: Value::Null,
            answer: (200, chat()),
            read: json!(["c1", "A1", "ACoAnna", 1_795_348_800]),
        },
        Row {
            call: |it| {
                Box::pin(async move {
                    let page = it.chats_with("ACoAnna", PageQuery::first(250)).await?;
                    Ok(json!(page.items.iter().map(of).collect::<Vec<_>>()))
                })
            },
            asked: "GET /api/v1/chat_attendees/ACoAnna/chats?limit=250",
            body: Value::Null,
            answer: (200, json!({"object": "ChatList", "cursor": null, "items": [chat()]})),
            read: json!([["c1", "A1", "ACoAnna", 1_795_348_800]]),
        },
        Row {
            call: |it| Box::pin(async move { it.messages_of("c1", since(), PageQuery::first(250)).await.map(read) }),
            asked: "GET /api/v1/chats/c1/messages?after=2026-11-21T12%3A00%3A00.000Z&limit=250",
            body: Value::Null,
            answer: (200, messages()),
            read: said(),
        },
        Row {
            call: |it| Box::pin(async move { it.messages("A1", PageQuery::first(250)).await.map(read) }),
            asked: "GET /api/v1/messages?account_id=A1&limit=250",
            body: Value::Null,
            answer: (200, messages()),
            read: said(),
        },
    ];
    hold(rows).await;
}
