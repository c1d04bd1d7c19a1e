//! `load_user`, `require_organization`, `verify_organization_membership`, `require_organization_admin`.
//!
//! One round trip answers for all four: `load_user` asks for the user together with the organization that the request is about, and the
//! guards after it read the answer.

use std::sync::Arc;

use axum::{
    RequestExt,
    extract::{RawPathParams, Request, State},
    http::HeaderMap,
    middleware::Next,
    response::Response,
};

use super::{
    observe::request_context,
    watched_body::watched,
    witness::{CurrentUser, Session},
};
use crate::{
    errors::{AppError, Fault, Kind, Result},
    integrations::clerk::SessionToken,
    models::Role,
    repositories::{Need, OrgMember, OrgPerson, OrganizationRef},
    state::AppState,
};

/// Where a zone's requests name their organization.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrganizationSource {
    /// In the header `X-Organization-Id`, or else as the token's active organization.
    Context,
    /// In the path, as `/organizations/{id}`.
    Path,
}

const ORGANIZATION_HEADER: &str = "x-organization-id";

/// How a request named its organization.
#[derive(Debug, Clone)]
enum Named {
    Explicitly(OrganizationRef),
    ByToken(OrganizationRef),
}

impl Named {
    fn reference(&self) -> &OrganizationRef {
        match self {
            Self::Explicitly(reference) | Self::ByToken(reference) => reference,
        }
    }
}

/// Finds the token's user, introducing one who is new, and leaves a [`CurrentUser`].
///
/// # Errors
/// 401 for a user whom Clerk has deleted, 403 for a banned one, 503 while the database is away.
pub async fn load_user(
    State((state, source)): State<(AppState, OrganizationSource)>,
    mut request: Request,
    next: Next,
) -> Result<Response> {
    if is_admitted(&request) {
        return Ok(next.run(request).await);
    }
    let session: Session = request.extract_parts().await?;
    let named = named(source, &mut request, session.token()).await?;
    let reference = named.as_ref().map(|named| named.reference().clone());
    let identified = state.identity().identify(session.token(), reference).await?;
    let scope = identified.user_scope().ok_or_else(|| match identified.user {
        Some(user) if user.deleted => {
            AppError::new(Kind::Unauthenticated, "user_deleted", "This user no longer exists.")
        }
        Some(_) => AppError::forbidden("user_banned", "This user is banned."),
        None => AppError::new(Kind::Unauthenticated, "user_unknown", "Sign in again."),
    })?;
    if let Some(named) = named {
        request.extensions_mut().insert(named);
    }
    request.extensions_mut().insert(CurrentUser { scope, identified });
    Ok(next.run(request).await)
}

/// Lets a request through that names an organization.
///
/// # Errors
/// 400 `organization_required`.
pub async fn require_organization(request: Request, next: Next) -> Result<Response> {
    if !is_admitted(&request) && request.extensions().get::<Named>().is_none() {
        return Err(AppError::new(
            Kind::BadRequest,
            "organization_required",
            "Choose an organization: make one active in the session, or name it in X-Organization-Id.",
        ));
    }
    Ok(next.run(request).await)
}

/// Lets a request through whose user is a member of the named organization, and leaves an [`OrgMember`]: a person.
///
/// # Errors
/// 404 if the caller named an organization that is not theirs, whether it exists or not; 403 if the token's own organization is no
/// longer theirs.
pub async fn verify_organization_membership(
    State((state, need)): State<(AppState, Need)>,
    mut request: Request,
    next: Next,
) -> Result<Response> {
    if is_admitted(&request) {
        return Ok(next.run(request).await);
    }
    let session: Session = request.extract_parts().await?;
    let user: CurrentUser = request.extract_parts().await?;
    let by_token = matches!(request.extensions().get::<Named>(), Some(Named::ByToken(_)));
    let ceiling =
        user.identified.organization.as_ref().and_then(|standing| role_in(session.token(), &standing.clerk_id));
    let member = user.identified.member(ceiling).ok_or_else(|| {
        if by_token {
            AppError::forbidden("membership_required", "You are not a member of the session's active organization.")
        } else {
            AppError::not_found("organization")
        }
    })?;
    let context = request_context(&state, &request);
    request.extensions_mut().insert(member.acting_in(Arc::new(context)));
    let request = watched(&state, &member, need, request);
    let mut response = next.run(request).await;
    response.extensions_mut().insert(member);
    Ok(response)
}

/// Lets a request through whose person is an administrator, and leaves an `OrgAdmin`.
///
/// # Errors
/// 403 `admin_required`.
pub async fn require_organization_admin(person: OrgPerson, mut request: Request, next: Next) -> Result<Response> {
    let admin = person.admin().ok_or_else(|| {
        AppError::forbidden("admin_required", "Only an administrator of the organization may do this.")
    })?;
    request.extensions_mut().insert(admin);
    Ok(next.run(request).await)
}

/// Whether `admit_api_key` has let the request through: a key is no user, and its organization was proved with it.
fn is_admitted(request: &Request) -> bool {
    request.extensions().get::<OrgMember>().is_some()
}

async fn named(source: OrganizationSource, request: &mut Request, token: &SessionToken) -> Result<Option<Named>> {
    if source == OrganizationSource::Path {
        let params: RawPathParams = request.extract_parts().await.map_err(|_| AppError::not_found("organization"))?;
        let id = params.iter().find(|(name, _)| *name == "id").map(|(_, value)| value.to_owned());
        let reference = id.as_deref().and_then(reference).ok_or_else(|| AppError::not_found("organization"))?;
        return Ok(Some(Named::Explicitly(reference)));
    }
    if let Some(reference) = organization_header(request.headers())? {
        return Ok(Some(Named::Explicitly(reference)));
    }
    Ok(token.organization.as_ref().map(|organization| Named::ByToken(OrganizationRef::Clerk(organization.id.clone()))))
}

/// The organization that `X-Organization-Id` names, if there is one.
pub(super) fn organization_header(headers: &HeaderMap) -> Result<Option<OrganizationRef>> {
    let Some(value) = headers.get(ORGANIZATION_HEADER) else {
        return Ok(None);
    };
    value.to_str().ok().and_then(reference).map(Some).ok_or_else(|| {
        let detail = "X-Organization-Id must be an organization's id, ours or Clerk's.";
        AppError::new(Kind::BadRequest, "invalid_header", detail).with_faults(vec![Fault::new(
            "X-Organization-Id",
            "wrong_form",
            detail,
        )])
    })
}

/// An organization's id: ours, a UUID, or Clerk's, which begins with `org_`.
fn reference(text: &str) -> Option<OrganizationRef> {
    let text = text.trim();
    if let Ok(id) = text.parse() {
        return Some(OrganizationRef::Id(id));
    }
    let clerk = text.len() <= 255
        && text.strip_prefix("org_").is_some_and(|rest| rest.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_'));
    clerk.then(|| OrganizationRef::Clerk(text.to_owned()))
}

/// The role that the token grants in an organization, if it speaks of that one. A role that the token leaves out is an ordinary one.
fn role_in(token: &SessionToken, clerk_id: &str) -> Option<Role> {
    let organization = token.organization.as_ref().filter(|organization| organization.id == clerk_id)?;
    Some(organization.role.as_deref().map_or(Role::Member, Role::from_clerk))
}
