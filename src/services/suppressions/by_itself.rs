//! What the service itself suppresses, because of what came in: a mail that came back, a complaint, a wish.

use super::{SuppressionKeys, add};
use crate::{
    errors::Result,
    models::{Suppression, SuppressionId, SuppressionSource, SuppressionTarget},
    repositories::OrgTx,
};

/// Suppresses `target` unless it is already; whether it was not. To be called with the organization's suppressions locked.
pub(in crate::services) async fn suppress_by_itself(
    tx: &mut OrgTx,
    keys: &SuppressionKeys,
    target: &SuppressionTarget,
    source: SuppressionSource,
    reason: &str,
) -> Result<bool> {
    let (organization_id, now) = (tx.organization_id(), tx.now());
    if !tx.suppressions().find_hashed(&keys.of_target(organization_id, target)).await?.is_empty() {
        return Ok(false);
    }
    let (key_id, hash) = keys.newest(organization_id, target);
    let suppression = Suppression {
        id: SuppressionId::new(now),
        organization_id,
        kind: target.kind,
        value: Some(target.value.clone()),
        value_hash: hash.to_vec(),
        key_id,
        reason: Some(reason.chars().take(500).collect()),
        source,
        created_by: None,
        created_at: now,
        erased_at: None,
    };
    add(tx, keys, &[suppression]).await?;
    Ok(true)
}
