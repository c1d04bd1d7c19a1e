//! `require_auth`: a valid session token, or 401.

use std::{sync::Arc, time::Duration};

use axum::{
    extract::{Request, State},
    http::{HeaderMap, header},
    middleware::Next,
    response::Response,
};

use super::{observe::client_address, rate_limit::refused, witness::Session};
use crate::{
    errors::{AppError, Kind, Result},
    integrations::clerk::SessionToken,
    state::AppState,
};

/// Lets a request through that carries a valid Clerk session token, and leaves a [`Session`] in it. Only who fails is counted, and only
/// after the token was looked at: many people may share an address, and one of them must not shut the others out.
///
/// # Errors
/// 401 with the reason; 429 instead to an address that fails too often; 503 if the issuer's keys cannot be had.
pub async fn require_auth(State(state): State<AppState>, mut request: Request, next: Next) -> Result<Response> {
    let address = client_address(&state, &request).unwrap_or_default();
    let token = match verified(&state, request.headers()).await {
        Ok(token) => token,
        Err(error) if error.kind() == Kind::Unauthenticated => {
            let counted = state.sign_in_failures().count(&address);
            return counted.map_or_else(|wait| Ok(too_many_failures(&state, wait)), |_| Err(error));
        }
        Err(error) => return Err(error),
    };
    request.extensions_mut().insert(Session { token });
    Ok(next.run(request).await)
}

fn too_many_failures(state: &AppState, wait: Duration) -> Response {
    let detail = "Too many failed sign-ins from this address. Wait a moment.";
    refused(state.sign_in_failures(), wait, "too_many_failures", detail)
}

async fn verified(state: &AppState, headers: &HeaderMap) -> Result<Arc<SessionToken>> {
    let token = bearer(headers)?;
    let verifier = state.verifier().ok_or_else(|| {
        AppError::new(
            Kind::Unauthenticated,
            "identity_not_configured",
            "This server has no Clerk settings: nobody can sign in.",
        )
    })?;
    Ok(verifier.verify(token).await?)
}

/// The token of `Authorization: Bearer …` (RFC 6750, 2.1). Cookies are not read, so no request can be forged across sites.
fn bearer(headers: &HeaderMap) -> Result<&str> {
    let missing = || {
        AppError::new(Kind::Unauthenticated, "token_missing", "Send a session token: Authorization: Bearer <token>.")
    };
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let value = values.next().ok_or_else(missing)?;
    if values.next().is_some() {
        return Err(AppError::new(
            Kind::BadRequest,
            "invalid_authorization",
            "Send one Authorization header, not several.",
        ));
    }
    let (scheme, token) = value.to_str().ok().and_then(|value| value.split_once(' ')).ok_or_else(missing)?;
    if scheme.eq_ignore_ascii_case("bearer") { Ok(token.trim()) } else { Err(missing()) }
}
