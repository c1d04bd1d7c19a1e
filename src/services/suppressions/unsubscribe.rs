//! A person has taken the way out of a mail.

use super::{SuppressionKeys, add};
use crate::{
    errors::Result,
    models::{Lead, Suppression, SuppressionId, SuppressionKind, SuppressionSource, SuppressionTarget},
    repositories::OrgTx,
};

/// Suppresses the lead's address, if it is not yet. To be called with the organization's suppressions locked.
pub(in crate::services) async fn keep_unsubscribe(tx: &mut OrgTx, keys: &SuppressionKeys, lead: &Lead) -> Result<()> {
    let Some(value) = lead.email.clone() else { return Ok(()) };
    let target = SuppressionTarget { kind: SuppressionKind::Email, value };
    let hashes = keys.of_target(lead.organization_id, &target);
    if !tx.suppressions().find_hashed(&hashes).await?.is_empty() {
        return Ok(());
    }
    let now = tx.now();
    let (key_id, hash) = keys.newest(lead.organization_id, &target);
    let suppression = Suppression {
        id: SuppressionId::new(now),
        organization_id: lead.organization_id,
        kind: target.kind,
        value: Some(target.value),
        value_hash: hash.to_vec(),
        key_id,
        reason: Some("Unsubscribed by the link in a mail".to_owned()),
        source: SuppressionSource::Unsubscribe,
        created_by: None,
        created_at: now,
        erased_at: None,
    };
    add(tx, keys, std::slice::from_ref(&suppression)).await
}
