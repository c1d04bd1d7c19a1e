//! What happened to leads.

use serde_json::{Value, json};

use super::{
    Context,
    exports::{self, Rows},
};
use crate::{
    errors::Result,
    models::{
        Activity, ActivityFilter, AuditEntry, ExportedActivity, Scope,
        page::{Page, PageRequest},
    },
    repositories::{Need, OrgMember},
};

/// What happened to leads.
#[derive(Clone)]
pub struct ActivityService(pub Context);

impl ActivityService {
    /// A page of the activities that `filter` lets through.
    pub async fn list(
        &self,
        member: &OrgMember,
        filter: &ActivityFilter,
        page: &PageRequest,
    ) -> Result<Page<Activity>> {
        self.0.db.search(member).await?.activities().search(filter, page).await
    }

    /// Every activity that `filter` lets through as of now, the oldest first.
    pub async fn export(&self, member: &OrgMember, filter: ActivityFilter) -> Result<Rows<ExportedActivity>> {
        let entry = AuditEntry::new("activity.exported", "activity", None).change(None, asked_for(&filter));
        let mut conn = self.0.db.export(member).await?;
        let (feed, rows) = exports::export_to(&self.0, member, Need::Scope(Scope::ActivitiesRead));
        tokio::spawn(async move { feed.pour(conn.activities().export(&filter)).await });
        exports::told(&self.0, member, rows, entry).await
    }
}

/// Which activities are exported, as the audit log keeps it.
fn asked_for(filter: &ActivityFilter) -> Value {
    let ActivityFilter { lead_id, campaign_id, account_id, r#type, occurred_after, occurred_before } = filter;
    json!({"filter": {
        "lead_id": lead_id, "campaign_id": campaign_id, "account_id": account_id, "type": r#type,
        "occurred_after": occurred_after, "occurred_before": occurred_before,
    }})
}
