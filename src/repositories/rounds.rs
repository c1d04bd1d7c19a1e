//! The workers' rounds over all organizations: where there is something to do for campaigns, and whose turn it is to be compared with Clerk.
//! They hand out ids only; what is done then goes through a handle of one organization.

use chrono::{DateTime, Utc};

use super::{LostMessage, OrgConn, OrgTx, campaigns::RunningCampaignRef};
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

    /// Running campaigns with a step that is due, after `after`. Costs a look for each that runs, not for each lead that waits.
    ///
    /// # Errors
    /// The database's.
    pub async fn campaigns_with_due_steps(&self, now: DateTime<Utc>, limit: i64) -> Result<Vec<RunningCampaignRef>> {
        Ok(sqlx::query_as!(
            RunningCampaignRef,
            r#"select c.organization_id as "organization!: OrganizationId", c.id as "campaign!: CampaignId"
               from campaigns c
               join organizations o on o.id = c.organization_id and o.deleted_at is null
               cross join lateral (select e.next_run_at from campaign_executions e
                                   where e.organization_id = c.organization_id and e.campaign_id = c.id and e.status = 'waiting'
                                     and e.next_run_at <= $1
                                   order by e.next_run_at limit 1) due
               where c.status = 'running' and c.replanning is null order by due.next_run_at limit $2"#,
            now,
            limit,
        )
        .fetch_all(&mut *self.system().await?)
        .await?)
    }

    /// Campaigns that are to start, or to begin leads.
    ///
    /// # Errors
    /// The database's.
    pub async fn campaigns_to_begin(&self, now: DateTime<Utc>, limit: i64) -> Result<Vec<RunningCampaignRef>> {
        Ok(sqlx::query_as!(
            RunningCampaignRef,
            r#"select organization_id as "organization!: OrganizationId", id as "campaign!: CampaignId" from campaigns c
               where status in ('scheduled', 'running') and next_begin_at <= $1 and replanning is null
                 and exists (select from organizations o where o.id = c.organization_id and o.deleted_at is null)
               order by next_begin_at limit $2"#,
            now,
            limit,
        )
        .fetch_all(&mut *self.system().await?)
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

    /// Organizations with attempts whose result was awaited in vain.
    ///
    /// # Errors
    /// The database's.
    pub async fn with_lost_steps(&self, now: DateTime<Utc>, limit: i64) -> Result<Vec<OrganizationId>> {
        Ok(sqlx::query_scalar!(
            r#"select distinct s.organization_id as "id!: OrganizationId" from
                 (select organization_id from execution_steps where state = 'sending' and deadline <= $1 order by deadline limit $2) s"#,
            now,
            limit,
        )
        .fetch_all(&mut *self.system().await?)
        .await?)
    }

    /// Organizations with mails that were sent since `since` and have no copy in Sent yet.
    ///
    /// # Errors
    /// The database's.
    pub async fn with_mails_to_copy(&self, since: DateTime<Utc>, limit: i64) -> Result<Vec<OrganizationId>> {
        Ok(sqlx::query_scalar!(
            r#"select distinct m.organization_id as "id!: OrganizationId" from
                 (select m.organization_id from sent_mails m
                  join execution_steps s on s.organization_id = m.organization_id and s.id = m.step_id and s.state = 'sent'
                  where m.copied_at is null and m.begun_at > $1 order by m.begun_at limit $2) m"#,
            since,
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
            r#"select organization_id as "organization: OrganizationId", id as "id: MessageId" from messages
               where state = 'sending' and deadline <= $1 order by deadline limit $2"#,
            now,
            limit,
        )
        .fetch_all(&mut *self.system().await?)
        .await?)
    }

    /// Forgets up to `limit` things that were taken in before `before`; answers how many.
    ///
    /// # Errors
    /// The database's.
    pub async fn forget_taken_in(&self, before: DateTime<Utc>, limit: i64) -> Result<u64> {
        let done = sqlx::query!(
            r#"delete from taken_in where ctid in
                 (select ctid from taken_in where taken_at < $1 order by taken_at limit $2 for update skip locked)"#,
            before,
            limit,
        )
        .execute(&mut *self.system().await?)
        .await?;
        Ok(done.rows_affected())
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
