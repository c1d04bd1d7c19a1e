//! Inviting, listing and taking back.

use std::sync::{Arc, Mutex};

use axum::{
    Json, Router,
    extract::{Path, Query, State, rejection::JsonRejection},
    routing::{delete, get, post},
};
use chrono::TimeDelta;
use serde::Deserialize;
use serde_json::json;

use super::{
    Shared,
    errors::{Answer, Paging, Refused, done},
    world::{Act, Invitation, World, instant},
};

/// For how long a person cannot be invited again after an invitation was taken back.
const LOCK: TimeDelta = TimeDelta::weeks(3);

pub(super) fn router() -> Router<Arc<Mutex<World>>> {
    Router::new()
        .route("/users/invite", post(invite))
        .route("/users/invite/sent", get(sent))
        .route("/users/invite/sent/{id}", delete(cancel))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Invite {
    account_id: String,
    provider_id: String,
    #[serde(default)]
    message: Option<String>,
}

async fn invite(State(world): Shared, body: Result<Json<Invite>, JsonRejection>) -> Answer {
    let Json(Invite { account_id, provider_id, message }) =
        body.map_err(|_| Refused::new(400, "invalid_parameters"))?;
    let mut world = world.lock().unwrap();
    let longest = if world.acting(&account_id)?.premium { 300 } else { 200 };
    if message.as_ref().is_some_and(|message| message.chars().count() > longest) {
        return Err(Refused::new(400, "too_many_characters"));
    }
    if world.willing(&provider_id, Act::Invite)?.relations.contains_key(&account_id) {
        return Err(Refused::new(422, "already_connected"));
    }
    let now = world.now();
    let mine = |it: &&Invitation| it.account == account_id && it.person == provider_id;
    if world.invitations.iter().filter(mine).any(|it| it.state == "PENDING") {
        return Err(Refused::new(422, "already_invited_recently"));
    }
    if world.invitations.iter().filter(mine).any(|it| it.withdrawn_at.is_some_and(|at| now < at + LOCK)) {
        return Err(Refused::new(422, "cannot_resend_yet"));
    }
    let id = format!("inv-{}", world.fresh());
    world.tell(&account_id, Act::Invite, &provider_id, message.as_deref());
    world.invitations.push(Invitation {
        id: id.clone(),
        account: account_id,
        person: provider_id,
        text: message,
        at: now,
        state: "PENDING",
        withdrawn_at: None,
    });
    done(201, json!({ "object": "UserInvitationSent", "invitation_id": id, "usage": 12.5 }))
}

#[derive(Deserialize)]
struct List {
    account_id: String,
    #[serde(flatten)]
    paging: Paging,
}

async fn sent(State(world): Shared, Query(List { account_id, paging }): Query<List>) -> Answer {
    let world = world.lock().unwrap();
    world.acting(&account_id)?;
    let waiting = world.invitations.iter().rev().filter(|it| {
        let taken_back = it.withdrawn_at.is_some_and(|at| world.shows(at));
        it.account == account_id && it.state != "ACCEPTED" && !taken_back && world.shows(it.at)
    });
    let items = waiting.map(|it| {
        let public = world.people.iter().find(|person| person.provider_id == it.person);
        json!({
            "object": "UserInvitation", "id": it.id, "invited_user_id": it.person,
            "invited_user_public_id": public.map(|person| &person.public_identifier), "date": "Sent today",
            "parsed_datetime": instant(it.at), "invitation_text": it.text,
        })
    });
    paging.of("InvitationList", items.collect(), 100)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Of {
    account_id: String,
}

async fn cancel(State(world): Shared, Path(id): Path<String>, Query(of): Query<Of>) -> Answer {
    let mut world = world.lock().unwrap();
    world.acting(&of.account_id)?;
    let now = world.now();
    let waits = |it: &&mut Invitation| it.id == id && it.account == of.account_id && it.state == "PENDING";
    let found = world.invitations.iter_mut().find(waits).ok_or(Refused::new(404, "resource_not_found"))?;
    (found.state, found.withdrawn_at) = ("WITHDRAWN", Some(now));
    let person = found.person.clone();
    world.tell(&of.account_id, Act::Withdraw, &person, None);
    done(200, json!({}))
}
