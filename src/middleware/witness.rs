//! Typed witnesses, taken out of the request by the controllers that need them.

use std::sync::Arc;

use axum::{extract::FromRequestParts, http::request::Parts};

use crate::{
    errors::{AppError, Result},
    integrations::clerk::SessionToken,
    repositories::{Identified, IdentifiedApiKey, OrgAdmin, OrgMember, OrgPerson, UserScope},
};

/// Proof that the request carries a valid session token. Left by `require_auth`.
#[derive(Debug, Clone)]
pub struct Session {
    pub(super) token: Arc<SessionToken>,
}

impl Session {
    /// What the token says.
    #[must_use]
    pub fn token(&self) -> &SessionToken {
        &self.token
    }
}

/// Proof that the request carries an API key that works. Left by `require_auth`.
#[derive(Debug, Clone)]
pub struct PresentedKey {
    pub(super) key: Arc<IdentifiedApiKey>,
}

/// Proof that the caller is a living user of ours. Left by `load_user`.
#[derive(Debug, Clone)]
pub struct CurrentUser {
    pub(super) scope: UserScope,
    pub(super) identified: Arc<Identified>,
}

impl CurrentUser {
    /// What opens the user's own.
    #[must_use]
    pub fn scope(&self) -> UserScope {
        self.scope
    }
}

macro_rules! taken_from_the_request {
    ($($witness:ty: $guard:literal),+ $(,)?) => {$(
        impl<S: Sync> FromRequestParts<S> for $witness {
            type Rejection = AppError;

            async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self> {
                // A route without its guard is our mistake; tests/it/authorization.rs visits every route to find it.
                parts.extensions.get::<Self>().cloned().ok_or_else(|| AppError::internal(concat!("no guard: ", $guard)))
            }
        }
    )+};
}

impl<S: Sync> FromRequestParts<S> for OrgPerson {
    type Rejection = AppError;

    /// A key that came as far as here stands before what the zone takes keys for and this operation does not.
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self> {
        OrgMember::from_request_parts(parts, state).await?.person().ok_or_else(not_for_keys)
    }
}

/// What a key is told where only a person is let in.
pub(super) fn not_for_keys() -> AppError {
    AppError::forbidden("api_key_not_allowed", "API keys do not work here: this takes a person's session token.")
}

taken_from_the_request! {
    Session: "require_auth",
    CurrentUser: "load_user",
    OrgMember: "admit_api_key or verify_organization_membership",
    OrgAdmin: "require_organization_admin",
}
