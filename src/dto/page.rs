//! Lists on the wire: `{"data": […], "next_cursor": …}` with an opaque keyset cursor.

use std::{cell::Cell, marker::PhantomData};

use axum::response::{IntoResponse, Response};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::DateTime;
use serde::{Deserialize, Serialize, Serializer};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{extract::Checked, respond::json};
use crate::{
    errors::{Fault, Result},
    models::page::{Direction, Page, PageRequest, Position},
};

/// Rows on a page unless the caller says otherwise.
const DEFAULT_LIMIT: i64 = 50;
/// Rows on a page at the most.
const MAX_LIMIT: i64 = 200;

/// Which part of a list is wanted.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct PageParams {
    /// Rows wanted, 1 to 200.
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub limit: Option<i64>,
    /// The `next_cursor` of the page before.
    pub cursor: Option<String>,
    /// `-created_at` (newest first, the default) or `created_at`.
    #[param(inline)]
    pub sort: Option<Sort>,
    /// Whether to count all rows into `total`; slower on long lists.
    pub include_total: Option<bool>,
}

/// How a list is sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
pub enum Sort {
    /// Newest first.
    #[serde(rename = "-created_at")]
    NewestFirst,
    /// Oldest first.
    #[serde(rename = "created_at")]
    OldestFirst,
}

/// Bytes that a row takes, about. A page that grew by doubling would be copied as often as it does.
const ABOUT_A_ROW: usize = 1024;

/// The names that belong to [`PageParams`].
pub(super) const PAGE_PARAMS: [&str; 4] = ["limit", "cursor", "sort", "include_total"];

impl Checked for PageParams {
    type Read = PageRequest;

    fn check(self) -> Result<PageRequest, Vec<Fault>> {
        let Self { limit, cursor, sort, include_total } = self;
        let direction = match sort {
            Some(Sort::OldestFirst) => Direction::Ascending,
            Some(Sort::NewestFirst) | None => Direction::Descending,
        };
        let after = cursor.map(|cursor| decode(&cursor, direction)).transpose();
        let (limit, after) = both(checked_limit(limit), after)?;
        Ok(PageRequest { limit, after, direction, include_total: include_total.unwrap_or(false) })
    }
}

/// The rows wanted, of which one page has so many at the most.
pub(super) fn checked_limit(limit: Option<i64>) -> Result<i64, Fault> {
    let limit = limit.unwrap_or(DEFAULT_LIMIT);
    let fault = || Fault::new("limit", "out_of_range", "limit must be from 1 to 200.");
    (1..=MAX_LIMIT).contains(&limit).then_some(limit).ok_or_else(fault)
}

/// Both, or the faults of both.
pub(super) fn both<A, B>(one: Result<A, Fault>, other: Result<B, Fault>) -> Result<(A, B), Vec<Fault>> {
    match (one, other) {
        (Ok(one), Ok(other)) => Ok((one, other)),
        (one, other) => Err(one.err().into_iter().chain(other.err()).collect()),
    }
}

/// A position as a cursor: the direction it was made for, microseconds since the epoch, and the row's id.
fn encode(position: Position, direction: Direction) -> String {
    let mut bytes = [0; 25];
    bytes[0] = tag(direction);
    bytes[1..9].copy_from_slice(&position.at.timestamp_micros().to_be_bytes());
    bytes[9..].copy_from_slice(position.id.as_bytes());
    URL_SAFE_NO_PAD.encode(bytes)
}

fn decode(cursor: &str, direction: Direction) -> Result<Position, Fault> {
    let read = || {
        let bytes: [u8; 25] = URL_SAFE_NO_PAD.decode(cursor).ok()?.try_into().ok()?;
        let (first, rest) = bytes.split_first()?;
        let (micros, id) = rest.split_first_chunk::<8>()?;
        let at = DateTime::from_timestamp_micros(i64::from_be_bytes(*micros))?;
        let storable = (0..=9999).contains(&chrono::Datelike::year(&at));
        (*first == tag(direction) && storable).then_some(Position { at, id: Uuid::from_slice(id).ok()? })
    };
    read().ok_or_else(|| {
        Fault::new("cursor", "invalid_cursor", "cursor must be the next_cursor of this same list, with the same sort.")
    })
}

fn tag(direction: Direction) -> u8 {
    match direction {
        Direction::Descending => 1,
        Direction::Ascending => 2,
    }
}

/// One page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct PageDto<T> {
    /// The rows.
    pub data: Vec<T>,
    /// Give this as `cursor` to read on; null on the last page.
    #[schema(example = "AQAGKx2y0sAAAZM7bo8qfDGdVQpLfB4vkA")]
    pub next_cursor: Option<String>,
    /// All rows, if `include_total` was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<i64>,
}

/// A page as it is written: [`PageDto`], whose rows come one after the other.
#[derive(Serialize)]
#[serde(bound = "")]
struct WrittenPage<I: Iterator<Item: Serialize>> {
    data: Rows<I>,
    next_cursor: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    total: Option<i64>,
}

/// Rows that are made when they are written, and gone before the next is: a page's rows need not all lie beside what they are made of.
struct Rows<I>(Cell<Option<I>>);

impl<I: Iterator<Item: Serialize>> Serialize for Rows<I> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.take().into_iter().flatten())
    }
}

/// A page of `T`, written and ready to be sent.
#[derive(Debug)]
pub struct Paged<T>(Response, PhantomData<T>);

impl<T: Serialize> Paged<T> {
    /// `page`, each row turned into its wire form.
    pub fn new<M>(page: Page<M>, request: &PageRequest, row: impl FnMut(M) -> T) -> Self {
        let next_cursor = page.next.map(|position| encode(position, request.direction));
        let about = page.items.len() * ABOUT_A_ROW;
        let data = Rows(Cell::new(Some(page.items.into_iter().map(row))));
        Self(json(&WrittenPage { data, next_cursor, total: page.total }, about), PhantomData)
    }
}

impl<T> IntoResponse for Paged<T> {
    fn into_response(self) -> Response {
        self.0
    }
}
