//! A look at an account: bounded in time, and one worker's alone however slow Unipile is. What it has not read, the next one reads.

use std::collections::HashSet;

use chrono::{DateTime, TimeDelta, Utc};

use super::{CLAIM, UnipileService, about};
use crate::{
    errors::Result,
    repositories::{DueWatch, Looked, Watched},
};

/// A look takes no further chat up after this time.
const LONGEST: TimeDelta = TimeDelta::seconds(60);
/// A claim of which less is left is put off: a single request takes at most 30 seconds.
const PUT_OFF: TimeDelta = TimeDelta::seconds(90);
/// After so many looks in a row, about an hour of them, a chat that cannot be read is passed over if others can.
const MOST_FAILURES: i32 = 9;
/// After so many, about four hours of them, also if it is the only one in which anything has happened.
const MOST_FAILURES_OF_ALL: i32 = 27;
/// How soon the next look follows if something is left to be read.
pub(super) const SOON: TimeDelta = TimeDelta::seconds(5);

/// How far a look has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Seen {
    /// All that was there when the pass began.
    All,
    /// A step of somebody's is on its way out, who must wait.
    Later,
    /// Time was over, or somebody else has taken the account over.
    Unfinished,
}

/// A look that is under way.
#[derive(Debug)]
pub(super) struct Look {
    pub(super) watch: DueWatch,
    /// When the first of the looks began that belong together.
    pub(super) began: DateTime<Utc>,
    ends: DateTime<Utc>,
    read: HashSet<String>,
    /// Whether it has taken up a chat: each look comes on by one at least.
    has_begun: bool,
    /// Whether it has passed a chat over.
    passed_over: bool,
    lost: bool,
}

impl Look {
    pub(super) fn begin(mut watch: DueWatch, now: DateTime<Utc>) -> Self {
        let read = std::mem::take(&mut watch.pass_read).into_iter().collect();
        let began = watch.pass_began.unwrap_or(now);
        Self { watch, began, ends: now + LONGEST, read, has_begun: false, passed_over: false, lost: false }
    }

    /// Whether a chat was read since the pass began: what was written after that is for the next pass.
    pub(super) fn has_read(&self, chat: &str) -> bool {
        self.read.contains(chat)
    }

    /// All that was read in this pass.
    pub(super) fn all_read(&self) -> impl Iterator<Item = &str> {
        self.read.iter().map(String::as_str)
    }

    /// What stands after `prefix` among what was read.
    pub(super) fn marked(&self, prefix: &str) -> Option<&str> {
        self.read.iter().find_map(|it| it.strip_prefix(prefix))
    }

    /// Has `rest` stand after `prefix`, and nothing else.
    pub(super) fn mark(&mut self, prefix: &str, rest: &str) {
        self.unmark(prefix);
        self.read.insert(format!("{prefix}{rest}"));
    }

    /// Has nothing stand after `prefix`.
    pub(super) fn unmark(&mut self, prefix: &str) {
        self.read.retain(|it| !it.starts_with(prefix));
    }

    pub(super) fn was_read(&mut self, chat: &str) {
        self.read.insert(chat.to_owned());
    }

    /// Whether a chat that cannot be read keeps the others' leads from being written to no longer.
    pub(super) fn passes_over(&mut self) -> bool {
        let most = if self.read.is_empty() { MOST_FAILURES_OF_ALL } else { MOST_FAILURES };
        self.passed_over = self.watch.failures >= most;
        self.passed_over
    }

    /// What is noted of it. A pass that is over is followed by the next after `every` since it began: what was written meanwhile waits for that.
    /// Where a chat was passed over the next pass does so at once: it is not awaited anew each time.
    pub(super) fn over(&self, seen: Seen, every: TimeDelta, now: DateTime<Utc>) -> Watched {
        if seen == Seen::All {
            let rests = about(every, self.watch.account_id.0.as_bytes(), now);
            let ago = (now - self.began).to_std().unwrap_or_default();
            let looked = if self.passed_over { Looked::Around(ago) } else { Looked::Whole(ago) };
            let again = (self.began + rests).max(now + SOON);
            // What came while the account was out unnoticed may show late.
            let gapes = self.watch.gap_closes_at.is_some_and(|closes| self.began < closes);
            let seen_until = if gapes { self.watch.seen_until } else { Some(self.began) };
            return Watched { again, seen_until, looked, pass: None };
        }
        self.pauses(SOON, Looked::Partly, now)
    }

    /// The same of one that ends before all was read.
    pub(super) fn pauses(&self, pause: TimeDelta, looked: Looked, now: DateTime<Utc>) -> Watched {
        let pass = Some((self.began, self.read.iter().cloned().collect()));
        Watched { again: now + pause, seen_until: self.watch.seen_until, looked, pass }
    }
}

impl UnipileService {
    /// Whether a look may go on to another chat.
    pub(super) async fn goes_on(&self, look: &mut Look) -> Result<bool> {
        let in_time = self.now() < look.ends || !look.has_begun;
        look.has_begun = true;
        Ok(in_time && self.holds(look).await?)
    }

    /// Whether the account is still this look's, for longer than a request may take.
    pub(super) async fn holds(&self, look: &mut Look) -> Result<bool> {
        let now = self.now();
        if !look.lost && look.watch.claimed_until - now < PUT_OFF {
            let mut tx = self.context.db.begin_engine(look.watch.organization_id, now).await?;
            look.lost = !tx.unipile().keep_watch(&mut look.watch, now + CLAIM).await?;
            tx.commit().await?;
        }
        Ok(!look.lost)
    }
}
