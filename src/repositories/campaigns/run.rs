//! Campaigns under way: starting and stopping them, and finding those that have something to do.

use chrono::{DateTime, Utc};
use sqlx::types::Json;

use super::CampaignRepository;
use crate::{
    errors::Result,
    models::{
        Campaign, CampaignId, CampaignSettings, CampaignStatus, ExecutionId, LeadId, OrganizationId, UserId,
        workflow::{Schedule, StopOn, Workflow},
    },
    repositories::SuppressionRepository,
};

/// A campaign as those see it who run it.
#[derive(Debug, Clone)]
pub struct CampaignRun {
    /// The campaign.
    pub id: CampaignId,
    /// What it is called.
    pub name: String,
    /// Where it stands.
    pub status: CampaignStatus,
    /// The workflow that its leads walk.
    pub workflow: Json<Workflow>,
    /// Which of its workflows that is, from 1.
    pub revision: i32,
    /// When it works.
    pub schedule: Option<Json<Schedule>>,
    /// What ends it for a lead.
    pub stop_on: Vec<StopOn>,
    /// Whom it leaves out.
    pub settings: Json<CampaignSettings>,
    /// When pending leads are begun next.
    pub next_begin_at: Option<DateTime<Utc>>,
    /// The last pending lead that the beginning under way has come to; none if none is under way, or before the first.
    pub begin_after: Option<LeadId>,
    /// The leads that were added to its lists up to then are enrolled.
    pub enrolled_until: Option<DateTime<Utc>>,
    /// When the enrolment under way began, by the clock of the lists.
    pub enrol_began: Option<DateTime<Utc>>,
    /// The last lead that the enrolment under way has come to.
    pub enrol_after: Option<LeadId>,
    /// The last lead that the planning anew under way has come to; the nil id before the first, none if none is under way.
    pub replanning: Option<LeadId>,
    /// Whether that is because its schedule was changed.
    pub replan_hours: bool,
}

/// Leads that are to be enrolled.
#[derive(Debug)]
pub struct FoundLeads {
    /// Which.
    pub new: Vec<LeadId>,
    /// After which lead to go on; none if there are no more.
    pub last: Option<LeadId>,
}

/// A campaign of some organization.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RunningCampaignRef {
    /// Whose.
    pub organization: OrganizationId,
    /// Which.
    pub campaign: CampaignId,
}

/// A campaign with the workflow that it was started with.
macro_rules! run {
    ($repository:expr, $id:expr, $lock:literal) => {
        sqlx::query_as!(
            CampaignRun,
            r#"select c.id, c.name, c.status, r.workflow, r.number as revision, c.schedule, c.stop_on, c.settings, c.next_begin_at, c.begin_after as "begin_after: LeadId", c.enrolled_until, c.enrol_began,
                      c.enrol_after as "enrol_after: LeadId", c.replanning as "replanning: LeadId", c.replan_hours
               from campaigns c
               join campaign_revisions r on r.organization_id = c.organization_id and r.campaign_id = c.id and r.number = c.revision
               join organizations o on o.id = c.organization_id and o.deleted_at is null
               where c.organization_id = $1 and c.id = $2 "# + $lock,
            $repository.scope.id(),
            $id.0,
        )
        .fetch_optional(&mut *$repository.conn)
        .await?
    };
}

impl CampaignRepository<'_> {
    /// The campaign, if it has been started. As long as the transaction lasts nobody pauses or stops it.
    ///
    /// # Errors
    /// The database's.
    pub async fn run(&mut self, id: CampaignId) -> Result<Option<CampaignRun>> {
        Ok(run!(self, id, "for share of c"))
    }

    /// The same, for who begins leads or enrols them: one at a time.
    ///
    /// # Errors
    /// The database's.
    pub async fn run_alone(&mut self, id: CampaignId) -> Result<Option<CampaignRun>> {
        Ok(run!(self, id, "for no key update of c"))
    }

    /// Waits for the engine's transactions that are under way in the organization, and lets no other begin before this one ends. They hold
    /// campaigns in share, where new ones would pass whoever waits to change one, for as long as there is work; this lock is given in turn.
    ///
    /// # Errors
    /// The database's.
    pub async fn take_turn(&mut self) -> Result<()> {
        SuppressionRepository { conn: &mut *self.conn, scope: self.scope }.lock().await
    }

    /// Keeps the workflow as it is now, for those who walk it; answers the revision's number.
    ///
    /// # Errors
    /// The database's.
    pub async fn pin(&mut self, campaign: CampaignId, by: Option<UserId>, now: DateTime<Utc>) -> Result<i32> {
        Ok(sqlx::query_scalar!(
            r#"insert into campaign_revisions (organization_id, campaign_id, number, workflow, created_by, created_at)
               select c.organization_id, c.id,
                      1 + (select count(*) from campaign_revisions r where r.organization_id = $1 and r.campaign_id = $2)::integer,
                      c.workflow, $3, $4
               from campaigns c where c.organization_id = $1 and c.id = $2
               returning number"#,
            self.scope.id(),
            campaign.0,
            by.map(|id| id.0),
            now,
        )
        .fetch_one(&mut *self.conn)
        .await?)
    }

    /// Writes where a campaign stands, with what follows from it.
    ///
    /// # Errors
    /// The database's.
    pub async fn switch(
        &mut self,
        campaign: &Campaign,
        revision: Option<i32>,
        next_begin_at: Option<DateTime<Utc>>,
    ) -> Result<()> {
        sqlx::query!(
            r#"update campaigns set status = $3, revision = coalesce($4, revision), next_begin_at = coalesce($5, next_begin_at), version = $6,
                      updated_at = $7,
                      started_at = case when $3 in ('draft', 'scheduled') then null else coalesce(started_at, $7) end,
                      ended_at = case when $3 in ('completed', 'stopped') then $7 end,
                      paused_because = null, judged_from = case when $3 = 'running' then $7 else judged_from end
               where organization_id = $1 and id = $2"#,
            self.scope.id(),
            campaign.id.0,
            campaign.status.as_str(),
            revision,
            next_begin_at,
            campaign.version,
            campaign.updated_at,
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(())
    }

    /// The first leads of a campaign's lists, in the order in which they are enrolled, that are not enrolled yet.
    ///
    /// # Errors
    /// The database's.
    pub async fn leads_to_enrol(&mut self, campaign: CampaignId, limit: i64) -> Result<Vec<LeadId>> {
        Ok(sqlx::query_scalar!(
            r#"select distinct e.lead_id as "id!: LeadId" from campaign_lead_lists l
               join lead_list_entries e on e.organization_id = l.organization_id and e.lead_list_id = l.lead_list_id
               where l.organization_id = $1 and l.campaign_id = $2
                 and not exists (select from campaign_executions x where x.organization_id = $1 and x.campaign_id = $2 and x.lead_id = e.lead_id)
               order by 1 limit $3"#,
            self.scope.id(),
            campaign.0,
            limit,
        )
        .fetch_all(&mut *self.conn)
        .await?)
    }

    /// Looks through the next leads of the organization after `after`, in the order of their ids, for those that are on a campaign's lists and
    /// not enrolled. Costs the same wherever it stands and however long the lists are.
    ///
    /// # Errors
    /// The database's.
    pub async fn look_for_leads(
        &mut self,
        campaign: CampaignId,
        after: Option<LeadId>,
        most: i64,
    ) -> Result<FoundLeads> {
        // Asked for each as a value: as a join it would be planned to read all of the campaign's executions for every page.
        let row = sqlx::query!(
            r#"with seen as materialized (
                 select id, lead_list_id, on_more_lists from leads where organization_id = $1 and id > $3 order by id limit $4),
               lists as (select lead_list_id from campaign_lead_lists where organization_id = $1 and campaign_id = $2)
               select array(
                        select s.id from seen s
                        where (s.lead_list_id in (select lead_list_id from lists)
                               or (s.on_more_lists and exists (
                                     select from lead_list_members m
                                     where m.organization_id = $1 and m.lead_id = s.id
                                       and m.lead_list_id in (select lead_list_id from lists))))
                          and (select x.id from campaign_executions x
                               where x.organization_id = $1 and x.campaign_id = $2 and x.lead_id = s.id) is null
                        order by s.id) as "new!: Vec<LeadId>",
                      case when (select count(*) from seen) = $4 then (select id from seen order by id desc limit 1) end
                        as "last: LeadId""#,
            self.scope.id(),
            campaign.0,
            after.map_or(uuid::Uuid::nil(), |id| id.0),
            most,
        )
        .fetch_one(&mut *self.conn)
        .await?;
        Ok(FoundLeads { new: row.new, last: row.last })
    }

    /// The next leads, after `after` in the order of their ids, that were put onto a campaign's lists since `since` and are not enrolled.
    ///
    /// # Errors
    /// The database's.
    pub async fn look_for_late_leads(
        &mut self,
        campaign: CampaignId,
        after: Option<LeadId>,
        since: DateTime<Utc>,
        limit: i64,
    ) -> Result<FoundLeads> {
        let new = sqlx::query_scalar!(
            r#"select distinct e.lead_id as "id!: LeadId" from campaign_lead_lists l
               cross join lateral (
                 select id as lead_id from leads
                 where organization_id = $1 and lead_list_id = l.lead_list_id and created_at >= $4
                 union all
                 select lead_id from lead_list_members
                 where organization_id = $1 and lead_list_id = l.lead_list_id and added_at >= $4) e
               where l.organization_id = $1 and l.campaign_id = $2 and e.lead_id > $3
                 and not exists (select from campaign_executions x where x.organization_id = $1 and x.campaign_id = $2 and x.lead_id = e.lead_id)
               order by 1 limit $5"#,
            self.scope.id(),
            campaign.0,
            after.map_or(uuid::Uuid::nil(), |id| id.0),
            since,
            limit,
        )
        .fetch_all(&mut *self.conn)
        .await?;
        let full = i64::try_from(new.len()).is_ok_and(|found| found == limit);
        Ok(FoundLeads { last: new.last().copied().filter(|_| full), new })
    }

    /// Enrols leads, each once; answers how many are new.
    ///
    /// # Errors
    /// The database's.
    pub async fn enrol(&mut self, campaign: CampaignId, leads: &[LeadId], now: DateTime<Utc>) -> Result<u64> {
        let ids: Vec<_> = leads.iter().map(|_| ExecutionId::new(now).0).collect();
        let leads: Vec<_> = leads.iter().map(|id| id.0).collect();
        let done = sqlx::query!(
            r#"insert into campaign_executions (id, organization_id, campaign_id, lead_id, status, created_at, updated_at)
               select row.id, $1, $2, row.lead_id, 'pending', $3, $3 from unnest($4::uuid[], $5::uuid[]) as row (id, lead_id)
               on conflict (organization_id, campaign_id, lead_id) do nothing"#,
            self.scope.id(),
            campaign.0,
            now,
            &ids,
            &leads,
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(done.rows_affected())
    }

    /// Writes how far enrolment and beginning have come, and when leads are begun next.
    ///
    /// # Errors
    /// The database's.
    pub async fn advance(&mut self, run: &CampaignRun) -> Result<()> {
        sqlx::query!(
            "update campaigns set enrol_after = $3, enrolled_until = $4, next_begin_at = $5, enrol_began = $6, begin_after = $7
             where organization_id = $1 and id = $2",
            self.scope.id(),
            run.id.0,
            run.enrol_after.map(|id| id.0),
            run.enrolled_until,
            run.next_begin_at,
            run.enrol_began,
            run.begin_after.map(|id| id.0),
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(())
    }

    /// Whether any lead is still on its way, of a campaign that has enrolled all.
    ///
    /// # Errors
    /// The database's.
    pub async fn is_open(&mut self, campaign: CampaignId) -> Result<bool> {
        Ok(sqlx::query_scalar!(
            r#"select exists (select from campaign_executions where organization_id = $1 and campaign_id = $2 and status = 'pending')
                   or exists (select from campaign_executions where organization_id = $1 and campaign_id = $2 and status = 'waiting')
                   or exists (select from campaign_executions where organization_id = $1 and campaign_id = $2 and status = 'running')
                 as "open!""#,
            self.scope.id(),
            campaign.0,
        )
        .fetch_one(&mut *self.conn)
        .await?)
    }
}
