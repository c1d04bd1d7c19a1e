//! What follows for present leads when somebody is suppressed: they stay, and nobody is to write to them.

use serde_json::json;

use crate::{
    errors::Result,
    models::{Activity, AuditEntry, LeadStatus, SuppressionKind, SuppressionTarget},
    repositories::{BarredLead, OrgMember, OrgTx},
};

/// Leads at suppressed domains that are marked at once. The mark is for people: whether somebody may be written to is asked of the
/// suppressions themselves, so that a lead without it is as safe.
const MARKED_AT_DOMAINS: i64 = 1_000;
/// Domains whose leads are looked for, each of which is a search.
const SEARCHED_DOMAINS: usize = 20;

/// Marks the leads that these suppressions concern: all with a suppressed address or profile, and of those at suppressed domains as many
/// as one bounded statement finds.
pub(super) async fn bar(tx: &mut OrgTx, member: &OrgMember, targets: &[&SuppressionTarget]) -> Result<()> {
    let of = |kind: SuppressionKind| -> Vec<String> {
        targets.iter().filter(|target| target.kind == kind).map(|target| target.value.clone()).collect()
    };
    let (emails, profiles) = (of(SuppressionKind::Email), of(SuppressionKind::LinkedinUrl));
    let domains = of(SuppressionKind::Domain);
    let now = tx.now();
    let mut barred = Vec::new();
    if !emails.is_empty() || !profiles.is_empty() {
        barred = tx.leads().bar(&emails, &profiles, now).await?;
    }
    if (1..=SEARCHED_DOMAINS).contains(&domains.len()) {
        barred.extend(tx.leads().bar_at_domains(&domains, MARKED_AT_DOMAINS, now).await?);
    }
    tell(tx, member, &barred).await
}

/// Writes down that leads were marked.
async fn tell(tx: &mut OrgTx, member: &OrgMember, barred: &[BarredLead]) -> Result<()> {
    if barred.is_empty() {
        return Ok(());
    }
    let (organization, to, now) = (member.organization_id(), LeadStatus::DoNotContact, tx.now());
    let activity = |lead: &BarredLead| {
        Activity::lead_status_changed(organization, lead.id, (lead.status, to), member.user_id(), now)
    };
    let activities: Vec<_> = barred.iter().map(activity).collect();
    tx.activities().record(&activities).await?;
    for lead in barred {
        let entry = AuditEntry::new("lead.updated", "lead", lead.id.0);
        tx.audit(entry.change(json!({ "status": lead.status }), json!({ "status": to })));
    }
    Ok(())
}
