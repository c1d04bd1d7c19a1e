//! What is left of a person who is erased: that nobody may write to them again.

use super::{Shape, SuppressionKeys, add};
use crate::{
    errors::Result,
    models::{AuditEntry, Lead, SuppressionId, SuppressionKind, SuppressionSource, SuppressionTarget},
    repositories::{OrgMember, OrgTx},
};

/// Suppresses the lead's address and profile without keeping either: only hashes stay, also of what was suppressed before. To be called
/// with the organization's suppressions locked.
pub(in crate::services) async fn keep_objection(
    tx: &mut OrgTx,
    member: &OrgMember,
    keys: &SuppressionKeys,
    lead: &Lead,
) -> Result<Vec<SuppressionId>> {
    let email = lead.email.clone().map(|value| SuppressionTarget { kind: SuppressionKind::Email, value });
    let profile =
        lead.linkedin_url.clone().map(|value| SuppressionTarget { kind: SuppressionKind::LinkedinUrl, value });
    let targets: Vec<_> = email.into_iter().chain(profile).collect();
    let hashes: Vec<_> = targets.iter().map(|target| keys.of_target(lead.organization_id, target)).collect();
    let now = tx.now();
    let present = tx.suppressions().find_hashed(&hashes.concat()).await?;
    let plain: Vec<_> = present.iter().filter(|row| row.erased_at.is_none()).map(|row| row.id).collect();
    if !plain.is_empty() {
        tx.suppressions().erase(&plain, now).await?;
    }
    for id in &plain {
        tx.audit(AuditEntry::new("suppression.erased", "suppression", id.0));
    }
    let is_present = |hashes: &[_]| present.iter().any(|row| hashes.iter().any(|hash| row.value_hash == hash));
    let shape = Shape { reason: None, source: SuppressionSource::Erasure, member, keys, now };
    let absent = targets.iter().zip(&hashes).filter(|(_, hashes)| !is_present(hashes)).enumerate();
    let mut created: Vec<_> = absent.map(|(place, (target, _))| shape.suppression(target, place)).collect();
    for suppression in &mut created {
        (suppression.value, suppression.erased_at) = (None, Some(now));
    }
    add(tx, keys, &created).await?;
    Ok(present.iter().chain(&created).map(|row| row.id).collect())
}
