//! Many suppressions at once: what became of each entry.

use super::SuppressionKind;
use crate::{models::SuppressionId, text_enum, utils::refusal::Refusal};

text_enum! {
    /// What became of an entry.
    SuppressionOutcome {
        /// It is suppressed now.
        Created = "created",
        /// It was suppressed already.
        Unchanged = "unchanged",
        /// An earlier entry is the same.
        DuplicateInRequest = "duplicate_in_request",
        /// It cannot be read; the reason is given.
        Rejected = "rejected",
    }
}

/// What became of an entry, and why.
#[derive(Debug, Clone, Copy)]
pub struct SuppressionVerdict {
    pub outcome: SuppressionOutcome,
    pub id: Option<SuppressionId>,
    pub kind: Option<SuppressionKind>,
    pub refusal: Option<Refusal>,
}
