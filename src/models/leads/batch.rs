//! Many leads at once: what is asked of each row, and what became of it.

use crate::{
    errors::Fault,
    models::{LeadId, SuppressionKind},
    text_enum,
};

text_enum! {
    /// What to do with a row whose person is a lead already.
    OnDuplicate {
        /// Leave the lead alone, its lists included.
        Skip = "skip",
        /// Fill the fields that are empty, and put the lead on the lists.
        UpdateEmpty = "update_empty",
        /// Replace every field that the row has, and put the lead on the lists.
        Overwrite = "overwrite",
    }
}

text_enum! {
    /// What became of a row.
    RowOutcome {
        /// There is a new lead.
        Created = "created",
        /// The person's lead was changed.
        Updated = "updated",
        /// The person's lead has all that already, or was to be left alone.
        Unchanged = "unchanged",
        /// An earlier row is about the same person; this one was not used.
        DuplicateInRequest = "duplicate_in_request",
        /// Nobody may write to the person, so nothing was written; the reason says what is suppressed.
        Suppressed = "suppressed",
        /// The row cannot be used; the reason is given.
        Rejected = "rejected",
    }
}

/// What became of a row, and why.
#[derive(Debug, Clone)]
pub struct RowVerdict {
    pub outcome: RowOutcome,
    /// The person's lead, if it is known.
    pub lead_id: Option<LeadId>,
    /// A stable code that says more than the outcome.
    pub reason: Option<&'static str>,
    /// Everything that is wrong with a rejected row, with pointers into the row.
    pub faults: Vec<Fault>,
}

impl RowVerdict {
    /// A row that was used.
    #[must_use]
    pub fn used(outcome: RowOutcome, lead_id: LeadId) -> Self {
        Self { outcome, lead_id: Some(lead_id), reason: None, faults: Vec::new() }
    }

    /// A row about somebody whom nobody may write to.
    #[must_use]
    pub fn suppressed(kind: SuppressionKind) -> Self {
        Self { outcome: RowOutcome::Suppressed, lead_id: None, reason: Some(kind.as_str()), faults: Vec::new() }
    }

    /// A row that cannot be used.
    #[must_use]
    pub fn rejected(reason: &'static str, faults: Vec<Fault>) -> Self {
        Self { outcome: RowOutcome::Rejected, lead_id: None, reason: Some(reason), faults }
    }
}
