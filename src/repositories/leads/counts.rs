//! What counts against limits of a day though its lead is gone.

use super::LeadRepository;
use crate::{errors::Result, models::LeadId};

impl LeadRepository<'_> {
    /// Keeps what was sent to these leads against caps and which of them have begun, of the last two days on which anything was: they are about to
    /// be deleted, and their ways with them.
    pub(super) async fn keep_counts(&mut self, ids: &[LeadId]) -> Result<()> {
        let ids: Vec<_> = ids.iter().map(|id| id.0).collect();
        sqlx::query!(
            r#"insert into counts_of_the_gone (organization_id, campaign_id, kind, account_id, recipient_domain, company_domain, at)
               select $1, s.campaign_id, 'message', s.account_id, s.recipient_domain, s.company_domain, s.sending_at
               from execution_steps s
               where s.organization_id = $1 and s.lead_id = any($2) and s.capped and s.state in ('sending', 'sent', 'needs_review')
                 and s.sending_at > (select max(l.sending_at) from execution_steps l where l.organization_id = $1 and l.capped) - interval '2 days'
               union all
               select $1, e.campaign_id, 'beginning', null, null, null, e.begun_at
               from campaign_executions e
               where e.organization_id = $1 and e.lead_id = any($2)
                 and e.begun_at > (select max(l.begun_at) from campaign_executions l
                                   where l.organization_id = $1 and l.campaign_id = e.campaign_id and l.begun_at is not null) - interval '2 days'"#,
            self.scope.id(),
            &ids,
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(())
    }
}
