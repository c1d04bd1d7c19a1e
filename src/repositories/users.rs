//! A user, and what is their own.

use sqlx::{PgConnection, types::Json};

use super::base::{UserScope, page};
use crate::{
    errors::{AppError, Result},
    models::{
        User, UserOrganization, UserPreferences,
        page::{Page, PageRequest},
    },
};

/// One user.
#[derive(Debug)]
pub struct UserRepository<'c> {
    pub(in crate::repositories) conn: &'c mut PgConnection,
    pub(in crate::repositories) scope: UserScope,
}

impl UserRepository<'_> {
    /// The user.
    ///
    /// # Errors
    /// `user_not_found` if Clerk has deleted them since they were seen.
    pub async fn get(&mut self) -> Result<User> {
        sqlx::query_as!(
            User,
            r#"select id, clerk_user_id, email, first_name, last_name, image_url, banned, preferences, version, created_at, updated_at
               from users where id = $1 and deleted_at is null"#,
            self.scope.id(),
        )
        .fetch_optional(&mut *self.conn)
        .await?
        .ok_or_else(|| AppError::not_found("user"))
    }

    /// The user, locked until the transaction ends, so that two writers cannot both believe their version.
    ///
    /// # Errors
    /// `user_not_found` if Clerk has deleted them since they were seen.
    pub async fn lock(&mut self) -> Result<User> {
        sqlx::query_as!(
            User,
            r#"select id, clerk_user_id, email, first_name, last_name, image_url, banned, preferences, version, created_at, updated_at
               from users where id = $1 and deleted_at is null for no key update"#,
            self.scope.id(),
        )
        .fetch_optional(&mut *self.conn)
        .await?
        .ok_or_else(|| AppError::not_found("user"))
    }

    /// Writes what users set themselves.
    ///
    /// # Errors
    /// The database's.
    pub async fn update(&mut self, user: &User) -> Result<()> {
        sqlx::query!(
            "update users set preferences = $2, version = $3, updated_at = $4 where id = $1",
            self.scope.id(),
            &user.preferences as &Json<UserPreferences>,
            user.version,
            user.updated_at,
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(())
    }

    /// A page of the organizations that the user is a member of.
    ///
    /// # Errors
    /// The database's.
    pub async fn organizations(&mut self, page: &PageRequest) -> Result<Page<UserOrganization>> {
        let scope = self.scope.id();
        page!(
            self,
            page,
            UserOrganization,
            "o.",
            [r#"select o.id, o.clerk_organization_id, o.name, o.slug, o.image_url, o.version, o.created_at, o.updated_at,
                       m.id as member_id, m.clerk_role as "clerk_role!"
                from organization_members m join organizations o on o.id = m.organization_id
                where m.user_id = $4 and m.deleted_at is null and o.deleted_at is null"#],
            [scope],
            total: self.organization_count(),
        )
    }

    async fn organization_count(&mut self) -> Result<i64> {
        Ok(sqlx::query_scalar!(
            r#"select count(*) as "count!" from organization_members m join organizations o on o.id = m.organization_id
               where m.user_id = $1 and m.deleted_at is null and o.deleted_at is null"#,
            self.scope.id(),
        )
        .fetch_one(&mut *self.conn)
        .await?)
    }
}
