//! What is counted of campaigns: how much waits, how far they are, and how steps end. Names and labels are explained in docs/operations.md.

use metrics::{counter, gauge};

use super::{Round, RunService, deliver::Delivery, settle::name};
use crate::{
    errors::Result,
    models::{Channel, ExecutionStep},
};

/// Nothing is counted beyond this: it is too much in any case.
const MOST: i64 = 10_000;

impl RunService {
    /// Measures what waits.
    ///
    /// # Errors
    /// The database is away.
    pub async fn measure(&self) -> Result<Round> {
        let now = self.context.campaign_clock.now();
        let backlog = self.context.db.campaign_backlog(now, MOST).await?;
        let lag = backlog.oldest.and_then(|oldest| (now - oldest).to_std().ok()).unwrap_or_default();
        let most = |count: i64| u32::try_from(count).unwrap_or(u32::MAX);
        gauge!("campaign_steps_due").set(most(backlog.due));
        gauge!("campaign_steps_lag_seconds").set(lag.as_secs_f64());
        gauge!("campaign_steps_sending").set(most(backlog.sending));
        gauge!("campaign_steps_lost").set(most(backlog.lost));
        gauge!("campaign_steps_needs_review").set(most(backlog.needs_review));
        Ok(Round::default())
    }
}

/// Changes of progress that are summed up in one statement.
const CHANGES: i64 = 50_000;

impl RunService {
    /// Sums up what has changed of campaigns' progress, so that it is told from a few rows.
    ///
    /// # Errors
    /// The database is away.
    pub async fn sum_up(&self) -> Result<Round> {
        let changes = self.context.db.sum_up_progress(CHANGES).await?;
        Ok(Round { done: u64::try_from(changes).unwrap_or(0), more: changes == CHANGES })
    }
}

/// Counts how a step ended.
pub(super) fn count(step: &ExecutionStep, delivery: &Delivery) {
    count_as(step, name(delivery), delivery.reason());
}

/// Counts a step of which nobody can tell whether it was sent.
pub(super) fn count_review(step: &ExecutionStep) {
    count_as(step, "needs_review", "outcome_unknown");
}

/// Counts a result that came when somebody else had taken the step over.
pub(super) fn count_late(step: &ExecutionStep, delivery: &Delivery) {
    count_as(step, "late", name(delivery));
}

fn count_as(step: &ExecutionStep, outcome: &'static str, reason: &'static str) {
    let channel = step.action.channel().map_or("webhook", Channel::as_str);
    let action = step.action.as_str();
    counter!("campaign_steps_total", "channel" => channel, "action" => action, "outcome" => outcome, "reason" => reason)
        .increment(1);
}
