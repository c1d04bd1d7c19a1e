//! What an account has done and is to do, and where there is room for more.
//!
//! A book is built from the ledger (what was done) and from the waiting rows (what is promised: the account's reservations). It counts each
//! kind of act by the local hours, days and weeks of the account's zone, and holds which slots are taken. A day is cut into slots of the
//! account's spacing, counted from local midnight; within its first half the instant is drawn by seed, so that acts don't look clocked.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;

use crate::{
    engine::calendar::{LocalDay, WorkingHours, local_day, local_hour},
    models::{ActionLimits, Move, Rule, workflow::NodeType},
};

mod course;
mod provider;
mod rolling;
mod search;
mod slots;
mod tally;
mod terms;
#[cfg(test)]
pub(in crate::engine) mod tests;

use slots::Slots;
use tally::Tally;
pub use terms::{AccountTerms, CampaignTerms};

/// What an account has done and is to do.
#[derive(Debug, Clone)]
pub struct AccountBook {
    terms: AccountTerms,
    zone: Tz,
    hours: Hours,
    acts: BTreeMap<NodeType, Acts>,
    slots: BTreeMap<NaiveDate, Slots>,
    promised: u64,
}

/// When the account may act.
#[derive(Debug, Clone, Copy)]
enum Hours {
    Always,
    Within(WorkingHours),
    /// Its window cannot be read. Better silent than at night.
    Never,
}

/// One kind of act.
#[derive(Debug, Clone, Default)]
struct Acts {
    done: Tally,
    done_or_promised: Tally,
}

/// A step that wants an instant.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// What is to be done.
    pub action: NodeType,
    /// The earliest instant that the workflow allows.
    pub ready_at: DateTime<Utc>,
    /// By what the campaign is bound for this lead.
    pub terms: &'a CampaignTerms,
    /// What the instant within the slot is drawn by.
    pub seed: u64,
}

/// Where a step was placed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Placed {
    /// At an instant of the account.
    At {
        /// When.
        at: DateTime<Utc>,
        /// What moved it there, each rule once, in the order of the instants that they moved it to.
        moves: Vec<Move>,
    },
    /// Nowhere, because of this rule.
    Never {
        /// The rule that stood in the way last.
        rule: Rule,
    },
}

impl AccountBook {
    /// The empty book of an account.
    #[must_use]
    pub fn new(terms: AccountTerms) -> Self {
        let hours = match &terms.window {
            None => Hours::Always,
            Some(window) => WorkingHours::of_account(window).map_or(Hours::Never, Hours::Within),
        };
        let zone = terms.zone();
        Self { terms, zone, hours, acts: BTreeMap::new(), slots: BTreeMap::new(), promised: 0 }
    }

    /// Whose book it is.
    #[must_use]
    pub fn terms(&self) -> &AccountTerms {
        &self.terms
    }

    /// By whose clock hours, days and weeks are counted.
    #[must_use]
    pub fn zone(&self) -> Tz {
        self.zone
    }

    /// How many acts are promised.
    #[must_use]
    pub fn load(&self) -> u64 {
        self.promised
    }

    /// Something was done: a line of the ledger.
    pub fn used(&mut self, action: NodeType, day: NaiveDate, hour: u8, times: u32) {
        let acts = self.acts.entry(action).or_default();
        acts.done.add(day, hour, times);
        acts.done_or_promised.add(day, hour, times);
    }

    /// Something is promised: a waiting row.
    pub fn placed(&mut self, action: NodeType, at: DateTime<Utc>) {
        let day = LocalDay::at(self.zone, at);
        self.acts.entry(action).or_default().done_or_promised.add(day.date, local_hour(self.zone, at), 1);
        self.promised = self.promised.saturating_add(1);
        if let Some(slot) = self.slot(&day, at) {
            self.slots.entry(day.date).or_default().take(slot);
        }
    }

    /// A promise is taken back, or kept: see [`Self::done`].
    pub fn released(&mut self, action: NodeType, at: DateTime<Utc>) {
        let day = LocalDay::at(self.zone, at);
        self.acts.entry(action).or_default().done_or_promised.subtract(day.date, local_hour(self.zone, at), 1);
        self.promised = self.promised.saturating_sub(1);
        if let Some(slot) = self.slot(&day, at)
            && let Some(slots) = self.slots.get_mut(&day.date)
        {
            slots.free(slot);
        }
    }

    /// Something is done at `at`, whatever was promised.
    pub fn acted(&mut self, action: NodeType, at: DateTime<Utc>) {
        let day = LocalDay::at(self.zone, at);
        self.used(action, day.date, local_hour(self.zone, at), 1);
        if let Some(slot) = self.slot(&day, at) {
            self.slots.entry(day.date).or_default().take(slot);
        }
    }

    /// Nothing is planned before `until` from now on.
    pub fn rest(&mut self, until: DateTime<Utc>) {
        self.terms.rests_until = self.terms.rests_until.max(Some(until));
    }

    /// Whether the account may act at `at`, as far as its own hours go.
    #[must_use]
    pub fn is_open(&self, at: DateTime<Utc>) -> bool {
        match &self.hours {
            Hours::Always => true,
            Hours::Within(hours) => hours.contains(at),
            Hours::Never => false,
        }
    }

    /// Whether anything bounds how much the account does: what it has done and is to do matters to nobody else.
    #[must_use]
    pub fn counts(&self) -> bool {
        let bounded = |action: &NodeType| self.limits(*action) != ActionLimits::default();
        let rolling = self.terms.mails_in_24_hours.is_some();
        rolling
            || self.terms.spacing > 0
            || !self.terms.ramp_up.is_empty()
            || self.terms.capabilities.iter().any(bounded)
    }

    /// A promise was kept at its instant: it is used from now on.
    pub fn done(&mut self, action: NodeType, at: DateTime<Utc>) {
        self.released(action, at);
        self.used(action, local_day(self.zone, at), local_hour(self.zone, at), 1);
    }

    /// How often the limits let something be done at `now`, by what was done only; `u32::MAX` if there is no limit.
    #[must_use]
    pub fn left_now(&self, action: NodeType, now: DateTime<Utc>) -> u32 {
        let (day, hour) = (local_day(self.zone, now), local_hour(self.zone, now));
        let none = Tally::default();
        let done = self.acts.get(&action).map_or(&none, |acts| &acts.done);
        let in_hour = bound(self.limits(action).per_hour).map(|limit| limit.saturating_sub(done.in_hour(day, hour)));
        let on_day = self.room(done, action, day).map(|(left, _)| left);
        let rolling = self.left_in_24_hours(done, action, now);
        [on_day, in_hour, rolling].into_iter().flatten().min().unwrap_or(u32::MAX)
    }

    /// What keeps something from being done at `now`, going by what was done only, if a limit does.
    #[must_use]
    pub fn used_up(&self, action: NodeType, now: DateTime<Utc>) -> Option<Rule> {
        let (day, hour) = (local_day(self.zone, now), local_hour(self.zone, now));
        let none = Tally::default();
        let done = self.acts.get(&action).map_or(&none, |acts| &acts.done);
        let on_day = self.room(done, action, day).filter(|(left, _)| *left == 0).map(|(_, rule)| rule);
        let per_hour = bound(self.limits(action).per_hour).filter(|limit| done.in_hour(day, hour) >= *limit);
        let rolling = self.left_in_24_hours(done, action, now).filter(|left| *left == 0);
        on_day.or_else(|| per_hour.map(|_| Rule::HourLimit)).or_else(|| rolling.map(|_| Rule::DayLimit))
    }

    /// Finds the earliest instant for a step and takes it.
    pub fn place(&mut self, wanted: &Wanted<'_>) -> Placed {
        let placed = self.earliest(wanted);
        if let Placed::At { at, .. } = placed {
            self.placed(wanted.action, at);
        }
        placed
    }

    /// Finds the earliest instant for a step.
    #[must_use]
    pub fn earliest(&self, wanted: &Wanted<'_>) -> Placed {
        self.earliest_before(wanted, None)
    }

    fn limits(&self, action: NodeType) -> ActionLimits {
        self.terms.limits.get(action)
    }

    /// Which slot of its day `at` is in; none without spacing.
    fn slot(&self, day: &LocalDay, at: DateTime<Utc>) -> Option<u32> {
        let into_day = at.timestamp() - day.start.timestamp();
        u32::try_from(into_day).ok()?.checked_div(self.terms.spacing)
    }

    /// How often something may still be done on `day`, going by `tally`, and what bounds it most; none if nothing does.
    fn room(&self, tally: &Tally, action: NodeType, day: NaiveDate) -> Option<(u32, Rule)> {
        let ActionLimits { per_day, per_week, .. } = self.limits(action);
        let ramp_up = self.terms.ramp_up.get(&action).map(|ramp_up| ramp_up.limit(day));
        let on_day = |limit: u32| limit.saturating_sub(tally.on_day(day));
        let in_week = |limit: u32| limit.saturating_sub(tally.in_fullest_week(day));
        let rooms = [
            bound(per_day).map(|limit| (on_day(limit), Rule::DayLimit)),
            ramp_up.map(|limit| (on_day(limit), Rule::RampUp)),
            bound(per_week).map(|limit| (in_week(limit), Rule::WeekLimit)),
        ];
        rooms.into_iter().flatten().min_by_key(|(left, _)| *left)
    }
}

/// A limit as a count; one below nothing is nothing.
fn bound(limit: Option<i32>) -> Option<u32> {
    limit.map(|limit| u32::try_from(limit).unwrap_or(0))
}
