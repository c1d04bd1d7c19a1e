//! The leads that a long table has been about so far.

use std::collections::HashSet;

use crate::models::LeadId;

/// So many of those that came last are kept apart, so that the others need not be moved for each of them.
const RECENT: usize = 16_384;

/// A set of leads that takes the bytes of their ids and little else: of a million, 16 MB.
#[derive(Debug, Default)]
pub(in crate::services) struct SeenLeads {
    /// In order.
    old: Vec<LeadId>,
    recent: HashSet<LeadId>,
}

impl SeenLeads {
    /// A set of these, in any order and however often each.
    pub(in crate::services) fn of(mut leads: Vec<LeadId>) -> Self {
        leads.sort_unstable();
        leads.dedup();
        Self { old: leads, recent: HashSet::new() }
    }

    /// Whether a lead is among them.
    pub(in crate::services) fn contains(&self, lead: LeadId) -> bool {
        self.recent.contains(&lead) || self.old.binary_search(&lead).is_ok()
    }

    /// Adds a lead.
    pub(in crate::services) fn insert(&mut self, lead: LeadId) {
        if !self.contains(lead) && self.recent.insert(lead) && self.recent.len() == RECENT {
            self.settle();
        }
    }

    /// Puts those that came last in order among the others, from the end, where most of them belong: newer ids are greater.
    fn settle(&mut self) {
        let mut new: Vec<LeadId> = self.recent.drain().collect();
        new.sort_unstable();
        let mut left = self.old.len();
        let mut place = left + new.len();
        self.old.extend_from_slice(&new);
        while let Some(last) = new.last().copied() {
            place -= 1;
            match left.checked_sub(1).map(|at| self.old[at]) {
                Some(before) if before > last => {
                    self.old[place] = before;
                    left -= 1;
                }
                _ => {
                    self.old[place] = last;
                    new.pop();
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn everybody_is_found_and_nobody_else_however_they_come() {
        let lead = |n: u128| LeadId(Uuid::from_u128(n.wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835)));
        let first = 1_000;
        let many = first + 3 * u128::try_from(RECENT).unwrap() + 7;
        let mut seen = SeenLeads::of((0..first).chain(0..10).map(lead).collect());
        for n in (first..many).chain(0..many) {
            seen.insert(lead(n));
        }
        assert_eq!(seen.old.len() + seen.recent.len(), usize::try_from(many).unwrap());
        assert!(seen.old.is_sorted());
        assert!((0..many).all(|n| seen.contains(lead(n))));
        assert!(!(many..many + 1_000).any(|n| seen.contains(lead(n))));
    }
}
