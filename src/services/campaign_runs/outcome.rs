//! What else a provider can make of a step, beside having it or not: it had it before, it cannot be done to this lead, a person must look.

use chrono::TimeDelta;

use super::{
    activities::{happened, with_account},
    fate::Judge,
    settle::{about, sent_kind},
};
use crate::{
    engine::route::Answer,
    models::{Activity, ExecutionStep, Lead, Stand, StepState, Walk},
};

/// What became of a step that was neither just sent nor just not sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The provider has it, and there is something to say of that. The lead goes on by `answer`.
    SentAs { provider_id: String, remark: &'static str, answer: Answer },
    /// It cannot be done to this lead, and was not. The lead goes on by `answer`.
    Skipped { reason: &'static str, answer: Answer },
    /// The provider's answer is one that nobody knows: a person must look, and nothing is tried again before.
    Parked { reason: &'static str },
    /// It surely was not done; it is tried again after `pause`, and its account goes on with other things.
    Later { reason: &'static str, pause: TimeDelta },
}

impl Outcome {
    /// How the attempt ended: its state, by what the provider knows it, and why.
    pub(super) fn end(&self) -> (StepState, Option<String>, Option<String>) {
        let (state, provider_id) = match self {
            Self::SentAs { provider_id, .. } => (StepState::Sent, Some(provider_id.clone())),
            Self::Skipped { .. } => (StepState::Skipped, None),
            Self::Parked { .. } => (StepState::NeedsReview, None),
            Self::Later { .. } => (StepState::NotSent, None),
        };
        (state, provider_id, Some(self.why().to_owned()))
    }

    /// What there is to say of it.
    pub(super) fn why(&self) -> &'static str {
        match self {
            Self::SentAs { remark: why, .. }
            | Self::Skipped { reason: why, .. }
            | Self::Parked { reason: why }
            | Self::Later { reason: why, .. } => why,
        }
    }

    /// What it is called where things are counted.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::SentAs { .. } => "sent",
            Self::Skipped { .. } => "skipped",
            Self::Parked { .. } => "needs_review",
            Self::Later { .. } => "not_sent",
        }
    }

    /// Whether it is proved that nothing was done.
    pub(super) fn was_not_done(&self) -> bool {
        matches!(self, Self::Skipped { .. } | Self::Later { .. })
    }
}

impl Judge<'_> {
    /// Where such an outcome leaves a lead, and what is told of it.
    pub(super) fn otherwise(
        &mut self,
        (walk, lead): (&Walk, &Lead),
        step: &ExecutionStep,
        outcome: &Outcome,
    ) -> (Option<Stand>, Vec<Activity>) {
        let kind = match outcome {
            Outcome::SentAs { .. } => sent_kind(step.action),
            Outcome::Skipped { .. } => "step_skipped",
            Outcome::Parked { .. } => "step_needs_review",
            Outcome::Later { .. } => "step_not_sent",
        };
        let told = happened(self.tx, self.run.id, walk, kind, about(step, Some(outcome.why())));
        let told = with_account(told, step.account_id);
        let (stand, more) = match outcome {
            Outcome::SentAs { answer, .. } => {
                let (stand, more) = self.onward(walk, lead, &step.node_id, *answer);
                (Stand { sent: 1, ..stand }, more)
            }
            Outcome::Skipped { answer, .. } => self.onward(walk, lead, &step.node_id, *answer),
            Outcome::Parked { .. } => {
                let detail = "The provider gave an answer that is not known here. Look at the account and decide.";
                (Stand::held(walk, "needs_review", detail.into()), Vec::new())
            }
            Outcome::Later { pause, .. } => {
                let (stand, end) = self.once_more(walk, lead, step, *pause);
                (stand, end.into_iter().collect())
            }
        };
        (Some(stand), [told].into_iter().chain(more).collect())
    }
}
