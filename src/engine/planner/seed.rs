//! Chance that can be told again.

use crate::models::LeadId;

const FNV_OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const FNV_PRIME: u64 = 0x0100_0000_01b3;

/// What is drawn by lot for a lead at a node is drawn by this: FNV-1a of the lead's id and the node's, mixed by the last step of `SplitMix64`.
/// The same today, tomorrow and in a simulation before there are executions, so it must never change.
#[must_use]
pub fn seed(lead: LeadId, node: &str) -> u64 {
    let bytes = lead.0.as_bytes().iter().chain(node.as_bytes());
    let hash = bytes.fold(FNV_OFFSET, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(FNV_PRIME));
    let hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}
