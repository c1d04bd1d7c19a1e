//! Whether a caller who was let in may still be there: what takes long asks again.

use chrono::{DateTime, Utc};

use super::base::{Database, OrgMember};
use crate::{
    errors::Result,
    models::{Role, Scope},
};

/// What a caller must be allowed to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// What members may do, and keys that have this scope.
    Scope(Scope),
    /// What administrators may do.
    Admin,
}

impl Database {
    /// Whether `member` would be let in now: the membership or the key, the very secret of it that was shown, and the organization are as good as
    /// they were.
    ///
    /// # Errors
    /// No connection is free in time.
    pub async fn still_admits(&self, member: &OrgMember, need: Need, now: DateTime<Utc>) -> Result<bool> {
        match (member.person(), member.api_key(), need) {
            (Some(person), _, _) => {
                let role = sqlx::query_scalar!(
                    r#"select m.clerk_role as "role!" from organization_members m
                       join organizations o on o.id = m.organization_id and o.deleted_at is null
                       join users u on u.id = m.user_id and u.deleted_at is null and not u.banned
                       where m.organization_id = $1 and m.id = $2 and m.clerk_role is not null"#,
                    member.organization_id().0,
                    person.member_id().0,
                )
                .fetch_optional(&mut *self.system().await?)
                .await?;
                Ok(role.is_some_and(|role| need != Need::Admin || Role::from_clerk(&role) == Role::Admin))
            }
            (None, Some((_, secret)), Need::Scope(scope)) => {
                let key = self.identify_api_key(secret).await?;
                Ok(key.is_some_and(|key| key.has(scope) && !key.is_expired(now)))
            }
            (None, _, _) => Ok(false),
        }
    }
}
