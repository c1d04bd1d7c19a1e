//! Typed witnesses, taken out of the request by the controllers that need them.

use std::sync::Arc;

use axum::{extract::FromRequestParts, http::request::Parts};

use crate::{
    errors::{AppError, Result},
    integrations::clerk::SessionToken,
    repositories::{Identified, OrgAdmin, OrgMember, UserScope},
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

taken_from_the_request! {
    Session: "require_auth",
    CurrentUser: "load_user",
    OrgMember: "verify_organization_membership",
    OrgAdmin: "require_organization_admin",
}
