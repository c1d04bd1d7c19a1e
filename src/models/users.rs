//! A person who signs in through Clerk.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sqlx::types::Json;

use super::{MemberId, OrganizationId, Role, UserId};

/// A user, as Clerk last told us.
#[derive(Debug, Clone)]
pub struct User {
    pub id: UserId,
    pub clerk_user_id: String,
    pub email: Option<String>,
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub image_url: Option<String>,
    pub banned: bool,
    pub preferences: Json<UserPreferences>,
    pub version: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// What a user sets here; Clerk knows nothing of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct UserPreferences {
    /// An IANA zone name.
    pub timezone: Option<String>,
}

/// An organization that a user is a member of.
#[derive(Debug, Clone)]
pub struct UserOrganization {
    pub id: OrganizationId,
    pub clerk_organization_id: String,
    pub name: String,
    pub slug: Option<String>,
    pub image_url: Option<String>,
    pub version: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub member_id: MemberId,
    pub clerk_role: String,
}

impl UserOrganization {
    /// What the user may do there.
    #[must_use]
    pub fn role(&self) -> Role {
        Role::from_clerk(&self.clerk_role)
    }
}
