//! What becomes of a lead whose instant has come. Every rule that holds when a step is planned is asked here once more, right before the
//! step is charged and marked as being sent: much may have happened since.

use std::{collections::HashMap, sync::Arc};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;

use super::{
    activities::{end_of, ended, happened, passed_over},
    party::{Party, RESERVED, traveller},
    unread::Unread,
};
use crate::{
    engine::{
        book::{AccountBook, CampaignTerms},
        caps::Caps,
        condition,
        message::{Content, Facts, Unfit, compose},
        planner::{Decision, Plan, Planner, seed},
        route::Answer,
        simulate::NOT_CONNECTED,
        workflow::ConnectedChannel,
    },
    models::{
        AccountId, AccountStatus, Activity, Awaiting, Channel, ConnectedAccount, ExecutionId, ExecutionStatus, Lead,
        LeadStatus, Move, Rule, Stand, Walk,
        workflow::{Action, Node, NodeType, StopOn},
    },
    repositories::{CampaignRun, History, OrgTx, UnreadWait},
};

/// A step that is overdue by more than this is planned anew, with its account's spacing, and not done in a rush.
const GRACE: TimeDelta = TimeDelta::hours(1);

/// What becomes of a lead.
pub(super) enum Fate {
    /// It stands somewhere else, or has come to its end.
    Stands(Stand, Vec<Activity>),
    /// Its step goes out.
    Sends(Dispatch),
}

/// A step that goes out.
pub(super) struct Dispatch {
    pub(super) walk: Walk,
    pub(super) node_id: String,
    pub(super) action: NodeType,
    /// Who does it; nobody if it is a webhook.
    pub(super) account: Option<AccountId>,
    pub(super) content: Option<Content>,
    /// When the hours are over in which it may begin.
    pub(super) closes: DateTime<Utc>,
}

/// Everything that decides.
pub(super) struct Judge<'a> {
    pub(super) tx: &'a OrgTx,
    pub(super) run: &'a CampaignRun,
    pub(super) planner: &'a Planner<'a>,
    pub(super) party: &'a mut Party,
    /// When each account last did something, those steps included that go out now.
    pub(super) last_acts: HashMap<AccountId, DateTime<Utc>>,
    /// What leads have had to do with which step already: where the workflow leads them to one again that they have had, it is not done again.
    pub(super) tried: Arc<History>,
    /// What caps let go out on this day, if there are any.
    pub(super) caps: Option<Caps>,
    /// Of whom nobody knows whether they have answered lately.
    pub(super) unread: Unread,
    /// Waits for an acceptance that are over though nobody knows yet who has accepted.
    pub(super) unread_waits: HashMap<ExecutionId, UnreadWait>,
    /// Whether anything was planned: then what accounts have promised matters.
    pub(super) planned: bool,
}

impl<'a> Judge<'a> {
    /// One who knows of no acts but those of the books.
    pub(super) fn new(tx: &'a OrgTx, run: &'a CampaignRun, planner: &'a Planner<'a>, party: &'a mut Party) -> Self {
        let (last_acts, tried, unread, unread_waits) = Default::default();
        Self { tx, run, planner, party, last_acts, tried, caps: None, unread, unread_waits, planned: false }
    }
}

impl Judge<'_> {
    /// What becomes of each lead whose instant has come.
    pub(super) fn judge_all(&mut self, walks: Vec<Walk>) -> (Vec<Stand>, Vec<Activity>, Vec<Dispatch>) {
        let (mut stands, mut activities, mut dispatches) = (Vec::new(), Vec::new(), Vec::new());
        for walk in walks {
            match self.judge(walk) {
                Fate::Stands(stand, told) => {
                    stands.push(stand);
                    activities.extend(told);
                }
                Fate::Sends(dispatch) => dispatches.push(dispatch),
            }
        }
        (stands, activities, dispatches)
    }

    /// What becomes of the lead on `walk`, whose instant has come.
    fn judge(&mut self, walk: Walk) -> Fate {
        let Some(lead) = self.party.leads.get(&walk.lead_id).cloned() else {
            return self.ends(&walk, ExecutionStatus::Stopped, "lead_deleted");
        };
        let Some(node) = walk.node_id.as_deref().and_then(|id| self.planner.route().node(id)) else {
            return Fate::Stands(node_gone(&walk), Vec::new());
        };
        if let Some((status, why)) =
            ends_already(&lead, self.party.suppressed.contains_key(&lead.id), &self.run.stop_on)
        {
            return self.ends(&walk, status, why);
        }
        if walk.awaiting == Some(Awaiting::Acceptance) {
            return self.is_not_accepted(&walk, &lead, node);
        }
        if let Some(tried) = self.tried.get(&(walk.id, node.id.clone())).copied().filter(|tried| tried.had) {
            let answer = if tried.accepted { Answer::Accepted } else { Answer::Done };
            return self.had_already(&walk, &lead, node, answer);
        }
        match &node.action {
            Action::Wait => self.goes_on(&walk, &lead, node, Answer::Done, "waited"),
            Action::Condition(config) => {
                let holds = condition::holds(config, &Facts::of(&lead, None));
                let answer = if holds { Answer::True } else { Answer::False };
                self.goes_on(&walk, &lead, node, answer, if holds { "condition_true" } else { "condition_false" })
            }
            Action::Webhook(_) => self.calls(walk, &lead, node),
            _ => self.acts(walk, &lead, node),
        }
    }

    /// Nothing is done twice, wherever the workflow leads: the lead goes on as if the step had just been done, and an invitation accepted that was.
    fn had_already(&mut self, walk: &Walk, lead: &Lead, node: &Node, answer: Answer) -> Fate {
        self.release(walk);
        let (stand, mut activities) = self.onward(walk, lead, &node.id, answer);
        let data = json!({ "node_id": node.id, "reason": "done_before" });
        activities.insert(0, happened(self.tx, self.run.id, walk, "step_skipped", data));
        Fate::Stands(stand, activities)
    }

    /// The account is free at the instant that was promised.
    pub(super) fn release(&mut self, walk: &Walk) {
        let now = self.tx.now();
        if let (Some(account), Some(action), Some(at)) = (walk.account_id, walk.action, walk.next_run_at)
            && now - at < RESERVED
        {
            self.book(account, |book| book.released(action, at));
        }
    }

    fn acts(&mut self, walk: Walk, lead: &Lead, node: &Node) -> Fate {
        let action = node.node_type();
        let now = self.tx.now();
        let Some(id) = walk.account_id else { return self.replan(&walk, lead, node, now, Rule::NoAccount) };
        let Some(account) = self.party.accounts.get(&id).cloned() else {
            return Fate::Stands(account_removed(&walk), Vec::new());
        };
        if account.status != AccountStatus::Connected {
            return Fate::Stands(Stand::held(&walk, "account_unavailable", NOT_CONNECTED.into()), Vec::new());
        }
        self.release(&walk);
        let closes = match self.hindrance(&walk, lead, &account, action) {
            Err((rule, until)) => return self.replan(&walk, lead, node, until, rule),
            Ok(closes) => closes,
        };
        let note_limit = ConnectedChannel::of(&account).note_limit;
        let facts = Facts::of(lead, Some(&account));
        let content = match compose(&node.action, &facts, seed(lead.id, &node.id), note_limit) {
            Err(unfit) => return self.held(&walk, node, &unfit),
            Ok(content) => content,
        };
        // Only what goes out counts on a cap, so that it is asked last.
        if let Err((rule, until)) = self.capped(lead, action, account.id) {
            return self.replan(&walk, lead, node, until, rule);
        }
        self.book(account.id, |book| book.acted(action, now));
        self.last_acts.insert(account.id, now);
        let (node_id, account) = (node.id.clone(), Some(account.id));
        Fate::Sends(Dispatch { walk, node_id, action, account, content, closes })
    }

    /// The lead waits until its step can be written.
    fn held(&self, walk: &Walk, node: &Node, unfit: &Unfit) -> Fate {
        let data = json!({ "node_id": node.id, "reason": unfit.code() });
        let told = happened(self.tx, self.run.id, walk, "step_held", data);
        Fate::Stands(Stand::held(walk, unfit.code(), unfit.detail()), vec![told])
    }

    /// What forbids the step now, and until when at least; or when the hours are over in which it may be done.
    fn hindrance(
        &self,
        walk: &Walk,
        lead: &Lead,
        account: &ConnectedAccount,
        action: NodeType,
    ) -> Result<DateTime<Utc>, (Rule, DateTime<Utc>)> {
        let now = self.tx.now();
        self.account_waits(walk, account, action)?;
        if walk.next_run_at.is_some_and(|at| now - at > GRACE) {
            return Err((Rule::Late, now));
        }
        let spacing = TimeDelta::seconds(account.spacing_seconds.into());
        // What is planned is never closer than half a slot; what is done may be late by the pace of the workers.
        if let Some(free) = self.last_acts.get(&account.id).map(|last| *last + spacing / 4).filter(|free| *free > now) {
            return Err((Rule::Spacing, free));
        }
        let zone = traveller(walk, lead).zone;
        let terms = self.run.schedule.as_deref().and_then(|schedule| CampaignTerms::of(schedule, zone));
        let (Some(terms), Some(book)) = (terms, self.party.books.get(account.id)) else {
            return Err((Rule::NoAccount, now));
        };
        if terms.is_over(now) {
            return Err((Rule::EndAt, now));
        }
        if !terms.hours.contains(now) {
            return Err((Rule::WorkingHours, now));
        }
        if !book.is_open(now) {
            return Err((Rule::AccountHours, now));
        }
        if let Some(rule) = book.used_up(action, now) {
            return Err((rule, now));
        }
        let closes = terms.hours.open_until(now).min(book.open_until(now));
        Ok(terms.end_at.map_or(closes, |end| closes.min(end)))
    }

    pub(super) fn replan(
        &mut self,
        walk: &Walk,
        lead: &Lead,
        node: &Node,
        ready_at: DateTime<Utc>,
        rule: Rule,
    ) -> Fate {
        let who = traveller(walk, lead);
        self.planned = true;
        let decision = self.planner.replan(&who, &node.id, ready_at, &mut self.party.books);
        let mut stand = self.stand(walk, &decision);
        if let Some(at) = stand.next_run_at
            && !stand.moves.iter().any(|moved| moved.rule == rule)
        {
            // What it says itself of how long is told; what comes after that has rules of its own.
            let until = if ready_at > self.tx.now() { ready_at } else { at };
            stand.moves.insert(0, Move { rule, until });
        }
        let end = end_of(self.tx, self.run.id, walk, &stand);
        Fate::Stands(stand, end.into_iter().collect())
    }

    /// The step was answered without an account's doing anything.
    pub(super) fn goes_on(&mut self, walk: &Walk, lead: &Lead, node: &Node, answer: Answer, kind: &str) -> Fate {
        let (stand, mut activities) = self.onward(walk, lead, &node.id, answer);
        activities.insert(0, happened(self.tx, self.run.id, walk, kind, json!({ "node_id": node.id })));
        Fate::Stands(stand, activities)
    }

    /// Where the lead stands after `node` was answered, and what is to be told of the way there.
    pub(super) fn onward(&mut self, walk: &Walk, lead: &Lead, node: &str, answer: Answer) -> (Stand, Vec<Activity>) {
        let who = traveller(walk, lead);
        self.planned = true;
        let Plan { skipped, decision } = self.planner.onward(&who, node, answer, self.tx.now(), &mut self.party.books);
        let stand = self.stand(walk, &decision);
        let left_out = passed_over(self.tx, self.run.id, walk, &skipped);
        let end = end_of(self.tx, self.run.id, walk, &stand);
        let activities = left_out.chain(end).collect();
        (stand, activities)
    }

    /// Where the lead stands if `node` is next for it, at `ready_at` at the earliest.
    pub(super) fn at(&mut self, walk: &Walk, lead: &Lead, node: &str, ready_at: DateTime<Utc>) -> Stand {
        self.planned = true;
        let decision = self.planner.replan(&traveller(walk, lead), node, ready_at, &mut self.party.books);
        self.stand(walk, &decision)
    }

    /// Where a decision leaves the lead.
    pub(super) fn stand(&self, walk: &Walk, decision: &Decision) -> Stand {
        stand(self.planner, &self.party.accounts, walk, decision)
    }

    fn book(&mut self, account: AccountId, write: impl FnOnce(&mut AccountBook)) {
        if let Some(book) = self.party.books.get_mut(account) {
            write(book);
        }
    }

    fn ends(&self, walk: &Walk, status: ExecutionStatus, why: &str) -> Fate {
        let told = ended(self.tx, self.run.id, walk, status, why);
        Fate::Stands(Stand::ended(walk, status, Some(why)), vec![told])
    }
}

/// Where a decision leaves the lead on `walk`.
pub(super) fn stand(
    planner: &Planner<'_>,
    accounts: &HashMap<AccountId, ConnectedAccount>,
    walk: &Walk,
    decision: &Decision,
) -> Stand {
    match decision {
        Decision::Step { node, account, at, ready_at, moves } => {
            let account = account.and_then(|id| accounts.get(&id));
            let keeps = |channel| account.filter(|account| account.channel == channel).map(|account| account.id);
            Stand {
                status: ExecutionStatus::Waiting,
                node_id: Some(node.clone()),
                action: account.and_then(|_| planner.route().node(node)).map(Node::node_type),
                next_run_at: Some(*at),
                ready_at: Some(*ready_at),
                account_id: account.map(|account| account.id),
                linkedin_account_id: keeps(Channel::Linkedin).or(walk.linkedin_account_id),
                email_account_id: keeps(Channel::Email).or(walk.email_account_id),
                moves: moves.clone(),
                ..Stand::of(walk)
            }
        }
        Decision::Await { node, until } => Stand {
            status: ExecutionStatus::Waiting,
            node_id: Some(node.clone()),
            next_run_at: Some(*until),
            awaiting: Some(Awaiting::Acceptance),
            ..Stand::of(walk)
        },
        Decision::End => Stand::ended(walk, ExecutionStatus::Completed, None),
        Decision::Never { node, rule: Rule::NoAccount } if misses(planner, accounts, walk, node) => {
            Stand { node_id: Some(node.clone()), ..account_removed(walk) }
        }
        Decision::Never { node, rule } => Stand { node_id: Some(node.clone()), ..never(walk, *rule) },
        Decision::Gone { .. } => node_gone(walk),
        Decision::NotToday { .. } => Stand::of(walk),
    }
}

/// Whether the account that the lead has had to do with was taken off the campaign.
fn misses(planner: &Planner<'_>, accounts: &HashMap<AccountId, ConnectedAccount>, walk: &Walk, node: &str) -> bool {
    let kept = match planner.route().node(node).and_then(|node| node.node_type().channel()) {
        Some(Channel::Linkedin) => walk.linkedin_account_id,
        Some(Channel::Email) => walk.email_account_id,
        None => None,
    };
    kept.is_some_and(|kept| !accounts.contains_key(&kept))
}

/// The workflow was changed, and the step at which the lead stands is no longer in it. Until when an answer to it is awaited is kept.
pub(super) fn node_gone(walk: &Walk) -> Stand {
    let until = walk.next_run_at.filter(|_| walk.awaiting.is_some());
    let held = Stand::held(walk, "node_gone", "The step is no longer in the workflow.".into());
    Stand { awaiting: walk.awaiting.filter(|_| until.is_some()), ready_at: until, ..held }
}

/// Nobody else may go on where an account has begun.
pub(super) fn account_removed(walk: &Walk) -> Stand {
    let detail = "The account that the lead has had to do with was taken off the campaign.";
    Stand { account_id: None, ..Stand::held(walk, "account_removed", detail.into()) }
}

/// There is no instant for the lead's next step. The end of a campaign and what lies years ahead do not change; but an account may be taken
/// up again, and a limit raised.
fn never(walk: &Walk, rule: Rule) -> Stand {
    if matches!(rule, Rule::EndAt | Rule::TooFar) {
        return Stand::ended(walk, ExecutionStatus::Stopped, Some(rule.as_str()));
    }
    let detail = format!("There is no instant at which this could be done, because of: {rule}.");
    Stand { account_id: None, ..Stand::held(walk, "cannot_be_planned", detail) }
}

/// Why a lead's way is over before its next step, if it is.
#[must_use]
pub fn ends_already(lead: &Lead, suppressed: bool, stop_on: &[StopOn]) -> Option<(ExecutionStatus, &'static str)> {
    let stops = |rule| stop_on.contains(&rule);
    match lead.status {
        _ if suppressed => Some((ExecutionStatus::Stopped, "suppressed")),
        LeadStatus::DoNotContact => Some((ExecutionStatus::Stopped, "do_not_contact")),
        LeadStatus::Unsubscribed => Some((ExecutionStatus::Unsubscribed, "unsubscribed")),
        LeadStatus::Bounced if stops(StopOn::Bounce) => Some((ExecutionStatus::Bounced, "bounced")),
        LeadStatus::Replied if stops(StopOn::Reply) => Some((ExecutionStatus::Replied, "replied")),
        _ => None,
    }
}
