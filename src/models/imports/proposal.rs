//! What a file's columns seem to mean.

use std::collections::{HashMap, HashSet};

use super::{LeadField, Target, synonyms};
use crate::{
    models::input::{MAX_CUSTOM_FIELDS, MAX_CUSTOM_NAME},
    text_enum,
};

text_enum! {
    /// Why a column is not the field that its header means.
    ProposalNote {
        /// Another column has the better name for that field, so that this one becomes a custom field.
        BetterColumn = "better_column",
        /// A lead has no more than 100 custom fields, so that this one is left out.
        TooManyCustomFields = "too_many_custom_fields",
        /// What our own export says there cannot be set.
        NotSettable = "not_settable",
    }
}

/// What a column seems to mean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnProposal {
    pub header: String,
    pub target: Target,
    pub note: Option<ProposalNote>,
}

/// What a file's columns seem to mean, in their order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    pub columns: Vec<ColumnProposal>,
}

impl Proposal {
    /// What columns of these names seem to mean.
    #[must_use]
    pub fn of(headers: &[String]) -> Self {
        let columns = Self::beside(headers, &HashMap::new()).into_iter().zip(headers);
        let columns = columns.map(|((target, note), header)| ColumnProposal { header: header.clone(), target, note });
        Self { columns: columns.collect() }
    }

    /// The same, beside the columns whose meaning is `settled`, which have the first say.
    pub(super) fn beside(headers: &[String], settled: &HashMap<usize, Target>) -> Vec<(Target, Option<ProposalNote>)> {
        let dialect = synonyms::Dialect::of(headers);
        let meant: Vec<_> = headers.iter().map(|header| synonyms::meaning(header, dialect)).collect();
        let winners = winners(&meant, settled);
        let mut keys = Keys::beside(settled);
        let each = headers.iter().enumerate().map(|(index, header)| {
            if let Some(target) = settled.get(&index) {
                return (target.clone(), None);
            }
            match meant[index] {
                Some((None, _)) => (Target::Ignored, Some(ProposalNote::NotSettable)),
                Some((Some(field), _)) if winners.get(&field) == Some(&index) => (Target::Field(field), None),
                Some(_) => keys.custom(header, index, Some(ProposalNote::BetterColumn)),
                None => keys.custom(header, index, None),
            }
        });
        each.collect()
    }
}

/// The column that each field is taken from: the one of the best name, of those the first.
fn winners(
    meant: &[Option<(Option<LeadField>, usize)>],
    settled: &HashMap<usize, Target>,
) -> HashMap<LeadField, usize> {
    let mut best: HashMap<LeadField, (usize, usize)> = HashMap::new();
    let open = meant.iter().enumerate().filter(|(index, _)| !settled.contains_key(index));
    for (index, (field, rank)) in open.filter_map(|(index, meant)| Some((index, (*meant)?))) {
        let Some(field) = field else { continue };
        let candidate = (rank, index);
        best.entry(field).and_modify(|held| *held = candidate.min(*held)).or_insert(candidate);
    }
    let taken = |field: &LeadField| settled.values().any(|target| *target == Target::Field(*field));
    best.into_iter().filter(|(field, _)| !taken(field)).map(|(field, (_, index))| (field, index)).collect()
}

/// The names of custom fields, each given once.
struct Keys {
    taken: HashSet<String>,
}

impl Keys {
    fn beside(settled: &HashMap<usize, Target>) -> Self {
        let keys = settled.values().filter_map(|target| match target {
            Target::Custom(key) => Some(key.clone()),
            _ => None,
        });
        Self { taken: keys.collect() }
    }

    fn custom(&mut self, header: &str, index: usize, note: Option<ProposalNote>) -> (Target, Option<ProposalNote>) {
        if self.taken.len() >= MAX_CUSTOM_FIELDS {
            return (Target::Ignored, Some(ProposalNote::TooManyCustomFields));
        }
        let key = key(header).unwrap_or_else(|| format!("column_{}", index + 1));
        let numbered = (2..).map(|number| format!("{key}_{number}"));
        let free = std::iter::once(key.clone()).chain(numbered).find(|key| !self.taken.contains(key)).unwrap_or(key);
        self.taken.insert(free.clone());
        (Target::Custom(free), note)
    }
}

/// A header as the name of a custom field: `# Employees` is `employees`, `annualRevenue (USD)` is `annual_revenue_usd`.
fn key(header: &str) -> Option<String> {
    // Room for a number behind it.
    let most = MAX_CUSTOM_NAME - 8;
    let mut key = String::new();
    let (mut length, mut apart, mut small) = (0, false, false);
    for c in header.chars() {
        if !c.is_alphanumeric() {
            (apart, small) = (true, false);
            continue;
        }
        apart |= small && c.is_uppercase();
        small = c.is_lowercase() || c.is_numeric();
        if length + 4 > most {
            break;
        }
        if apart && !key.is_empty() {
            key.push('_');
            length += 1;
        }
        apart = false;
        length += c.to_lowercase().count();
        key.extend(c.to_lowercase());
    }
    (!key.is_empty()).then_some(key)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::utils::text;

    #[test]
    fn a_key_is_a_plain_name() {
        for (header, name) in [
            ("# Employees", Some("employees")),
            ("annualRevenue (USD)", Some("annual_revenue_usd")),
            ("Seniority", Some("seniority")),
            ("Q4 2025", Some("q4_2025")),
            ("LinkedInURL", Some("linked_in_url")),
            ("Größe der Firma", Some("größe_der_firma")),
            ("%%%", None),
        ] {
            assert_eq!(key(header).as_deref(), name, "{header}");
        }
    }

    #[test]
    fn custom_fields_are_no_more_than_a_lead_may_have() {
        let headers: Vec<String> = (0..150).map(|number| format!("Note {number}")).collect();
        let columns = Proposal::of(&headers).columns;
        assert_eq!(columns.iter().filter(|column| column.target != Target::Ignored).count(), 100);
        assert_eq!(columns[149].note, Some(ProposalNote::TooManyCustomFields));
    }

    proptest! {
        #[test]
        fn no_two_columns_become_the_same(headers in prop::collection::vec(r"(e-?mail|Name|Note|[A-Z]\PC{0,120}) ?\d?", 0..30)) {
            let columns = Proposal::of(&headers).columns;
            prop_assert_eq!(columns.len(), headers.len());
            let mut seen = HashSet::new();
            for column in columns.iter().filter(|column| column.target != Target::Ignored) {
                prop_assert!(seen.insert(column.target.clone()), "{:?}", column);
                let name = column.target.name().unwrap();
                prop_assert_eq!(Target::named(&name), Some(column.target.clone()));
                if let Target::Custom(key) = &column.target {
                    prop_assert!((1..=MAX_CUSTOM_NAME).contains(&text::length(key)));
                }
            }
        }
    }
}
