//! Lists of leads.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::base::base_repository;
use crate::{
    errors::Result,
    models::{LeadId, LeadList, LeadListId, LeadListStatistics},
};

base_repository!(
    /// The lead lists of one organization.
    LeadListRepository,
    LeadList,
    LeadListId,
    "lead list",
    "lead_lists",
    "id, organization_id, name, description, source, status, tags, version, created_by, created_at, updated_at"
);

/// A lead's place in the order in which a list is gone through: the newest lead is first.
#[derive(Debug, Clone, Copy)]
pub struct ListPlace {
    /// When the lead was made.
    pub lead_created_at: DateTime<Utc>,
    /// The lead.
    pub lead_id: LeadId,
}

impl LeadListRepository<'_> {
    /// Writes a new list.
    ///
    /// # Errors
    /// The database's.
    pub async fn insert(&mut self, list: &LeadList) -> Result<()> {
        sqlx::query!(
            r#"insert into lead_lists
                 (id, organization_id, name, description, source, status, tags, version, created_by, created_at, updated_at)
               values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"#,
            list.id.0,
            self.scope.id(),
            list.name,
            list.description,
            list.source.as_str(),
            list.status.as_str(),
            &list.tags,
            list.version,
            list.created_by.map(|id| id.0),
            list.created_at,
            list.updated_at,
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(())
    }

    /// Writes the fields that may change.
    ///
    /// # Errors
    /// The database's.
    pub async fn update(&mut self, list: &LeadList) -> Result<()> {
        sqlx::query!(
            r#"update lead_lists set name = $3, description = $4, status = $5, tags = $6, version = $7, updated_at = $8
               where organization_id = $1 and id = $2"#,
            self.scope.id(),
            list.id.0,
            list.name,
            list.description,
            list.status.as_str(),
            &list.tags,
            list.version,
            list.updated_at,
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(())
    }

    /// Says of up to `limit` leads that came in by the list, from behind `after` on, that they are on further lists, as they soon will be; answers the
    /// last of them, or none if there are none left. That a second question is asked of a lead which is on no other does no harm.
    ///
    /// # Errors
    /// The database's.
    pub async fn mark_leads(
        &mut self,
        id: LeadListId,
        after: Option<ListPlace>,
        limit: i64,
    ) -> Result<Option<ListPlace>> {
        Ok(sqlx::query_as!(
            ListPlace,
            r#"with page as materialized (
                 select id, created_at from leads
                 where organization_id = $1 and lead_list_id = $2
                   and (created_at, id) < (coalesce($3::timestamptz, 'infinity'), coalesce($4::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff'))
                 order by created_at desc, id desc limit $5),
               held as materialized (
                 select l.id from leads l
                 where l.organization_id = $1 and l.id in (select id from page) and not l.on_more_lists order by l.id for no key update),
               marked as (
                 update leads l set on_more_lists = true from held where l.organization_id = $1 and l.id = held.id)
               select created_at as lead_created_at, id as "lead_id: LeadId" from page order by created_at, id limit 1"#,
            self.scope.id(),
            id.0,
            after.map(|place| place.lead_created_at),
            after.map(|place| place.lead_id.0),
            limit,
        )
        .fetch_optional(&mut *self.conn)
        .await?)
    }

    /// Puts up to `limit` leads of `from`, from behind `after` on, on `to` as well; answers how many, and the last of them.
    ///
    /// # Errors
    /// The database's.
    pub async fn copy_members(
        &mut self,
        (from, to): (LeadListId, LeadListId),
        after: Option<ListPlace>,
        limit: i64,
        now: DateTime<Utc>,
    ) -> Result<(i64, Option<ListPlace>)> {
        let row = sqlx::query!(
            r#"with page as materialized (
                 select lead_id, lead_created_at from lead_list_entries
                 where organization_id = $1 and lead_list_id = $2
                   and (lead_created_at, lead_id) < (coalesce($3::timestamptz, 'infinity'), coalesce($4::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff'))
                 order by lead_created_at desc, lead_id desc limit $5),
               copied as (
                 insert into lead_list_members (organization_id, lead_list_id, lead_id, lead_created_at, added_at)
                 select $1, $6, lead_id, lead_created_at, $7 from page)
               select (select count(*) from page) as "count!", lead_created_at as "lead_created_at!", lead_id as "lead_id!: LeadId"
               from page order by lead_created_at, lead_id limit 1"#,
            self.scope.id(),
            from.0,
            after.map(|place| place.lead_created_at),
            after.map(|place| place.lead_id.0),
            limit,
            to.0,
            now,
        );
        let row = row.fetch_optional(&mut *self.conn).await?;
        Ok(row.map_or((0, None), |row| {
            (row.count, Some(ListPlace { lead_created_at: row.lead_created_at, lead_id: row.lead_id }))
        }))
    }

    /// Whether a campaign draws on the list.
    ///
    /// # Errors
    /// The database's.
    pub async fn in_use(&mut self, id: LeadListId) -> Result<bool> {
        Ok(sqlx::query_scalar!(
            r#"select exists (select from campaign_lead_lists where organization_id = $1 and lead_list_id = $2) as "exists!""#,
            self.scope.id(),
            id.0,
        )
        .fetch_one(&mut *self.conn)
        .await?)
    }

    /// Takes up to `limit` of the leads off the list that came in by it; answers how many. The rows of the others are small enough to go
    /// with the list.
    ///
    /// # Errors
    /// The database's.
    pub async fn release_leads(&mut self, id: LeadListId, limit: i64) -> Result<i64> {
        let done = sqlx::query!(
            r#"update leads set lead_list_id = null
               where organization_id = $1
                 and id in (select id from leads where organization_id = $1 and lead_list_id = $2 order by id limit $3 for update)"#,
            self.scope.id(),
            id.0,
            limit,
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(i64::try_from(done.rows_affected()).unwrap_or(i64::MAX))
    }

    /// How many leads are on each of `ids`; a list without leads is absent.
    ///
    /// # Errors
    /// The database's.
    pub async fn lead_counts(&mut self, ids: &[LeadListId]) -> Result<Vec<(LeadListId, i64)>> {
        let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
        let rows = sqlx::query!(
            r#"select lead_list_id as "lead_list_id!: LeadListId", count(*) as "count!" from lead_list_entries
               where organization_id = $1 and lead_list_id = any($2) group by lead_list_id"#,
            self.scope.id(),
            &ids,
        )
        .fetch_all(&mut *self.conn)
        .await?;
        Ok(rows.into_iter().map(|row| (row.lead_list_id, row.count)).collect())
    }

    /// How many leads of a list are in which state.
    ///
    /// # Errors
    /// The database's.
    pub async fn statistics(&mut self, id: LeadListId) -> Result<LeadListStatistics> {
        let rows = sqlx::query!(
            r#"select l.status, count(*) as "leads!", count(l.email) as "emails!",
                      count(l.linkedin_url) as "profiles!"
               from leads l
               where l.organization_id = $1 and l.id in (
                 select e.lead_id from lead_list_entries e where e.organization_id = $1 and e.lead_list_id = $2)
               group by l.status order by l.status"#,
            self.scope.id(),
            id.0,
        )
        .fetch_all(&mut *self.conn)
        .await?;
        let campaign_count = sqlx::query_scalar!(
            r#"select count(*) as "count!" from campaign_lead_lists where organization_id = $1 and lead_list_id = $2"#,
            self.scope.id(),
            id.0,
        )
        .fetch_one(&mut *self.conn)
        .await?;
        Ok(LeadListStatistics {
            lead_count: rows.iter().map(|row| row.leads).sum(),
            with_email: rows.iter().map(|row| row.emails).sum(),
            with_linkedin_url: rows.iter().map(|row| row.profiles).sum(),
            by_status: rows.into_iter().map(|row| (row.status, row.leads)).collect(),
            campaign_count,
        })
    }
}
