//! Many suppressions at once: a constant number of statements, whatever the number of entries.

use std::collections::HashMap;

use super::{Shape, SuppressionService, add, leads};
use crate::{
    errors::Result,
    models::{
        OrganizationId, Suppression, SuppressionId, SuppressionKind, SuppressionOutcome, SuppressionSource,
        SuppressionTarget, SuppressionVerdict,
    },
    repositories::{OrgMember, OrgTx},
    utils::{keyed_hash::KeyedHash, refusal::Refusal},
};

/// Many addresses and domains to be suppressed.
#[derive(Debug)]
pub struct SuppressionImport {
    /// Why, of all of them.
    pub reason: Option<String>,
    /// The entries; of one that cannot be read, what is wrong with it.
    pub entries: Vec<Result<SuppressionTarget, Refusal>>,
}

impl SuppressionService {
    /// Suppresses many addresses and domains and says of each entry what became of it. What is suppressed already stays as it is, so that
    /// the same import twice does nothing the second time.
    pub async fn import(&self, member: &OrgMember, import: SuppressionImport) -> Result<Vec<SuppressionVerdict>> {
        let SuppressionImport { reason, entries } = import;
        let mut tx = self.0.db.begin_search(member, self.0.clock.now()).await?;
        tx.suppressions().lock().await?;
        let mut known = self.known(&mut tx, member.organization_id(), &entries).await?;
        let shape =
            Shape { reason, source: SuppressionSource::Import, member, keys: &self.0.suppression_keys, now: tx.now() };
        let mut created: Vec<(Suppression, &SuppressionTarget)> = Vec::new();
        let mut verdicts = Vec::with_capacity(entries.len());
        for entry in &entries {
            let target = match entry {
                Ok(target) => target,
                Err(refusal) => {
                    verdicts.push(rejected(*refusal));
                    continue;
                }
            };
            if let Some((id, outcome)) = known.get(target) {
                verdicts.push(verdict(*outcome, *id, target.kind));
                continue;
            }
            let suppression = shape.suppression(target, created.len());
            let id = suppression.id;
            created.push((suppression, target));
            known.insert(target.clone(), (id, SuppressionOutcome::DuplicateInRequest));
            verdicts.push(verdict(SuppressionOutcome::Created, id, target.kind));
        }
        let (suppressions, targets): (Vec<_>, Vec<_>) = created.into_iter().unzip();
        add(&mut tx, &self.0.suppression_keys, &suppressions).await?;
        leads::bar(&mut tx, member, &targets).await?;
        tx.commit().await?;
        Ok(verdicts)
    }

    /// Those of the entries that are suppressed already.
    async fn known(
        &self,
        tx: &mut OrgTx,
        organization: OrganizationId,
        entries: &[Result<SuppressionTarget, Refusal>],
    ) -> Result<HashMap<SuppressionTarget, (SuppressionId, SuppressionOutcome)>> {
        let mut asked: HashMap<KeyedHash, &SuppressionTarget> = HashMap::new();
        for target in entries.iter().flatten() {
            let hashes = self.0.suppression_keys.of_target(organization, target);
            asked.extend(hashes.into_iter().map(|hash| (hash, target)));
        }
        let hashes: Vec<_> = asked.keys().copied().collect();
        let present = tx.suppressions().find_hashed(&hashes).await?;
        let known = present.into_iter().filter_map(|row| {
            let hash: KeyedHash = row.value_hash.try_into().ok()?;
            Some(((*asked.get(&hash)?).clone(), (row.id, SuppressionOutcome::Unchanged)))
        });
        Ok(known.collect())
    }
}

fn verdict(outcome: SuppressionOutcome, id: SuppressionId, kind: SuppressionKind) -> SuppressionVerdict {
    SuppressionVerdict { outcome, id: Some(id), kind: Some(kind), refusal: None }
}

fn rejected(refusal: Refusal) -> SuppressionVerdict {
    SuppressionVerdict { outcome: SuppressionOutcome::Rejected, id: None, kind: None, refusal: Some(refusal) }
}
