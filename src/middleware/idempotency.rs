//! `Idempotency-Key`: the same POST twice acts once and answers twice the same (draft-ietf-httpapi-idempotency-key-header).

use std::sync::Arc;

use axum::{
    body::{Body, Bytes},
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::Response,
};
use http_body_util::BodyExt;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::{
    dto::respond::NeverKept,
    errors::{AppError, Fault, Kind, Result},
    repositories::{IdempotencyToken, KeyClaim, OrgMember, RequestContext, StoredAnswer},
    state::AppState,
    utils::canonical_json::canonical_json,
};

static IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
static REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");
/// The headers of an answer that are remembered with it.
const KEPT_HEADERS: [HeaderName; 3] = [header::CONTENT_TYPE, header::LOCATION, header::ETAG];
/// A body larger than this cannot be remembered under a key: the largest that any endpoint reads.
const MAX_BODY: usize = 8 * 1024 * 1024;

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
    let Some(key) = key(&request)? else {
        return Ok(next.run(request).await);
    };
    let (parts, body) = request.into_parts();
    let body = whole(body).await?;
    let route = format!("{} {}", parts.method, parts.uri.path());
    let fingerprint = fingerprint(&route, &parts.headers, &body);
    let claim = IdempotencyToken::new(route, key);
    let outcome = {
        let mut conn = state.db().read(&member).await?;
        conn.idempotency_keys().claim(&claim, &fingerprint, state.clock().now()).await?
    };
    match outcome {
        KeyClaim::Ours => {
            let mut request = Request::from_parts(parts, Body::from(body));
            let context = RequestContext { idempotency: Some(claim.clone()), ..member.request().clone() };
            request.extensions_mut().insert(member.acting_in(Arc::new(context)));
            // In a task of its own: a caller who hangs up must not leave the key in flight.
            let work = tokio::spawn(async move { remember(&state, &member, &claim, next.run(request).await).await });
            work.await.map_err(AppError::internal)?
        }
        KeyClaim::Answered(answer) => replay(answer),
        KeyClaim::InFlight => {
            Err(conflict("idempotency_key_in_flight", "A request with this Idempotency-Key is being worked on."))
        }
        KeyClaim::AnswerLost => Err(conflict(
            "idempotency_answer_lost",
            "The first request with this Idempotency-Key took effect, but its answer was lost. Read the resource instead of repeating it.",
        )),
        KeyClaim::OtherBody => Err(other_body()),
    }
}

fn other_body() -> AppError {
    AppError::new(Kind::Invalid, "idempotency_key_reused", "This Idempotency-Key was used with another body.")
}

fn conflict(code: &'static str, detail: &'static str) -> AppError {
    AppError::conflict(code, detail)
}

fn key(request: &Request) -> Result<Option<String>> {
    if request.method() != Method::POST {
        return Ok(None);
    }
    let Some(value) = request.headers().get(&IDEMPOTENCY_KEY) else {
        return Ok(None);
    };
    let key = value.to_str().ok().map(str::trim).filter(|key| (1..=255).contains(&key.len()));
    key.map(|key| Some(key.to_owned())).ok_or_else(|| {
        let detail = "Idempotency-Key must be 1 to 255 visible ASCII characters.";
        let fault = Fault::new("Idempotency-Key", "wrong_form", detail);
        AppError::new(Kind::BadRequest, "invalid_header", detail).with_faults(vec![fault])
    })
}

async fn whole(body: Body) -> Result<Bytes> {
    let limited = http_body_util::Limited::new(body, MAX_BODY);
    let collected = limited.collect().await.map_err(|error| {
        if error.is::<http_body_util::LengthLimitError>() {
            AppError::new(Kind::TooLarge, "body_too_large", "The body is larger than this endpoint reads.")
        } else {
            AppError::new(Kind::BadRequest, "body_unreadable", "The body broke off before its end.")
        }
    })?;
    Ok(collected.to_bytes())
}

/// SHA-256 of the route and the body; of JSON, its meaning and not its spelling.
fn fingerprint(route: &str, headers: &HeaderMap, body: &[u8]) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(route.as_bytes());
    hash.update([0]);
    let is_json =
        headers.get(header::CONTENT_TYPE).is_some_and(|value| value.as_bytes().starts_with(b"application/json"));
    match serde_json::from_slice::<Value>(body) {
        Ok(value) if is_json => hash.update(canonical_json(&value)),
        _ => hash.update(body),
    }
    hash.finalize().into()
}

/// Stores a success, unless it shows a secret; gives the key back after a refusal: a request that changed nothing may be mended and
/// sent again.
async fn remember(
    state: &AppState,
    member: &OrgMember,
    claim: &IdempotencyToken,
    response: Response,
) -> Result<Response> {
    if response.extensions().get::<NeverKept>().is_some() {
        // The key stays marked as committed: a repetition acts no second time, and is told that the answer is gone.
        return Ok(response);
    }
    if !response.status().is_success() {
        let mut conn = state.db().read(member).await?;
        conn.idempotency_keys().release(claim).await?;
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
    let answer = StoredAnswer { status: parts.status.as_u16().into(), headers: headers.into(), body: body.to_vec() };
    let mut conn = state.db().read(member).await?;
    conn.idempotency_keys().complete(claim, answer).await?;
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
