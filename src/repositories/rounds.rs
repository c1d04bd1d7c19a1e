//! The workers' rounds over all organizations: where there is something to do for campaigns, and whose turn it is to be compared with Clerk.
//! They hand out ids only; what is done then goes through a handle of one organization.

use chrono::{DateTime, Utc};

use super::{LostMessage, LostSteps, OrgConn, OrgTx, campaigns::RunningCampaignRef};
use crate::{
    errors::Result,
    models::{AccountId, CampaignId, MessageId, OrganizationId},
    repositories::Database,
};

/// An organization whose turn it is.
#[derive(Debug, Clone)]
pub struct ComparedOrganization {
    /// Ours.
    pub id: OrganizationId,
    /// Clerk's, as in `org_2abc`.
    pub clerk_organization_id: String,
}

/// A note that mail of a campaign, from an account, came back or was declared to be spam.
#[derive(Debug, Clone, Copy)]
pub struct GuardMark {
    /// Whose.
    pub organization: OrganizationId,
    /// Which campaign.
    pub campaign: CampaignId,
    /// Which account.
    pub account: AccountId,
}

/// How much waits for the workers of campaigns, over all organizations. Every count is bounded, so that it costs no more when millions wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backlog {
    /// Steps that are due in running campaigns, as far as they were counted.
    pub due: i64,
    /// When the one of them was due that is due longest.
    pub oldest: Option<DateTime<Utc>>,
    /// Attempts that were begun and whose result is not known yet, as far as they were counted.
    pub sending: i64,
    /// Those of them whose result was awaited in vain, as far as they were counted: they are being looked up.
    pub lost: i64,
    /// Attempts of which a person must say whether they were sent, as far as they were counted.
    pub needs_review: i64,
}

/// An account from which something was sent that has no copy in Sent yet.
#[derive(Debug, Clone, Copy)]
pub struct AccountToCopy {
    /// Whose.
    pub organization: OrganizationId,
    /// Which one.
    pub account: AccountId,
}

impl Database {
    /// Notes that mail came back, the oldest first.
    ///
    /// # Errors
    /// The database's.
    pub async fn guard_marks(&self, limit: i64) -> Result<Vec<GuardMark>> {
        Ok(sqlx::query_as!(
            GuardMark,
            r#"select organization_id as "organization: OrganizationId", campaign_id as "campaign: CampaignId",
                      account_id as "account: AccountId"
               from guard_marks order by marked_at limit $1"#,
            limit,
        )
        .fetch_all(&mut *self.system().await?)
        .await?)
    }

    /// Takes the organization whose members were compared longest ago, if that was before `before`. Nobody else takes it until then again.
    ///
    /// # Errors
    /// The database's.
    pub async fn take_organization_to_compare(
        &self,
        before: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<Option<ComparedOrganization>> {
        Ok(sqlx::query_as!(
            ComparedOrganization,
            r#"update organizations set members_compared_at = $2
               where id = (select id from organizations
                           where deleted_at is null and (members_compared_at is null or members_compared_at < $1)
                           order by members_compared_at nulls first limit 1 for no key update skip locked)
               returning id, clerk_organization_id"#,
            before,
            now,
        )
        .fetch_optional(&mut *self.system().await?)
        .await?)
    }

    /// Lets an organization have its turn again as if its members had last been compared at `at`.
    ///
    /// # Errors
    /// The database's.
    pub async fn compare_again(&self, organization: OrganizationId, at: DateTime<Utc>) -> Result<()> {
        sqlx::query!("update organizations set members_compared_at = $2 where id = $1", organization.0, at)
            .execute(&mut *self.system().await?)
            .await?;
        Ok(())
    }

    /// Running campaigns with a step that is due, but for `others`: of each organization the one that is due longest, before any organization's
    /// second. Costs a look for each that runs, not for each lead that waits.
    ///
    /// # Errors
    /// The database's.
    pub async fn campaigns_with_due_steps(
        &self,
        now: DateTime<Utc>,
        others: &[CampaignId],
        limit: i64,
    ) -> Result<Vec<RunningCampaignRef>> {
        Ok(sqlx::query_as!(
            RunningCampaignRef,
            r#"select turns.organization_id as "organization!: OrganizationId", turns.id as "campaign!: CampaignId" from (
                 select c.organization_id, c.id, due.next_run_at,
                        row_number() over (partition by c.organization_id order by due.next_run_at) as turn
                 from campaigns c
                 join organizations o on o.id = c.organization_id and o.deleted_at is null
                 cross join lateral (select e.next_run_at from campaign_executions e
                                     where e.organization_id = c.organization_id and e.campaign_id = c.id and e.status = 'waiting'
                                       and e.next_run_at <= $1
                                     order by e.next_run_at limit 1) due
                 where c.status = 'running' and c.replanning is null and c.id <> all($3)) turns
               order by turns.turn, turns.next_run_at limit $2"#,
            now,
            limit,
            &others.iter().map(|id| id.0).collect::<Vec<_>>(),
        )
        .fetch_all(&mut *self.system().await?)
        .await?)
    }

    /// Campaigns that are to start, or to begin leads: of each organization the one that has waited longest, before any organization's second.
    ///
    /// # Errors
    /// The database's.
    pub async fn campaigns_to_begin(&self, now: DateTime<Utc>, limit: i64) -> Result<Vec<RunningCampaignRef>> {
        Ok(sqlx::query_as!(
            RunningCampaignRef,
            r#"select turns.organization_id as "organization!: OrganizationId", turns.id as "campaign!: CampaignId" from (
                 select c.organization_id, c.id, c.next_begin_at,
                        row_number() over (partition by c.organization_id order by c.next_begin_at) as turn
                 from campaigns c
                 where c.status in ('scheduled', 'running') and c.next_begin_at <= $1 and c.replanning is null
                   and exists (select from organizations o where o.id = c.organization_id and o.deleted_at is null)) turns
               order by turns.turn, turns.next_begin_at limit $2"#,
            now,
            limit,
        )
        .fetch_all(&mut *self.system().await?)
        .await?)
    }

    /// What waits at `now`. Nothing is counted beyond `most`. Costs a look for each campaign that runs and for each row that is counted.
    ///
    /// # Errors
    /// The database's.
    pub async fn campaign_backlog(&self, now: DateTime<Utc>, most: i64) -> Result<Backlog> {
        Ok(sqlx::query_as!(
            Backlog,
            r#"with running as (
                 select c.organization_id, c.id from campaigns c
                 join organizations o on o.id = c.organization_id and o.deleted_at is null
                 where c.status = 'running')
               select (select count(*) from (
                         select 1 from running r
                         cross join lateral (select 1 from campaign_executions e
                                             where e.organization_id = r.organization_id and e.campaign_id = r.id
                                               and e.status = 'waiting' and e.next_run_at <= $1 limit $2) due
                         limit $2) due) as "due!",
                      (select min(due.next_run_at) from running r
                       cross join lateral (select e.next_run_at from campaign_executions e
                                           where e.organization_id = r.organization_id and e.campaign_id = r.id
                                             and e.status = 'waiting' and e.next_run_at <= $1
                                           order by e.next_run_at limit 1) due) as oldest,
                      (select count(*) from (select 1 from execution_steps where state = 'sending' limit $2) s) as "sending!",
                      (select count(*) from (select 1 from execution_steps
                                             where state = 'sending' and deadline <= $1 limit $2) s) as "lost!",
                      (select count(*) from (select 1 from execution_steps
                                             where state = 'needs_review' limit $2) s) as "needs_review!""#,
            now,
            most,
        )
        .fetch_one(&mut *self.system().await?)
        .await?)
    }

    /// Sums up to `limit` changes of campaigns' progress up with what is kept of it; answers how many. Those of campaigns that are gone are
    /// dropped.
    ///
    /// # Errors
    /// The database's.
    pub async fn sum_up_progress(&self, limit: i64) -> Result<i64> {
        Ok(sqlx::query_scalar!(
            r#"with taken as (
                 delete from campaign_progress_changes where (organization_id, id) in
                   (select organization_id, id from campaign_progress_changes limit $1 for update skip locked)
                 returning organization_id, campaign_id, status, executions, sent),
               kept as (
                 insert into campaign_progress as present (organization_id, campaign_id, status, executions, sent)
                 select t.organization_id, t.campaign_id, t.status, sum(t.executions), sum(t.sent) from taken t
                 join campaigns c on c.organization_id = t.organization_id and c.id = t.campaign_id
                 group by t.organization_id, t.campaign_id, t.status order by t.organization_id, t.campaign_id, t.status
                 on conflict (organization_id, campaign_id, status)
                 do update set executions = present.executions + excluded.executions, sent = present.sent + excluded.sent)
               select count(*) as "count!" from taken"#,
            limit,
        )
        .fetch_one(&mut *self.system().await?)
        .await?)
    }

    /// Campaigns in which what waits is to be planned anew.
    ///
    /// # Errors
    /// The database's.
    pub async fn changed_campaigns(&self, limit: i64) -> Result<Vec<RunningCampaignRef>> {
        Ok(sqlx::query_as!(
            RunningCampaignRef,
            r#"select organization_id as "organization!: OrganizationId", id as "campaign!: CampaignId" from campaigns c
               where replanning is not null and status in ('scheduled', 'running', 'paused')
                 and exists (select from organizations o where o.id = c.organization_id and o.deleted_at is null)
               order by organization_id, id limit $1"#,
            limit,
        )
        .fetch_all(&mut *self.system().await?)
        .await?)
    }

    /// Running campaigns whose lists were not looked at since `before`, in order, after `after`.
    ///
    /// # Errors
    /// The database's.
    pub async fn running_campaigns(
        &self,
        after: Option<RunningCampaignRef>,
        before: DateTime<Utc>,
        limit: i64,
    ) -> Result<Vec<RunningCampaignRef>> {
        let nil = uuid::Uuid::nil();
        Ok(sqlx::query_as!(
            RunningCampaignRef,
            r#"select organization_id as "organization!: OrganizationId", id as "campaign!: CampaignId" from campaigns c
               where status = 'running' and (organization_id, id) > ($1, $2)
                 and (enrolled_until is null or enrol_began is null or enrol_after is not null or enrol_began < $3)
                 and exists (select from organizations o where o.id = c.organization_id and o.deleted_at is null)
               order by organization_id, id limit $4"#,
            after.map_or(nil, |of| of.organization.0),
            after.map_or(nil, |of| of.campaign.0),
            before,
            limit,
        )
        .fetch_all(&mut *self.system().await?)
        .await?)
    }

    /// Accounts with attempts whose result was awaited in vain, among the `limit` of these that wait longest.
    ///
    /// # Errors
    /// The database's.
    pub async fn lost_steps(&self, now: DateTime<Utc>, limit: i64) -> Result<Vec<LostSteps>> {
        Ok(sqlx::query_as!(
            LostSteps,
            r#"select organization_id as "organization!: OrganizationId", account_id as "account: AccountId" from
                 (select organization_id, account_id, deadline from execution_steps t where state = 'sending' and deadline <= $1
                    and exists (select from organizations o where o.id = t.organization_id and o.deleted_at is null)
                  order by deadline limit $2) s
               group by organization_id, account_id order by min(deadline)"#,
            now,
            limit,
        )
        .fetch_all(&mut *self.system().await?)
        .await?)
    }

    /// Accounts from which something was sent since `since` that has no copy in Sent yet, who has waited longest first; none of `but`.
    ///
    /// # Errors
    /// The database's.
    pub async fn accounts_to_copy(
        &self,
        since: DateTime<Utc>,
        but: &[AccountId],
        limit: i64,
    ) -> Result<Vec<AccountToCopy>> {
        let but: Vec<_> = but.iter().map(|id| id.0).collect();
        Ok(sqlx::query_as!(
            AccountToCopy,
            r#"select organization_id as "organization!: OrganizationId", account_id as "account!: AccountId" from
                 (select m.organization_id, m.account_id, m.begun_at as at from sent_mails m
                  join execution_steps s on s.organization_id = m.organization_id and s.id = m.step_id and s.state = 'sent'
                  where m.copied_at is null and m.begun_at > $1
                  union all
                  select organization_id, account_id, sent_at from messages
                  where copied_at is null and state = 'sent' and message_id is not null and account_id is not null and sent_at > $1) m
               where account_id <> all($2) group by organization_id, account_id order by min(at) limit $3"#,
            since,
            &but,
            limit,
        )
        .fetch_all(&mut *self.system().await?)
        .await?)
    }

    /// Messages written by hand whose result was awaited in vain.
    ///
    /// # Errors
    /// The database's.
    pub async fn lost_messages(&self, now: DateTime<Utc>, limit: i64) -> Result<Vec<LostMessage>> {
        Ok(sqlx::query_as!(
            LostMessage,
            r#"select organization_id as "organization: OrganizationId", id as "id: MessageId", account_id as "account: AccountId" from messages
               where state = 'sending' and deadline <= $1 order by deadline limit $2"#,
            now,
            limit,
        )
        .fetch_all(&mut *self.system().await?)
        .await?)
    }

    /// Organizations in whose sandbox something has happened.
    ///
    /// # Errors
    /// The database's.
    pub async fn with_happenings(&self, now: DateTime<Utc>, limit: i64) -> Result<Vec<OrganizationId>> {
        Ok(sqlx::query_scalar!(
            r#"select distinct organization_id as "id!: OrganizationId" from sandbox_happenings where due_at <= $1 limit $2"#,
            now,
            limit,
        )
        .fetch_all(&mut *self.system().await?)
        .await?)
    }

    /// A connection for single statements of the engine.
    ///
    /// # Errors
    /// None is free in time.
    pub async fn engine_conn(&self, organization: OrganizationId) -> Result<OrgConn> {
        self.conn_for_job(organization).await
    }

    /// A transaction of the engine, in the name of the system.
    ///
    /// # Errors
    /// No connection is free in time.
    pub async fn begin_engine(&self, organization: OrganizationId, now: DateTime<Utc>) -> Result<OrgTx> {
        self.begin_job(organization, now).await
    }

    /// What time it is at the database, by which all workers go.
    ///
    /// # Errors
    /// The database's.
    pub async fn now(&self) -> Result<DateTime<Utc>> {
        Ok(sqlx::query_scalar!(r#"select clock_timestamp() as "now!""#).fetch_one(&mut *self.system().await?).await?)
    }

    /// Campaigns that were stopped since `since` and still have leads on their way.
    ///
    /// # Errors
    /// The database's.
    pub async fn stopped_campaigns(&self, since: DateTime<Utc>, limit: i64) -> Result<Vec<RunningCampaignRef>> {
        Ok(sqlx::query_as!(
            RunningCampaignRef,
            r#"select c.organization_id as "organization!: OrganizationId", c.id as "campaign!: CampaignId" from campaigns c
               where c.status = 'stopped' and c.ended_at >= $1
                 and exists (select from campaign_executions e where e.organization_id = c.organization_id and e.campaign_id = c.id
                               and e.status in ('pending', 'waiting'))
               limit $2"#,
            since,
            limit,
        )
        .fetch_all(&mut *self.system().await?)
        .await?)
    }
}
