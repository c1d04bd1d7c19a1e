//! Throws away what has served its time, in small bites that hold no lock for long.

use chrono::TimeDelta;

use super::Done;
use crate::{errors::Result, state::AppState};

/// Rows deleted in one statement.
const BITE: u32 = 1000;
/// How long a webhook's sender may deliver it again. Clerk's does so for 28 hours by itself and for longer by hand.
const EVENTS_REMEMBERED_FOR: TimeDelta = TimeDelta::days(30);

/// Forgets answers remembered under an `Idempotency-Key`.
///
/// # Errors
/// The database's.
pub async fn forget_expired_keys(state: &AppState) -> Result<Done> {
    Ok(bite(state.db().forget_expired_keys(state.clock().now(), BITE.into()).await?))
}

/// Forgets which webhooks have been acted on.
///
/// # Errors
/// The database's.
pub async fn forget_inbound_events(state: &AppState) -> Result<Done> {
    let before = state.clock().now() - EVENTS_REMEMBERED_FOR;
    Ok(bite(state.db().forget_inbound_events(before, BITE.into()).await?))
}

fn bite(rows: u64) -> Done {
    Done { rows, more: rows == u64::from(BITE) }
}
