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
    /// What members may do, and no key.
    Member,
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
                let mut conn = self.read(member).await?;
                let role = conn.members().standing(person.member_id()).await?;
                conn.give_back();
                Ok(role.is_some_and(|role| need != Need::Admin || role == Role::Admin))
            }
            (None, Some((_, secret)), Need::Scope(scope)) => {
                let key = self.identify_api_key(secret).await?;
                Ok(key.is_some_and(|key| key.has(scope) && !key.is_expired(now)))
            }
            (None, _, _) => Ok(false),
        }
    }
}
