//! A LinkedIn and a mailbox that do not exist, so that a campaign can be rehearsed without an account: who accepts, who answers and what goes
//! wrong is drawn from seeds, and the same act always has the same outcome. Nothing is kept in here; what has happened is for the caller to
//! store. Like a real provider, the sandbox does what it is told a second time if it is told so a second time.

use chrono::{DateTime, TimeDelta, Utc};

use crate::{models::workflow::NodeType, utils::draw::Draw};

mod character;
mod happenings;
mod replies;
#[cfg(test)]
mod tests;

pub use character::Character;

/// What an account does.
#[derive(Debug, Clone, Copy)]
pub struct Act<'a> {
    /// The account's own seed.
    pub account_seed: u64,
    /// Who the lead is there: an e-mail address or a profile.
    pub lead_key: &'a str,
    /// What is done.
    pub action: NodeType,
    /// By what the act is found again.
    pub natural_key: &'a str,
    /// Which attempt it is. The lead's part does not depend on it; what goes wrong on the way does, so that another attempt can succeed.
    pub attempt: u32,
    /// When it is done.
    pub at: DateTime<Utc>,
}

/// What the provider says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// It is done.
    Sent {
        /// By what the provider knows it: another one for each act, also for the second of two alike.
        provider_id: String,
    },
    /// It is surely not done.
    Refused(Refusal),
    /// Nothing that tells whether it is done.
    Unclear {
        /// What there is instead.
        how: Unclear,
        /// Whether it was done all the same.
        took: bool,
    },
}

impl Answer {
    /// Whether it is done.
    #[must_use]
    pub fn took(&self) -> bool {
        match self {
            Self::Sent { .. } => true,
            Self::Unclear { took, .. } => *took,
            Self::Refused(_) => false,
        }
    }
}

/// An answer that leaves open whether something was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unclear {
    /// None before the time-out.
    Silence,
    /// The connection breaks before it.
    Reset,
    /// An error of the server.
    ServerError,
    /// It is done, but by what name is not said.
    NoId,
}

/// Why something is not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The account has done too much.
    RateLimited {
        /// How long it must rest.
        retry_after: TimeDelta,
    },
    /// There is no such person.
    NoSuchRecipient,
    /// Its owner must sign in again. It never comes by chance: the caller says it of an account that it keeps as signed out.
    AccountNeedsReconnect,
    /// The provider is out of order for the time being.
    Temporary,
}

/// Something that the lead's side does because of an act.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Happening {
    /// How long after the act.
    pub after: TimeDelta,
    /// What it is.
    pub kind: HappeningKind,
}

/// What the lead's side may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HappeningKind {
    /// The lead accepts the invitation.
    Accepted,
    /// The lead answers.
    Replied {
        /// What it says.
        text: String,
    },
    /// A machine answers for the lead: out of office and the like.
    AutoReplied {
        /// What it says.
        text: String,
    },
    /// The mail comes back.
    Bounced {
        /// Whether it always would.
        permanent: bool,
    },
    /// The lead wants no more mail.
    Unsubscribed,
}

/// What comes of an act: the provider's answer, and what follows on the lead's side if the act took, in order of time.
#[must_use]
pub fn answer(character: &Character, act: &Act<'_>) -> (Answer, Vec<Happening>) {
    let answer = answer_only(character, act);
    let happenings = if answer.took() { happenings::after(character, act) } else { Vec::new() };
    (answer, happenings)
}

fn answer_only(character: &Character, act: &Act<'_>) -> Answer {
    let attempt = act.draw().branch(u64::from(act.attempt));
    if attempt.branch(0).happens(character.rate_error) {
        return Answer::Refused(trouble(attempt.branch(1)));
    }
    if act.action != NodeType::SendEmail && act.is_undeliverable(character) {
        return Answer::Refused(Refusal::NoSuchRecipient);
    }
    if attempt.branch(2).happens(character.silence) {
        return unclear(attempt.branch(3));
    }
    Answer::Sent { provider_id: act.provider_id() }
}

/// Three times in four the account must rest for 5 to 60 minutes; else the provider has troubles of its own.
fn trouble(draw: Draw) -> Refusal {
    if draw.branch(0).happens(0.75) {
        Refusal::RateLimited { retry_after: happenings::minutes(5 + draw.branch(1).below(56)) }
    } else {
        Refusal::Temporary
    }
}

/// In half of all cases it is done all the same.
fn unclear(draw: Draw) -> Answer {
    let took = draw.happens(0.5);
    let how = match draw.branch(0).below(if took { 4 } else { 3 }) {
        0 => Unclear::Silence,
        1 => Unclear::Reset,
        2 => Unclear::ServerError,
        _ => Unclear::NoId,
    };
    Answer::Unclear { how, took }
}

impl Act<'_> {
    /// All that is drawn about this act, whichever attempt it is.
    fn draw(&self) -> Draw {
        Draw::of(&[
            &self.account_seed.to_be_bytes(),
            self.lead_key.as_bytes(),
            self.action.as_str().as_bytes(),
            self.natural_key.as_bytes(),
        ])
    }

    /// Whether nothing reaches this lead. An address that does not exist does so for nobody, whoever writes and however often.
    fn is_undeliverable(&self, character: &Character) -> bool {
        Draw::of(&[b"undeliverable", self.lead_key.as_bytes()]).happens(character.bounce)
    }

    fn provider_id(&self) -> String {
        let at = self.at.timestamp_micros().to_be_bytes();
        let id = Draw::of(&[
            &self.account_seed.to_be_bytes(),
            self.natural_key.as_bytes(),
            &self.attempt.to_be_bytes(),
            &at,
        ]);
        format!("sandbox-{:016x}", id.below(u64::MAX))
    }
}
