//! What is too much: the notes that mail came back, how mails fared of late, and what counts against an organization's caps.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::base::OrgScope;
use crate::{
    errors::Result,
    models::{AccountId, CampaignId, MailFates, StepId},
};

/// The guardrails of one organization.
#[derive(Debug)]
pub struct GuardRepository<'c> {
    pub(in crate::repositories) conn: &'c mut PgConnection,
    pub(in crate::repositories) scope: OrgScope,
}

/// What is said of a message that counts.
#[derive(Debug, Clone)]
pub struct CappedStep {
    /// Which.
    pub id: StepId,
    /// The domain of the address, if it is a mail.
    pub recipient_domain: Option<String>,
    /// The company's.
    pub company_domain: Option<String>,
}

/// How much has been sent of late, by what is counted.
#[derive(Debug, Clone)]
pub struct CapCount {
    /// In which campaign.
    pub campaign_id: CampaignId,
    /// From which account.
    pub account_id: Option<AccountId>,
    /// To which domain.
    pub recipient_domain: Option<String>,
    /// To which company.
    pub company_domain: Option<String>,
    /// How much.
    pub sent: i64,
}

/// How mails fared, of what this table and column name, that went out since then or since it was taken up again.
macro_rules! mail_fates {
    ($repository:expr, $table:literal, $column:literal, $of:expr, $since:expr) => {
        sqlx::query_as!(
            MailFates,
            "with bounds as (select greatest(judged_from, $3) as since from " + $table + " where organization_id = $1 and id = $2),"
                + "mails as (select count(*) as sent from execution_steps s, bounds where s.organization_id = $1 and s." + $column + " = $2 "
                + r#"and (s.state = 'sent' or s.state = 'failed' and s.reason = 'no_such_recipient') and s.action = 'send_email'
                     and s.sending_at >= bounds.since),
                   told as (select a.type, count(distinct (a.lead_id, a.occurred_at)) as times from activities a, bounds
                     where a.organization_id = $1 and a."# + $column + r#" = $2 and a.type in ('email_bounced', 'lead_complained')
                       and a.occurred_at >= bounds.since
                       and exists (select from execution_steps s where s.organization_id = $1 and s.lead_id = a.lead_id
                         and s.execution_id = a.execution_id and s."# + $column + r#" = $2
                         and (s.state = 'sent' or s.state = 'failed' and s.reason = 'no_such_recipient') and s.action = 'send_email'
                         and s.sending_at >= bounds.since)
                     group by a.type)
                   select (select sent from mails) as "sent!",
                          coalesce((select times from told where type = 'email_bounced'), 0) as "bounced!",
                          coalesce((select times from told where type = 'lead_complained'), 0) as "complained!"
                   from bounds"#,
            $repository.scope.id(),
            $of,
            $since,
        )
        .fetch_optional(&mut *$repository.conn)
        .await?
        .unwrap_or_default()
    };
}

impl GuardRepository<'_> {
    /// Notes that mail of a campaign, from an account, came back or was declared to be spam.
    ///
    /// # Errors
    /// The database's.
    pub async fn mark(&mut self, campaign: CampaignId, account: AccountId, now: DateTime<Utc>) -> Result<()> {
        sqlx::query!(
            "insert into guard_marks (organization_id, campaign_id, account_id, marked_at) values ($1, $2, $3, $4)
             on conflict (organization_id, campaign_id, account_id) do nothing",
            self.scope.id(),
            campaign.0,
            account.0,
            now,
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(())
    }

    /// Takes a note up, if nobody else has.
    ///
    /// # Errors
    /// The database's.
    pub async fn take_mark(&mut self, campaign: CampaignId, account: AccountId) -> Result<bool> {
        let done = sqlx::query!(
            "delete from guard_marks where organization_id = $1 and campaign_id = $2 and account_id = $3",
            self.scope.id(),
            campaign.0,
            account.0,
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// How a campaign's mails fared that went out since `since`, or since a person took it up again. What a recipient's server has refused was sent
    /// and came back.
    ///
    /// # Errors
    /// The database's.
    pub async fn of_campaign(&mut self, campaign: CampaignId, since: DateTime<Utc>) -> Result<MailFates> {
        Ok(mail_fates!(self, "campaigns", "campaign_id", campaign.0, since))
    }

    /// The same of a mailbox's, whichever campaigns they were of. One that came back is told of in every campaign that its lead is in, and is one.
    ///
    /// # Errors
    /// The database's.
    pub async fn of_account(&mut self, account: AccountId, since: DateTime<Utc>) -> Result<MailFates> {
        Ok(mail_fates!(self, "connected_accounts", "account_id", account.0, since))
    }

    /// Says why a campaign was paused that nobody has paused.
    ///
    /// # Errors
    /// The database's.
    pub async fn because(&mut self, campaign: CampaignId, reason: &str) -> Result<()> {
        sqlx::query!(
            "update campaigns set paused_because = $3 where organization_id = $1 and id = $2",
            self.scope.id(),
            campaign.0,
            reason,
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(())
    }

    /// Pauses a mailbox that is connected; whether it was.
    ///
    /// # Errors
    /// The database's.
    pub async fn pause_account(&mut self, account: AccountId, reason: &str, now: DateTime<Utc>) -> Result<bool> {
        let done = sqlx::query!(
            r#"update connected_accounts set status = 'paused', status_reason = $3, version = version + 1, updated_at = $4
               where organization_id = $1 and id = $2 and status = 'connected'"#,
            self.scope.id(),
            account.0,
            reason,
            now,
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// A person has taken an account up again.
    ///
    /// # Errors
    /// The database's.
    pub async fn judge_account_from(&mut self, account: AccountId, now: DateTime<Utc>) -> Result<()> {
        sqlx::query!(
            "update connected_accounts set judged_from = $3 where organization_id = $1 and id = $2",
            self.scope.id(),
            account.0,
            now,
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(())
    }

    /// Waits for its turn to count and to send: until this transaction ends nobody else counts against the organization's caps.
    ///
    /// # Errors
    /// The database's.
    pub async fn take_turn(&mut self) -> Result<()> {
        sqlx::query!(
            r#"select pg_advisory_xact_lock(hashtextextended('clento caps ' || $1::text, 0)) as "locked: ()""#,
            self.scope.id().to_string()
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(())
    }

    /// What has been sent since `since`, or may have been, as far as it counts against caps, to leads that are gone too.
    ///
    /// # Errors
    /// The database's.
    pub async fn counts(&mut self, since: DateTime<Utc>) -> Result<Vec<CapCount>> {
        Ok(sqlx::query_as!(
            CapCount,
            r#"select campaign_id as "campaign_id!: CampaignId", account_id as "account_id: AccountId", recipient_domain, company_domain,
                      count(*) as "sent!"
               from (
                 select campaign_id, account_id, recipient_domain, company_domain from execution_steps
                 where organization_id = $1 and capped and sending_at >= $2 and state in ('sending', 'sent', 'needs_review')
                 union all
                 select campaign_id, account_id, recipient_domain, company_domain from counts_of_the_gone
                 where organization_id = $1 and kind = 'message' and at >= $2) s
               group by campaign_id, account_id, recipient_domain, company_domain"#,
            self.scope.id(),
            since,
        )
        .fetch_all(&mut *self.conn)
        .await?)
    }

    /// Has messages count against caps.
    ///
    /// # Errors
    /// The database's.
    pub async fn count(&mut self, steps: &[CappedStep]) -> Result<()> {
        if steps.is_empty() {
            return Ok(());
        }
        sqlx::query!(
            r#"update execution_steps s set capped = true, recipient_domain = c.recipient_domain, company_domain = c.company_domain
               from unnest($2::uuid[], $3::text[], $4::text[]) as c (id, recipient_domain, company_domain)
               where s.organization_id = $1 and s.id = c.id"#,
            self.scope.id(),
            &steps.iter().map(|step| step.id.0).collect::<Vec<_>>(),
            &steps.iter().map(|step| step.recipient_domain.clone()).collect::<Vec<_>>() as &[Option<String>],
            &steps.iter().map(|step| step.company_domain.clone()).collect::<Vec<_>>() as &[Option<String>],
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(())
    }
}
