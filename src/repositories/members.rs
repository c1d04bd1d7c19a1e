//! Members.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::base::{OrgScope, page};
use crate::{
    errors::{AppError, Result},
    models::{
        CLERK_ADMIN_ROLE, Member, MemberId, Role,
        clerk_sync::KnownMember,
        page::{Page, PageRequest},
    },
};

/// The live members of one organization. They are changed by what Clerk tells alone: see `clerk_sync`.
#[derive(Debug)]
pub struct MemberRepository<'c> {
    pub(in crate::repositories) conn: &'c mut PgConnection,
    pub(in crate::repositories) scope: OrgScope,
}

impl MemberRepository<'_> {
    /// What a member may do now; nothing once the membership, the user or the organization has ended.
    ///
    /// # Errors
    /// The database's.
    pub async fn standing(&mut self, id: MemberId) -> Result<Option<Role>> {
        let role = sqlx::query_scalar!(
            r#"select m.clerk_role as "role!" from organization_members m
               join organizations o on o.id = m.organization_id and o.deleted_at is null
               join users u on u.id = m.user_id and u.deleted_at is null and not u.banned
               where m.organization_id = $1 and m.id = $2 and m.clerk_role is not null"#,
            self.scope.id(),
            id.0,
        )
        .fetch_optional(&mut *self.conn)
        .await?;
        Ok(role.map(|role| Role::from_clerk(&role)))
    }

    /// The member.
    ///
    /// # Errors
    /// `member_not_found`.
    pub async fn get(&mut self, id: MemberId) -> Result<Member> {
        sqlx::query_as!(
            Member,
            r#"select m.id, m.organization_id, m.user_id, m.clerk_role as "clerk_role!", m.version, m.created_at, m.updated_at,
                      u.clerk_user_id, u.email, u.first_name, u.last_name, u.image_url
               from organization_members m join users u on u.id = m.user_id and u.deleted_at is null
               where m.organization_id = $1 and m.id = $2 and m.deleted_at is null"#,
            self.scope.id(),
            id.0,
        )
        .fetch_optional(&mut *self.conn)
        .await?
        .ok_or_else(|| AppError::not_found("member"))
    }

    /// A page of the members.
    ///
    /// # Errors
    /// The database's.
    pub async fn list(&mut self, page: &PageRequest) -> Result<Page<Member>> {
        let scope = self.scope.id();
        page!(
            self,
            page,
            Member,
            "m.",
            [r#"select m.id, m.organization_id, m.user_id, m.clerk_role as "clerk_role!", m.version, m.created_at, m.updated_at,
                       u.clerk_user_id, u.email, u.first_name, u.last_name, u.image_url
                from organization_members m join users u on u.id = m.user_id and u.deleted_at is null
                where m.organization_id = $4 and m.deleted_at is null"#],
            [scope],
            total: self.count(),
        )
    }

    /// Who has been a member, in their present role, since before `before`, in the order of their ids, after `after`.
    ///
    /// # Errors
    /// The database's.
    pub async fn known_since(
        &mut self,
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
            self.scope.id(),
            before,
            after.map(|id| id.0),
            limit,
        )
        .fetch_all(&mut *self.conn)
        .await?)
    }

    /// How many there are.
    ///
    /// # Errors
    /// The database's.
    pub async fn count(&mut self) -> Result<i64> {
        Ok(sqlx::query_scalar!(
            r#"select count(*) as "count!" from organization_members m join users u on u.id = m.user_id and u.deleted_at is null
               where m.organization_id = $1 and m.deleted_at is null"#,
            self.scope.id(),
        )
        .fetch_one(&mut *self.conn)
        .await?)
    }

    /// Whether anybody but this member administers the organization.
    ///
    /// # Errors
    /// The database's.
    pub async fn has_other_admin(&mut self, id: MemberId) -> Result<bool> {
        Ok(sqlx::query_scalar!(
            r#"select exists (
                 select from organization_members m join users u on u.id = m.user_id and u.deleted_at is null and not u.banned
                 where m.organization_id = $1 and m.id <> $2 and m.deleted_at is null and m.clerk_role = $3) as "exists!""#,
            self.scope.id(),
            id.0,
            CLERK_ADMIN_ROLE,
        )
        .fetch_one(&mut *self.conn)
        .await?)
    }
}
