//! What leads do, and what each of it means.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use super::message::NewMessage;
use crate::models::{
    AccountId, AnsweredStep, ExecutionStatus, LeadId, LeadStatus, SuppressionSource, workflow::StopOn,
};

/// So many mails that came back for the time being, one after the other and none answered, mean that an address is dead (Notifuse's issue 323
/// tells what happens without such a rule).
pub(super) const SOFT_BOUNCES: i64 = 3;
/// Older ones do not count any more.
pub(super) const SOFT_BOUNCES_COUNT_FOR: TimeDelta = TimeDelta::days(60);

/// Something that a lead did, or that happened to what it was sent.
#[derive(Debug, Clone)]
pub(super) struct Deed {
    /// Who.
    pub lead_id: LeadId,
    /// Which account was told.
    pub account_id: AccountId,
    /// What.
    pub what: What,
    /// The step that it is about, if its source tells; else the last that the account sent is meant.
    pub answers: Option<AnsweredStep>,
    /// The address that what it is about was sent to, if its source tells; else the lead's is meant.
    pub recipient: Option<String>,
    /// What the lead wrote, if it wrote.
    pub message: Option<NewMessage>,
}

/// What a lead did. That a machine answered is no answer of the lead's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum What {
    /// It accepted an invitation.
    Accepted,
    /// It answered.
    Replied {
        /// That it plainly asks not to be written to any more.
        asks_to_stop: bool,
    },
    /// A machine answered for it.
    AutoReplied {
        /// Until when it says to be away.
        until: Option<NaiveDate>,
    },
    /// A mail to it came back, or is late.
    Bounced(Bounced),
    /// It declared a mail to be spam.
    Complained,
    /// It used the way out of a mail.
    Unsubscribed,
    /// A report about mail to it came that nothing ties to a mail of ours: anybody may have written it.
    Unproved,
}

/// A mail came back, or is late.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Bounced {
    /// Which mail it was: of several reports about one, one counts.
    pub key: String,
    /// The status of RFC 3463.
    pub status: Option<String>,
    /// Whether it was given up.
    pub given_up: bool,
    /// Whether the address will not take mail another day either.
    pub permanent: bool,
}

impl What {
    /// Whether it may suppress somebody: then [`super::RunService::begin_intake`] must know.
    pub(super) fn may_suppress(&self) -> bool {
        match self {
            Self::Accepted | Self::Replied { asks_to_stop: false } | Self::AutoReplied { .. } | Self::Unproved => false,
            Self::Bounced(bounced) => bounced.given_up,
            Self::Replied { asks_to_stop: true } | Self::Complained | Self::Unsubscribed => true,
        }
    }
}

/// What follows from a deed.
pub(super) struct Effect {
    /// What the activity is called.
    pub(super) activity: &'static str,
    /// How it ends the lead's ways, if it does: in every campaign, or in those that stop on this.
    pub(super) ends: Option<(ExecutionStatus, Option<StopOn>)>,
    /// Why they end, if not for what they end as.
    pub(super) reason: Option<&'static str>,
    /// Where the lead stands then, coming from where.
    pub(super) lead: &'static [(&'static [LeadStatus], LeadStatus)],
    /// Whether its address is suppressed, how that came about, and why.
    pub(super) suppresses: Option<(SuppressionSource, &'static str)>,
}

const CAME_BACK: &str = "Mail came back.";
const AGAIN_AND_AGAIN: &str = "Mail came back again and again.";

/// Where a lead may stand that goes on.
const OPEN: &[LeadStatus] = &[LeadStatus::New, LeadStatus::Contacted, LeadStatus::Connected];
/// The same, or it has answered.
const OPEN_OR_REPLIED: &[LeadStatus] =
    &[LeadStatus::New, LeadStatus::Contacted, LeadStatus::Connected, LeadStatus::Replied];

impl Effect {
    /// What follows from `what` that was told by a mailbox, or not; `too_often` if it is one of too many mails that came back.
    pub(super) fn of(what: &What, mail: bool, too_often: bool) -> Self {
        let none = Self { activity: "", ends: None, reason: None, lead: &[], suppresses: None };
        let suppresses = |source, why| Some((source, why)).filter(|_| mail);
        match what {
            What::Accepted => none,
            What::Replied { .. } => Self {
                activity: "lead_replied",
                ends: Some((ExecutionStatus::Replied, Some(StopOn::Reply))),
                lead: &[(OPEN, LeadStatus::Replied)],
                ..none
            },
            What::Unproved => Self { activity: "report_unproved", ..none },
            What::AutoReplied { .. } => Self { activity: "lead_auto_replied", ..none },
            What::Bounced(bounced) if bounced.permanent || too_often => Self {
                activity: "email_bounced",
                ends: Some((ExecutionStatus::Bounced, Some(StopOn::Bounce))),
                lead: &[(OPEN, LeadStatus::Bounced)],
                suppresses: suppresses(SuppressionSource::Bounce, if too_often { AGAIN_AND_AGAIN } else { CAME_BACK }),
                ..none
            },
            What::Bounced(_) => Self { activity: "email_delayed", ..none },
            // Whatever a campaign says: who asks not to get mail gets none.
            What::Unsubscribed => Self {
                activity: "lead_unsubscribed",
                ends: Some((ExecutionStatus::Unsubscribed, None)),
                lead: &[(OPEN_OR_REPLIED, LeadStatus::Unsubscribed)],
                suppresses: suppresses(SuppressionSource::Unsubscribe, "The person unsubscribed."),
                ..none
            },
            What::Complained => Self {
                activity: "lead_complained",
                ends: Some((ExecutionStatus::Stopped, None)),
                reason: Some("complaint"),
                lead: &[(OPEN_OR_REPLIED, LeadStatus::DoNotContact)],
                suppresses: suppresses(SuppressionSource::Complaint, "The person declared a mail to be spam."),
            },
        }
    }

    /// The same, told as an answer: the wish stood in one.
    pub(super) fn said(self, what: &What) -> Self {
        Self { activity: Self::of(what, false, false).activity, ..self }
    }
}

impl NewMessage {
    /// When the lead wrote it, which is never later than that it came.
    pub(super) fn written_at(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        self.sent_at.min(now)
    }
}
