//! The routes of the fake, and what every request passes first.

use std::sync::{Arc, Mutex};

use axum::{
    Json, Router,
    body::{Body, to_bytes},
    extract::{Path, Query, Request as HttpRequest, State},
    http::{StatusCode, header},
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse as _, Redirect, Response},
    routing::{get, patch, post},
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    SECRET_KEY, Trouble,
    errors::Refused,
    world::{Answer, Request, World},
};

type Shared = State<Arc<Mutex<World>>>;

pub(super) fn router(world: Arc<Mutex<World>>) -> Router {
    let members = "/v1/organizations/{organization}/memberships/{user}";
    let invitations = "/v1/organizations/{organization}/invitations";
    Router::new()
        .route("/v1/organizations/{organization}", patch(rename))
        .route("/v1/organizations/{organization}/memberships", get(members_of))
        .route("/v1/users/{user}/organization_memberships", get(memberships_of))
        .route(members, patch(change_role).delete(remove))
        .route(invitations, get(pending).post(invite))
        .route("/v1/organizations/{organization}/invitations/{invitation}/revoke", post(revoke))
        .fallback(|| async { Refused::new(404, "resource_not_found", "not found") })
        .layer(from_fn_with_state(Arc::clone(&world), gate))
        .with_state(world)
}

/// Records the request, makes trouble, checks the key.
async fn gate(State(world): Shared, request: HttpRequest, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, 1 << 20).await.unwrap();
    let recorded = Request {
        line: format!("{} {}", parts.method, parts.uri),
        body: serde_json::from_slice(&body).unwrap_or_default(),
        api_version: parts.headers.get("clerk-api-version").map(|value| value.to_str().unwrap().to_owned()),
    };
    let trouble = {
        let mut world = world.lock().unwrap();
        world.requests.push(recorded);
        world.trouble.clone()
    };
    match &trouble {
        Some(Trouble::Answer(status, body)) => {
            return (StatusCode::from_u16(*status).unwrap(), body.clone()).into_response();
        }
        Some(Trouble::Busy(seconds)) => {
            let refused = Refused::new(429, "too_many_requests", "Too many requests. Please try again in a bit.");
            return ([(header::RETRY_AFTER, seconds.to_string())], refused).into_response();
        }
        Some(Trouble::Redirect(target)) => return Redirect::temporary(target).into_response(),
        Some(Trouble::Stall(_)) | None => {}
    }
    let authorization = parts.headers.get(header::AUTHORIZATION).map(|value| value.to_str().unwrap());
    if authorization != Some(&format!("Bearer {SECRET_KEY}")) {
        let sentence = "The provided Clerk Secret Key is invalid. Make sure that your Clerk Secret Key is correct.";
        return Refused::new(401, "clerk_key_invalid", sentence).into_response();
    }
    let answer = next.run(HttpRequest::from_parts(parts, Body::from(body))).await;
    if let Some(Trouble::Stall(time)) = trouble {
        tokio::time::sleep(time).await;
    }
    answer
}

#[derive(Deserialize)]
struct Rename {
    name: String,
}

async fn rename(State(world): Shared, Path(id): Path<String>, Json(body): Json<Rename>) -> Response {
    answer(world.lock().unwrap().rename(&id, &body.name))
}

#[derive(Deserialize)]
struct Role {
    role: String,
}

async fn change_role(
    State(world): Shared,
    Path((organization, user)): Path<(String, String)>,
    Json(body): Json<Role>,
) -> Response {
    answer(world.lock().unwrap().change_role(&organization, &user, &body.role))
}

async fn remove(State(world): Shared, Path((organization, user)): Path<(String, String)>) -> Response {
    answer(world.lock().unwrap().remove(&organization, &user))
}

/// The paging of lists of memberships.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Memberships {
    #[serde(default = "ten")]
    limit: usize,
    #[serde(default)]
    offset: usize,
    /// Newest first if absent.
    order_by: Option<String>,
}

impl Memberships {
    fn of(&self, mut all: Vec<Value>) -> Answer {
        if !(1..=500).contains(&self.limit) {
            return Err(Refused::parameter("form_param_value_invalid", "limit", "limit must be 1 to 500."));
        }
        all.sort_by_key(|membership| membership["created_at"].as_i64());
        if self.order_by.as_deref() != Some("+created_at") {
            all.reverse();
        }
        let page: Vec<&Value> = all.iter().skip(self.offset).take(self.limit).collect();
        Ok(json!({ "data": page, "total_count": all.len() }))
    }
}

async fn members_of(
    State(world): Shared,
    Path(organization): Path<String>,
    Query(page): Query<Memberships>,
) -> Response {
    let all = world.lock().unwrap().members_of(&organization);
    answer(all.and_then(|all| page.of(all)))
}

async fn memberships_of(State(world): Shared, Path(user): Path<String>, Query(page): Query<Memberships>) -> Response {
    let all = world.lock().unwrap().memberships_of(&user);
    answer(all.and_then(|all| page.of(all)))
}

#[derive(Deserialize)]
struct Page {
    #[serde(default = "ten")]
    limit: usize,
    #[serde(default)]
    offset: usize,
    status: String,
}

fn ten() -> usize {
    10
}

async fn pending(State(world): Shared, Path(organization): Path<String>, Query(page): Query<Page>) -> Response {
    if page.status != "pending" || !(1..=500).contains(&page.limit) {
        return Refused::parameter("form_param_value_invalid", "limit", "limit must be 1 to 500.").into_response();
    }
    answer(world.lock().unwrap().pending(&organization, page.limit, page.offset))
}

#[derive(Deserialize)]
struct Invite {
    email_address: String,
    role: String,
    inviter_user_id: String,
    redirect_url: Option<String>,
}

async fn invite(State(world): Shared, Path(organization): Path<String>, Json(body): Json<Invite>) -> Response {
    if body.redirect_url.as_ref().is_some_and(|url| !url.starts_with("http")) {
        let sentence = "redirect_url must be a valid url.";
        return Refused::parameter("form_param_format_invalid", "redirect_url", sentence).into_response();
    }
    answer(world.lock().unwrap().invite(&organization, &body.email_address, &body.role, &body.inviter_user_id))
}

#[derive(Deserialize)]
struct Revoke {
    requesting_user_id: String,
}

async fn revoke(
    State(world): Shared,
    Path((organization, invitation)): Path<(String, String)>,
    Json(body): Json<Revoke>,
) -> Response {
    answer(world.lock().unwrap().revoke(&organization, &invitation, &body.requesting_user_id))
}

fn answer(answer: Answer) -> Response {
    match answer {
        Ok(body) => Json::<Value>(body).into_response(),
        Err(refused) => refused.into_response(),
    }
}
