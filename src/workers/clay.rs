//! Pushes lists' new leads to Clay.

use super::Done;
use crate::{errors::Result, state::AppState};

/// Sends to each webhook what Clay's pace lets it have now.
///
/// # Errors
/// The database is away, or a destination cannot be pushed to; the others were.
pub async fn push_to_clay(state: &AppState) -> Result<Done> {
    let pushed = state.clay_destinations().push().await?;
    Ok(Done { rows: pushed.leads, more: pushed.more })
}
