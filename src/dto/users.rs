//! The signed-in user on the wire.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_with::rust::double_option;
use sqlx::types::Json;
use utoipa::ToSchema;
use validator::Validate;

use super::patch::patch;
use crate::{
    models::{MemberId, OrganizationId, Role, User, UserId, UserOrganization, UserPreferences},
    services::users::{UserChanges, UserWithOrganizations},
    utils::timezone,
};

/// The signed-in user.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Me)]
pub struct MeDto {
    /// The user's id.
    pub id: UserId,
    /// Clerk's id of the user.
    #[schema(example = "user_2abcDEF")]
    pub clerk_user_id: String,
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
    /// What users set themselves.
    pub preferences: UserPreferencesDto,
    /// The latest 200 memberships; `GET /organizations` pages through all.
    pub memberships: Vec<MembershipDto>,
    /// Counts every change; also the `ETag`.
    #[schema(example = 1)]
    pub version: i64,
    /// When we first heard of the user.
    pub created_at: DateTime<Utc>,
    /// When they last changed.
    pub updated_at: DateTime<Utc>,
}

/// What users set themselves.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = UserPreferences)]
pub struct UserPreferencesDto {
    /// An IANA time zone.
    #[schema(example = "Europe/Berlin")]
    pub timezone: Option<String>,
}

/// A membership, seen by its user.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Membership)]
pub struct MembershipDto {
    /// The membership's id.
    pub id: MemberId,
    /// What the user may do.
    pub role: Role,
    /// Where.
    pub organization: MembershipOrganizationDto,
}

/// The organization of a membership.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MembershipOrganization)]
pub struct MembershipOrganizationDto {
    /// The organization's id.
    pub id: OrganizationId,
    /// Clerk's id of it.
    #[schema(example = "org_2abcDEF")]
    pub clerk_organization_id: String,
    /// Its name.
    #[schema(example = "Demo Organization")]
    pub name: String,
    /// Its slug, if it has one.
    #[schema(example = "demo")]
    pub slug: Option<String>,
    /// Its logo.
    pub image_url: Option<String>,
}

impl From<UserWithOrganizations> for MeDto {
    fn from(told: UserWithOrganizations) -> Self {
        let UserWithOrganizations { user, organizations } = told;
        let User {
            id,
            clerk_user_id,
            email,
            first_name,
            last_name,
            image_url,
            // Who is banned does not get here.
            banned: _,
            preferences: Json(UserPreferences { timezone }),
            version,
            created_at,
            updated_at,
        } = user;
        Self {
            id,
            clerk_user_id,
            email,
            first_name,
            last_name,
            image_url,
            preferences: UserPreferencesDto { timezone },
            memberships: organizations.into_iter().map(MembershipDto::from).collect(),
            version,
            created_at,
            updated_at,
        }
    }
}

impl From<UserOrganization> for MembershipDto {
    fn from(organization: UserOrganization) -> Self {
        let role = organization.role();
        let UserOrganization { id, clerk_organization_id, name, slug, image_url, member_id, .. } = organization;
        let organization = MembershipOrganizationDto { id, clerk_organization_id, name, slug, image_url };
        Self { id: member_id, role, organization }
    }
}

/// A merge patch of the signed-in user (RFC 7396): an absent field stays, null clears. Names and addresses are changed at Clerk.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"preferences": {"timezone": "Europe/Berlin"}}))]
pub struct UpdateMeRequest {
    /// What users set themselves.
    #[schema(nullable = false)]
    pub preferences: Option<UpdatePreferences>,
}

/// A merge patch of what users set themselves.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdatePreferences {
    /// An IANA time zone; null clears it.
    #[serde(default, with = "double_option")]
    #[schema(format = "timezone", max_length = 64, value_type = Option<String>, example = "Europe/Berlin")]
    pub timezone: Option<Option<String>>,
}

impl From<UpdateMeRequest> for UserChanges {
    fn from(request: UpdateMeRequest) -> Self {
        let UpdateMeRequest { preferences } = request;
        let UpdatePreferences { timezone } = preferences.unwrap_or(UpdatePreferences { timezone: None });
        Self { timezone: patch(timezone.map(|zone| zone.map(timezone::canonical))) }
    }
}
