//! What Unipile's answers have in common: pages, times, and values that come in more than one shape.

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// The most that Unipile gives of most lists at a time.
pub const MOST_ON_A_PAGE: u32 = 250;
/// The most that it gives of the lists that it calls large.
pub const LARGE_PAGE: u32 = 1_000;
/// The most that it gives of posts, comments and invitations.
pub const MOST_POSTS_ON_A_PAGE: u32 = 100;

/// A part of a list: `{object, items, cursor}`.
#[derive(Debug, Clone, Deserialize)]
pub struct Page<T> {
    /// What is on it.
    pub items: Vec<T>,
    /// What the next page is asked for with; none after the last.
    #[serde(default, deserialize_with = "text")]
    pub cursor: Option<String>,
}

/// Which part of a list.
#[derive(Debug, Clone, Copy)]
pub struct PageQuery<'a> {
    /// How much of it, within the list's own bounds.
    pub limit: u32,
    /// What the page before named; none is the first.
    pub cursor: Option<&'a str>,
}

impl<'a> PageQuery<'a> {
    /// The first page.
    #[must_use]
    pub fn first(limit: u32) -> Self {
        Self { limit, cursor: None }
    }

    /// The one that `cursor` names.
    #[must_use]
    pub fn at(limit: u32, cursor: Option<&'a str>) -> Self {
        Self { limit, cursor }
    }

    pub(super) fn pairs(self) -> Vec<(&'static str, String)> {
        let limit = [("limit", self.limit.to_string())];
        limit.into_iter().chain(self.cursor.map(|cursor| ("cursor", cursor.to_owned()))).collect()
    }
}

/// A time as Unipile writes and wants it: `YYYY-MM-DDTHH:MM:SS.mmmZ`.
pub(super) fn instant(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// A text that may be null, absent or, for ids, a number; an empty one is none.
pub(super) fn text<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    Ok(match Value::deserialize(from)? {
        Value::String(text) if !text.is_empty() => Some(text),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    })
}

/// A time that may be null, absent or unreadable, such as the `2d` of some lists.
pub(super) fn time<'de, D: Deserializer<'de>>(from: D) -> Result<Option<DateTime<Utc>>, D::Error> {
    let text = text(from)?;
    Ok(text.and_then(|text| DateTime::parse_from_rfc3339(&text).ok()).map(|at| at.to_utc()))
}

/// A yes or no that may be written as 1 or 0; none if it says neither.
pub(super) fn flag<'de, D: Deserializer<'de>>(from: D) -> Result<Option<bool>, D::Error> {
    Ok(match Value::deserialize(from)? {
        Value::Bool(flag) => Some(flag),
        Value::Number(number) => number.as_i64().map(|number| number != 0),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    struct Loose {
        #[serde(default, deserialize_with = "text")]
        id: Option<String>,
        #[serde(default, deserialize_with = "time")]
        at: Option<DateTime<Utc>>,
        #[serde(default, deserialize_with = "flag")]
        own: Option<bool>,
    }

    #[test]
    fn what_is_null_absent_or_of_another_shape_is_none_and_never_an_error() {
        let read = |json: &str| {
            let Loose { id, at, own } = serde_json::from_str(json).unwrap();
            (id, at.map(instant), own)
        };
        assert_eq!(read("{}"), (None, None, None));
        assert_eq!(read(r#"{"id": null, "at": null, "own": null}"#), (None, None, None));
        assert_eq!(read(r#"{"id": "", "at": "2d", "own": "yes"}"#), (None, None, None));
        let whole = r#"{"id": 7, "at": "2026-11-30T08:00:00.120Z", "own": 1, "more": []}"#;
        assert_eq!(read(whole), (Some("7".into()), Some("2026-11-30T08:00:00.120Z".into()), Some(true)));
        assert_eq!(read(r#"{"id": "a", "own": false}"#), (Some("a".into()), None, Some(false)));
        assert_eq!(read(r#"{"own": 0}"#).2, Some(false));
    }
}
