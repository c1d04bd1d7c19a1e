//! Changing one lead.

use std::slice::from_ref;

use super::{LeadService, facts::difference, suppressed};
use crate::{
    errors::{AppError, Fault, Result},
    models::{
        Activity, AuditEntry, Lead, LeadChanges, LeadId, LeadStatus, ListReferences, input::custom_field_faults,
        version::VersionGuard,
    },
    repositories::{BaseRepository, OrgMember, OrgTx},
};

impl LeadService {
    /// Changes a lead.
    pub async fn update(
        &self,
        member: &OrgMember,
        id: LeadId,
        seen: &VersionGuard,
        changes: LeadChanges,
    ) -> Result<Lead> {
        let lists = ListReferences { one: None, many: changes.lead_list_ids.clone().unwrap_or_default() };
        let mut tx = self.0.db.begin(member, self.0.clock.now()).await?;
        if changes.may_be_barred() {
            // Only keeps the suppressions as they are: whom to ask about is known once the lead is, and leads are locked after this.
            tx.suppressions().matching([]).await?;
        }
        // Ways before leads, as everybody locks them.
        tx.executions().hold_of(&[id]).await?;
        let before = tx.leads().locked(id).await?;
        seen.check(before.version)?;
        let mut lead = before.clone();
        changes.apply(&mut lead);
        check(&before, &lead)?;
        self.check_suppressed(&mut tx, &before, &lead).await?;
        match write(tx, &before, &mut lead).await {
            Ok(()) => Ok(lead),
            Err(error) => Err(self.explained(member, error, &lead, &lists).await),
        }
    }
}

impl LeadService {
    /// Refuses to give a lead an address that nobody may write to, and to say of a lead with one that it may be contacted.
    async fn check_suppressed(&self, tx: &mut OrgTx, before: &Lead, lead: &Lead) -> Result<()> {
        let freed = before.status == LeadStatus::DoNotContact && lead.status != before.status;
        let changed =
            |address: fn(&Lead) -> Option<&str>| address(lead).filter(|new| freed || address(before) != Some(*new));
        let (email, profile) = (changed(|lead| lead.email.as_deref()), changed(|lead| lead.linkedin_url.as_deref()));
        let keys = self.0.suppression_keys.of_person(lead.organization_id, email, profile);
        if keys.is_empty() {
            return Ok(());
        }
        tx.suppressions().matching(&keys).await?.kind(&keys).map_or(Ok(()), |kind| Err(suppressed(kind)))
    }
}

async fn write(mut tx: OrgTx, before: &Lead, lead: &mut Lead) -> Result<()> {
    let Some((old, new)) = difference(before, lead) else { return Ok(()) };
    let now = tx.now();
    lead.version += 1;
    lead.updated_at = now;
    tx.leads().update_many(from_ref(lead)).await?;
    if lead.lead_list_ids != before.lead_list_ids {
        tx.leads().leave_lists(lead.id, &lead.lead_list_ids).await?;
        tx.leads().join_lists(from_ref(lead), now).await?;
    }
    if !before.running_campaigns.is_empty() {
        // A step that was held for something that the lead lacked may be done now.
        tx.executions().free(&[lead.id], None, now).await?;
    }
    recall_outdated(&mut tx, [(before, &*lead)]).await?;
    if let Some(activity) = status_changed(&tx, before, lead) {
        tx.activities().record(&[activity]).await?;
    }
    tx.audit(AuditEntry::new("lead.updated", "lead", lead.id.0).change(old, new));
    tx.commit().await
}

/// Has nothing begin any more that was claimed for leads as they were, and goes to where they are not reached any more, or to whom nobody is to write:
/// it is judged anew. What has begun cannot be called back.
pub(super) async fn recall_outdated<'l>(
    tx: &mut OrgTx,
    changed: impl IntoIterator<Item = (&'l Lead, &'l Lead)>,
) -> Result<()> {
    let outdated = |(before, after): &(&Lead, &Lead)| {
        let moved = before.email != after.email || before.linkedin_url != after.linkedin_url;
        let under_way = !before.running_campaigns.is_empty();
        under_way && (moved || before.status != after.status && is_left_alone(after.status))
    };
    let outdated: Vec<LeadId> = changed.into_iter().filter(outdated).map(|(before, _)| before.id).collect();
    if outdated.is_empty() { Ok(()) } else { tx.steps().recall_from(&outdated).await }
}

/// Whether campaigns may not write to leads with such a status.
fn is_left_alone(status: LeadStatus) -> bool {
    matches!(status, LeadStatus::DoNotContact | LeadStatus::Unsubscribed | LeadStatus::Bounced | LeadStatus::Replied)
}

/// What must hold of a lead as a whole, whatever was patched.
fn check(before: &Lead, lead: &Lead) -> Result<()> {
    let mut faults = Vec::new();
    if lead.email.is_none() && lead.linkedin_url.is_none() && lead.external_id.is_none() {
        let lost =
            [("/email", &before.email), ("/linkedin_url", &before.linkedin_url), ("/external_id", &before.external_id)];
        let detail = "A lead keeps at least one of email, linkedin_url and external_id.";
        let lost = lost.into_iter().filter(|(_, value)| value.is_some());
        faults.extend(lost.map(|(at, _)| Fault::new(at, "identity_required", detail)));
    }
    let custom = custom_field_faults(&lead.custom_fields);
    faults.extend(custom.into_iter().map(|refusal| Fault::new("/custom_fields", refusal.code, refusal.detail)));
    if faults.is_empty() { Ok(()) } else { Err(AppError::invalid(faults)) }
}

/// The activity of a change of status, if there was one.
pub(super) fn status_changed(tx: &OrgTx, before: &Lead, after: &Lead) -> Option<Activity> {
    (before.status != after.status).then(|| {
        let statuses = (before.status, after.status);
        Activity::lead_status_changed(after.organization_id, after.id, statuses, tx.user_id(), after.updated_at)
    })
}
