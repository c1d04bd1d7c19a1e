//! What each error of Unipile's means for a step, a lead and an account.

use chrono::TimeDelta;

use super::{
    super::{
        deliver::{Delivery, NOT_BEGUN, OURS},
        not_let_in::let_in,
        outcome::Outcome,
        silence::put_off,
    },
    At, LinkedinChannel,
    prepare::Prepared,
};
use crate::{
    engine::route::Answer,
    errors::AppError,
    integrations::unipile::{Class, UnipileError},
    models::{ExecutionStep, workflow::NodeType},
    utils::draw::Draw,
};

/// How long an account is left alone when Unipile cannot be reached.
pub(super) const UNREACHABLE: TimeDelta = TimeDelta::minutes(2);
/// How long an account is left alone that Unipile calls too busy without saying for how long, and by how much more at the most.
const BUSY: (TimeDelta, i64) = (TimeDelta::minutes(15), 15 * 60);
/// By how much more, at the most, an account rests that has reached a limit, in seconds.
const LIMIT_JITTER: i64 = 2 * 60 * 60;
/// The shortest and the longest time that Unipile's own word on it is believed.
const SAID: (TimeDelta, TimeDelta) = (TimeDelta::minutes(1), TimeDelta::days(7));

/// Why nothing was begun.
pub(super) enum Stop {
    /// What that means for the step.
    Delivery(Delivery),
    /// It is ours.
    Ours(AppError),
}

impl Stop {
    /// The same for this action: who cannot be invited does not accept either, and nobody waits for it.
    pub(super) fn of(self, action: NodeType) -> Self {
        match self {
            Self::Delivery(Delivery::Other(Outcome::Skipped { reason, .. }))
                if action == NodeType::SendConnectionRequest =>
            {
                Outcome::Skipped { reason, answer: Answer::NotAccepted }.into()
            }
            other => other,
        }
    }

    pub(super) fn into_delivery(self, step: &ExecutionStep) -> Delivery {
        match self {
            Self::Delivery(delivery) => delivery,
            Self::Ours(error) => not_begun(step, &error),
        }
    }
}

impl From<AppError> for Stop {
    fn from(error: AppError) -> Self {
        Self::Ours(error)
    }
}

impl From<Delivery> for Stop {
    fn from(delivery: Delivery) -> Self {
        Self::Delivery(delivery)
    }
}

impl From<Outcome> for Stop {
    fn from(outcome: Outcome) -> Self {
        Self::Delivery(Delivery::Other(outcome))
    }
}

pub(super) fn not_begun(step: &ExecutionStep, error: &AppError) -> Delivery {
    tracing::warn!(step = %step.id, code = error.code(), cause = error.causes(), "a step was not begun");
    NOT_BEGUN
}

/// It was surely not done, and Unipile is to be left alone for a while.
pub(super) fn unreachable() -> Delivery {
    Delivery::NotSent { reason: "provider_unreachable", rest: Some(UNREACHABLE), ours: true }
}

impl LinkedinChannel {
    /// What it means that the account was not let in, if it was not.
    pub(super) async fn let_in(&self, at: At<'_>, step: Option<&ExecutionStep>, refused: Delivery) -> Delivery {
        let_in(&self.context, (at.api, &at.unipile.account_id), step, refused).await
    }

    /// What follows for a step that was not begun. Where Unipile does not answer about the lead, its answer about the account tells whose that is.
    pub(super) async fn not_prepared(&self, at: At<'_>, step: &ExecutionStep, stopped: Delivery) -> Delivery {
        if !stopped.got_no_answer() {
            return self.let_in(at, Some(step), stopped).await;
        }
        match at.api.own_profile(&at.unipile.account_id).await {
            Ok(_) => put_off(&self.context, step).await,
            Err(_) => unreachable(),
        }
    }

    /// What an error means that came when only something was asked: nothing was done, whatever it is.
    pub(super) fn unanswered(&self, seed: uuid::Uuid, error: &UnipileError) -> Delivery {
        tracing::info!(%error, "Unipile could not be asked");
        match error.class() {
            Class::NotSent => unreachable(),
            Class::Unknown => Delivery::no_answer(UNREACHABLE),
            Class::AccountOut => Delivery::not_let_in(error),
            Class::Cooldown => self.cools_down(seed, error),
            Class::Gone => Delivery::NoRecipient,
            Class::Permanent => Delivery::Refused { reason: error.code(), detail: None },
            Class::Lead => Delivery::Other(Outcome::Skipped { reason: error.code(), answer: Answer::Done }),
            Class::Done | Class::Parked => Delivery::Other(Outcome::Parked { reason: error.code() }),
        }
    }

    /// What an error means for what was to be done.
    pub(super) fn verdict(&self, seed: uuid::Uuid, prepared: &Prepared, error: &UnipileError) -> Delivery {
        let reason = error.code();
        match error.class() {
            Class::NotSent => unreachable(),
            Class::Unknown => Delivery::Unknown,
            Class::AccountOut => Delivery::not_let_in(error),
            Class::Cooldown if error.is("insufficient_credits") => {
                Delivery::Other(Outcome::Later { reason: "no_credits", pause: self.bears.cooldown })
            }
            Class::Cooldown => self.cools_down(seed, error),
            Class::Done if error.is("already_connected") => {
                let answer = if prepared.invites() { Answer::Accepted } else { Answer::Done };
                Delivery::Other(Outcome::Skipped { reason, answer })
            }
            Class::Done => done_before(prepared, reason),
            Class::Lead => {
                let answer = if prepared.invites() { Answer::NotAccepted } else { Answer::Done };
                Delivery::Other(Outcome::Skipped { reason, answer })
            }
            // It does not wait any more: it was taken back, by whomever.
            Class::Gone if prepared.withdraws() => done_before(prepared, "not_pending"),
            Class::Gone if prepared.is_to_a_post() => {
                Delivery::Other(Outcome::Skipped { reason: "post_gone", answer: Answer::Done })
            }
            Class::Gone => Delivery::NoRecipient,
            Class::Permanent => Delivery::Refused { reason, detail: None },
            Class::Parked => Delivery::Other(Outcome::Parked { reason }),
        }
    }

    /// The account rests; others keep their pace. The step waits for it.
    fn cools_down(&self, seed: uuid::Uuid, error: &UnipileError) -> Delivery {
        let jitter = |most: i64| {
            let draw = Draw::of(&[b"cooldown", seed.as_bytes()]).below(most.unsigned_abs());
            TimeDelta::seconds(i64::try_from(draw).unwrap_or(0))
        };
        let said = error.retry_after.and_then(|after| TimeDelta::from_std(after).ok());
        let said = said.map(|after| after.clamp(SAID.0, SAID.1));
        let rest = if error.is("too_many_requests") || error.kind().is_none() {
            said.unwrap_or(BUSY.0 + jitter(BUSY.1))
        } else {
            said.unwrap_or_default().max(self.bears.cooldown + jitter(LIMIT_JITTER))
        };
        // Why it rests is told in Unipile's word, as far as it gave one.
        let reason = if OURS.contains(&error.code()) { error.code() } else { "account_cools_down" };
        Delivery::NotSent { reason, rest: Some(rest), ours: true }
    }
}

/// Somebody has done it before, or this very step in an attempt that nobody could prove.
pub(super) fn done_before(prepared: &Prepared, remark: &'static str) -> Delivery {
    Delivery::Other(Outcome::SentAs { provider_id: prepared.fallback_id(), remark, answer: Answer::Done })
}
