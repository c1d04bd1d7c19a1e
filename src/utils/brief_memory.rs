//! Answers believed for a moment, so that a caller who asks often costs the database little.

use std::{hash::Hash, time::Duration};

use moka::sync::Cache;

use super::clock::SharedClock;

/// How long an answer is believed. What it says may be revoked, and that must bite within 2 s on every replica, so this is counted from
/// before the question is asked, and leaves room for the answer.
const BELIEVED_FOR: Duration = Duration::from_millis(1500);

/// The answers to questions asked a moment ago.
#[derive(Clone)]
pub struct BriefMemory<Q, A> {
    answers: Cache<Q, (A, Duration)>,
    clock: SharedClock,
}

/// When a question was asked.
#[derive(Debug, Clone, Copy)]
pub struct Asked(Duration);

impl<Q, A> BriefMemory<Q, A>
where
    Q: Hash + Eq + Send + Sync + 'static,
    A: Clone + Send + Sync + 'static,
{
    /// Nothing yet; at most the answers to `capacity` questions at a time.
    #[must_use]
    pub fn new(capacity: u64, clock: SharedClock) -> Self {
        let answers = Cache::builder().max_capacity(capacity).time_to_live(BELIEVED_FOR * 2).build();
        Self { answers, clock }
    }

    /// To be taken before the question is asked.
    #[must_use]
    pub fn asking(&self) -> Asked {
        Asked(self.clock.monotonic())
    }

    /// The answer, if the question was asked a moment ago.
    #[must_use]
    pub fn recall(&self, question: &Q) -> Option<A> {
        let now = self.clock.monotonic();
        let (answer, asked) = self.answers.get(question)?;
        (now.saturating_sub(asked) < BELIEVED_FOR).then_some(answer)
    }

    /// Keeps an answer.
    pub fn keep(&self, question: Q, answer: A, asked: Asked) {
        self.answers.insert(question, (answer, asked.0));
    }
}
