//! By what an account and a campaign are bound.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use crate::{
    engine::calendar::WorkingHours,
    models::{
        AccountId, AccountLimits, Channel, RampUp, SendingWindow,
        workflow::{NodeType, Schedule},
    },
};

/// By what an account is bound.
#[derive(Debug, Clone)]
pub struct AccountTerms {
    /// Which account.
    pub id: AccountId,
    /// By which way it reaches people.
    pub channel: Channel,
    /// Whether it can act now. One that is out of order for a time begins with no lead, and what is promised with it is held when it is due.
    pub in_order: bool,
    /// What it can do.
    pub capabilities: BTreeSet<NodeType>,
    /// How often it may do that.
    pub limits: AccountLimits,
    /// When it may act; none is always.
    pub window: Option<SendingWindow>,
    /// The length of a slot in seconds: it does one thing in each; 0 is no spacing.
    pub spacing: u32,
    /// Limits that are still growing.
    pub ramp_up: BTreeMap<NodeType, RampUp>,
    /// Nothing is planned before this instant; none is no bound.
    pub rests_until: Option<DateTime<Utc>>,
    /// So many mails it may send in whatever 24 hours; none is no bound.
    pub mails_in_24_hours: Option<u32>,
}

impl AccountTerms {
    /// By whose clock its hours, days and weeks are counted: its window's, else UTC.
    #[must_use]
    pub fn zone(&self) -> Tz {
        self.window.as_ref().and_then(WorkingHours::of_account).map_or(Tz::UTC, |hours| hours.zone())
    }
}

/// By what a campaign's steps for one lead are bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CampaignTerms {
    /// The working hours, by the clock that holds for the lead.
    pub hours: WorkingHours,
    /// Nothing is done before this instant; none is no bound.
    pub start_at: Option<DateTime<Utc>>,
    /// Nothing is done from this instant on; none is no bound.
    pub end_at: Option<DateTime<Utc>>,
}

impl CampaignTerms {
    /// The terms of `schedule` for a lead in `lead_zone`; none if the schedule has no hours.
    #[must_use]
    pub fn of(schedule: &Schedule, lead_zone: Option<Tz>) -> Option<Self> {
        let hours = WorkingHours::of_schedule(schedule, lead_zone)?;
        Some(Self { hours, start_at: schedule.start_at, end_at: schedule.end_at })
    }

    /// Whether the campaign is over at `at`.
    #[must_use]
    pub fn is_over(&self, at: DateTime<Utc>) -> bool {
        self.end_at.is_some_and(|end| end <= at)
    }
}
