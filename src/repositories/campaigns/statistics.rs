//! What a campaign's steps have come to.

use super::CampaignRepository;
use crate::{
    errors::Result,
    models::{CampaignId, NodeStatistics},
};

impl CampaignRepository<'_> {
    /// Each step of a campaign in each of its wordings. An answer counts for the last step that the lead was sent before it.
    ///
    /// # Errors
    /// The database's.
    pub async fn node_statistics(&mut self, campaign: CampaignId) -> Result<Vec<NodeStatistics>> {
        Ok(sqlx::query_as!(
            NodeStatistics,
            r#"with last as (
                 select distinct on (s.execution_id) s.id, e.status from execution_steps s
                 join campaign_executions e on e.organization_id = s.organization_id and e.id = s.execution_id
                 where s.organization_id = $1 and s.campaign_id = $2 and s.state = 'sent'
                 order by s.execution_id, s.sending_at desc, s.id desc)
               select s.node_id, s.action, s.variant,
                      count(*) filter (where s.state = 'sent') as "sent!",
                      count(*) filter (where s.state = 'sending') as "in_flight!",
                      count(*) filter (where s.state = 'not_sent') as "not_sent!",
                      count(*) filter (where s.state = 'failed') as "failed!",
                      count(*) filter (where s.state = 'skipped') as "skipped!",
                      count(*) filter (where s.state = 'needs_review') as "needs_review!",
                      count(*) filter (where last.status = 'replied') as "replied!",
                      count(*) filter (where last.status = 'bounced') as "bounced!",
                      count(*) filter (where last.status = 'unsubscribed') as "unsubscribed!"
               from execution_steps s
               left join last on last.id = s.id
               where s.organization_id = $1 and s.campaign_id = $2
               group by s.node_id, s.action, s.variant order by min(s.sending_at), s.node_id, s.variant"#,
            self.scope.id(),
            campaign.0,
        )
        .fetch_all(&mut *self.conn)
        .await?)
    }
}
