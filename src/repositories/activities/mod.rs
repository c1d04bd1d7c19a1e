//! What happened to leads.

use futures::{StreamExt as _, TryStreamExt as _, stream::BoxStream};
use sqlx::{PgConnection, types::Json};

use super::base::OrgScope;
use crate::{
    errors::{AppError, Result},
    models::{
        Activity, ActivityFilter, ExportedActivity, LeadId,
        page::{Direction, Page, PageRequest, Position},
    },
};

mod acceptance;
mod follow;
mod timeline;

/// The activities of one organization: append-only, so no base verbs.
#[derive(Debug)]
pub struct ActivityRepository<'c> {
    pub(in crate::repositories) conn: &'c mut PgConnection,
    pub(in crate::repositories) scope: OrgScope,
}

/// What a filter lets through. To be run on a connection that plans with values: absent conditions then fold away.
macro_rules! filtered {
    ($query:ident($($model:ident,)? $columns:literal), $repository:expr, $filter:expr, $tail:literal $(, $argument:expr)* $(,)?) => {
        sqlx::$query!(
            $($model,)?
            "select " + $columns + r#" from activities
               where organization_id = $1
                 and ($2::uuid is null or lead_id = $2)
                 and ($3::uuid is null or campaign_id = $3)
                 and ($4::uuid is null or account_id = $4)
                 and ($5::text is null or type = $5)
                 and ($6::timestamptz is null or occurred_at >= $6)
                 and ($7::timestamptz is null or occurred_at < $7)"# + $tail,
            $repository.scope.id(),
            $filter.lead_id.map(|id| id.0),
            $filter.campaign_id.map(|id| id.0),
            $filter.account_id.map(|id| id.0),
            $filter.r#type,
            $filter.occurred_after,
            $filter.occurred_before,
            $($argument),*
        )
    };
}

impl<'c> ActivityRepository<'c> {
    /// Writes down what happened.
    ///
    /// # Errors
    /// The database's.
    pub async fn record(&mut self, activities: &[Activity]) -> Result<()> {
        if activities.is_empty() {
            return Ok(());
        }
        let column = |value: fn(&Activity) -> Option<uuid::Uuid>| activities.iter().map(value).collect::<Vec<_>>();
        let ids: Vec<_> = activities.iter().map(|activity| activity.id.0).collect();
        let types: Vec<_> = activities.iter().map(|activity| activity.r#type.clone()).collect();
        let data: Vec<_> = activities.iter().map(|activity| Json(&activity.data.0)).collect();
        let times: Vec<_> = activities.iter().map(|activity| activity.occurred_at).collect();
        sqlx::query!(
            r#"insert into activities (id, organization_id, type, lead_id, campaign_id, execution_id, account_id, user_id, data, occurred_at)
               select row.id, $1, row.type, row.lead_id, row.campaign_id, row.execution_id, row.account_id, row.user_id, row.data,
                      row.occurred_at
               from unnest($2::uuid[], $3::text[], $4::uuid[], $5::uuid[], $6::uuid[], $7::uuid[], $8::uuid[], $9::jsonb[],
                           $10::timestamptz[])
                    as row (id, type, lead_id, campaign_id, execution_id, account_id, user_id, data, occurred_at)"#,
            self.scope.id(),
            &ids,
            &types,
            &column(|activity| activity.lead_id.map(|id| id.0)) as &[Option<uuid::Uuid>],
            &column(|activity| activity.campaign_id.map(|id| id.0)) as &[Option<uuid::Uuid>],
            &column(|activity| activity.execution_id.map(|id| id.0)) as &[Option<uuid::Uuid>],
            &column(|activity| activity.account_id.map(|id| id.0)) as &[Option<uuid::Uuid>],
            &column(|activity| activity.user_id.map(|id| id.0)) as &[Option<uuid::Uuid>],
            &data as &[Json<&serde_json::Map<String, serde_json::Value>>],
            &times,
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(())
    }

    /// Empties what a lead's activities say, for good; that they happened stays.
    ///
    /// # Errors
    /// The database's.
    pub async fn forget(&mut self, lead: LeadId) -> Result<()> {
        sqlx::query!(
            "update activities set data = '{}' where organization_id = $1 and lead_id = $2 and data <> '{}'",
            self.scope.id(),
            lead.0,
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(())
    }

    /// Every activity that `filter` lets through as of now, the oldest first, read as fast as they are taken. Ask it of a connection that
    /// plans with values.
    pub fn export<'s>(self, filter: &'s ActivityFilter) -> BoxStream<'s, Result<ExportedActivity>>
    where
        'c: 's,
    {
        let query = filtered!(
            query_as(
                ExportedActivity,
                "id, type, lead_id, campaign_id, execution_id, account_id, user_id, nullif(data, '{}')::text as data, occurred_at"
            ),
            self,
            filter,
            " order by occurred_at, id"
        );
        query.fetch(self.conn).map_err(AppError::from).boxed()
    }

    /// A page of the activities that `filter` lets through. Ask it of a connection that plans with values.
    ///
    /// # Errors
    /// The database's.
    pub async fn search(&mut self, filter: &ActivityFilter, page: &PageRequest) -> Result<Page<Activity>> {
        let from = page.start();
        let descending = page.direction == Direction::Descending;
        let (after, before) = if descending { (None, Some(from)) } else { (Some(from), None) };
        let rows = filtered!(
            query_as(
                Activity,
                "id, organization_id, type, lead_id, campaign_id, execution_id, account_id, user_id, data, occurred_at"
            ),
            self,
            filter,
            " and ($8::timestamptz is null or (occurred_at, id) < ($8, $9::uuid))
              and ($10::timestamptz is null or (occurred_at, id) > ($10, $11::uuid))
              order by case when $12 then occurred_at end desc, case when $12 then id end desc, occurred_at, id
              limit $13",
            before.map(|p| p.at),
            before.map(|p| p.id),
            after.map(|p| p.at),
            after.map(|p| p.id),
            descending,
            page.fetch(),
        )
        .fetch_all(&mut *self.conn)
        .await?;
        let total = if page.include_total {
            Some(filtered!(query_scalar(r#"count(*) as "count!""#), self, filter, "").fetch_one(&mut *self.conn).await?)
        } else {
            None
        };
        Ok(Page::cut(rows, page, total, |row| Position { at: row.occurred_at, id: row.id.0 }))
    }
}
