//! Whether mails were read.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgConnection;

use super::base::{Database, OrgScope};
use crate::{
    errors::Result,
    models::{CampaignId, FreshRead, LinkFetched, MailMark, NodeReads, OrganizationId, ReadCounts, StepId},
};

/// What one row counts lies so far apart at least.
const APART: TimeDelta = TimeDelta::seconds(10);
/// What one row counts at the most: from there on it stays as it is.
const MOST: i32 = 1_000;

/// What was fetched of one organization's mails.
#[derive(Debug)]
pub struct MailReadRepository<'c> {
    pub(in crate::repositories) conn: &'c mut PgConnection,
    pub(in crate::repositories) scope: OrgScope,
}

impl MailReadRepository<'_> {
    /// Notes that a mail's picture or link was fetched, if it has one: by a machine at once, if it was one or came within `too_soon` of the
    /// mail; else to be judged. What comes too fast after what was noted before changes nothing.
    ///
    /// # Errors
    /// The database's.
    pub async fn note(
        &mut self,
        mark: &MailMark,
        url: Option<&str>,
        (machine, too_soon): (bool, TimeDelta),
        now: DateTime<Utc>,
    ) -> Result<()> {
        sqlx::query!(
            r#"insert into mail_reads as r (organization_id, step_id, link, campaign_id, url, machines, machine_at, fresh_at)
               select m.organization_id, m.step_id, $3::smallint, m.campaign_id, $4, case when by.machine then 1 else 0 end,
                      case when by.machine then $6::timestamptz end, case when not by.machine then $6::timestamptz end
               from sent_mails m cross join lateral (select $5::boolean or m.begun_at > $7 as machine) by
               where m.organization_id = $1 and m.step_id = $2 and case when $3::smallint = 0 then m.tracks_opens else m.tracks_clicks end
               on conflict (organization_id, step_id, link) do update
                 set machines = r.machines + excluded.machines, machine_at = coalesce(excluded.machine_at, r.machine_at),
                     fresh_at = coalesce(r.fresh_at, excluded.fresh_at)
                 where case when excluded.fresh_at is null then r.machines < $9 and (r.machine_at is null or r.machine_at < $8)
                            else r.people < $9 and r.fresh_at is null and (r.people_at is null or r.people_at < $8) end"#,
            self.scope.id(),
            mark.step.0,
            mark.link,
            url,
            machine,
            now,
            now - too_soon,
            now - APART,
            MOST,
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(())
    }

    /// What was fetched before `before` and is not judged, locked; what others are judging is left out.
    ///
    /// # Errors
    /// The database's.
    pub async fn fresh(&mut self, before: DateTime<Utc>, limit: i64) -> Result<Vec<FreshRead>> {
        Ok(sqlx::query_as!(
            FreshRead,
            r#"select r.step_id, r.link, r.url, r.fresh_at as "fresh_at!", r.people, s.campaign_id, s.execution_id, s.lead_id, s.account_id,
                      s.node_id
               from mail_reads r join execution_steps s on s.organization_id = r.organization_id and s.id = r.step_id
               where r.organization_id = $1 and r.fresh_at <= $2 order by r.fresh_at limit $3 for update of r skip locked"#,
            self.scope.id(),
            before,
            limit,
        )
        .fetch_all(&mut *self.conn)
        .await?)
    }

    /// When the links of these mails were fetched.
    ///
    /// # Errors
    /// The database's.
    pub async fn links_of(&mut self, steps: &[StepId]) -> Result<Vec<LinkFetched>> {
        let steps: Vec<_> = steps.iter().map(|id| id.0).collect();
        Ok(sqlx::query_as!(
            LinkFetched,
            r#"select step_id, link, fresh_at, people_at, machine_at from mail_reads
               where organization_id = $1 and step_id = any($2) and link > 0"#,
            self.scope.id(),
            &steps,
        )
        .fetch_all(&mut *self.conn)
        .await?)
    }

    /// How a campaign's mails were read, by step and wording.
    ///
    /// # Errors
    /// The database's.
    pub async fn by_node(&mut self, campaign: CampaignId) -> Result<Vec<NodeReads>> {
        let rows = sqlx::query!(
            r#"select s.node_id, s.variant, count(*) filter (where m.tracks_opens) as "opens!", count(*) filter (where m.tracks_clicks) as "clicks!",
                      count(*) filter (where r.opens > 0) as "opened!", coalesce(sum(r.opens), 0)::bigint as "opened_times!",
                      count(*) filter (where r.machine_opens > 0) as "machine_opened!",
                      coalesce(sum(r.machine_opens), 0)::bigint as "machine_opened_times!",
                      count(*) filter (where r.clicks > 0) as "clicked!", coalesce(sum(r.clicks), 0)::bigint as "clicked_times!",
                      count(*) filter (where r.machine_clicks > 0) as "machine_clicked!",
                      coalesce(sum(r.machine_clicks), 0)::bigint as "machine_clicked_times!"
               from sent_mails m
               join execution_steps s on s.organization_id = m.organization_id and s.id = m.step_id and s.state = 'sent'
               left join (select step_id, sum(people) filter (where link = 0) as opens, sum(machines) filter (where link = 0) as machine_opens,
                                 sum(people) filter (where link > 0) as clicks, sum(machines) filter (where link > 0) as machine_clicks
                          from mail_reads where organization_id = $1 and campaign_id = $2 group by step_id) r on r.step_id = m.step_id
               where m.organization_id = $1 and m.campaign_id = $2 and (m.tracks_opens or m.tracks_clicks) group by s.node_id, s.variant"#,
            self.scope.id(),
            campaign.0,
        )
        .fetch_all(&mut *self.conn)
        .await?;
        let counts = |tracked, (mails, times), (machine_mails, machine_times)| ReadCounts {
            tracked,
            mails,
            times,
            machine_mails,
            machine_times,
        };
        let reads = rows.into_iter().map(|row| NodeReads {
            opens: counts(row.opens, (row.opened, row.opened_times), (row.machine_opened, row.machine_opened_times)),
            clicks: counts(
                row.clicks,
                (row.clicked, row.clicked_times),
                (row.machine_clicked, row.machine_clicked_times),
            ),
            node_id: row.node_id,
            variant: row.variant,
        });
        Ok(reads.collect())
    }

    /// Counts what was judged, for people or for machines.
    ///
    /// # Errors
    /// The database's.
    pub async fn judged(&mut self, judged: &[(&FreshRead, bool)]) -> Result<()> {
        if judged.is_empty() {
            return Ok(());
        }
        let steps: Vec<_> = judged.iter().map(|(read, _)| read.step_id.0).collect();
        let links: Vec<_> = judged.iter().map(|(read, _)| read.link).collect();
        let machines: Vec<_> = judged.iter().map(|(_, machine)| *machine).collect();
        sqlx::query!(
            r#"update mail_reads r
               set people = r.people + case when j.machine then 0 else 1 end, machines = r.machines + case when j.machine then 1 else 0 end,
                   people_at = case when j.machine then r.people_at else r.fresh_at end,
                   machine_at = case when j.machine then r.fresh_at else r.machine_at end, fresh_at = null
               from unnest($2::uuid[], $3::smallint[], $4::boolean[]) as j (step_id, link, machine)
               where r.organization_id = $1 and r.step_id = j.step_id and r.link = j.link and r.fresh_at is not null"#,
            self.scope.id(),
            &steps,
            &links,
            &machines,
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(())
    }
}

impl Database {
    /// Organizations of whose mails something was fetched before `before` that is not judged.
    ///
    /// # Errors
    /// The database's.
    pub async fn with_fresh_reads(&self, before: DateTime<Utc>, limit: i64) -> Result<Vec<OrganizationId>> {
        Ok(sqlx::query_scalar!(
            r#"select distinct r.organization_id as "id!: OrganizationId" from
                 (select organization_id from mail_reads where fresh_at <= $1 order by fresh_at limit $2) r"#,
            before,
            limit,
        )
        .fetch_all(&mut *self.system().await?)
        .await?)
    }
}
