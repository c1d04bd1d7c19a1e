//! The one query that proves which person is calling: user, organization and membership in one round trip.

use sqlx::types::Json;
use uuid::Uuid;

use super::base::{Database, OrgMember, UserScope};
use crate::{
    errors::Result,
    models::{MemberId, OrganizationId, OrganizationSettings, Role, UserId},
};

/// An organization as a caller names it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum OrganizationRef {
    /// By our id.
    Id(OrganizationId),
    /// By Clerk's id.
    Clerk(String),
}

/// What the database knows of a caller.
#[derive(Debug, Clone)]
pub struct Identified {
    /// The user, unless we have never heard of them.
    pub user: Option<UserStanding>,
    /// The organization that was asked for, unless we have never heard of it.
    pub organization: Option<OrganizationStanding>,
}

/// What the database knows of a user.
#[derive(Debug, Clone, Copy)]
pub struct UserStanding {
    /// Our id.
    pub id: UserId,
    /// Whether Clerk has deleted the user.
    pub deleted: bool,
    /// Whether Clerk has banned the user.
    pub banned: bool,
}

/// What the database knows of an organization and of the user in it.
#[derive(Debug, Clone)]
pub struct OrganizationStanding {
    /// Our id.
    pub id: OrganizationId,
    /// Clerk's id.
    pub clerk_id: String,
    /// Whether Clerk has deleted the organization.
    pub deleted: bool,
    /// Whether a token may introduce a member.
    pub just_in_time_members: bool,
    /// Whether the user was a member once and is no longer.
    pub left: bool,
    membership: Option<(MemberId, Role)>,
}

impl OrganizationStanding {
    /// Whether the user is a member now.
    #[must_use]
    pub fn is_member(&self) -> bool {
        self.membership.is_some()
    }
}

impl Identified {
    /// Proof that the user lives and is not banned.
    #[must_use]
    pub fn user_scope(&self) -> Option<UserScope> {
        self.user.filter(|user| !user.deleted && !user.banned).map(|user| UserScope::new(user.id))
    }

    /// Proof of membership, if user, organization and membership are all alive. `ceiling` is what the caller's token says of this
    /// organization: the database may deny what a token grants, never grant what it denies.
    #[must_use]
    pub fn member(&self, ceiling: Option<Role>) -> Option<OrgMember> {
        let user = self.user.filter(|user| !user.deleted && !user.banned)?;
        let organization = self.organization.as_ref().filter(|organization| !organization.deleted)?;
        let (member, role) = organization.membership?;
        let role = ceiling.map_or(role, |ceiling| role.min(ceiling));
        Some(OrgMember::new(organization.id, user.id, member, role))
    }
}

impl Database {
    /// Looks up a caller by Clerk's user id, and how they stand in `organization`.
    ///
    /// # Errors
    /// The database is away.
    pub async fn identify(&self, clerk_user_id: &str, organization: Option<&OrganizationRef>) -> Result<Identified> {
        let (id, clerk_id): (Option<Uuid>, Option<&str>) = match organization {
            Some(OrganizationRef::Id(id)) => (Some(id.0), None),
            Some(OrganizationRef::Clerk(clerk_id)) => (None, Some(clerk_id)),
            None => (None, None),
        };
        let row = sqlx::query!(
            r#"select u.id as "user_id?: UserId", u.deleted_at is not null as "user_deleted!", u.banned as "banned?",
                      o.id as "organization_id?: OrganizationId", o.clerk_organization_id as "clerk_organization_id?",
                      o.deleted_at is not null as "organization_deleted!",
                      o.settings as "settings?: Json<OrganizationSettings>",
                      m.id as "member_id?: MemberId", m.clerk_role as "clerk_role?",
                      exists (select from organization_members gone where gone.organization_id = o.id and gone.user_id = u.id
                              and gone.deleted_at is not null) as "left!"
               from (values ($1::text)) as caller (clerk_user_id)
               left join users u on u.clerk_user_id = caller.clerk_user_id
               left join organizations o on o.id = $2 or o.clerk_organization_id = $3
               left join organization_members m on m.organization_id = o.id and m.user_id = u.id and m.deleted_at is null"#,
            clerk_user_id,
            id,
            clerk_id,
        )
        .fetch_one(&mut *self.system().await?)
        .await?;
        let user =
            row.user_id.map(|id| UserStanding { id, deleted: row.user_deleted, banned: row.banned.unwrap_or(false) });
        let organization = row.organization_id.map(|id| OrganizationStanding {
            id,
            clerk_id: row.clerk_organization_id.unwrap_or_default(),
            deleted: row.organization_deleted,
            just_in_time_members: row.settings.is_none_or(|settings| settings.just_in_time_members),
            left: row.left,
            membership: row.member_id.zip(row.clerk_role.as_deref().map(Role::from_clerk)),
        });
        Ok(Identified { user, organization })
    }
}
