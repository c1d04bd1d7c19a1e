//! `Idempotency-Key`: the same POST twice acts once and answers twice the same (draft-ietf-httpapi-idempotency-key-header).

use std::sync::Arc;

use axum::{
    body::Body,
    extract::{Request, State},
    http::{HeaderName, HeaderValue, Method, StatusCode, Uri, header, request::Parts},
    middleware::Next,
    response::Response,
};
use http_body_util::{BodyExt as _, Limited};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::{few_at_once::Turn, upload_hash::UploadHash, whole_body::whole};
use crate::{
    dto::{extract::body_broken_off, respond::NeverKept},
    errors::{AppError, Fault, Kind, Result},
    repositories::{IdempotencyToken, KeyClaim, OrgAdmin, OrgMember, RequestContext, StoredAnswer},
    state::AppState,
    utils::canonical_json::canonical_json,
};

static IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
static REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");
/// The headers of an answer that are remembered with it.
const KEPT_HEADERS: [HeaderName; 3] = [header::CONTENT_TYPE, header::LOCATION, header::ETAG];
/// What a form may have around a file, in bytes.
pub const AROUND_A_FILE: usize = 1024 * 1024;
/// The longest path that a key can be for: no route of ours has a longer one.
const LONGEST_PATH: usize = 500;

/// Remembers the answer to a POST that carries an `Idempotency-Key`.
///
/// # Errors
/// 409 while the key is in flight, or when its answer was lost in a crash; 422 if it was used with another body.
pub async fn idempotency(
    State(state): State<AppState>,
    member: OrgMember,
    request: Request,
    next: Next,
) -> Result<Response> {
    let Some(key) = key(&request)?.filter(|_| !only_reads(request.uri().path())) else {
        return Ok(next.run(request).await);
    };
    let (parts, body) = whole(request).await?;
    let fingerprint = fingerprint(&parts, &body);
    under(key, &fingerprint, state, member, (Request::from_parts(parts, Body::from(body)), next), None).await
}

/// The same for a POST whose body is a file of any size, which is passed on as it comes: its length and kind tell at once whether it may be the
/// same, and what it held is compared where there is an answer to be given again.
///
/// # Errors
/// As [`idempotency`].
pub async fn idempotency_of_uploads(
    State(state): State<AppState>,
    member: OrgMember,
    request: Request,
    next: Next,
) -> Result<Response> {
    let Some(key) = key(&request)?.filter(|_| !only_reads(request.uri().path())) else {
        return Ok(next.run(request).await);
    };
    let (parts, body) = request.into_parts();
    let header = |name| parts.headers.get(name).map_or(&b""[..], HeaderValue::as_bytes);
    let kind = header(header::CONTENT_TYPE).split(|byte| *byte == b';').next().unwrap_or_default();
    let fingerprint = fingerprint(&parts, &[header(header::CONTENT_LENGTH), b" ", kind].concat());
    let held = UploadHash::new(
        parts.headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default(),
    );
    let noted = held.noting(body);
    under(key, &fingerprint, state, member, (Request::from_parts(parts, noted), next), Some(held)).await
}

/// Answers a request under a key, or as it was answered before.
async fn under(
    key: String,
    fingerprint: &[u8; 32],
    state: AppState,
    member: OrgMember,
    (request, next): (Request, Next),
    held: Option<UploadHash>,
) -> Result<Response> {
    let claim = IdempotencyToken::new(route(request.method(), request.uri()), key);
    let outcome = {
        let mut conn = state.db().read(&member).await?;
        conn.idempotency_keys().claim(&claim, fingerprint, state.clock().now()).await?
    };
    match outcome {
        KeyClaim::Ours => act((state, member, claim), request, next, held).await,
        KeyClaim::Answered(answer) => {
            if let (Some(known), Some(held)) = (&answer.request_hash, held) {
                read_to_the_end(request.into_body(), &state).await?;
                if held.digest() != *known {
                    return Err(other_body());
                }
            }
            replay(answer)
        }
        KeyClaim::InFlight => Err(AppError::conflict(
            "idempotency_key_in_flight",
            "A request with this Idempotency-Key is being worked on.",
        )),
        KeyClaim::AnswerLost => Err(AppError::conflict(
            "idempotency_answer_lost",
            "The first request with this Idempotency-Key took effect, but its answer was lost. Read the resource instead of repeating it.",
        )),
        KeyClaim::OtherBody => Err(other_body()),
    }
}

/// Answers the request and remembers the answer, in a task of its own: a caller who hangs up must not leave the key in flight.
async fn act(
    (state, member, claim): (AppState, OrgMember, IdempotencyToken),
    request: Request,
    next: Next,
    held: Option<UploadHash>,
) -> Result<Response> {
    let request = acting_under(&claim, &member, request);
    let turn = request.extensions().get::<Turn>().cloned();
    let work = tokio::spawn(async move {
        let remembered = remember(&state, &member, &claim, next.run(request).await, held).await;
        drop(turn);
        remembered
    });
    work.await.map_err(AppError::internal)?
}

/// The request, whose witnesses mark the key as committed with whatever they commit.
fn acting_under(claim: &IdempotencyToken, member: &OrgMember, mut request: Request) -> Request {
    let context = RequestContext { idempotency: Some(claim.clone()), ..member.request().clone() };
    let member = member.acting_in(Arc::new(context));
    let extensions = request.extensions_mut();
    let admin = member.person().and_then(|person| person.admin());
    if let (Some(admin), Some(_)) = (admin, extensions.get::<OrgAdmin>()) {
        extensions.insert(admin);
    }
    extensions.insert(member);
    request
}

/// Reads a file that is sent again, of which nothing is wanted but what it holds.
async fn read_to_the_end(body: Body, state: &AppState) -> Result<()> {
    let most = usize::try_from(state.server().import_limits.max_bytes).unwrap_or(usize::MAX);
    let mut body = Limited::new(body, most.saturating_add(AROUND_A_FILE));
    while let Some(frame) = body.frame().await {
        frame.map_err(|_| body_broken_off())?;
    }
    Ok(())
}

fn other_body() -> AppError {
    AppError::new(Kind::Invalid, "idempotency_key_reused", "This Idempotency-Key was used with another body.")
}

fn key(request: &Request) -> Result<Option<String>> {
    if request.method() != Method::POST {
        return Ok(None);
    }
    let Some(value) = request.headers().get(&IDEMPOTENCY_KEY) else {
        return Ok(None);
    };
    if request.uri().path().len() > LONGEST_PATH {
        return Err(AppError::new(Kind::BadRequest, "path_too_long", "There is no path of this length."));
    }
    let key = value.to_str().ok().map(str::trim).filter(|key| (1..=255).contains(&key.len()));
    key.map(|key| Some(key.to_owned())).ok_or_else(|| {
        let detail = "Idempotency-Key must be 1 to 255 visible ASCII characters.";
        let fault = Fault::new("Idempotency-Key", "wrong_form", detail);
        AppError::new(Kind::BadRequest, "invalid_header", detail).with_faults(vec![fault])
    })
}

/// Whether a POST to this path changes nothing: it may be repeated as it is, what it shows is not to be kept, and a key is not looked at.
#[must_use]
pub fn only_reads(path: &str) -> bool {
    let last = path.rsplit('/').next();
    last.is_some_and(|last| ["preview", "simulate", "validate"].contains(&last))
}

fn route(method: &Method, uri: &Uri) -> String {
    format!("{method} {}", uri.path())
}

/// SHA-256 of the route, the parameters and the body; of JSON, its meaning and not its spelling.
fn fingerprint(parts: &Parts, body: &[u8]) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(route(&parts.method, &parts.uri));
    if let Some(query) = parts.uri.query() {
        hash.update(b"?");
        hash.update(query.as_bytes());
    }
    hash.update([0]);
    let is_json =
        parts.headers.get(header::CONTENT_TYPE).is_some_and(|value| value.as_bytes().starts_with(b"application/json"));
    match serde_json::from_slice::<Value>(body) {
        Ok(value) if is_json => hash.update(canonical_json(&value)),
        _ => hash.update(body),
    }
    hash.finalize().into()
}

/// Stores a success, unless it shows a secret: then its answer is as good as lost. Gives the key back after a refusal: a request that
/// changed nothing may be mended and sent again.
async fn remember(
    state: &AppState,
    member: &OrgMember,
    claim: &IdempotencyToken,
    response: Response,
    held: Option<UploadHash>,
) -> Result<Response> {
    if !response.status().is_success() || response.extensions().get::<NeverKept>().is_some() {
        let mut conn = state.db().read(member).await?;
        conn.idempotency_keys().release(claim, state.clock().now()).await?;
        return Ok(response);
    }
    let (parts, body) = response.into_parts();
    let body = body.collect().await.map_err(AppError::internal)?.to_bytes();
    let mut headers = Map::new();
    for name in &KEPT_HEADERS {
        if let Some(value) = parts.headers.get(name).and_then(|value| value.to_str().ok()) {
            headers.insert(name.to_string(), value.into());
        }
    }
    let answer = StoredAnswer {
        status: parts.status.as_u16().into(),
        headers: headers.into(),
        body: body.to_vec(),
        request_hash: held.map(|held| held.digest()),
    };
    // It has taken effect: whether its answer could be kept is nothing that the caller is to be told of as a failure.
    let kept = async { state.db().read(member).await?.idempotency_keys().complete(claim, answer).await };
    if let Err(error) = kept.await {
        tracing::warn!(code = error.code(), cause = error.causes(), "the answer under an Idempotency-Key was not kept");
    }
    Ok(Response::from_parts(parts, Body::from(body)))
}

fn replay(answer: StoredAnswer) -> Result<Response> {
    let status = u16::try_from(answer.status).ok().and_then(|status| StatusCode::from_u16(status).ok());
    let mut response = Response::new(Body::from(answer.body));
    *response.status_mut() = status.ok_or_else(|| AppError::internal("a stored status is none"))?;
    for (name, value) in answer.headers.as_object().into_iter().flatten() {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(AppError::internal)?;
        let value = HeaderValue::from_str(value.as_str().unwrap_or_default()).map_err(AppError::internal)?;
        response.headers_mut().insert(name, value);
    }
    response.headers_mut().insert(REPLAYED.clone(), HeaderValue::from_static("true"));
    Ok(response)
}
