//! Compares members with Clerk's.

use super::Done;
use crate::{errors::Result, state::AppState};

/// Compares the members of the organization whose turn it is.
///
/// # Errors
/// The database is away, or Clerk does not answer.
pub async fn compare_members(state: &AppState) -> Result<Done> {
    let compared = state.clerk_comparison().compare_next().await?;
    Ok(Done { rows: compared.into(), more: false })
}
