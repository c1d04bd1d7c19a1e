//! What a file's columns mean, settled.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};

use super::{Proposal, Target};
use crate::{
    errors::Fault,
    utils::{json_schema::escape, text},
};

/// What the caller says that columns mean, by their headers: a target's text, or nothing for a column that is to be left out.
pub type ChosenMapping = BTreeMap<String, Option<String>>;

/// What each column of a file means, in the columns' order. No field is named twice, and one of them tells people apart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Mapping {
    columns: Vec<Target>,
}

impl Mapping {
    /// What the caller says, and what is proposed for every header that it does not name. A field that the caller gives to a column is
    /// no longer proposed for another.
    ///
    /// # Errors
    /// `unknown_column`, `unknown_field`, `duplicate_field`, `mapping_empty`, `identity_required`.
    pub fn settle(headers: &[String], chosen: &ChosenMapping) -> Result<Self, Vec<Fault>> {
        let mut faults = Vec::new();
        let mut settled = HashMap::new();
        for (header, name) in chosen {
            let tidy = text::collapse(text::trim(header));
            let index = headers.iter().position(|known| *known == tidy);
            let target = name.as_deref().map_or(Some(Target::Ignored), Target::named);
            match (index, target) {
                (Some(index), Some(target)) => {
                    let named_before = settled.iter().any(|(at, other)| *at == index || is_same(other, &target));
                    if named_before {
                        faults.push(fault(
                            header,
                            "duplicate_field",
                            "Another column is mapped to this field already.",
                        ));
                    }
                    settled.insert(index, target);
                }
                (index, target) => {
                    if index.is_none() {
                        faults.push(fault(header, "unknown_column", "The file has no column of this name."));
                    }
                    if target.is_none() {
                        faults.push(fault(header, "unknown_field", UNKNOWN_FIELD));
                    }
                }
            }
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        let columns = Proposal::beside(headers, &settled).into_iter().map(|(target, _)| target).collect();
        Self { columns }.useful().map_err(|fault| vec![fault])
    }

    #[cfg(test)]
    pub(super) fn of(columns: Vec<Target>) -> Self {
        Self { columns }
    }

    /// What each column means, in the columns' order.
    #[must_use]
    pub fn columns(&self) -> &[Target] {
        &self.columns
    }

    fn useful(self) -> Result<Self, Fault> {
        if self.columns.iter().all(|target| *target == Target::Ignored) {
            return Err(Fault::new("/mapping", "mapping_empty", "No column is mapped to anything."));
        }
        let identifies = |target: &Target| matches!(target, Target::Field(field) if field.identifies());
        if !self.columns.iter().any(identifies) {
            let detail =
                "A column must be mapped to email, linkedin_url or external_id, by which people are told apart.";
            return Err(Fault::new("/mapping", "identity_required", detail));
        }
        Ok(self)
    }
}

const UNKNOWN_FIELD: &str =
    "This must be a field of a lead, `custom_fields.` and a name of 1 to 100 characters, or null.";

fn is_same(one: &Target, other: &Target) -> bool {
    one == other && *one != Target::Ignored
}

fn fault(header: &str, code: &'static str, detail: &'static str) -> Fault {
    Fault::new(format!("/mapping/{}", escape(header)), code, detail)
}
