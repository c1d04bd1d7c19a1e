//! Whoever takes the way out of a mail is on no way any more. A step that is on its way out at this moment is not begun
//! any more, unless it has begun; what would follow it is left out.

use serde_json::json;

use super::activities::{happened, reason};
use crate::{
    errors::Result,
    models::{ExecutionStatus, Lead, LeadStatus, Stand},
    repositories::OrgTx,
};

/// Ends every way of a lead.
pub(in crate::services) async fn end_unsubscribed(tx: &mut OrgTx, lead: &Lead) -> Result<()> {
    let now = tx.now();
    let (mut stands, mut activities) = (Vec::new(), Vec::new());
    for (campaign, walk) in tx.executions().lock_open_of(lead.id).await? {
        activities.push(happened(tx, campaign, &walk, "lead_unsubscribed", json!({})));
        if matches!(walk.status, ExecutionStatus::Pending | ExecutionStatus::Waiting) {
            stands.push(Stand::ended(&walk, ExecutionStatus::Unsubscribed, Some("unsubscribed")));
            activities.push(happened(tx, campaign, &walk, "execution_unsubscribed", reason("lead_unsubscribed")));
        }
    }
    tx.executions().stand(&stands, now).await?;
    tx.activities().record(&activities).await?;
    let from = [LeadStatus::New, LeadStatus::Contacted, LeadStatus::Connected, LeadStatus::Replied];
    tx.leads().move_on(&[lead.id], &from, LeadStatus::Unsubscribed, now).await
}
