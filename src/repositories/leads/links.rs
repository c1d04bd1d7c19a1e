//! What most leads do not have: further lists, and campaigns under way. Two flags of a lead say whether to ask, so that a page of leads
//! costs one statement, and three at the most.

use std::collections::HashMap;

use uuid::Uuid;

use super::{LeadRepository, LeadRow};
use crate::{
    errors::Result,
    models::{Lead, LeadId, RunningCampaign},
};

impl LeadRepository<'_> {
    /// The leads of these rows, with what their own rows do not say.
    ///
    /// # Errors
    /// The database's.
    pub(super) async fn complete(&mut self, rows: Vec<LeadRow>) -> Result<Vec<Lead>> {
        let on_more_lists = those(&rows, |lead| lead.on_more_lists);
        let enrolled = those(&rows, |lead| lead.enrolled);
        let mut leads = self.as_they_say(rows);
        if on_more_lists.is_empty() && enrolled.is_empty() {
            return Ok(leads);
        }
        let mut by_id: HashMap<_, _> = leads.iter_mut().map(|lead| (lead.id, lead)).collect();
        if !on_more_lists.is_empty() {
            self.add_lists(&on_more_lists, &mut by_id).await?;
        }
        if !enrolled.is_empty() {
            self.add_campaigns(&enrolled, &mut by_id).await?;
        }
        Ok(leads)
    }

    /// The leads of these rows, as if they said everything.
    pub(super) fn as_they_say(&self, rows: Vec<LeadRow>) -> Vec<Lead> {
        rows.into_iter().map(|row| row.into_lead(self.scope.organization_id())).collect()
    }

    async fn add_lists(&mut self, ids: &[Uuid], leads: &mut HashMap<LeadId, &mut Lead>) -> Result<()> {
        let rows = sqlx::query!(
            "select lead_id, lead_list_id from lead_list_members where organization_id = $1 and lead_id = any($2)",
            self.scope.id(),
            ids,
        )
        .fetch_all(&mut *self.conn)
        .await?;
        for row in rows {
            if let Some(lead) = leads.get_mut(&row.lead_id) {
                lead.lead_list_ids.push(row.lead_list_id);
            }
        }
        for lead in leads.values_mut() {
            lead.lead_list_ids.sort_unstable();
        }
        Ok(())
    }

    async fn add_campaigns(&mut self, ids: &[Uuid], leads: &mut HashMap<LeadId, &mut Lead>) -> Result<()> {
        let rows = sqlx::query!(
            r#"select e.lead_id, e.id, e.status, e.campaign_id, c.name
               from campaign_executions e join campaigns c on c.organization_id = e.organization_id and c.id = e.campaign_id
               where e.organization_id = $1 and e.lead_id = any($2) and e.status in ('pending', 'waiting', 'running')
               order by e.id"#,
            self.scope.id(),
            ids,
        )
        .fetch_all(&mut *self.conn)
        .await?;
        for row in rows {
            if let Some(lead) = leads.get_mut(&row.lead_id) {
                lead.running_campaigns.push(RunningCampaign {
                    execution_id: row.id,
                    campaign_id: row.campaign_id,
                    name: row.name,
                    status: row.status,
                });
            }
        }
        Ok(())
    }
}

fn those(rows: &[LeadRow], which: fn(&LeadRow) -> bool) -> Vec<Uuid> {
    rows.iter().filter(|lead| which(lead)).map(|lead| lead.id.0).collect()
}
