//! How far a step has been moved, and by what.

use chrono::{DateTime, Utc};

use crate::models::{Move, Rule};

/// An instant under way, and what moved it so far.
#[derive(Debug)]
pub(super) struct Course {
    pub(super) at: DateTime<Utc>,
    moves: Vec<Move>,
}

impl Course {
    pub(super) fn new(at: DateTime<Utc>) -> Self {
        Self { at, moves: Vec::new() }
    }

    /// `rule` allows nothing before `until`. A rule is kept once, with the last instant that it led to.
    pub(super) fn moved(&mut self, rule: Rule, until: DateTime<Utc>) {
        if until <= self.at {
            return;
        }
        // If a limit lasts until the hours are over, it is the limit that sends the step to the next day, not the night.
        let closed = matches!(rule, Rule::WorkingHours | Rule::AccountHours);
        let rule = self.last().filter(|last| closed && is_room(*last)).unwrap_or(rule);
        self.moves.retain(|earlier| earlier.rule != rule);
        self.moves.push(Move { rule, until });
        self.at = until;
    }

    /// The rule that moved it last.
    pub(super) fn last(&self) -> Option<Rule> {
        self.moves.last().map(|last| last.rule)
    }

    pub(super) fn into_moves(self) -> Vec<Move> {
        self.moves
    }
}

/// Whether the rule is about how much an account has to do.
fn is_room(rule: Rule) -> bool {
    matches!(rule, Rule::HourLimit | Rule::DayLimit | Rule::WeekLimit | Rule::RampUp | Rule::Spacing)
}
