//! `require_auth`: a valid session token or API key, or 401.

use std::{
    net::{IpAddr, Ipv6Addr},
    time::Duration,
};

use axum::{
    extract::{MatchedPath, Request, State},
    http::{HeaderName, header},
    middleware::Next,
    response::Response,
};

use super::{
    observe::{client_address, method_label, request_context},
    rate_limit::refused,
    witness::{PresentedKey, Session},
};
use crate::{
    errors::{AppError, Kind, Result},
    models::{ApiKeyHash, ApiKeySecret, KeyUse},
    repositories::RequestContext,
    services::Turn,
    state::AppState,
};

/// What a caller without a credential is told.
pub const MISSING: &str = "Send a session token, or an API key where one is taken: Authorization: Bearer <token>.";

static API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// What a request is signed with.
enum Credential<'r> {
    Token(&'r str),
    /// None if it cannot be a key: the checksum tells a mistyped or invented one.
    ApiKey(Option<ApiKeyHash>, KeyUse),
}

/// Who a request is from.
enum Caller {
    Session(Session),
    ApiKey(PresentedKey, KeyUse),
}

/// Lets a request through that carries a valid Clerk session token or API key, and leaves a [`Session`] or a [`PresentedKey`] in it. Only
/// who fails is counted, and only after the credential was looked at: many people may share an address, and one of them must not shut the
/// others out. A key that the database would have to be asked for, and that has not worked here lately, is counted before: guesses must
/// cost it no more than what an address is allowed.
///
/// # Errors
/// 400 for several credentials; 401 with the reason; 429 instead to an address that fails too often; 503 if the issuer's keys, or the
/// database, cannot be reached.
pub async fn require_auth(State(state): State<AppState>, mut request: Request, next: Next) -> Result<Response> {
    let address = client_address(&state, &request).map(|address| counted_as(&address)).unwrap_or_default();
    let credential = credential(&state, &request);
    let turn = match counted_before(&state, &credential, &address).await {
        Ok(turn) => turn,
        Err(wait) => return Ok(too_many_failures(&state, wait)),
    };
    let identified = identified(&state, credential).await;
    let is_counted = turn.is_some();
    drop(turn);
    let caller = match identified {
        Ok(caller) => caller,
        Err(error) if error.kind() == Kind::Unauthenticated && !is_counted => {
            let counted = state.sign_in_failures().count(&address);
            return counted.map_or_else(|wait| Ok(too_many_failures(&state, wait)), |_| Err(error));
        }
        Err(error) => return Err(error),
    };
    let (presented, used_for) = match caller {
        Caller::Session(session) => {
            request.extensions_mut().insert(session);
            return Ok(next.run(request).await);
        }
        Caller::ApiKey(presented, used_for) => (presented, used_for),
    };
    // Whatever becomes of the request: a key that is refused what it asks for is what an auditor looks for.
    let under_way = state.api_keys().using(&presented.key, used_for);
    request.extensions_mut().insert(presented);
    let response = next.run(request).await;
    under_way.answered(response.status().as_u16());
    Ok(response)
}

/// What failures from an address are counted under: of IPv6 its network of 64 bits, since whoever has one address there has all of them.
fn counted_as(address: &str) -> String {
    match address.parse::<IpAddr>().map(|address| address.to_canonical()) {
        Ok(IpAddr::V6(address)) => {
            let network = address.to_bits() >> 64 << 64;
            format!("{}/64", Ipv6Addr::from_bits(network))
        }
        Ok(address) => address.to_string(),
        Err(_) => address.to_owned(),
    }
}

/// Counts a key that the database would have to be asked for as if it were refused: once, however many present it at a time.
async fn counted_before(
    state: &AppState,
    credential: &Result<Credential<'_>>,
    address: &String,
) -> Result<Option<Turn>, Duration> {
    let Ok(Credential::ApiKey(Some(hash), _)) = credential else { return Ok(None) };
    if !state.api_keys().is_strange(hash) {
        return Ok(None);
    }
    let turn = state.api_keys().turn(hash).await;
    // Whoever was first with it may know by now.
    if !state.api_keys().is_strange(hash) {
        return Ok(None);
    }
    state.sign_in_failures().count(address)?;
    Ok(Some(turn))
}

/// What a key is presented for, and from where.
fn used_for(state: &AppState, request: &Request) -> KeyUse {
    let route = request.extensions().get::<MatchedPath>().map_or("unmatched", MatchedPath::as_str);
    let RequestContext { ip_address, user_agent, .. } = request_context(state, request);
    KeyUse { operation: format!("{} {route}", method_label(request.method())), ip_address, user_agent }
}

fn too_many_failures(state: &AppState, wait: Duration) -> Response {
    let detail = "Too many failed sign-ins from this address. Wait a moment.";
    refused(state.sign_in_failures(), wait, "too_many_failures", detail)
}

async fn identified(state: &AppState, credential: Result<Credential<'_>>) -> Result<Caller> {
    match credential? {
        Credential::Token(token) => {
            let verifier = state.verifier().ok_or_else(|| {
                AppError::new(
                    Kind::Unauthenticated,
                    "identity_not_configured",
                    "This server has no Clerk settings: nobody can sign in.",
                )
            })?;
            Ok(Caller::Session(Session { token: verifier.verify(token).await? }))
        }
        Credential::ApiKey(hash, used_for) => {
            let hash = hash.ok_or_else(|| {
                AppError::new(Kind::Unauthenticated, "api_key_malformed", "This is no API key, or not a whole one.")
            })?;
            let key = state.api_keys().identify(hash, &used_for).await?;
            Ok(Caller::ApiKey(PresentedKey { key }, used_for))
        }
    }
}

/// The token or key of `Authorization: Bearer …` (RFC 6750, 2.1), or the key of `X-API-Key`. Cookies are not read, so no request can be
/// forged across sites.
fn credential<'r>(state: &AppState, request: &'r Request) -> Result<Credential<'r>> {
    let headers = request.headers();
    let mut bearers = headers.get_all(header::AUTHORIZATION).iter();
    let mut keys = headers.get_all(&API_KEY).iter();
    match (bearers.next(), keys.next()) {
        (None, Some(key)) if keys.next().is_none() => {
            let key = key.to_str().map(str::trim).unwrap_or_default();
            Ok(Credential::ApiKey(hash_of(key), used_for(state, request)))
        }
        (Some(bearer), None) if bearers.next().is_none() => {
            let parts = bearer.to_str().ok().and_then(|value| value.split_once(' '));
            let (_, token) = parts.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")).ok_or_else(missing)?;
            let token = token.trim();
            let is_key = token.starts_with(ApiKeySecret::PREFIX);
            Ok(if is_key {
                Credential::ApiKey(hash_of(token), used_for(state, request))
            } else {
                Credential::Token(token)
            })
        }
        (None, None) => Err(missing()),
        _ => Err(AppError::new(
            Kind::BadRequest,
            "invalid_authorization",
            "Send one Authorization header or one X-API-Key header, not several.",
        )),
    }
}

fn hash_of(key: &str) -> Option<ApiKeyHash> {
    ApiKeySecret::parse(key).map(|secret| secret.hash())
}

fn missing() -> AppError {
    AppError::new(Kind::Unauthenticated, "token_missing", MISSING)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_are_counted_by_the_network_that_one_caller_has() {
        for (address, counted) in [
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
            ("2001:db8:1:2::", "2001:db8:1:2::/64"),
            ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
            ("::1", "::/64"),
            ("203.0.113.7", "203.0.113.7"),
            ("::ffff:203.0.113.7", "203.0.113.7"),
            ("", ""),
        ] {
            assert_eq!(counted_as(address), counted, "{address}");
        }
    }
}
