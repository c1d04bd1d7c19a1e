//! Optimistic concurrency: a caller says which version it has seen.

use crate::errors::{AppError, Kind, Result};

/// What `If-Match` asks for (RFC 9110, 13.1.1).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum VersionGuard {
    /// Any version will do.
    #[default]
    Any,
    /// Only one of these; none at all if the caller named no version of ours.
    OneOf(Vec<i64>),
}

impl VersionGuard {
    /// Lets `version` through, or says that it is not what the caller has seen.
    ///
    /// # Errors
    /// `version_mismatch`, with the present version.
    pub fn check(&self, version: i64) -> Result<()> {
        match self {
            Self::OneOf(seen) if !seen.contains(&version) => Err(AppError::new(
                Kind::PreconditionFailed,
                "version_mismatch",
                "It has changed since the version that If-Match names. Nothing was changed; read it again.",
            )
            .with_member("version", version)),
            _ => Ok(()),
        }
    }
}
