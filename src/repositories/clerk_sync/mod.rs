//! Adding Clerk's news to what is known. The rules are `models::clerk_sync`; here rows are locked, joined with the news and stored.
//!
//! Rows are always locked in the order organization, user, memberships, and an organization's memberships only under the lock of its
//! own row, so that two pieces of news wait for each other instead of crossing. The lock is `for no key update`: it leaves alone those
//! who only refer to the row.

mod events;
mod introduce;
mod memberships;
mod organizations;
mod users;

use sqlx::PgConnection;

use super::{OrgTx, SyncTx};
use crate::{
    errors::{AppError, Result},
    models::{
        AuditEntry, OrganizationId,
        clerk_sync::{Introduction, OrganizationProfile, Told, ToldMembership, UserProfile},
    },
};

/// What a piece of news did to an organization or its memberships.
struct Heard {
    id: OrganizationId,
    /// Whether anything was new.
    changed: bool,
    /// What the organization's audit log is to keep of it.
    audit: Vec<AuditEntry>,
}

impl SyncTx {
    /// Adds news of a user; answers whether there was any.
    ///
    /// # Errors
    /// The database's.
    pub async fn hear_user(&mut self, told: Told<UserProfile>) -> Result<bool> {
        let now = self.now();
        Ok(users::hear(self.conn(), told, now).await?.changed)
    }

    /// Adds news of an organization; answers whether there was any.
    ///
    /// # Errors
    /// The database's.
    pub async fn hear_organization(&mut self, told: Told<OrganizationProfile>) -> Result<bool> {
        let now = self.now();
        let heard = organizations::hear(self.conn(), told, now).await?;
        self.audit(heard.id, heard.audit);
        Ok(heard.changed)
    }

    /// Adds news of a membership and of its two ends; answers whether there was any.
    ///
    /// # Errors
    /// The database's.
    pub async fn hear_membership(&mut self, told: ToldMembership) -> Result<bool> {
        let now = self.now();
        let heard = memberships::hear(self.conn(), told, now).await?;
        self.audit(heard.id, heard.audit);
        Ok(heard.changed)
    }

    /// Takes in whom a session token speaks of, where nothing is known that forbids it.
    ///
    /// # Errors
    /// The database's.
    pub async fn introduce(&mut self, introduction: Introduction) -> Result<()> {
        let now = self.now();
        if let Some(heard) = introduce::introduce(self.conn(), introduction, now).await? {
            self.audit(heard.id, heard.audit);
        }
        Ok(())
    }
}

impl OrgTx {
    /// Adds what Clerk answered about this organization to what is known of it.
    ///
    /// # Errors
    /// The database's.
    pub async fn hear_organization(&mut self, told: Told<OrganizationProfile>) -> Result<()> {
        let now = self.now();
        let heard = organizations::hear(self.conn(), told, now).await?;
        self.keep(heard)
    }

    /// Adds what Clerk answered about a membership of this organization to what is known of it.
    ///
    /// # Errors
    /// The database's.
    pub async fn hear_membership(&mut self, told: ToldMembership) -> Result<()> {
        let now = self.now();
        let heard = memberships::hear(self.conn(), told, now).await?;
        self.keep(heard)
    }

    fn keep(&mut self, heard: Heard) -> Result<()> {
        if heard.id != self.scope().organization_id() {
            return Err(AppError::internal("Clerk answered about another organization"));
        }
        heard.audit.into_iter().for_each(|entry| self.audit(entry));
        Ok(())
    }
}

/// The connection that a piece of news is added over.
type Conn<'c> = &'c mut PgConnection;
