//! Which attempts the ledger is charged for. What is given back for one, or charged again, is so once, and on the day on which it counts by the
//! account's present clock.

use chrono::{DateTime, NaiveDate, Utc};

use super::execution_steps::StepRepository;
use crate::{
    errors::Result,
    models::{AccountId, StepId, Usage},
};

/// An hour of a day, by an account's clock.
pub type LedgerHour = (NaiveDate, i16);

impl StepRepository<'_> {
    /// Notes that the ledger is charged for these attempts no longer; answers the lines of those for which it was.
    ///
    /// # Errors
    /// The database's.
    pub async fn uncharge(&mut self, ids: &[StepId]) -> Result<Vec<Usage>> {
        self.set_charged(ids, false).await
    }

    /// Notes that the ledger is charged for these attempts after all; answers the lines of those for which it was not.
    ///
    /// # Errors
    /// The database's.
    pub async fn charge_again(&mut self, ids: &[StepId]) -> Result<Vec<Usage>> {
        self.set_charged(ids, true).await
    }

    async fn set_charged(&mut self, ids: &[StepId], charged: bool) -> Result<Vec<Usage>> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        Ok(sqlx::query_as!(
            Usage,
            r#"update execution_steps set charged = $3
               where organization_id = $1 and id = any($2) and charged <> $3 and account_id is not null
               returning account_id as "account_id!: AccountId", action, charged_day as day, charged_hour as hour, 1 as "used!""#,
            self.scope.id(),
            &ids.iter().map(|id| id.0).collect::<Vec<_>>(),
            charged,
        )
        .fetch_all(&mut *self.conn)
        .await?)
    }

    /// The account's clock was changed: what is charged, or may yet be, on one of these hours counts on another from now on. Of what was begun since
    /// `since` and is not known to have been sent.
    ///
    /// # Errors
    /// The database's.
    pub async fn carry_over(
        &mut self,
        account: AccountId,
        since: DateTime<Utc>,
        hours: &[(LedgerHour, LedgerHour)],
    ) -> Result<()> {
        let days =
            |of: fn(&(LedgerHour, LedgerHour)) -> LedgerHour| hours.iter().map(|it| of(it).0).collect::<Vec<_>>();
        let on = |of: fn(&(LedgerHour, LedgerHour)) -> LedgerHour| hours.iter().map(|it| of(it).1).collect::<Vec<_>>();
        sqlx::query!(
            r#"update execution_steps s set charged_day = h.to_day, charged_hour = h.to_hour
               from unnest($4::date[], $5::smallint[], $6::date[], $7::smallint[]) as h (from_day, from_hour, to_day, to_hour)
               where s.organization_id = $1 and s.account_id = $2 and s.sending_at >= $3 and s.state <> 'sent'
                 and s.charged_day = h.from_day and s.charged_hour = h.from_hour"#,
            self.scope.id(),
            account.0,
            since,
            &days(|it| it.0),
            &on(|it| it.0),
            &days(|it| it.1),
            &on(|it| it.1),
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(())
    }
}
