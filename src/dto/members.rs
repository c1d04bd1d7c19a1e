//! Members on the wire.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use crate::models::{Member, MemberId, Role, UserId};

/// A member of an organization.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Member)]
pub struct MemberDto {
    /// The membership's id.
    pub id: MemberId,
    /// The user's id.
    pub user_id: UserId,
    /// Clerk's id of the user.
    #[schema(example = "user_2abcDEF")]
    pub clerk_user_id: String,
    /// What the member may do.
    pub role: Role,
    /// The role as Clerk names it; its custom roles are ordinary members here.
    #[schema(example = "org:member")]
    pub clerk_role: String,
    /// The primary address; null until Clerk tells it.
    #[schema(example = "dana@example.com")]
    pub email: Option<String>,
    /// Given name.
    #[schema(example = "Dana")]
    pub first_name: Option<String>,
    /// Family name.
    #[schema(example = "Demo")]
    pub last_name: Option<String>,
    /// Picture.
    pub image_url: Option<String>,
    /// Counts every change of the membership; also the `ETag`.
    #[schema(example = 1)]
    pub version: i64,
    /// When we first heard of the membership.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

impl From<Member> for MemberDto {
    fn from(member: Member) -> Self {
        let role = member.role();
        let Member {
            id,
            organization_id: _,
            user_id,
            clerk_role,
            version,
            created_at,
            updated_at,
            clerk_user_id,
            email,
            first_name,
            last_name,
            image_url,
        } = member;
        Self {
            id,
            user_id,
            clerk_user_id,
            role,
            clerk_role,
            email,
            first_name,
            last_name,
            image_url,
            version,
            created_at,
            updated_at,
        }
    }
}

/// A merge patch of a member (RFC 7396).
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"role": "admin"}))]
pub struct UpdateMemberRequest {
    /// What the member may do from now on.
    #[schema(nullable = false)]
    pub role: Option<Role>,
}
