//! Invitations on the wire.

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use super::{
    extract::Checked,
    page::{PageDto, both, checked_limit},
};
use crate::{
    errors::{Fault, Result},
    integrations::clerk::{Invitation, InvitationPage},
    models::Role,
    services::invitations::Invite,
};

/// An invitation, as Clerk keeps it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Invitation)]
pub struct InvitationDto {
    /// Clerk's id of the invitation.
    #[schema(example = "orginv_2abcDEF")]
    pub id: String,
    /// Who is invited.
    #[schema(example = "robin@example.com")]
    pub email: String,
    /// What they will be.
    pub role: Role,
    /// The role as Clerk names it.
    #[schema(example = "org:member")]
    pub clerk_role: String,
    /// `pending`, `accepted`, `revoked` or `expired`.
    #[schema(example = "pending")]
    pub status: String,
    /// When it was sent.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

impl From<Invitation> for InvitationDto {
    fn from(invitation: Invitation) -> Self {
        let Invitation { id, email_address, role, status, created_at, updated_at } = invitation;
        let clerk_role = role;
        let role = Role::from_clerk(&clerk_role);
        Self { id, email: email_address, role, clerk_role, status, created_at, updated_at }
    }
}

/// Somebody to be invited.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"email": "robin@example.com", "role": "member"}))]
pub struct CreateInvitationRequest {
    /// Their address, to which Clerk writes.
    #[schema(format = "email", max_length = 254)]
    pub email: String,
    /// What they will be; `member` unless said otherwise.
    pub role: Option<Role>,
}

impl From<CreateInvitationRequest> for Invite {
    fn from(request: CreateInvitationRequest) -> Self {
        let CreateInvitationRequest { email, role } = request;
        Self { email, role: role.unwrap_or(Role::Member) }
    }
}

/// Which part of the invitations is wanted.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct InvitationParams {
    /// Rows wanted, 1 to 200.
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub limit: Option<i64>,
    /// The `next_cursor` of the page before.
    pub cursor: Option<String>,
}

/// Where a page of invitations lies. Clerk counts where our own lists seek.
#[derive(Debug, Clone, Copy)]
pub struct InvitationRange {
    /// Rows wanted at the most.
    pub limit: u32,
    /// Rows passed over.
    pub offset: u32,
}

impl Checked for InvitationParams {
    type Read = InvitationRange;

    fn check(self) -> Result<InvitationRange, Vec<Fault>> {
        let Self { limit, cursor } = self;
        let (limit, offset) = both(checked_limit(limit), cursor.map(|cursor| decode(&cursor)).transpose())?;
        Ok(InvitationRange { limit: limit.try_into().unwrap_or(u32::MAX), offset: offset.unwrap_or(0) })
    }
}

fn decode(cursor: &str) -> Result<u32, Fault> {
    let bytes = URL_SAFE_NO_PAD.decode(cursor).ok().and_then(|bytes| bytes.try_into().ok());
    let fault = || Fault::new("cursor", "invalid_cursor", "cursor must be the next_cursor of this same list.");
    bytes.map(u32::from_be_bytes).ok_or_else(fault)
}

/// A page of invitations, ready to be sent.
#[derive(Debug)]
pub struct PagedInvitations(PageDto<InvitationDto>);

impl PagedInvitations {
    /// The page at `range`.
    #[must_use]
    pub fn new(page: InvitationPage, range: InvitationRange) -> Self {
        let InvitationPage { data, total_count } = page;
        let end = range.offset.saturating_add(u32::try_from(data.len()).unwrap_or(u32::MAX));
        let more = !data.is_empty() && u64::from(end) < total_count;
        let next_cursor = more.then(|| URL_SAFE_NO_PAD.encode(end.to_be_bytes()));
        Self(PageDto { data: data.into_iter().map(InvitationDto::from).collect(), next_cursor, total: None })
    }
}

impl IntoResponse for PagedInvitations {
    fn into_response(self) -> Response {
        Json(self.0).into_response()
    }
}
