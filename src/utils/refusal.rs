//! Why a value cannot be taken.

/// Why a value cannot be taken: a stable code and a sentence for people. It never repeats the value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {detail}")]
pub struct Refusal {
    /// The stable machine-readable reason.
    pub code: &'static str,
    /// What is wrong, in English.
    pub detail: &'static str,
}

impl Refusal {
    pub(crate) const fn new(code: &'static str, detail: &'static str) -> Self {
        Self { code, detail }
    }
}
