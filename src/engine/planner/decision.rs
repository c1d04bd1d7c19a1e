//! Who travels, and what is decided for them.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use crate::models::{AccountId, Channel, LeadId, Move, Rule, workflow::NodeType};

/// A lead on its way through a campaign, as far as planning goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Traveller {
    /// Who.
    pub lead: LeadId,
    /// The lead's own time zone, if known.
    pub zone: Option<Tz>,
    /// The LinkedIn account that it keeps, once it has one.
    pub linkedin: Option<AccountId>,
    /// The mailbox that it keeps, once it has one.
    pub email: Option<AccountId>,
    /// Whether it can be reached on LinkedIn.
    pub has_linkedin: bool,
    /// Whether it can be reached by mail.
    pub has_email: bool,
}

impl Traveller {
    /// The account of that channel that it keeps.
    #[must_use]
    pub fn keeps(&self, channel: Channel) -> Option<AccountId> {
        match channel {
            Channel::Linkedin => self.linkedin,
            Channel::Email => self.email,
        }
    }

    /// From now on it keeps that account.
    pub fn keep(&mut self, channel: Channel, account: AccountId) {
        match channel {
            Channel::Linkedin => self.linkedin = Some(account),
            Channel::Email => self.email = Some(account),
        }
    }

    /// Why a step of this kind cannot reach the lead.
    pub(super) fn out_of_reach(&self, action: NodeType) -> Option<&'static str> {
        match action.channel()? {
            Channel::Linkedin => (!self.has_linkedin).then_some("no_linkedin_profile"),
            Channel::Email => (!self.has_email).then_some("no_email_address"),
        }
    }
}

/// What is decided for a lead, and which nodes were passed over on the way there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The nodes that cannot reach the lead, in order.
    pub skipped: Vec<Skipped>,
    /// What comes next.
    pub decision: Decision,
}

/// A node that was passed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// Which.
    pub node: String,
    /// Why: `no_linkedin_profile` or `no_email_address`.
    pub reason: &'static str,
}

/// What comes next for a lead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// A step at an instant, which is taken in the account's book.
    Step {
        /// Which.
        node: String,
        /// Who does it; nobody is needed for a wait, a condition or a webhook.
        account: Option<AccountId>,
        /// When.
        at: DateTime<Utc>,
        /// The earliest instant that the workflow allows.
        ready_at: DateTime<Utc>,
        /// What moved it there.
        moves: Vec<Move>,
    },
    /// The answer to an invitation that was sent.
    Await {
        /// The invitation.
        node: String,
        /// Until when.
        until: DateTime<Utc>,
    },
    /// Nothing: the way is at its end.
    End,
    /// The lead does not begin today.
    NotToday {
        /// Its first step.
        node: String,
        /// What has no room for it. If that is [`Rule::NewLeadsPerDay`], there is no room for anybody else either.
        rule: Rule,
    },
    /// Nothing, because the step can never be done.
    Never {
        /// The step.
        node: String,
        /// Why.
        rule: Rule,
    },
    /// Nothing, because the workflow has no such node.
    Gone {
        /// The node.
        node: String,
    },
}
