//! Seals audit logs behind their writers.

use super::Done;
use crate::{errors::Result, state::AppState};

/// Seals a batch of each organization's lines that have been committed.
///
/// # Errors
/// The database is away, or an organization cannot be sealed; the others were.
pub async fn seal_once(state: &AppState) -> Result<Done> {
    let sealed = state.audit_logs().seal().await?;
    Ok(Done { rows: sealed.lines, more: sealed.more })
}
