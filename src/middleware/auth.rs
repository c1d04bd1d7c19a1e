//! `require_auth`: a valid session token, or 401.

use axum::{
    extract::{Request, State},
    http::{HeaderMap, header},
    middleware::Next,
    response::Response,
};

use super::witness::Session;
use crate::{
    errors::{AppError, Kind, Result},
    state::AppState,
};

/// Lets a request through that carries a valid Clerk session token, and leaves a [`Session`] in it.
///
/// # Errors
/// 401 with the reason; 503 if the issuer's keys cannot be had.
pub async fn require_auth(State(state): State<AppState>, mut request: Request, next: Next) -> Result<Response> {
    let token = bearer(request.headers())?;
    let verifier = state.verifier().ok_or_else(|| {
        AppError::new(
            Kind::Unauthenticated,
            "identity_not_configured",
            "This server has no Clerk settings: nobody can sign in.",
        )
    })?;
    let token = verifier.verify(token).await?;
    request.extensions_mut().insert(Session { token });
    Ok(next.run(request).await)
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
