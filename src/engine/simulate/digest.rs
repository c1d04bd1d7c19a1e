//! What two simulations are told apart by.

use sha2::{Digest, Sha256};

use super::SimulatedAction;

/// The SHA-256 of all actions in order, in hex. Each field has a fixed length or is preceded by its length.
pub(super) fn digest(actions: &[SimulatedAction]) -> String {
    let mut hash = Sha256::new();
    for SimulatedAction { lead, node, action: _, account, at, moves: _ } in actions {
        hash.update(lead.0.as_bytes());
        hash.update((node.len() as u64).to_be_bytes());
        hash.update(node.as_bytes());
        hash.update(account.map_or([0; 16], |account| *account.0.as_bytes()));
        hash.update(at.timestamp_micros().to_be_bytes());
    }
    hex::encode(hash.finalize())
}
