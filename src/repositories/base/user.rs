//! Handles to what is a user's own, whichever organization is active, or none.

use chrono::{DateTime, Utc};

use super::{
    lease::{Lease, LentTx},
    scope::UserScope,
};
use crate::{errors::Result, repositories::UserRepository};

/// A connection for single reads of one user: no transaction.
#[derive(Debug)]
pub struct UserConn {
    pub(super) conn: Lease,
    pub(super) scope: UserScope,
}

/// A transaction of one user. What it changes belongs to no organization, so that there is no audit log for it.
#[derive(Debug)]
pub struct UserTx {
    pub(super) tx: LentTx,
    pub(super) scope: UserScope,
    pub(super) now: DateTime<Utc>,
}

impl UserConn {
    /// The user.
    pub fn user(&mut self) -> UserRepository<'_> {
        UserRepository { conn: &mut self.conn, scope: self.scope }
    }
}

impl UserTx {
    /// The user.
    pub fn user(&mut self) -> UserRepository<'_> {
        UserRepository { conn: &mut self.tx, scope: self.scope }
    }

    /// The instant of the use case, the same for all it writes.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        self.now
    }

    /// Commits.
    ///
    /// # Errors
    /// The database's.
    pub async fn commit(self) -> Result<()> {
        self.tx.commit().await
    }
}
