//! Profiles and connections.

use std::sync::{Arc, Mutex};

use axum::{
    Router,
    extract::{Path, Query, State},
    routing::get,
};
use serde::Deserialize;
use serde_json::json;

use super::{
    Shared,
    errors::{Answer, Paging, Refused, done},
    world::{Act, World, instant},
};

pub(super) fn router() -> Router<Arc<Mutex<World>>> {
    Router::new()
        .route("/users/me", get(me))
        .route("/users/relations", get(relations))
        .route("/users/{id}", get(profile))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Of {
    account_id: String,
    #[serde(default)]
    notify: Option<String>,
}

async fn me(State(world): Shared, Query(of): Query<Of>) -> Answer {
    let world = world.lock().unwrap();
    let account = world.acting(&of.account_id)?;
    // Nothing says that a mailbox has a profile.
    if world.upkeep.kinds.get(&of.account_id).is_some_and(|kind| *kind != "LINKEDIN") {
        return Err(Refused::new(404, "resource_not_found"));
    }
    done(
        200,
        json!({
            "object": "AccountOwnerProfile", "provider_id": account.provider_id, "public_identifier": account.public_identifier,
            "first_name": "Ada", "last_name": "Own", "email": "ada@example.com", "premium": account.premium,
            "recruiter": null, "sales_navigator": null,
        }),
    )
}

async fn profile(State(world): Shared, Path(id): Path<String>, Query(of): Query<Of>) -> Answer {
    let mut world = world.lock().unwrap();
    world.acting(&of.account_id)?;
    let person = world.somebody(&id)?.clone();
    let connected = person.relations.contains_key(&of.account_id);
    let last = world.invitations.iter().rev().find(|it| {
        it.account == of.account_id && it.person == person.provider_id && it.state != "ACCEPTED" && world.shows(it.at)
    });
    let mut body = json!({
        "object": "UserProfile", "provider_id": person.provider_id, "public_identifier": person.public_identifier,
        "network_distance": if connected { "FIRST_DEGREE" } else { "SECOND_DEGREE" }, "is_relationship": connected,
        "work_experience": [], "websites": null,
    });
    if let Some(last) = last.filter(|_| !connected) {
        body["invitation"] = json!({ "type": "SENT", "status": last.state });
    }
    if of.notify.as_deref() == Some("true") {
        world.willing(&person.provider_id, Act::Visit)?;
        world.tell(&of.account_id, Act::Visit, &person.provider_id, None);
    }
    done(200, body)
}

#[derive(Deserialize)]
struct List {
    account_id: String,
    #[serde(flatten)]
    paging: Paging,
}

async fn relations(State(world): Shared, Query(List { account_id, paging }): Query<List>) -> Answer {
    let world = world.lock().unwrap();
    world.acting(&account_id)?;
    let mut related: Vec<_> =
        world.people.iter().filter_map(|person| Some((person.relations.get(&account_id)?, person))).collect();
    related.sort_by(|a, b| b.0.cmp(a.0));
    let items = related.into_iter().map(|(at, person)| {
        json!({
            "object": "UserRelation", "member_id": person.provider_id, "public_identifier": person.public_identifier,
            "first_name": "Some", "last_name": "Body", "headline": null, "created_at": instant(*at),
            "member_urn": format!("urn:li:fsd_profile:{}", person.provider_id),
        })
    });
    paging.of("UserRelationsList", items.collect(), 1_000)
}
