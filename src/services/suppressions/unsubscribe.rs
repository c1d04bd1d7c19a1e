//! A person has taken the way out of a mail.

use super::{HashedAddress, SuppressionKeys, add, email_target, suppress_by_itself};
use crate::{
    errors::Result,
    models::{Suppression, SuppressionId, SuppressionKind, SuppressionSource},
    repositories::OrgTx,
};

const REASON: &str = "Unsubscribed by the link in a mail";

/// Suppresses all `addresses` of a person, and the one that the mail went to even where only its hash is left. To be called with the organization's
/// suppressions locked.
pub(in crate::services) async fn keep_unsubscribe(
    tx: &mut OrgTx,
    keys: &SuppressionKeys,
    addresses: &[String],
    went_to: Option<&HashedAddress>,
) -> Result<()> {
    let organization = tx.organization_id();
    let mut known = false;
    for target in addresses.iter().filter_map(|address| email_target(address)) {
        known |= went_to.is_some_and(|it| keys.of_target(organization, &target).contains(&it.hash));
        suppress_by_itself(tx, keys, &target, SuppressionSource::Unsubscribe, REASON).await?;
    }
    match went_to {
        Some(went_to) if !known => keep_hash(tx, keys, went_to).await,
        _ => Ok(()),
    }
}

/// Suppresses an address of which nothing but its hash is there any more.
async fn keep_hash(
    tx: &mut OrgTx,
    keys: &SuppressionKeys,
    HashedAddress { key_id, hash }: &HashedAddress,
) -> Result<()> {
    if !tx.suppressions().find_hashed(&[*hash]).await?.is_empty() {
        return Ok(());
    }
    let now = tx.now();
    let suppression = Suppression {
        id: SuppressionId::new(now),
        organization_id: tx.organization_id(),
        kind: SuppressionKind::Email,
        value: None,
        value_hash: hash.to_vec(),
        key_id: key_id.clone(),
        reason: Some(REASON.to_owned()),
        source: SuppressionSource::Unsubscribe,
        created_by: None,
        created_at: now,
        erased_at: Some(now),
    };
    add(tx, keys, &[suppression]).await
}
