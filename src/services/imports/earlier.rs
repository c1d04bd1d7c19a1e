//! What the rows before a piece were about, so that who comes again is known however far behind.

use std::collections::HashMap;

use sha2::{Digest as _, Sha256};

use crate::{
    errors::Result,
    models::{Import, ImportId, LeadId},
    repositories::{OrgTx, OtherKey, SettledPiece},
    services::leads::batch::{Identity, LeadBatch, Plan, SeenLeads, of_row},
};

/// What rows of the first so many pieces were about.
pub(super) struct Earlier {
    /// How many.
    pub(super) pieces: i32,
    /// The leads.
    pub(super) leads: SeenLeads,
    /// Whether some were named by what no lead has. Most files never do that.
    any_other_keys: bool,
}

impl Earlier {
    /// Reads what was kept of the pieces that are settled.
    pub(super) async fn read(tx: &mut OrgTx, import: &Import) -> Result<Self> {
        let most = usize::try_from(import.rows_total).unwrap_or_default();
        Ok(Self {
            pieces: import.pieces_done,
            leads: SeenLeads::of(tx.imports().leads_so_far(import.id, most).await?),
            any_other_keys: tx.imports().has_other_keys(import.id).await?,
        })
    }

    /// Whose those of the rows' addresses, profiles and ids are that earlier rows have named somebody by and no lead has.
    pub(super) async fn other_keys(
        &self,
        tx: &mut OrgTx,
        id: ImportId,
        batch: &LeadBatch,
    ) -> Result<Vec<(Identity, LeadId)>> {
        if !self.any_other_keys {
            return Ok(Vec::new());
        }
        let named = batch.rows.iter().flatten().flat_map(of_row);
        let mut named: HashMap<OtherKey, Identity> = named.map(|identity| (hash(id, &identity), identity)).collect();
        let keys: Vec<_> = named.keys().copied().collect();
        let known = tx.imports().other_keys(id, &keys).await?;
        Ok(known.into_iter().filter_map(|(key, lead)| Some((named.remove(&key)?, lead))).collect())
    }

    /// Keeps by what else a piece's rows have named leads. To be called in the piece's transaction.
    pub(super) async fn keep_other_keys(tx: &mut OrgTx, id: ImportId, plan: &Plan) -> Result<()> {
        if plan.other_keys.is_empty() {
            return Ok(());
        }
        let mut keys: Vec<_> = plan.other_keys.iter().map(|(identity, lead)| (hash(id, identity), *lead)).collect();
        keys.sort_unstable();
        tx.imports().keep_other_keys(id, &keys).await
    }

    /// Remembers a piece that is settled.
    pub(super) fn remember(&mut self, settled: &SettledPiece, plan: &Plan) {
        self.pieces += 1;
        settled.lead_ids.iter().flatten().for_each(|lead| self.leads.insert(*lead));
        self.any_other_keys |= !plan.other_keys.is_empty();
    }
}

/// What a key is kept as. The import's own id makes it useless for anything else.
fn hash(id: ImportId, identity: &Identity) -> OtherKey {
    let (kind, value) = match identity {
        Identity::Email(value) => (b"e", value),
        Identity::Linkedin(value) => (b"l", value),
        Identity::External(value) => (b"x", value),
    };
    let digest = Sha256::new().chain_update(id.0.as_bytes()).chain_update(kind).chain_update(value).finalize();
    let mut key = OtherKey::default();
    key.copy_from_slice(&digest[..size_of::<OtherKey>()]);
    key
}
