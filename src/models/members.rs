//! A person's membership of an organization.

use chrono::{DateTime, Utc};

use super::{MemberId, OrganizationId, UserId};
use crate::text_enum;

/// Clerk's name of the built-in role that may administer an organization.
pub const CLERK_ADMIN_ROLE: &str = "org:admin";
/// Clerk's name of the built-in ordinary role.
pub const CLERK_MEMBER_ROLE: &str = "org:member";

text_enum! {
    /// What a member may do. Clerk's custom roles are ordinary members to us.
    Role {
        /// May use everything that is not an administrator's.
        Member = "member",
        /// May also manage members, keys and settings, and read the audit log.
        Admin = "admin",
    }
}

impl Role {
    /// Clerk's name of it.
    #[must_use]
    pub fn as_clerk(self) -> &'static str {
        match self {
            Self::Member => CLERK_MEMBER_ROLE,
            Self::Admin => CLERK_ADMIN_ROLE,
        }
    }

    /// What Clerk's role means here.
    #[must_use]
    pub fn from_clerk(clerk_role: &str) -> Self {
        if clerk_role == CLERK_ADMIN_ROLE { Self::Admin } else { Self::Member }
    }
}

/// A live membership with the person it is of.
#[derive(Debug, Clone)]
pub struct Member {
    pub id: MemberId,
    pub organization_id: OrganizationId,
    pub user_id: UserId,
    pub clerk_role: String,
    pub version: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub clerk_user_id: String,
    pub email: Option<String>,
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub image_url: Option<String>,
}

impl Member {
    /// What the member may do.
    #[must_use]
    pub fn role(&self) -> Role {
        Role::from_clerk(&self.clerk_role)
    }
}
