//! A lead's timeline: what happened to it, and who changed it.

use serde_json::{Map, Value};
use sqlx::types::Json;

use super::ActivityRepository;
use crate::{
    errors::Result,
    models::{
        AccountId, CampaignId, ExecutionId, LeadId, TimelineEntry, TimelineKind, UserId,
        page::{Direction, Page, PageRequest, Position},
    },
};

/// The name of this type must fit into a column's.
type Data = Json<Map<String, Value>>;

/// The newest (or oldest) of both sources, each read from its own index.
macro_rules! timeline {
    ($compare:literal, $order:literal, $($argument:expr),+ $(,)?) => {
        sqlx::query_as!(
            TimelineEntry,
            r#"select id as "id!", kind as "kind!: TimelineKind", type as "type!", campaign_id as "campaign_id: CampaignId",
                      execution_id as "execution_id: ExecutionId", account_id as "account_id: AccountId", user_id as "user_id: UserId",
                      data as "data!: Data", occurred_at as "occurred_at!"
               from (
                 (select id, 'activity' as kind, type, campaign_id, execution_id, account_id, user_id, data, occurred_at
                  from activities
                  where organization_id = $1 and lead_id = $2 and (occurred_at, id) "# + $compare + r#" ($3, $4::uuid) "# + $order + r#" limit $5)
                 union all
                 (select id, 'change', action, null, null, null, case when actor_type = 'user' then actor_id end,
                         jsonb_build_object('before', before, 'after', after), occurred_at
                  from audit_logs
                  where organization_id = $1 and entity_id = $2 and (occurred_at, id) "# + $compare + r#" ($3, $4::uuid) "# + $order + r#" limit $5)
               ) entries "# + $order + " limit $5",
            $($argument),+
        )
    };
}

impl ActivityRepository<'_> {
    /// A page of a lead's timeline.
    ///
    /// # Errors
    /// The database's.
    pub async fn timeline(&mut self, lead: LeadId, page: &PageRequest) -> Result<Page<TimelineEntry>> {
        let from = page.start();
        let scope = self.scope.id();
        let rows = match page.direction {
            Direction::Descending => {
                timeline!("<", "order by occurred_at desc, id desc", scope, lead.0, from.at, from.id, page.fetch())
                    .fetch_all(&mut *self.conn)
                    .await?
            }
            Direction::Ascending => {
                timeline!(">", "order by occurred_at, id", scope, lead.0, from.at, from.id, page.fetch())
                    .fetch_all(&mut *self.conn)
                    .await?
            }
        };
        let total = if page.include_total { Some(self.timeline_length(lead).await?) } else { None };
        Ok(Page::cut(rows, page, total, |entry| Position { at: entry.occurred_at, id: entry.id }))
    }

    async fn timeline_length(&mut self, lead: LeadId) -> Result<i64> {
        Ok(sqlx::query_scalar!(
            r#"select (select count(*) from activities where organization_id = $1 and lead_id = $2)
                    + (select count(*) from audit_logs where organization_id = $1 and entity_id = $2) as "count!""#,
            self.scope.id(),
            lead.0,
        )
        .fetch_one(&mut *self.conn)
        .await?)
    }
}
