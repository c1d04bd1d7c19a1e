//! The books of a campaign's accounts.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use crate::{engine::book::AccountBook, models::AccountId};

/// The books of a campaign's accounts, in the campaign's order, and how many leads it has begun.
#[derive(Debug, Clone, Default)]
pub struct Books {
    accounts: Vec<AccountBook>,
    begun: BTreeMap<NaiveDate, u64>,
}

impl Books {
    /// The books of these accounts.
    #[must_use]
    pub fn new(accounts: Vec<AccountBook>) -> Self {
        Self { accounts, begun: BTreeMap::new() }
    }

    /// Leads have begun on a day of the campaign's zone.
    pub fn begun(&mut self, day: NaiveDate, leads: u64) {
        let begun = self.begun.entry(day).or_default();
        *begun = begun.saturating_add(leads);
    }

    /// How many leads have begun on that day.
    #[must_use]
    pub fn begun_on(&self, day: NaiveDate) -> u64 {
        self.begun.get(&day).copied().unwrap_or_default()
    }

    /// The book of an account.
    #[must_use]
    pub fn get(&self, account: AccountId) -> Option<&AccountBook> {
        self.iter().find(|book| book.terms().id == account)
    }

    /// The book of an account, to be written in.
    pub fn get_mut(&mut self, account: AccountId) -> Option<&mut AccountBook> {
        self.accounts.iter_mut().find(|book| book.terms().id == account)
    }

    /// All books.
    pub fn iter(&self) -> impl Iterator<Item = &AccountBook> {
        self.accounts.iter()
    }
}
