//! A simulation under way.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, BinaryHeap},
};

use chrono::{DateTime, Utc};

use super::{
    Assume, Ends, Hold, Means, SimulatedAction, SimulatedHold, SimulatedLead, Simulation, Standing, digest::digest,
};
use crate::{
    engine::{
        caps::{Addressee, Caps},
        message::Words,
        planner::{Books, Decision, Plan, Planner, Traveller},
        route::Answer,
    },
    models::{
        AccountId, Move, Rule,
        workflow::{Node, NodeType},
    },
};

/// All leads on their ways, the imagined clock being the next of their instants.
#[derive(Debug)]
pub(super) struct Run<'a> {
    planner: &'a Planner<'a>,
    books: Books,
    caps: Option<Caps>,
    words: Words,
    assume: Assume,
    ways: Vec<Way>,
    /// The instants at which something happens to a lead, by its place among the ways.
    queue: BinaryHeap<Reverse<(DateTime<Utc>, usize)>>,
    /// Who has not begun, in order, and what had no room.
    pending: Vec<(usize, Rule)>,
    actions: Vec<SimulatedAction>,
    held: Vec<SimulatedHold>,
    ends: Ends,
    /// How often a step was put off for a cap.
    put_off: u32,
}

#[derive(Debug)]
struct Way {
    traveller: Traveller,
    addressee: Addressee,
    answers: BTreeMap<String, bool>,
    had: BTreeSet<String>,
    barred_until: Option<DateTime<Utc>>,
    next: Option<Next>,
}

/// What happens to a lead at its instant.
#[derive(Debug)]
enum Next {
    Step { node: String, account: Option<AccountId>, moves: Vec<Move> },
    Answer { node: String, answer: Answer },
}

impl<'a> Run<'a> {
    pub(super) fn new(planner: &'a Planner<'a>, means: Means, assume: Assume) -> Self {
        let Means { books, caps, words } = means;
        let (ways, queue, pending, ends) = (Vec::new(), BinaryHeap::new(), Vec::new(), Ends::default());
        let (actions, held) = (Vec::new(), Vec::new());
        Self { planner, books, caps, words, assume, ways, queue, pending, actions, held, ends, put_off: 0 }
    }

    pub(super) fn set_out(&mut self, leads: Vec<SimulatedLead>, now: DateTime<Utc>) {
        for (index, lead) in leads.into_iter().enumerate() {
            let SimulatedLead { traveller, addressee, answers, had, barred_until, stand } = lead;
            self.ways.push(Way { traveller, addressee, answers, had, barred_until, next: None });
            match stand {
                Standing::Pending => self.pending.push((index, Rule::StartAt)),
                Standing::Due { node, account, at, moves: _ } if at < now => {
                    self.catch_up(index, &node, (account, at), now);
                }
                Standing::Due { node, account, at, moves } => {
                    self.expect(index, at, Next::Step { node, account, moves });
                }
                Standing::Awaiting { node, since, until } => self.await_answer(index, node, since, until, now),
            }
        }
    }

    pub(super) fn next_due(&self) -> Option<DateTime<Utc>> {
        self.queue.peek().map(|Reverse((at, _))| *at)
    }

    pub(super) fn put_off_so_far(&self) -> u32 {
        self.put_off
    }

    pub(super) fn has_pending(&self) -> bool {
        !self.pending.is_empty()
    }

    /// Begins as many as there is room for.
    pub(super) fn begin(&mut self, now: DateTime<Utc>) {
        let mut beginning = self.planner.beginning(now);
        let mut full = false;
        for (index, _) in std::mem::take(&mut self.pending) {
            if full {
                self.pending.push((index, Rule::NewLeadsPerDay));
            } else if self.ways.get(index).is_some_and(|way| way.barred_until.is_some_and(|until| now < until)) {
                self.ends.barred += 1;
            } else if let Some(traveller) = self.ways.get(index).map(|way| way.traveller) {
                let plan = beginning.begin(&traveller, &mut self.books);
                full = matches!(plan.decision, Decision::NotToday { rule: Rule::NewLeadsPerDay, .. });
                match plan.decision {
                    Decision::End => self.ends.unreachable += 1,
                    // It may begin once an account is taken up again.
                    Decision::Never { rule, .. } if rule != Rule::EndAt => self.pending.push((index, rule)),
                    _ => self.settle(index, plan, now),
                }
            }
        }
    }

    /// Lets happen what is due next.
    pub(super) fn go_on(&mut self) {
        let Some(Reverse((now, index))) = self.queue.pop() else { return };
        let Some(way) = self.ways.get_mut(index) else { return };
        let Some(next) = way.next.take() else { return };
        let (node, answer) = match next {
            Next::Answer { node, answer } => (node, answer),
            Next::Step { node, account, moves } => {
                if let Some(why) = self.hold(index, &node, account) {
                    return self.hold_back(index, node, (account, now), why);
                }
                if let Some(full) = self.full(index, &node, account, now) {
                    return self.put_off(index, &node, (account, now), full);
                }
                let answer = self.act(index, &node, account, moves, now);
                (node, answer)
            }
        };
        if let Some(traveller) = self.ways.get(index).map(|way| way.traveller) {
            let plan = self.planner.onward(&traveller, &node, answer, now, &mut self.books);
            self.settle(index, plan, now);
        }
    }

    pub(super) fn into_simulation(mut self) -> Simulation {
        self.ends.under_way = self.queue.len() as u64;
        let lead = |(index, rule): &(usize, Rule)| self.ways.get(*index).map(|way| (way.traveller.lead, *rule));
        Simulation {
            never_begun: self.pending.iter().filter_map(lead).collect(),
            first_at: self.actions.first().map(|action| action.at),
            last_at: self.actions.last().map(|action| action.at),
            hash: digest(&self.actions),
            actions: self.actions,
            held: self.held,
            ends: self.ends,
        }
    }

    /// What cap forbids a step at its instant, and until when.
    fn full(
        &mut self,
        index: usize,
        node: &str,
        account: Option<AccountId>,
        now: DateTime<Utc>,
    ) -> Option<(Rule, DateTime<Utc>)> {
        let (caps, way) = (self.caps.as_mut()?, self.ways.get(index)?);
        let action = self.planner.route().node(node)?.node_type();
        if way.had.contains(node) { None } else { caps.take(&way.addressee, action, account, now).err() }
    }

    /// Why a step is held at its instant, if it is: by what a worker asks then, in its order.
    fn hold(&mut self, index: usize, node: &str, account: Option<AccountId>) -> Option<Hold> {
        let way = self.ways.get(index).filter(|way| !way.had.contains(node))?;
        let account = account?;
        if !self.books.get(account)?.terms().in_order {
            return Some(Hold::AccountUnavailable);
        }
        let node = self.planner.route().node(node)?;
        self.words.unfit(node, way.traveller.lead, account).map(Hold::Unfit)
    }

    /// A step waits for a person or for a change, and its place is free.
    fn hold_back(&mut self, index: usize, node: String, (account, at): (Option<AccountId>, DateTime<Utc>), why: Hold) {
        let action = self.planner.route().node(&node).map(Node::node_type);
        if let (Some(action), Some(book)) = (action, account.and_then(|account| self.books.get_mut(account))) {
            book.released(action, at);
        }
        *self.ends.held.entry(why.code()).or_default() += 1;
        if let Some(lead) = self.ways.get(index).map(|way| way.traveller.lead) {
            self.held.push(SimulatedHold { lead, node, account, at, why });
        }
    }

    /// A step for which there was no room on its day gets another.
    fn put_off(
        &mut self,
        index: usize,
        node: &str,
        promised: (Option<AccountId>, DateTime<Utc>),
        full: (Rule, DateTime<Utc>),
    ) {
        let (rule, until) = full;
        self.put_off += 1;
        let Some(mut decision) = self.again(index, node, promised, until) else { return };
        if let Decision::Step { moves, .. } = &mut decision
            && !moves.iter().any(|moved| moved.rule == rule)
        {
            moves.insert(0, Move { rule, until });
        }
        self.settle(index, Plan { skipped: Vec::new(), decision }, until);
    }

    /// A step whose time has passed gets another.
    fn catch_up(&mut self, index: usize, node: &str, promised: (Option<AccountId>, DateTime<Utc>), now: DateTime<Utc>) {
        if let Some(decision) = self.again(index, node, promised, now) {
            self.settle(index, Plan { skipped: Vec::new(), decision }, now);
        }
    }

    /// Another instant for a step that was promised, `now` at the earliest.
    fn again(
        &mut self,
        index: usize,
        node: &str,
        (account, at): (Option<AccountId>, DateTime<Utc>),
        now: DateTime<Utc>,
    ) -> Option<Decision> {
        let action = self.planner.route().node(node).map(Node::node_type);
        if let (Some(action), Some(book)) = (action, account.and_then(|account| self.books.get_mut(account))) {
            book.released(action, at);
        }
        let traveller = self.ways.get(index)?.traveller;
        Some(self.planner.replan(&traveller, node, now, &mut self.books))
    }

    /// Does a step and tells what comes of it.
    fn act(
        &mut self,
        index: usize,
        node: &str,
        account: Option<AccountId>,
        moves: Vec<Move>,
        at: DateTime<Utc>,
    ) -> Answer {
        let (Some(way), Some(action)) = (self.ways.get(index), self.planner.route().node(node)) else {
            return Answer::Done;
        };
        let action = action.node_type();
        if way.had.contains(node) {
            if let Some(book) = account.and_then(|account| self.books.get_mut(account)) {
                book.released(action, at);
            }
            return Answer::Done;
        }
        if let Some(book) = account.and_then(|account| self.books.get_mut(account)) {
            book.done(action, at);
        }
        match action {
            NodeType::Condition if way.answers.get(node) == Some(&true) => return Answer::True,
            NodeType::Condition => return Answer::False,
            NodeType::Wait => {}
            _ => {
                let (lead, node) = (way.traveller.lead, node.to_owned());
                self.actions.push(SimulatedAction { lead, node, action, account, at, moves });
            }
        }
        Answer::Done
    }

    /// Takes down what was decided for a lead at `now`.
    fn settle(&mut self, index: usize, plan: Plan, now: DateTime<Utc>) {
        self.ends.skipped += plan.skipped.len() as u64;
        match plan.decision {
            Decision::Step { node, account, at, ready_at: _, moves } => {
                let channel = self.planner.route().node(&node).and_then(|node| node.node_type().channel());
                if let (Some(way), Some(channel), Some(account)) = (self.ways.get_mut(index), channel, account) {
                    way.traveller.keep(channel, account);
                }
                self.expect(index, at, Next::Step { node, account, moves });
            }
            Decision::Await { node, until } => self.await_answer(index, node, now, until, now),
            Decision::NotToday { rule, .. } => self.pending.push((index, rule)),
            Decision::Never { rule, .. } => *self.ends.never.entry(rule).or_default() += 1,
            Decision::Gone { .. } => self.ends.gone += 1,
            Decision::End => self.ends.completed += 1,
        }
    }

    fn await_answer(
        &mut self,
        index: usize,
        node: String,
        since: DateTime<Utc>,
        until: DateTime<Utc>,
        now: DateTime<Utc>,
    ) {
        let accepted = match self.assume {
            Assume::NeverAccepted => None,
            Assume::Accepted { after } => since.checked_add_signed(after).filter(|at| *at < until),
        };
        let (at, answer) = accepted.map_or((until, Answer::NotAccepted), |at| (at, Answer::Accepted));
        self.expect(index, at.max(now), Next::Answer { node, answer });
    }

    fn expect(&mut self, index: usize, at: DateTime<Utc>, next: Next) {
        if let Some(way) = self.ways.get_mut(index) {
            way.next = Some(next);
            self.queue.push(Reverse((at, index)));
        }
    }
}
