//! Floor 0: the one error type of the service. Its face on the wire is `dto::problem`.

use std::{borrow::Cow, error::Error as StdError, panic::Location, time::Duration};

use serde_json::{Map, Value};

mod fault;

pub use fault::{Fault, MAX_FAULTS};

/// Any failure that a caller may be told of.
pub type Result<T, E = AppError> = std::result::Result<T, E>;

/// What went wrong, from the caller's point of view. Each kind has one HTTP status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The request could not be understood: syntax, a parameter, a header (400).
    BadRequest,
    /// Nobody, or nobody we can prove, is calling (401).
    Unauthenticated,
    /// The caller is known and may not do this (403).
    Forbidden,
    /// There is no such thing in the caller's organization (404).
    NotFound,
    /// The method is not for this path (405).
    MethodNotAllowed,
    /// The present state forbids it (409).
    Conflict,
    /// `If-Match` names a version that is gone (412).
    PreconditionFailed,
    /// The body is larger than allowed (413).
    TooLarge,
    /// The body is not of a type that the endpoint reads (415).
    UnsupportedMedia,
    /// The request was understood and its content is wrong (422).
    Invalid,
    /// Too many requests (429).
    RateLimited,
    /// A fault of ours (500).
    Internal,
    /// A provider answered with something we cannot use (502).
    BadGateway,
    /// Something we need is away; trying again later is right (503).
    Unavailable,
}

/// A failure with a stable machine-readable `code` and a sentence for people. The cause is kept for the log and never sent.
///
/// A pointer wide, since nearly every function here returns one or the other.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct AppError(Box<Failure>);

#[derive(Debug, thiserror::Error)]
#[error("{code}: {detail}")]
struct Failure {
    kind: Kind,
    code: Cow<'static, str>,
    detail: Cow<'static, str>,
    faults: Vec<Fault>,
    retry_after: Option<Duration>,
    members: Map<String, Value>,
    location: &'static Location<'static>,
    #[source]
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl AppError {
    /// An error of `kind`; `code` is part of the API and never changes, `detail` is English for the developer who reads it.
    #[track_caller]
    pub fn new(kind: Kind, code: impl Into<Cow<'static, str>>, detail: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Failure {
            kind,
            code: code.into(),
            detail: detail.into(),
            faults: Vec::new(),
            retry_after: None,
            members: Map::new(),
            location: Location::caller(),
            source: None,
        }))
    }

    /// `noun` is not there, or belongs to another organization: the two are indistinguishable on purpose.
    #[track_caller]
    #[must_use]
    pub fn not_found(noun: &'static str) -> Self {
        Self::new(
            Kind::NotFound,
            format!("{}_not_found", noun.to_lowercase().replace(' ', "_")),
            format!("There is no {noun} with this id."),
        )
    }

    /// The body or the parameters are understood and wrong; `faults` lists everything that is.
    #[track_caller]
    #[must_use]
    pub fn invalid(faults: Vec<Fault>) -> Self {
        let detail = match faults.len() {
            1 => "The request has 1 fault.".into(),
            n => Cow::from(format!("The request has {n} faults.")),
        };
        Self::new(Kind::Invalid, "validation_failed", detail).with_faults(faults)
    }

    /// The parameters cannot be used; `faults` lists everything that is wrong with them.
    #[track_caller]
    #[must_use]
    pub fn parameters(faults: Vec<Fault>) -> Self {
        let detail = match faults.as_slice() {
            [only] => only.detail.clone(),
            several => Cow::from(format!("The parameters have {} faults.", several.len())),
        };
        Self::new(Kind::BadRequest, "invalid_parameter", detail).with_faults(faults)
    }

    /// One fault of the body.
    #[track_caller]
    #[must_use]
    pub fn fault(pointer: impl Into<String>, code: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self::invalid(vec![Fault::new(pointer, code, detail)])
    }

    /// The present state forbids it.
    #[track_caller]
    pub fn conflict(code: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Kind::Conflict, code, detail)
    }

    /// The caller is known and may not do this.
    #[track_caller]
    pub fn forbidden(code: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Kind::Forbidden, code, detail)
    }

    /// A fault of ours, told to the caller without its cause.
    #[track_caller]
    pub fn internal(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::new(
            Kind::Internal,
            "internal_error",
            "Something went wrong on our side. The request id helps us find it.",
        )
        .with_source(source)
    }

    /// Something we need is away for now.
    #[track_caller]
    pub fn unavailable(code: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Kind::Unavailable, code, detail).with_retry_after(Duration::from_secs(2))
    }

    /// Lists the single faults of a request.
    #[must_use]
    pub fn with_faults(mut self, faults: Vec<Fault>) -> Self {
        self.0.faults = faults;
        self
    }

    /// Says when trying again makes sense.
    #[must_use]
    pub fn with_retry_after(mut self, after: Duration) -> Self {
        self.0.retry_after = Some(after);
        self
    }

    /// Adds an extension member (RFC 9457, 3.2) such as the id of the record in the way.
    #[must_use]
    pub fn with_member(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.0.members.insert(name.into(), value.into());
        self
    }

    /// Keeps the cause for the log.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// The kind, which decides the status.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.0.kind
    }

    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &str {
        &self.0.code
    }

    /// The sentence for people.
    #[must_use]
    pub fn detail(&self) -> &str {
        &self.0.detail
    }

    /// The single faults, if the request has any.
    #[must_use]
    pub fn faults(&self) -> &[Fault] {
        &self.0.faults
    }

    /// When trying again makes sense.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// The chain of causes, for the log only.
    #[must_use]
    pub fn causes(&self) -> String {
        let mut told = Vec::new();
        let mut next = self.source();
        while let Some(cause) = next {
            told.push(cause.to_string());
            next = cause.source();
        }
        told.join(": ")
    }

    /// Extension members of the problem document.
    #[must_use]
    pub fn members(&self) -> &Map<String, Value> {
        &self.0.members
    }

    /// Where in our code the error was made.
    #[must_use]
    pub fn location(&self) -> &'static Location<'static> {
        self.0.location
    }
}
