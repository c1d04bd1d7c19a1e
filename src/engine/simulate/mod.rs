//! The whole calendar of a campaign before it happens: the planner's own decisions, one after another, on a clock that is only imagined.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    caps::{Addressee, Caps},
    message::{Unfit, Words},
    planner::{Books, Planner, Traveller},
};
use crate::models::{AccountId, LeadId, Move, Rule, workflow::NodeType};

mod digest;
mod run;
#[cfg(test)]
mod tests;

use run::Run;

/// A lead whose way is imagined.
#[derive(Debug, Clone)]
pub struct SimulatedLead {
    /// Who.
    pub traveller: Traveller,
    /// To whom messages count on caps.
    pub addressee: Addressee,
    /// What the workflow's conditions answer for it, by node; one that is missing does not hold.
    pub answers: BTreeMap<String, bool>,
    /// Steps that it has had already: where the workflow leads it there again, they are passed over.
    pub had: BTreeSet<String>,
    /// It is left out if it would begin before this instant.
    pub barred_until: Option<DateTime<Utc>>,
    /// Where it stands at the beginning.
    pub stand: Standing,
}

/// Where a lead stands when the simulation begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// Nowhere yet.
    Pending,
    /// Before a step, which the account's book holds already. One whose time has passed is planned again.
    Due {
        /// The step.
        node: String,
        /// Who does it, if anybody has to.
        account: Option<AccountId>,
        /// When.
        at: DateTime<Utc>,
        /// What moved it there.
        moves: Vec<Move>,
    },
    /// Behind an invitation that was sent.
    Awaiting {
        /// The invitation.
        node: String,
        /// When it was sent.
        since: DateTime<Utc>,
        /// How long its answer is awaited.
        until: DateTime<Utc>,
    },
}

/// Steps that are put off at the most: where caps let far less out than accounts may do, thousands are put off each day. After that a
/// simulation ends as if its time were over.
const MOST_PUT_OFF: u32 = 1_000_000;

/// What a campaign has to go by.
#[derive(Debug, Default)]
pub struct Means {
    /// What its accounts have done and are to do.
    pub books: Books,
    /// What has gone out on the first day already, if there are caps.
    pub caps: Option<Caps>,
    /// What is written.
    pub words: Words,
}

/// What is imagined beside the plan.
#[derive(Debug, Clone, Copy)]
pub struct Premises {
    /// When the simulation begins.
    pub now: DateTime<Utc>,
    /// When leads are begun first; none is as the planner has it from `now` on.
    pub begin_at: Option<DateTime<Utc>>,
    /// What becomes of invitations.
    pub assume: Assume,
    /// After which time it ends.
    pub horizon: TimeDelta,
}

/// What becomes of invitations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Assume {
    /// Nobody accepts.
    NeverAccepted,
    /// Everybody accepts after this time, if it is awaited so long.
    Accepted {
        /// How long after the invitation.
        after: TimeDelta,
    },
}

/// What would happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Simulation {
    /// All that would reach the outside, in the order of its instants. Waits and conditions are not among it.
    pub actions: Vec<SimulatedAction>,
    /// The steps that would wait for a person or for a change, in the order of their instants.
    pub held: Vec<SimulatedHold>,
    /// How the leads would end.
    pub ends: Ends,
    /// The leads that would not begin, and what has no room for them.
    pub never_begun: Vec<(LeadId, Rule)>,
    /// When the first action would be.
    pub first_at: Option<DateTime<Utc>>,
    /// When the last action would be.
    pub last_at: Option<DateTime<Utc>>,
    /// The SHA-256 of all actions in order, in hex: two simulations of one hash promise the same. What moved an action is not part of it.
    pub hash: String,
}

/// One thing that would be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SimulatedAction {
    /// For whom.
    pub lead: LeadId,
    /// The node.
    pub node: String,
    /// What.
    pub action: NodeType,
    /// By whom; a webhook needs nobody.
    pub account: Option<AccountId>,
    /// When.
    pub at: DateTime<Utc>,
    /// What moved it there.
    pub moves: Vec<Move>,
}

/// A step that would not be done at its instant, but wait for a person or for a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SimulatedHold {
    /// Whose.
    pub lead: LeadId,
    /// The node.
    pub node: String,
    /// By whom it would have been done.
    pub account: Option<AccountId>,
    /// When.
    pub at: DateTime<Utc>,
    /// Why it would not.
    pub why: Hold,
}

/// Why a step waits whose account cannot be used.
pub const NOT_CONNECTED: &str = "The account that is to do this is not connected.";

/// Why a step would wait.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hold {
    /// Its account is out of order.
    AccountUnavailable,
    /// Its words cannot be written to this lead.
    Unfit(Unfit),
}

impl Hold {
    /// The stable machine-readable kind.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::AccountUnavailable => "account_unavailable",
            Self::Unfit(unfit) => unfit.code(),
        }
    }

    /// The same in English, in a whole sentence.
    #[must_use]
    pub fn detail(&self) -> String {
        match self {
            Self::AccountUnavailable => NOT_CONNECTED.to_owned(),
            Self::Unfit(unfit) => unfit.detail(),
        }
    }
}

/// How leads would end.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ends {
    /// At the end of the workflow.
    pub completed: u64,
    /// Before a step that could never be done, by what forbids it.
    pub never: BTreeMap<Rule, u64>,
    /// At a node that the workflow does not have.
    pub gone: u64,
    /// Never begun, because they were barred when they would have.
    pub barred: u64,
    /// Never begun, because no step of the workflow reaches them.
    pub unreachable: u64,
    /// Before a step that waits for a person or for a change, by why.
    pub held: BTreeMap<&'static str, u64>,
    /// On their way when the simulation ended.
    pub under_way: u64,
    /// How many nodes were passed over because they could not reach the lead.
    pub skipped: u64,
}

/// Imagines the campaign: each call to the planner is one that a worker would make at that instant. What is due comes before who begins. On
/// caps counts what has gone out on the first day already; what other campaigns will send nobody can tell.
#[must_use]
pub fn simulate(planner: &Planner<'_>, means: Means, leads: Vec<SimulatedLead>, premises: &Premises) -> Simulation {
    let until = premises.now.checked_add_signed(premises.horizon).unwrap_or(DateTime::<Utc>::MAX_UTC);
    let mut begin_at = premises.begin_at.or_else(|| planner.first_beginning(premises.now));
    let mut run = Run::new(planner, means, premises.assume);
    run.set_out(leads, premises.now);
    loop {
        let due = run.next_due().filter(|due| *due <= until);
        let begins = begin_at.filter(|at| *at <= until && run.has_pending());
        match (due, begins) {
            (due, Some(begins)) if due.is_none_or(|due| begins < due) => {
                run.begin(begins);
                begin_at = planner.next_beginning(begins);
            }
            (Some(_), _) if run.put_off_so_far() < MOST_PUT_OFF => run.go_on(),
            _ => return run.into_simulation(),
        }
    }
}
