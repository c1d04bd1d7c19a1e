//! Leads of whom a step is out.

use super::ExecutionRepository;
use crate::{
    errors::Result,
    models::{LeadId, workflow::NodeType},
};

impl ExecutionRepository<'_> {
    /// Those of these leads of whom a step that an account does is on its way out, or its outcome not known yet, in whichever campaign, and what that is.
    ///
    /// # Errors
    /// The database's.
    pub async fn out_to(&mut self, leads: &[LeadId]) -> Result<Vec<(LeadId, NodeType)>> {
        let ids: Vec<_> = leads.iter().map(|id| id.0).collect();
        let rows = sqlx::query!(
            r#"select lead_id as "lead: LeadId", action as "action!: NodeType" from campaign_executions
               where organization_id = $1 and lead_id = any($2) and status = 'running' and account_id is not null and action is not null"#,
            self.scope.id(),
            &ids,
        )
        .fetch_all(&mut *self.conn)
        .await?;
        Ok(rows.into_iter().map(|row| (row.lead, row.action)).collect())
    }
}
