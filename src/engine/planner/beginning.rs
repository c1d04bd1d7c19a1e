//! The beginning of many leads at one instant.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use super::{Books, Decision, Plan, Planner, Traveller};
use crate::{
    engine::calendar::LocalDay,
    models::{AccountId, LeadId, Rule},
};

/// Leads that begin at one instant, one after another. As long as nothing is released in the books meanwhile there can only be less room, so
/// a lead for which there is none is refused without a search if one like it was refused before.
#[derive(Debug)]
pub struct Beginning<'p> {
    planner: &'p Planner<'p>,
    now: DateTime<Utc>,
    today: LocalDay,
    refused: HashMap<Kind, Plan>,
}

/// Leads of one kind have the same chances.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Kind {
    zone: Option<Tz>,
    linkedin: Option<AccountId>,
    email: Option<AccountId>,
    has_linkedin: bool,
    has_email: bool,
}

impl Kind {
    fn of(who: &Traveller) -> Self {
        let Traveller { lead: LeadId(_), zone, linkedin, email, has_linkedin, has_email } = *who;
        Self { zone, linkedin, email, has_linkedin, has_email }
    }
}

impl<'p> Beginning<'p> {
    pub(super) fn new(planner: &'p Planner<'p>, now: DateTime<Utc>) -> Self {
        let today = LocalDay::at(planner.hours.zone(), now);
        Self { planner, now, today, refused: HashMap::new() }
    }

    /// The first step of a lead, if it can be done on the campaign's present day.
    pub fn begin(&mut self, who: &Traveller, books: &mut Books) -> Plan {
        let Self { planner, now, today, refused } = self;
        let most = planner.schedule.new_leads_per_day.map(|most| u64::try_from(most).unwrap_or(0));
        if most.is_some_and(|most| books.begun_on(today.date) >= most) {
            let (node, rule) = (planner.route.root().id.clone(), Rule::NewLeadsPerDay);
            return Plan { skipped: Vec::new(), decision: Decision::NotToday { node, rule } };
        }
        if let Some(plan) = refused.get(&Kind::of(who)) {
            return plan.clone();
        }
        let (skipped, reached) = planner.reachable(who, planner.route.root());
        let decision = reached.map_or(Decision::End, |(node, _)| planner.step(who, node, *now, Some(today.end), books));
        let plan = Plan { skipped, decision };
        match plan.decision {
            Decision::Step { .. } => books.begun(today.date, 1),
            Decision::NotToday { .. } => drop(refused.insert(Kind::of(who), plan.clone())),
            _ => {}
        }
        plan
    }
}
