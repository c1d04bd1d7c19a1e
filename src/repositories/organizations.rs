//! The organization itself.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, types::Json};

use super::base::OrgScope;
use crate::{
    errors::{AppError, Result},
    models::{Organization, OrganizationSettings, OrganizationUsage},
};

/// The organization that a handle is about.
#[derive(Debug)]
pub struct OrganizationRepository<'c> {
    pub(in crate::repositories) conn: &'c mut PgConnection,
    pub(in crate::repositories) scope: OrgScope,
}

impl OrganizationRepository<'_> {
    /// The organization.
    ///
    /// # Errors
    /// `organization_not_found` if Clerk has deleted it since it was seen.
    pub async fn get(&mut self) -> Result<Organization> {
        sqlx::query_as!(
            Organization,
            r#"select id, clerk_organization_id, name, slug, image_url, plan, settings, version, created_at, updated_at
               from organizations where id = $1 and deleted_at is null"#,
            self.scope.id(),
        )
        .fetch_optional(&mut *self.conn)
        .await?
        .ok_or_else(|| AppError::not_found("organization"))
    }

    /// The organization, locked until the transaction ends, so that two writers cannot both believe its version.
    ///
    /// # Errors
    /// `organization_not_found` if Clerk has deleted it since it was seen.
    pub async fn lock(&mut self) -> Result<Organization> {
        sqlx::query_as!(
            Organization,
            r#"select id, clerk_organization_id, name, slug, image_url, plan, settings, version, created_at, updated_at
               from organizations where id = $1 and deleted_at is null for no key update"#,
            self.scope.id(),
        )
        .fetch_optional(&mut *self.conn)
        .await?
        .ok_or_else(|| AppError::not_found("organization"))
    }

    /// Writes what organizations set themselves.
    ///
    /// # Errors
    /// The database's.
    pub async fn update(&mut self, organization: &Organization) -> Result<()> {
        sqlx::query!(
            "update organizations set settings = $2, version = $3, updated_at = $4 where id = $1",
            self.scope.id(),
            &organization.settings as &Json<OrganizationSettings>,
            organization.version,
            organization.updated_at,
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(())
    }

    /// What is used of what a plan limits: in all, and since `since`.
    ///
    /// # Errors
    /// The database's.
    pub async fn usage(&mut self, since: DateTime<Utc>) -> Result<OrganizationUsage> {
        Ok(sqlx::query_as!(
            OrganizationUsage,
            r#"select
                 (select count(*) from organization_members m join users u on u.id = m.user_id and u.deleted_at is null
                  where m.organization_id = $1 and m.deleted_at is null) as "members!",
                 (select count(*) from connected_accounts
                  where organization_id = $1 and status <> 'disconnected' and provider <> 'sandbox')
                   as "connected_accounts!",
                 (select count(*) from leads where organization_id = $1 and created_at >= $2) as "leads_created!",
                 (select count(*) from campaigns where organization_id = $1 and created_at >= $2) as "campaigns_created!",
                 (select count(*) from activities where organization_id = $1 and occurred_at >= $2) as "activities!""#,
            self.scope.id(),
            since,
        )
        .fetch_one(&mut *self.conn)
        .await?)
    }
}
