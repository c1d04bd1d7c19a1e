//! What a lead does next, and when: the one place where this is decided, for the workers, for the simulation and for who asks why.
//!
//! - A time once promised does not move. What is placed is taken in the account's book, and later steps go around it.
//! - Follow-ups come before new leads: a lead begins only if its first step fits on the day at hand, after what is placed there already.
//! - A delay keeps a distance from what was done before. Where a node is passed over because the lead cannot be reached that way, its delays
//!   are waited all the same, but not before anything was done.

use std::{
    collections::{BTreeMap, BTreeSet},
    iter,
};

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    book::{CampaignTerms, Wanted},
    calendar::{LocalDay, WorkingHours, local_day},
    route::{Answer, Onward, Route},
};
use crate::models::{
    Channel, Move, Rule,
    workflow::{MAX_NODES, Node, NodeType, Schedule, Workflow},
};

mod beginning;
mod books;
mod choice;
mod decision;
mod seed;
#[cfg(test)]
mod tests;

pub use beginning::Beginning;
pub use books::Books;
pub use decision::{Decision, Plan, Skipped, Traveller};
pub use seed::seed;

/// Days after which each day of the week has come, though a zone once skipped one.
const FORTNIGHT: usize = 14;

/// The planner of a campaign that is valid.
#[derive(Debug, Clone)]
pub struct Planner<'w> {
    route: Route<'w>,
    schedule: &'w Schedule,
    hours: WorkingHours,
    /// What the workflow asks of each channel.
    asked: BTreeMap<Channel, BTreeSet<NodeType>>,
}

impl<'w> Planner<'w> {
    /// The planner of a campaign; none if the workflow has no beginning or the schedule no hours.
    #[must_use]
    pub fn new(workflow: &'w Workflow, schedule: &'w Schedule) -> Option<Self> {
        let (route, hours) = (Route::new(workflow)?, WorkingHours::of_schedule(schedule, None)?);
        let mut asked: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
        for action in route.nodes().map(Node::node_type) {
            if let Some(channel) = action.channel() {
                asked.entry(channel).or_default().insert(action);
            }
        }
        Some(Self { route, schedule, hours, asked })
    }

    /// The workflow as it is walked.
    #[must_use]
    pub fn route(&self) -> &Route<'w> {
        &self.route
    }

    /// The campaign's own hours.
    #[must_use]
    pub fn hours(&self) -> WorkingHours {
        self.hours
    }

    /// The first step of a lead, if it can be done on the campaign's present day.
    pub fn begin(&self, who: &Traveller, books: &mut Books, now: DateTime<Utc>) -> Plan {
        self.beginning(now).begin(who, books)
    }

    /// The beginning of many leads at one instant.
    #[must_use]
    pub fn beginning(&self, now: DateTime<Utc>) -> Beginning<'_> {
        Beginning::new(self, now)
    }

    /// What follows when the lead's node `from` ended with `answer` at `at`.
    pub fn onward(&self, who: &Traveller, from: &str, answer: Answer, at: DateTime<Utc>, books: &mut Books) -> Plan {
        let only = |decision| Plan { skipped: Vec::new(), decision };
        if self.route.node(from).is_none() {
            return only(Decision::Gone { node: from.to_owned() });
        }
        match self.route.after(from, answer) {
            Onward::End => only(Decision::End),
            Onward::AwaitAcceptance { at_most } => {
                only(Decision::Await { node: from.to_owned(), until: later(at, at_most) })
            }
            Onward::Next { node, delay } => {
                let (skipped, reached) = self.reachable(who, node);
                let decision = reached
                    .map_or(Decision::End, |(node, more)| self.step(who, node, later(at, delay + more), None, books));
                Plan { skipped, decision }
            }
        }
    }

    /// Another instant for a step that was not done at its own, `now` at the earliest. What was promised must have been released.
    pub fn replan(&self, who: &Traveller, node: &str, now: DateTime<Utc>, books: &mut Books) -> Decision {
        match self.route.node(node) {
            Some(node) => self.step(who, node, now, None, books),
            None => Decision::Gone { node: node.to_owned() },
        }
    }

    /// When leads are begun first in a campaign that is started at `now`. None if it is over by then.
    #[must_use]
    pub fn first_beginning(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        if self.schedule.start_at.is_some_and(|start| start > now) {
            return self.next_beginning(now);
        }
        self.schedule.end_at.is_none_or(|end| now < end).then_some(now)
    }

    /// When leads are begun next after `after`: on each day on which the campaign works, as it begins in the campaign's zone, and when the
    /// campaign starts. Where leads go by their own zones, a working day of theirs may lie on the day before or after. None if it is over by
    /// then.
    #[must_use]
    pub fn next_beginning(&self, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let zone = self.hours.zone();
        let works = |at: &DateTime<Utc>| {
            let today = local_day(zone, *at);
            let around = [today.pred_opt(), today.succ_opt()].into_iter().flatten();
            iter::once(today)
                .chain(around.filter(|_| self.schedule.use_lead_timezone))
                .any(|day| self.hours.works_on(day))
        };
        let tomorrow = |at: &DateTime<Utc>| LocalDay::at(zone, *at).end;
        let start = self.schedule.start_at.filter(|start| *start > after);
        let from = start.unwrap_or(after);
        let mut days = iter::successors(Some(tomorrow(&from)), |at| Some(tomorrow(at)));
        let next = start.filter(works).or_else(|| days.by_ref().take(FORTNIGHT).find(works))?;
        self.schedule.end_at.is_none_or(|end| next < end).then_some(next)
    }

    /// The first node from `node` on by which the lead can be reached, the delays on the way there, and what is passed over.
    fn reachable(&self, who: &Traveller, node: &'w Node) -> (Vec<Skipped>, Option<(&'w Node, TimeDelta)>) {
        let (mut node, mut waited, mut skipped) = (node, TimeDelta::zero(), Vec::new());
        while skipped.len() <= MAX_NODES {
            let Some(reason) = who.out_of_reach(node.node_type()) else { return (skipped, Some((node, waited))) };
            skipped.push(Skipped { node: node.id.clone(), reason });
            let (onward, delay) = match self.route.after(&node.id, Answer::Done) {
                Onward::AwaitAcceptance { at_most } => (self.route.after(&node.id, Answer::NotAccepted), at_most),
                onward => (onward, TimeDelta::zero()),
            };
            let Onward::Next { node: next, delay: more } = onward else { break };
            (node, waited) = (next, waited + delay + more);
        }
        (skipped, None)
    }

    /// Places a step and takes its place.
    fn step(
        &self,
        who: &Traveller,
        node: &Node,
        ready_at: DateTime<Utc>,
        before: Option<DateTime<Utc>>,
        books: &mut Books,
    ) -> Decision {
        let (action, node) = (node.node_type(), node.id.clone());
        let terms = self.terms(who);
        let Some(channel) = action.channel() else { return unattended(node, ready_at, before, &terms) };
        let wanted = Wanted { action, ready_at, terms: &terms, seed: seed(who.lead, &node) };
        match self.offer(who, channel, &wanted, before, books) {
            Ok(offer) => {
                if let Some(book) = books.get_mut(offer.account) {
                    book.placed(action, offer.at);
                }
                Decision::Step { node, account: Some(offer.account), at: offer.at, ready_at, moves: offer.moves }
            }
            Err(rule) => refused(node, rule, before),
        }
    }

    /// By what the campaign is bound for this lead.
    fn terms(&self, who: &Traveller) -> CampaignTerms {
        let zone = who.zone.filter(|_| self.schedule.use_lead_timezone);
        let hours = zone.map_or(self.hours, |zone| self.hours.in_zone(zone));
        CampaignTerms { hours, start_at: self.schedule.start_at, end_at: self.schedule.end_at }
    }
}

/// A step that needs no account, and so neither working hours nor a slot.
fn unattended(node: String, ready_at: DateTime<Utc>, before: Option<DateTime<Utc>>, terms: &CampaignTerms) -> Decision {
    let start = terms.start_at.filter(|start| *start > ready_at);
    let at = start.unwrap_or(ready_at);
    if terms.is_over(at) {
        return Decision::Never { node, rule: Rule::EndAt };
    }
    if before.is_some_and(|before| before <= at) {
        return Decision::NotToday { node, rule: Rule::StartAt };
    }
    let moves = start.map(|until| Move { rule: Rule::StartAt, until }).into_iter().collect();
    Decision::Step { node, account: None, at, ready_at, moves }
}

/// A step that has no place. One that has none before a bound may have one later, unless nobody can do it or the campaign is over.
fn refused(node: String, rule: Rule, before: Option<DateTime<Utc>>) -> Decision {
    if before.is_none() || matches!(rule, Rule::EndAt | Rule::NoAccount) {
        Decision::Never { node, rule }
    } else {
        Decision::NotToday { node, rule }
    }
}

fn later(at: DateTime<Utc>, delay: TimeDelta) -> DateTime<Utc> {
    at.checked_add_signed(delay).unwrap_or(DateTime::<Utc>::MAX_UTC)
}
