//! How a call fails. Nothing of a body is kept but the type of the error: the rest may quote people and their messages.

use std::{fmt, time::Duration};

use serde::Deserialize;

use super::class::{self, Class};

/// What went wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UnipileFault {
    /// It could not even be asked: an id that no address can carry, or a request that cannot be built.
    Unaskable,
    /// The connection was not made.
    Unreached,
    /// It was asked, and no whole answer came in time.
    Silent,
    /// Its answer is a success that cannot be read.
    Unreadable,
    /// It said no.
    Refused {
        /// The status.
        status: u16,
        /// The error's type without its `errors/`; none if the body names none.
        kind: Option<String>,
    },
}

/// A call that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnipileError {
    /// What went wrong.
    pub fault: UnipileFault,
    /// How long Unipile wants to be left alone, where it says so.
    pub retry_after: Option<Duration>,
}

/// The body of an error: `{title, detail?, instance?, type, status}`.
#[derive(Deserialize)]
struct Body {
    #[serde(rename = "type")]
    kind: Option<String>,
}

impl UnipileError {
    /// What was asked cannot be asked.
    pub(super) fn unaskable() -> Self {
        UnipileFault::Unaskable.into()
    }

    /// An answer that is no success.
    pub(super) fn refused(status: u16, body: &[u8], retry_after: Option<Duration>) -> Self {
        let kind = serde_json::from_slice(body).ok().and_then(|Body { kind }| kind).and_then(|kind| word(&kind));
        Self { fault: UnipileFault::Refused { status, kind }, retry_after }
    }

    /// What may be concluded from it.
    #[must_use]
    pub fn class(&self) -> Class {
        match &self.fault {
            UnipileFault::Unaskable => Class::Permanent,
            UnipileFault::Unreached => Class::NotSent,
            UnipileFault::Silent | UnipileFault::Unreadable => Class::Unknown,
            UnipileFault::Refused { status, kind } => Class::of(*status, kind.as_deref()),
        }
    }

    /// The type of Unipile's error, without its `errors/`.
    #[must_use]
    pub fn kind(&self) -> Option<&str> {
        match &self.fault {
            UnipileFault::Refused { kind, .. } => kind.as_deref(),
            _ => None,
        }
    }

    /// The type of Unipile's error in a word of the catalogue's; what is not in it, in one of ours.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match &self.fault {
            UnipileFault::Unaskable => "cannot_be_asked",
            UnipileFault::Unreached => "provider_unreachable",
            UnipileFault::Silent | UnipileFault::Unreadable => "no_answer",
            UnipileFault::Refused { kind, .. } => kind.as_deref().and_then(class::known).unwrap_or("unknown_answer"),
        }
    }

    /// Whether it is this type of error.
    #[must_use]
    pub fn is(&self, kind: &str) -> bool {
        self.kind() == Some(kind)
    }
}

/// `errors/some_type` as `some_type`, if it is in the alphabet of such types.
fn word(kind: &str) -> Option<String> {
    let word = kind.strip_prefix("errors/").unwrap_or(kind);
    let fits = (1..=64).contains(&word.len());
    let plain = word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    (fits && plain).then(|| word.to_owned())
}

impl From<UnipileFault> for UnipileError {
    fn from(fault: UnipileFault) -> Self {
        Self { fault, retry_after: None }
    }
}

/// Whether bytes of the request may have left is all that matters; reqwest's own text would name the address, and so the people in it.
impl From<reqwest::Error> for UnipileError {
    fn from(error: reqwest::Error) -> Self {
        if error.is_builder() {
            UnipileFault::Unaskable.into()
        } else if error.is_connect() {
            UnipileFault::Unreached.into()
        } else {
            UnipileFault::Silent.into()
        }
    }
}

impl fmt::Display for UnipileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.fault {
            UnipileFault::Unaskable => f.write_str("the request cannot be built"),
            UnipileFault::Unreached => f.write_str("Unipile cannot be reached"),
            UnipileFault::Silent => f.write_str("Unipile gave no whole answer"),
            UnipileFault::Unreadable => f.write_str("Unipile gave an answer that cannot be read"),
            UnipileFault::Refused { status, kind } => {
                write!(f, "Unipile answered {status} {}", kind.as_deref().unwrap_or("without a type"))
            }
        }
    }
}

impl std::error::Error for UnipileError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_type_of_an_error_is_kept() {
        let told = |body: &str| UnipileError::refused(422, body.as_bytes(), None);
        let whole = r#"{"title": "No", "detail": "Hi Anna", "instance": "/x", "type": "errors/already_connected", "status": 422}"#;
        let error = told(whole);
        assert_eq!((error.kind(), error.class()), (Some("already_connected"), Class::Done));
        assert_eq!(format!("{error}"), "Unipile answered 422 already_connected");
        assert!(!format!("{error:?}").contains("Anna"));
        for strange in ["", "<html>", "{}", r#"{"type": 3}"#, r#"{"type": "errors/Hi Anna"}"#, r#"{"type": "errors/"}"#]
        {
            assert_eq!((told(strange).kind(), told(strange).class()), (None, Class::Parked), "{strange}");
        }
    }
}
