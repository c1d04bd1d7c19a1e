//! Keyset pages: the cost of page 10,000 is the cost of page 1.

use chrono::{DateTime, Utc};
use uuid::Uuid;

/// Which way a list runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Direction {
    /// Newest first.
    #[default]
    Descending,
    /// Oldest first.
    Ascending,
}

/// A place in a list: the sort key of the last row seen, made unique by its id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// The instant that the list is sorted by.
    pub at: DateTime<Utc>,
    /// The row's id.
    pub id: Uuid,
}

/// Later than anything stored, and within what Postgres can hold.
const LATEST: DateTime<Utc> = match DateTime::from_timestamp(253_402_300_799, 0) {
    Some(end_of_9999) => end_of_9999,
    None => DateTime::UNIX_EPOCH,
};

/// Which part of a list is wanted.
#[derive(Debug, Clone, Copy)]
pub struct PageRequest {
    /// Rows wanted at the most.
    pub limit: i64,
    /// Where the page before ended.
    pub after: Option<Position>,
    /// Which way the list runs.
    pub direction: Direction,
    /// Whether the number of all rows is wanted too; it costs a count.
    pub include_total: bool,
}

impl PageRequest {
    /// Where to start: after the page before, or at the list's end that comes first. Always a value, so that the comparison bounds the
    /// index scan in a generic plan too, which `$1 is null or …` would not.
    #[must_use]
    pub fn start(&self) -> Position {
        self.after.unwrap_or(match self.direction {
            Direction::Descending => Position { at: LATEST, id: Uuid::max() },
            Direction::Ascending => Position { at: DateTime::UNIX_EPOCH, id: Uuid::nil() },
        })
    }

    /// One row more than wanted: that it exists tells that there is another page.
    #[must_use]
    pub fn fetch(&self) -> i64 {
        self.limit + 1
    }
}

/// One page of a list.
#[derive(Debug, Clone)]
pub struct Page<T> {
    /// The rows.
    pub items: Vec<T>,
    /// Where the next page starts, if there is one.
    pub next: Option<Position>,
    /// The number of all rows, if it was asked for.
    pub total: Option<i64>,
}

impl<T> Page<T> {
    /// Cuts `rows`, read with [`PageRequest::fetch`], to the page that was asked for.
    pub fn cut(mut rows: Vec<T>, request: &PageRequest, total: Option<i64>, position: impl Fn(&T) -> Position) -> Self {
        let limit = usize::try_from(request.limit).unwrap_or(0);
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next = if more { rows.last().map(position) } else { None };
        Self { items: rows, next, total }
    }

    /// The same page of something else.
    pub fn map<U>(self, f: impl FnMut(T) -> U) -> Page<U> {
        Page { items: self.items.into_iter().map(f).collect(), next: self.next, total: self.total }
    }
}
