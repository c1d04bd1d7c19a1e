//! Erasing a person: the lead and all that names them goes, and what stays is that nobody may write to them.

use serde_json::json;

use super::LeadService;
use crate::{
    errors::Result,
    models::{AuditEntry, LeadId, version::VersionGuard},
    repositories::{BaseRepository, OrgMember},
    services::suppressions::keep_objection,
};

impl LeadService {
    /// Deletes a lead and everything that names the person, but for older lines of the audit log, which cannot be rewritten. Their address
    /// and profile are suppressed, as hashes only.
    pub async fn erase(&self, member: &OrgMember, id: LeadId, seen: &VersionGuard) -> Result<()> {
        let now = self.0.clock.now();
        let mut tx = self.0.db.begin(member, now).await?;
        tx.suppressions().lock().await?;
        tx.executions().hold_of(&[id]).await?;
        let lead = tx.leads().locked(id).await?;
        seen.check(lead.version)?;
        let suppressions = keep_objection(&mut tx, member, &self.0.suppression_keys, &lead).await?;
        tx.activities().forget(id).await?;
        let conversation = tx.conversations().of_lead(id).await?;
        let shown = suppressions.iter().map(|id| id.0).chain([id.0]).chain(conversation.map(|id| id.0));
        let shown: Vec<_> = shown.collect();
        tx.idempotency_keys().forget_answers(&shown, now).await?;
        tx.imports().forget_rejections_of(lead.email.as_deref(), lead.linkedin_url.as_deref()).await?;
        tx.leads().delete(id).await?;
        let campaigns: Vec<_> = lead.running_campaigns.iter().map(|running| running.campaign_id).collect();
        let left = json!({ "suppression_ids": suppressions, "running_campaign_ids": campaigns });
        tx.audit(AuditEntry::new("lead.erased", "lead", id.0).change(None, left));
        tx.commit().await
    }
}
