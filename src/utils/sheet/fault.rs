//! Why a file cannot be read as a table.

use std::borrow::Cow;

use crate::{errors::Fault, utils::refusal::Refusal};

/// Why a file cannot be read as a table, and where in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {detail}")]
pub struct SheetFault {
    /// The stable machine-readable reason.
    pub code: &'static str,
    /// What is wrong, in English, with the place.
    pub detail: Cow<'static, str>,
    /// The line of the file, counted from 1.
    pub line: Option<u64>,
    /// The byte of the file, counted from 0.
    pub offset: Option<u64>,
}

impl SheetFault {
    pub(super) fn new(code: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { code, detail: detail.into(), line: None, offset: None }
    }

    /// Nobody takes the rows any more: no fault of the file's, and told to nobody.
    pub(crate) fn abandoned() -> Self {
        Self::new("abandoned", "The file is not wanted any more.")
    }

    /// A fault in a line, which the sentence names before anything else.
    pub(super) fn at_line(line: u64, code: &'static str, detail: impl std::fmt::Display) -> Self {
        Self { line: Some(line), ..Self::new(code, format!("Line {line}: {detail}")) }
    }

    /// A fault at a byte, which the sentence names before anything else.
    pub(super) fn at_byte(offset: u64, code: &'static str, detail: impl std::fmt::Display) -> Self {
        Self { offset: Some(offset), ..Self::new(code, format!("Byte {offset}: {detail}")) }
    }
}

impl From<Refusal> for SheetFault {
    fn from(refusal: Refusal) -> Self {
        Self::new(refusal.code, refusal.detail)
    }
}

/// A fault of the request's part `file`.
impl From<SheetFault> for Fault {
    fn from(fault: SheetFault) -> Self {
        Self::new("/file", fault.code, fault.detail)
    }
}
