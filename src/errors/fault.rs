//! One thing that is wrong with a request.

use std::borrow::Cow;

/// One thing that is wrong with a request: where, what kind, and a sentence about it. It never repeats the rejected value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// A JSON pointer (RFC 6901) into the body, or the name of a parameter.
    pub pointer: String,
    /// The stable machine-readable kind of fault.
    pub code: Cow<'static, str>,
    /// What is wrong, in English.
    pub detail: Cow<'static, str>,
}

impl Fault {
    /// A fault at `pointer`.
    pub fn new(
        pointer: impl Into<String>,
        code: impl Into<Cow<'static, str>>,
        detail: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self { pointer: pointer.into(), code: code.into(), detail: detail.into() }
    }

    /// A parameter that is not known where it was sent.
    pub fn unknown_parameter(name: impl Into<String>) -> Self {
        Self::new(name, "unknown_parameter", "This parameter is not known here.")
    }
}
