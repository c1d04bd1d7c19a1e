//! Whose members are to be compared with Clerk's, and what is known of them.

use chrono::{DateTime, Utc};
use serde_json::json;

use crate::{
    errors::Result,
    models::{AuditEntry, MemberId, OrganizationId, UserId, clerk_sync::KnownMember},
    repositories::{Database, SyncTx},
};

/// An organization whose turn it is.
#[derive(Debug, Clone)]
pub struct ComparedOrganization {
    /// Ours.
    pub id: OrganizationId,
    /// Clerk's, as in `org_2abc`.
    pub clerk_organization_id: String,
}

impl Database {
    /// Takes the organization whose members were compared longest ago, if that was before `before`. Nobody else takes it until then again.
    ///
    /// # Errors
    /// The database's.
    pub async fn take_organization_to_compare(
        &self,
        before: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<Option<ComparedOrganization>> {
        Ok(sqlx::query_as!(
            ComparedOrganization,
            r#"update organizations set members_compared_at = $2
               where id = (select id from organizations
                           where deleted_at is null and (members_compared_at is null or members_compared_at < $1)
                           order by members_compared_at nulls first limit 1 for no key update skip locked)
               returning id, clerk_organization_id"#,
            before,
            now,
        )
        .fetch_optional(&mut *self.system().await?)
        .await?)
    }

    /// Lets an organization have its turn again as if its members had last been compared at `at`.
    ///
    /// # Errors
    /// The database's.
    pub async fn compare_again(&self, organization: OrganizationId, at: DateTime<Utc>) -> Result<()> {
        sqlx::query!("update organizations set members_compared_at = $2 where id = $1", organization.0, at)
            .execute(&mut *self.system().await?)
            .await?;
        Ok(())
    }

    /// The members that an organization has had since before `before`, in the order of their ids, after `after`.
    ///
    /// # Errors
    /// The database's.
    pub async fn members_to_compare(
        &self,
        organization: OrganizationId,
        before: DateTime<Utc>,
        after: Option<MemberId>,
        limit: i64,
    ) -> Result<Vec<KnownMember>> {
        Ok(sqlx::query_as!(
            KnownMember,
            r#"select m.id, m.user_id, u.clerk_user_id, m.clerk_membership_id
               from organization_members m join users u on u.id = m.user_id
               where m.organization_id = $1 and m.deleted_at is null and m.updated_at < $2 and ($3::uuid is null or m.id > $3)
               order by m.id limit $4"#,
            organization.0,
            before,
            after.map(|id| id.0),
            limit,
        )
        .fetch_all(&mut *self.system().await?)
        .await?)
    }
}

impl SyncTx {
    /// Forgets a member whom a session token introduced and of whom no membership was ever heard. There is no id of Clerk's to remember
    /// that it ended; should Clerk tell of one later, or sign a token that says so, they are welcome again.
    ///
    /// # Errors
    /// The database's.
    pub async fn forget_introduced(
        &mut self,
        organization: OrganizationId,
        id: MemberId,
        user: UserId,
    ) -> Result<bool> {
        let role = sqlx::query_scalar!(
            r#"delete from organization_members where organization_id = $1 and id = $2 and clerk_membership_id is null
               returning clerk_role"#,
            organization.0,
            id.0,
        )
        .fetch_optional(self.conn())
        .await?;
        let Some(role) = role else { return Ok(false) };
        let entry = AuditEntry::new("member.removed", "member", id.0);
        self.audit(organization, vec![entry.change(json!({"user_id": user, "role": role}), None)]);
        Ok(true)
    }
}
