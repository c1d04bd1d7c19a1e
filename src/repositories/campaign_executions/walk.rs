//! Leads on their way: who is to go on, and where they stand then. Rows are locked in the order of their ids or are skipped, so that no two
//! workers wait for each other.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use sqlx::types::Json;
use uuid::Uuid;

use super::ExecutionRepository;
use crate::{
    errors::Result,
    models::{AccountId, CampaignId, ExecutionId, LeadId, Move, Reservation, Stand, Walk},
};

/// What the engine sees of an execution.
macro_rules! walks {
    ($repository:expr, $rest:literal $(, $argument:expr)* $(,)?) => {
        sqlx::query_as!(
            Walk,
            r#"select id, lead_id, status, node_id, action, next_run_at, awaiting, hold, account_id, linkedin_account_id, email_account_id,
                      updated_at
               from campaign_executions where organization_id = $1 "# + $rest,
            $repository.scope.id()
            $(, $argument)*
        )
        .fetch_all(&mut *$repository.conn)
        .await?
    };
}
pub(super) use walks;

/// Ends some of a campaign's ways.
macro_rules! ended {
    ($repository:expr, $end:literal, $which:literal, $campaign:expr, $now:expr, $reason:expr, $limit:expr) => {
        sqlx::query_as!(
            Walk,
            "update campaign_executions set version = version + 1, updated_at = $3, " + $end + "
             where organization_id = $1 and id in (
               select id from campaign_executions where organization_id = $1 and campaign_id = $2 and " + $which + "
               limit $5 for update skip locked)
             returning id, lead_id, status, node_id, action, next_run_at, awaiting, hold, account_id, linkedin_account_id, email_account_id,
                       updated_at",
            $repository.scope.id(),
            $campaign,
            $now,
            $reason,
            $limit,
        )
        .fetch_all(&mut *$repository.conn)
        .await?
    };
}

impl ExecutionRepository<'_> {
    /// Those whose instant has come, the longest due first, locked. Others' are skipped.
    ///
    /// # Errors
    /// The database's.
    pub async fn lock_due(&mut self, campaign: CampaignId, now: DateTime<Utc>, limit: i64) -> Result<Vec<Walk>> {
        Ok(walks!(
            self,
            "and campaign_id = $2 and status = 'waiting' and next_run_at <= $3
             order by next_run_at, id limit $4 for update skip locked",
            campaign.0,
            now,
            limit
        ))
    }

    /// Those that have not begun, in the order of their leads, after `after`, locked. Others' are skipped.
    ///
    /// # Errors
    /// The database's.
    pub async fn lock_pending(&mut self, campaign: CampaignId, after: Option<LeadId>, limit: i64) -> Result<Vec<Walk>> {
        Ok(walks!(
            self,
            "and campaign_id = $2 and status = 'pending' and lead_id > $3 order by lead_id limit $4 for update skip locked",
            campaign.0,
            after.map_or(Uuid::nil(), |id| id.0),
            limit
        ))
    }

    /// Those that are not over, in the order of their leads.
    ///
    /// # Errors
    /// The database's.
    pub async fn open(&mut self, campaign: CampaignId, limit: i64) -> Result<Vec<Walk>> {
        Ok(walks!(
            self,
            "and campaign_id = $2 and status in ('pending', 'waiting', 'running') order by lead_id limit $3",
            campaign.0,
            limit
        ))
    }

    /// Those with these ids, locked.
    ///
    /// # Errors
    /// The database's.
    pub async fn lock_many(&mut self, ids: &[ExecutionId]) -> Result<Vec<Walk>> {
        let ids: Vec<_> = ids.iter().map(|id| id.0).collect();
        Ok(walks!(self, "and id = any($2) order by id for update", &ids))
    }

    /// Every way of a lead that is not over, with its campaign, locked.
    ///
    /// # Errors
    /// The database's.
    pub async fn lock_open_of(&mut self, lead: LeadId) -> Result<Vec<(CampaignId, Walk)>> {
        let walks = walks!(
            self,
            "and lead_id = $2 and status in ('pending', 'waiting', 'running') order by id for update",
            lead.0
        );
        self.with_campaigns(walks).await
    }

    /// Each way with its campaign.
    pub(super) async fn with_campaigns(&mut self, walks: Vec<Walk>) -> Result<Vec<(CampaignId, Walk)>> {
        let ids: Vec<_> = walks.iter().map(|walk| walk.id.0).collect();
        let campaigns = sqlx::query!(
            "select id, campaign_id from campaign_executions where organization_id = $1 and id = any($2)",
            self.scope.id(),
            &ids,
        )
        .fetch_all(&mut *self.conn)
        .await?;
        let of = |id| campaigns.iter().find(|row| row.id == id).map(|row| row.campaign_id);
        Ok(walks.into_iter().filter_map(|walk| Some((of(walk.id)?, walk))).collect())
    }

    /// Locks every way of these leads, for who deletes them: the engine locks ways before leads, and so do all others.
    ///
    /// # Errors
    /// The database's.
    pub async fn hold_of(&mut self, leads: &[LeadId]) -> Result<()> {
        let leads: Vec<_> = leads.iter().map(|id| id.0).collect();
        sqlx::query!(
            "select from campaign_executions where organization_id = $1 and lead_id = any($2) order by id for update",
            self.scope.id(),
            &leads,
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(())
    }

    /// Locks the ways that are held for an account, for who is about to take it up again: the engine locks ways before accounts, and so do all others.
    ///
    /// # Errors
    /// The database's.
    pub async fn hold_held_for(&mut self, account: AccountId) -> Result<()> {
        sqlx::query!(
            "select from campaign_executions where organization_id = $1 and account_id = $2 and status = 'waiting' and next_run_at is null
             order by id for update",
            self.scope.id(),
            account.0,
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(())
    }

    /// Says where leads stand from now on.
    ///
    /// # Errors
    /// The database's.
    pub async fn stand(&mut self, stands: &[Stand], now: DateTime<Utc>) -> Result<()> {
        if stands.is_empty() {
            return Ok(());
        }
        let ids = |of: fn(&Stand) -> Option<AccountId>| stands.iter().map(|it| Some(of(it)?.0)).collect::<Vec<_>>();
        let texts = |of: fn(&Stand) -> Option<String>| stands.iter().map(of).collect::<Vec<_>>();
        sqlx::query!(
            r#"update campaign_executions e
               set status = s.status, status_reason = s.status_reason, node_id = s.node_id, action = s.action,
                   next_run_at = s.next_run_at, ready_at = s.ready_at,
                   account_id = case when s.status = 'waiting' then s.account_id else coalesce(s.account_id, e.account_id) end,
                   linkedin_account_id = s.linkedin_account_id, email_account_id = s.email_account_id, awaiting = s.awaiting,
                   hold = s.hold, moves = s.moves, sent_count = e.sent_count + s.sent, version = e.version + 1, updated_at = $2,
                   begun_at = case when s.status in ('waiting', 'running') then coalesce(e.begun_at, $2) else e.begun_at end
               from unnest($3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[], $8::timestamptz[], $9::uuid[], $10::uuid[],
                           $11::uuid[], $12::text[], $13::text[], $14::jsonb[], $15::int[], $16::timestamptz[])
                    as s (id, status, status_reason, node_id, action, next_run_at, account_id, linkedin_account_id, email_account_id,
                          awaiting, hold, moves, sent, ready_at)
               where e.organization_id = $1 and e.id = s.id"#,
            self.scope.id(),
            now,
            &stands.iter().map(|it| it.id.0).collect::<Vec<_>>(),
            &stands.iter().map(|it| it.status.as_str().to_owned()).collect::<Vec<_>>(),
            &texts(|it| it.status_reason.clone()) as &[Option<String>],
            &texts(|it| it.node_id.clone()) as &[Option<String>],
            &texts(|it| it.action.map(|action| action.as_str().to_owned())) as &[Option<String>],
            &stands.iter().map(|it| it.next_run_at).collect::<Vec<_>>() as &[Option<DateTime<Utc>>],
            &ids(|it| it.account_id) as &[Option<Uuid>],
            &ids(|it| it.linkedin_account_id) as &[Option<Uuid>],
            &ids(|it| it.email_account_id) as &[Option<Uuid>],
            &texts(|it| it.awaiting.map(|awaiting| awaiting.as_str().to_owned())) as &[Option<String>],
            &texts(|it| it.hold.clone()) as &[Option<String>],
            &stands.iter().map(|it| Json(&it.moves)).collect::<Vec<_>>() as &[Json<&Vec<Move>>],
            &stands.iter().map(|it| it.sent).collect::<Vec<_>>(),
            &stands.iter().map(|it| it.ready_at).collect::<Vec<_>>() as &[Option<DateTime<Utc>>],
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(())
    }

    /// Lets go on what is held for a lack that has been mended, of leads or of an account: it is due now, and judged anew.
    ///
    /// # Errors
    /// The database's.
    pub async fn free(&mut self, leads: &[LeadId], account: Option<AccountId>, now: DateTime<Utc>) -> Result<()> {
        let leads: Vec<_> = leads.iter().map(|id| id.0).collect();
        // What is held waits for no instant: the account's are found where its reservations have none.
        sqlx::query!(
            r#"update campaign_executions set hold = null, status_reason = null, next_run_at = $4, version = version + 1, updated_at = $4
               where organization_id = $1 and hold is not null and id in (
                 select id from campaign_executions
                 where organization_id = $1 and lead_id = any($2) and hold not in ('needs_review', 'account_unavailable') and awaiting is null
                 union all
                 select id from campaign_executions
                 where organization_id = $1 and account_id = $3 and status = 'waiting' and next_run_at is null and hold = 'account_unavailable')"#,
            self.scope.id(),
            &leads,
            account.map(|id| id.0),
            now,
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(())
    }

    /// What these accounts are to do from `from` on, before `until`.
    ///
    /// # Errors
    /// The database's.
    pub async fn reservations(
        &mut self,
        accounts: &[AccountId],
        from: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Result<Vec<Reservation>> {
        let accounts: Vec<_> = accounts.iter().map(|id| id.0).collect();
        Ok(sqlx::query_as!(
            Reservation,
            r#"select account_id as "account_id!", action as "action!", next_run_at as "at!" from campaign_executions
               where organization_id = $1 and account_id = any($2) and status = 'waiting' and action is not null and next_run_at >= $3
                 and next_run_at < $4"#,
            self.scope.id(),
            &accounts,
            from,
            until,
        )
        .fetch_all(&mut *self.conn)
        .await?)
    }

    /// How many leads of a campaign have begun since `since`, those that are gone included.
    ///
    /// # Errors
    /// The database's.
    pub async fn begun_since(&mut self, campaign: CampaignId, since: DateTime<Utc>) -> Result<i64> {
        Ok(sqlx::query_scalar!(
            r#"select (select count(*) from campaign_executions where organization_id = $1 and campaign_id = $2 and begun_at >= $3)
                      + (select count(*) from counts_of_the_gone
                         where organization_id = $1 and campaign_id = $2 and kind = 'beginning' and at >= $3) as "count!""#,
            self.scope.id(),
            campaign.0,
            since,
        )
        .fetch_one(&mut *self.conn)
        .await?)
    }

    /// Those of `leads` that are on their way through another campaign.
    ///
    /// # Errors
    /// The database's.
    pub async fn busy_elsewhere(&mut self, campaign: CampaignId, leads: &[LeadId]) -> Result<HashSet<LeadId>> {
        let leads: Vec<_> = leads.iter().map(|id| id.0).collect();
        let busy = sqlx::query_scalar!(
            r#"select distinct e.lead_id as "lead_id: LeadId" from campaign_executions e
               join campaigns c on c.organization_id = e.organization_id and c.id = e.campaign_id
               where e.organization_id = $1 and e.lead_id = any($3) and e.status in ('waiting', 'running') and e.campaign_id <> $2
                 and c.status in ('running', 'paused')"#,
            self.scope.id(),
            campaign.0,
            &leads,
        )
        .fetch_all(&mut *self.conn)
        .await?;
        Ok(busy.into_iter().collect())
    }

    /// Leaves out those that have not begun, a number at a time, for `reason`; answers where they stood.
    ///
    /// # Errors
    /// The database's.
    pub async fn skip_pending(
        &mut self,
        campaign: CampaignId,
        reason: &str,
        now: DateTime<Utc>,
        limit: i64,
    ) -> Result<Vec<Walk>> {
        Ok(ended!(self, "status = 'skipped', status_reason = $4", "status = 'pending'", campaign.0, now, reason, limit))
    }

    /// Whether any lead of a campaign has not begun.
    ///
    /// # Errors
    /// The database's.
    pub async fn any_pending(&mut self, campaign: CampaignId) -> Result<bool> {
        Ok(sqlx::query_scalar!(
            r#"select exists (select from campaign_executions where organization_id = $1 and campaign_id = $2 and status = 'pending') as "any!""#,
            self.scope.id(),
            campaign.0,
        )
        .fetch_one(&mut *self.conn)
        .await?)
    }

    /// Ends every way through a campaign that is not over, a number at a time, for `reason`; answers where they stood.
    ///
    /// # Errors
    /// The database's.
    pub async fn stop_some(
        &mut self,
        campaign: CampaignId,
        reason: &str,
        now: DateTime<Utc>,
        limit: i64,
    ) -> Result<Vec<Walk>> {
        Ok(ended!(
            self,
            "status = 'stopped', status_reason = $4, next_run_at = null, hold = null, awaiting = null, action = null",
            "status in ('pending', 'waiting')",
            campaign.0,
            now,
            reason,
            limit
        ))
    }

    /// Which of these leads which of these accounts have begun with, in whichever campaign.
    ///
    /// # Errors
    /// The database's.
    pub async fn begun_by(&mut self, leads: &[LeadId], accounts: &[AccountId]) -> Result<Vec<(LeadId, AccountId)>> {
        let rows = sqlx::query!(
            r#"select e.lead_id, a.id as "account!" from campaign_executions e
               cross join lateral (values (e.linkedin_account_id), (e.email_account_id)) as a (id)
               where e.organization_id = $1 and e.lead_id = any($2) and a.id = any($3)"#,
            self.scope.id(),
            &leads.iter().map(|id| id.0).collect::<Vec<_>>(),
            &accounts.iter().map(|id| id.0).collect::<Vec<_>>(),
        )
        .fetch_all(&mut *self.conn)
        .await?;
        Ok(rows.into_iter().map(|row| (row.lead_id, AccountId(row.account))).collect())
    }
}
