//! What Unipile does not answer about one lead, though it answers otherwise: it is the lead's, and not the account's. The step is put off for longer and
//! longer, while its account goes on, and then a person must look.

use chrono::TimeDelta;

use super::{
    Context,
    deliver::{Delivery, NOT_BEGUN},
    outcome::Outcome,
};
use crate::{errors::Result, models::ExecutionStep};

/// Nothing was asked to be done, and what was asked was not answered.
const NO_ANSWER: &str = "provider_no_answer";
/// The same of a step about which alone there was none.
pub(super) const LEAD_UNANSWERED: &str = "lead_unanswered";
/// The time ran out before anything was begun.
const SLOW: &str = "provider_slow";
/// After so many times it is the lead's.
const MOST_SLOW: i64 = 2;
/// How long such a step is put off, time after time: a day and a half in all, for what is out of order at LinkedIn may last for hours.
const PAUSES: [TimeDelta; 5] =
    [TimeDelta::minutes(1), TimeDelta::minutes(30), TimeDelta::hours(3), TimeDelta::hours(9), TimeDelta::hours(24)];

impl Delivery {
    /// Nothing was done, since what was asked before was not answered; the account is left alone for so long.
    pub(super) fn no_answer(rest: TimeDelta) -> Self {
        Self::NotSent { reason: NO_ANSWER, rest: Some(rest), ours: true }
    }

    /// Whether it is that.
    pub(super) fn got_no_answer(&self) -> bool {
        matches!(self, Self::NotSent { reason: NO_ANSWER, .. })
    }

    /// The same of what somebody writes by hand, for which no account need rest.
    pub(super) fn by_hand(self) -> Self {
        match self {
            Self::NotSent { reason: NO_ANSWER, ours, .. } => Self::NotSent { reason: NO_ANSWER, rest: None, ours },
            other => other,
        }
    }
}

/// What follows for a step before which Unipile let the time run out. Twice the account rests for that; then it is put off alone.
pub(super) async fn too_slow(context: &Context, step: &ExecutionStep, rest: TimeDelta) -> Delivery {
    match ended_so(context, step, SLOW).await {
        Ok(times) if times >= MOST_SLOW => put_off(context, step).await,
        _ => Delivery::NotSent { reason: SLOW, rest: Some(rest), ours: true },
    }
}

/// What follows for a step about which there was no answer.
pub(super) async fn put_off(context: &Context, step: &ExecutionStep) -> Delivery {
    match ended_so(context, step, LEAD_UNANSWERED).await {
        Ok(times) => match usize::try_from(times).ok().and_then(|times| PAUSES.get(times)) {
            Some(pause) => Delivery::Other(Outcome::Later { reason: LEAD_UNANSWERED, pause: *pause }),
            None => Delivery::Other(Outcome::Parked { reason: LEAD_UNANSWERED }),
        },
        Err(error) => {
            tracing::warn!(step = %step.id, code = error.code(), "earlier silences cannot be counted");
            NOT_BEGUN
        }
    }
}

/// How often this step was not sent for this reason.
pub(super) async fn ended_so(context: &Context, step: &ExecutionStep, reason: &str) -> Result<i64> {
    let mut conn = context.db.engine_conn(step.organization_id).await?;
    let times = conn.steps().ended_so(step.execution_id, &step.node_id, reason).await;
    conn.give_back();
    times
}
