//! Chats and their messages.

use std::sync::{Arc, Mutex};

use axum::{
    Router,
    extract::{Multipart, Path, Query, State, multipart::MultipartRejection},
    routing::get,
};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Shared,
    errors::{Answer, Paging, Refused, done},
    world::{Act, Chat, Message, World, instant},
};

pub(super) fn router() -> Router<Arc<Mutex<World>>> {
    Router::new()
        .route("/chats", get(chats).post(start))
        .route("/chats/{id}", get(chat))
        .route("/chats/{id}/messages", get(messages_of).post(send))
        .route("/messages", get(messages))
        .route("/chat_attendees/{person}/chats", get(chats_with))
}

/// The parts of a form, of which only `known` ones may be there, and none twice.
pub(super) async fn parts(
    form: Result<Multipart, MultipartRejection>,
    known: &[&str],
) -> Result<Vec<(String, String)>, Refused> {
    let wrong = || Refused::new(400, "invalid_parameters");
    let mut form = form.map_err(|_| wrong())?;
    let mut parts: Vec<(String, String)> = Vec::new();
    while let Some(field) = form.next_field().await.map_err(|_| wrong())? {
        let name = field.name().unwrap_or_default().to_owned();
        if !known.contains(&name.as_str()) || parts.iter().any(|(it, _)| *it == name) {
            return Err(wrong());
        }
        parts.push((name, field.text().await.map_err(|_| wrong())?));
    }
    Ok(parts)
}

pub(super) fn take(parts: &mut Vec<(String, String)>, name: &str) -> Option<String> {
    let index = parts.iter().position(|(it, _)| it == name)?;
    Some(parts.remove(index).1)
}

async fn start(State(world): Shared, form: Result<Multipart, MultipartRejection>) -> Answer {
    let known = ["account_id", "text", "attendees_ids", "subject", "linkedin[inmail]"];
    let mut parts = parts(form, &known).await?;
    let lacks = || Refused::new(400, "missing_parameters");
    let account = take(&mut parts, "account_id").ok_or_else(lacks)?;
    let text = take(&mut parts, "text").filter(|text| !text.is_empty()).ok_or_else(lacks)?;
    let person = take(&mut parts, "attendees_ids").ok_or_else(lacks)?;
    let subject = take(&mut parts, "subject");
    let inmail = take(&mut parts, "linkedin[inmail]").as_deref() == Some("true");
    let mut world = world.lock().unwrap();
    let credits = world.acting(&account)?.inmail_credits;
    let act = if inmail { Act::Inmail } else { Act::Message };
    let connected = world.willing(&person, act)?.relations.contains_key(&account);
    if inmail {
        if subject.as_ref().is_some_and(|it| it.chars().count() > 200) || text.chars().count() > 2_000 {
            return Err(Refused::new(400, "too_many_characters"));
        }
        if credits == 0 {
            return Err(Refused::new(422, "insufficient_credits"));
        }
        world.account(&account).inmail_credits -= 1;
    } else if !connected {
        return Err(Refused::new(422, "no_connection_with_recipient"));
    }
    world.tell(&account, act, &person, Some(&text));
    let (chat, message) = write(&mut world, (&account, &person), text);
    let (chat, message) = if world.null_ids { (Value::Null, Value::Null) } else { (chat.into(), message.into()) };
    done(201, json!({ "object": "ChatStarted", "chat_id": chat, "message_id": message }))
}

fn write(world: &mut World, (account, person): (&str, &str), text: String) -> (String, String) {
    let (id, at) = (format!("msg-{}", world.fresh()), world.now());
    let sender = world.account(account).provider_id.clone();
    let chat = world.chat(account, person);
    chat.messages.push(Message { id: id.clone(), sender, text, own: true, at });
    (chat.id.clone(), id)
}

async fn send(State(world): Shared, Path(id): Path<String>, form: Result<Multipart, MultipartRejection>) -> Answer {
    let mut parts = parts(form, &["text"]).await?;
    let text =
        take(&mut parts, "text").filter(|text| !text.is_empty()).ok_or(Refused::new(400, "missing_parameters"))?;
    let mut world = world.lock().unwrap();
    let chat = world.chats.iter().find(|chat| chat.id == id).ok_or(Refused::new(404, "resource_not_found"))?;
    let (account, person) = (chat.account.clone(), chat.person.clone());
    world.acting(&account)?;
    world.willing(&person, Act::Message)?;
    world.tell(&account, Act::Message, &person, Some(&text));
    let (_, message) = write(&mut world, (&account, &person), text);
    let message = if world.null_ids { Value::Null } else { message.into() };
    done(201, json!({ "object": "MessageSent", "message_id": message }))
}

fn shown(chat: &Chat) -> Value {
    json!({
        "object": "Chat", "id": chat.id, "account_id": chat.account, "account_type": "LINKEDIN",
        "provider_id": format!("2-{}", chat.id), "attendee_provider_id": (!chat.of_many).then_some(&chat.person), "name": null, "type": 0,
        "timestamp": chat.messages.last().map(|message| instant(message.at)), "unread_count": 0,
    })
}

fn message(world: &World, chat: &Chat, it: &Message) -> Value {
    let attachments =
        if world.attached.contains(&it.id) { json!([{ "id": "att-1", "type": "audio" }]) } else { json!([]) };
    json!({
        "object": "Message", "id": it.id, "provider_id": format!("2-{}", it.id), "chat_id": chat.id, "sender_id": it.sender,
        "text": (!it.text.is_empty()).then_some(&it.text), "timestamp": (!world.timeless).then(|| instant(it.at)),
        "is_sender": i32::from(it.own), "attachments": attachments, "seen": 0, "delivered": 1,
    })
}

/// Newest first, and only those that show.
fn shown_messages(world: &World, chat: &Chat) -> Vec<(DateTime<Utc>, Value)> {
    chat.messages.iter().rev().filter(|it| world.shows(it.at)).map(|it| (it.at, message(world, chat, it))).collect()
}

#[derive(Deserialize)]
struct ChatList {
    account_id: String,
    #[serde(flatten)]
    paging: Paging,
}

async fn chats(State(world): Shared, Query(ChatList { account_id, paging }): Query<ChatList>) -> Answer {
    let world = world.lock().unwrap();
    world.acting(&account_id)?;
    let items = world.chats.iter().rev().filter(|chat| chat.account == account_id).map(shown);
    paging.of("ChatList", items.collect(), 250)
}

async fn chat(State(world): Shared, Path(id): Path<String>) -> Answer {
    let world = world.lock().unwrap();
    let chat = world.chats.iter().find(|chat| chat.id == id).ok_or(Refused::new(404, "resource_not_found"))?;
    done(200, shown(chat))
}

/// Those of all accounts, since the key sees them all.
async fn chats_with(State(world): Shared, Path(person): Path<String>, Query(paging): Query<Paging>) -> Answer {
    let world = world.lock().unwrap();
    let shows = |chat: &&Chat| chat.messages.first().is_none_or(|message| world.shows(message.at));
    let items = world.chats.iter().filter(|chat| chat.person == person).filter(shows).map(shown);
    paging.of("ChatList", items.collect(), 250)
}

#[derive(Deserialize)]
struct MessageList {
    #[serde(default)]
    after: Option<DateTime<Utc>>,
    #[serde(default)]
    before: Option<DateTime<Utc>>,
    #[serde(flatten)]
    paging: Paging,
}

async fn messages_of(
    State(world): Shared,
    Path(id): Path<String>,
    Query(MessageList { after, before, paging }): Query<MessageList>,
) -> Answer {
    let world = world.lock().unwrap();
    let chat = world.chats.iter().find(|chat| chat.id == id).ok_or(Refused::new(404, "resource_not_found"))?;
    world.acting(&chat.account)?;
    let within = |at: DateTime<Utc>| after.is_none_or(|after| at > after) && before.is_none_or(|before| at < before);
    let items = shown_messages(&world, chat).into_iter().filter(|(at, _)| within(*at)).map(|(_, it)| it);
    paging.of("MessageList", items.collect(), 250)
}

async fn messages(State(world): Shared, Query(ChatList { account_id, paging }): Query<ChatList>) -> Answer {
    let world = world.lock().unwrap();
    world.acting(&account_id)?;
    let mine = world.chats.iter().filter(|chat| chat.account == account_id);
    let mut all: Vec<_> = mine.flat_map(|chat| shown_messages(&world, chat)).collect();
    all.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
    paging.of("MessageList", all.into_iter().map(|(_, it)| it).collect(), 250)
}
