//! What a campaign's steps have come to.

use super::CampaignRepository;
use crate::{
    errors::Result,
    models::{CampaignId, NodeStatistics},
};

impl CampaignRepository<'_> {
    /// Each step of a campaign in each of its wordings. What a lead did, as its activities tell, counts for the message that it was about; where its
    /// source does not tell, for the last that the lead was sent on that channel before. Of several answers to one message, one counts.
    ///
    /// # Errors
    /// The database's.
    pub async fn node_statistics(&mut self, campaign: CampaignId) -> Result<Vec<NodeStatistics>> {
        Ok(sqlx::query_as!(
            NodeStatistics,
            r#"with told as (
                 select a.execution_id, a.type, a.occurred_at, (a.data ->> 'step_id')::uuid as step_id,
                        case when a.type <> 'lead_replied' then 'email' else c.channel end as channel
                 from activities a
                 left join connected_accounts c on c.organization_id = a.organization_id and c.id = a.account_id
                 where a.organization_id = $1 and a.campaign_id = $2 and a.type in ('lead_replied', 'email_bounced', 'lead_unsubscribed')),
               last as (
                 select coalesce(t.step_id, s.id) as id, bool_or(t.type = 'lead_replied') as replied,
                        bool_or(t.type = 'email_bounced') as bounced, bool_or(t.type = 'lead_unsubscribed') as unsubscribed
                 from told t
                 left join lateral (
                   select s.id from execution_steps s
                   where t.step_id is null and s.organization_id = $1 and s.execution_id = t.execution_id and s.state = 'sent'
                     and s.action in ('send_connection_request', 'send_followup', 'send_inmail', 'send_email')
                     and (t.channel is null or (t.channel = 'email') = (s.action = 'send_email')) and s.sending_at <= t.occurred_at
                   order by s.sending_at desc, s.id desc limit 1) s on true
                 group by 1)
               select s.node_id, s.action, s.variant,
                      count(*) filter (where s.state = 'sent') as "sent!",
                      count(*) filter (where s.state = 'sending') as "in_flight!",
                      count(*) filter (where s.state = 'not_sent') as "not_sent!",
                      count(*) filter (where s.state = 'failed') as "failed!",
                      count(*) filter (where s.state = 'skipped') as "skipped!",
                      count(*) filter (where s.state = 'needs_review') as "needs_review!",
                      count(*) filter (where last.replied) as "replied!",
                      count(*) filter (where last.bounced) as "bounced!",
                      count(*) filter (where last.unsubscribed) as "unsubscribed!"
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
