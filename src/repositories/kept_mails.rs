//! Mails that were read while a step of their lead was on its way out, until they can be taken in.

use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::base::OrgScope;
use crate::{
    errors::Result,
    models::{AccountId, LeadId, MailFolder},
};

/// The kept mails of one organization.
#[derive(Debug)]
pub struct KeptMailRepository<'c> {
    pub(in crate::repositories) conn: &'c mut PgConnection,
    pub(in crate::repositories) scope: OrgScope,
}

impl KeptMailRepository<'_> {
    /// Keeps a mail of a lead's that was read as this number of a folder; one that is kept already stays as it is.
    ///
    /// # Errors
    /// The database's.
    pub async fn keep(
        &mut self,
        (account, lead): (AccountId, LeadId),
        (folder, uid): (&MailFolder, u32),
        (key, raw, received_at): (&str, &[u8], DateTime<Utc>),
    ) -> Result<()> {
        sqlx::query!(
            r#"insert into kept_mails (organization_id, account_id, key, lead_id, folder, uid_validity, uid, raw, received_at, next_at)
               select $1, $2, $3, l.id, $5, $6, $7, $8, $9, clock_timestamp() from leads l where l.organization_id = $1 and l.id = $4
               on conflict do nothing"#,
            self.scope.id(),
            account.0,
            key,
            lead.0,
            folder.name,
            folder.uid_validity,
            i64::from(uid),
            raw,
            received_at,
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(())
    }

    /// Lets go of a mail that was taken in.
    ///
    /// # Errors
    /// The database's.
    pub async fn let_go(&mut self, account: AccountId, key: &str) -> Result<()> {
        sqlx::query!(
            "delete from kept_mails where organization_id = $1 and account_id = $2 and key = $3",
            self.scope.id(),
            account.0,
            key,
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(())
    }

    /// Lets a mail wait for so long: another step of its lead is on its way out, or it could not be taken in, which is one of its `failures` more.
    ///
    /// # Errors
    /// The database's.
    pub async fn put_off(&mut self, account: AccountId, key: &str, pause: Duration, failures: i32) -> Result<()> {
        sqlx::query!(
            r#"update kept_mails set failures = failures + $5, next_at = clock_timestamp() + make_interval(secs => $4)
               where organization_id = $1 and account_id = $2 and key = $3"#,
            self.scope.id(),
            account.0,
            key,
            pause.as_secs_f64(),
            failures,
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(())
    }

    /// Passes a mail over that cannot be taken in, and notes that.
    ///
    /// # Errors
    /// The database's.
    pub async fn give_up(&mut self, account: AccountId, key: &str, reason: &str) -> Result<()> {
        sqlx::query!(
            r#"with gone as (delete from kept_mails where organization_id = $1 and account_id = $2 and key = $3
                             returning organization_id, account_id, folder, uid_validity, uid)
               insert into unreadable_mails (organization_id, account_id, folder, uid_validity, uid, reason, noted_at)
               select organization_id, account_id, folder, uid_validity, uid, $4, clock_timestamp() from gone on conflict do nothing"#,
            self.scope.id(),
            account.0,
            key,
            reason,
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(())
    }

    /// Those of these leads of whom a mail is kept: what it says is not known yet.
    ///
    /// # Errors
    /// The database's.
    pub async fn leads_among(&mut self, leads: &[LeadId]) -> Result<Vec<LeadId>> {
        let ids: Vec<_> = leads.iter().map(|id| id.0).collect();
        Ok(sqlx::query_scalar!(
            r#"select distinct lead_id as "lead!: LeadId" from kept_mails where organization_id = $1 and lead_id = any($2)"#,
            self.scope.id(),
            &ids,
        )
        .fetch_all(&mut *self.conn)
        .await?)
    }
}
