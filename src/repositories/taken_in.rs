//! What has come in at accounts and was taken in, so that it is not taken in again.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::base::OrgScope;
use crate::{
    errors::Result,
    models::{AccountId, AnsweredStep, LeadId},
};

/// What one organization has taken in.
#[derive(Debug)]
pub struct IntakeRepository<'c> {
    pub(in crate::repositories) conn: &'c mut PgConnection,
    pub(in crate::repositories) scope: OrgScope,
}

/// What a mail answers.
#[derive(Debug, Clone, Copy)]
pub struct AnsweredMail {
    /// Who was written to.
    pub lead_id: LeadId,
    /// The step, if a campaign wrote.
    pub step: Option<AnsweredStep>,
}

impl IntakeRepository<'_> {
    /// Which mail of an account's has one of these Message-IDs, of several that of the first.
    ///
    /// # Errors
    /// The database's.
    pub async fn answered(&mut self, account: AccountId, ids: &[String]) -> Result<Option<AnsweredMail>> {
        if ids.is_empty() {
            return Ok(None);
        }
        let by_hand = sqlx::query_scalar!(
            r#"select lead_id from messages
               where organization_id = $1 and message_id = any($3) and account_id = $2
               order by array_position($3, message_id) limit 1"#,
            self.scope.id(),
            account.0,
            ids,
        )
        .fetch_optional(&mut *self.conn)
        .await?;
        Ok(by_hand.map(|lead_id| AnsweredMail { lead_id, step: None }))
    }

    /// The lead with an address in its normal form.
    ///
    /// # Errors
    /// The database's.
    pub async fn lead_at(&mut self, email: &str) -> Result<Option<LeadId>> {
        Ok(sqlx::query_scalar!(
            "select id from leads where organization_id = $1 and email = $2",
            self.scope.id(),
            email,
        )
        .fetch_optional(&mut *self.conn)
        .await?)
    }

    /// Notes that something is taken in; false if it was already. Whoever comes second waits until the first has committed, or given up.
    ///
    /// # Errors
    /// The database's.
    pub async fn is_first(&mut self, account: AccountId, key: &str, kind: &str, now: DateTime<Utc>) -> Result<bool> {
        let done = sqlx::query!(
            r#"insert into taken_in (organization_id, account_id, key, kind, taken_at) values ($1, $2, $3, $4, $5)
               on conflict do nothing"#,
            self.scope.id(),
            account.0,
            key,
            kind,
            now,
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// Counts a mail that came back for the time being; answers how many of the lead's have since `since`, each counted once.
    ///
    /// # Errors
    /// The database's.
    pub async fn bounced_softly(
        &mut self,
        lead: LeadId,
        (key, status): (&str, Option<&str>),
        now: DateTime<Utc>,
        since: DateTime<Utc>,
    ) -> Result<i64> {
        sqlx::query!(
            r#"insert into soft_bounces (organization_id, lead_id, key, status, bounced_at) values ($1, $2, $3, $4, $5)
               on conflict do nothing"#,
            self.scope.id(),
            lead.0,
            key,
            status,
            now,
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(sqlx::query_scalar!(
            r#"select count(*) as "count!" from soft_bounces where organization_id = $1 and lead_id = $2 and bounced_at >= $3"#,
            self.scope.id(),
            lead.0,
            since,
        )
        .fetch_one(&mut *self.conn)
        .await?)
    }

    /// Forgets a lead's mails that came back: it has answered, so its address is right.
    ///
    /// # Errors
    /// The database's.
    pub async fn forget_soft_bounces(&mut self, lead: LeadId) -> Result<()> {
        sqlx::query!("delete from soft_bounces where organization_id = $1 and lead_id = $2", self.scope.id(), lead.0)
            .execute(&mut *self.conn)
            .await?;
        Ok(())
    }
}
