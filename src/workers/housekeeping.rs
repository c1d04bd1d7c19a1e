//! Throws away what has served its time, in small bites that hold no lock for long.

use chrono::TimeDelta;

use super::Done;
use crate::{errors::Result, state::AppState};

/// Rows deleted in one statement.
const BITE: u32 = 1000;
/// How long a webhook's sender may deliver it again. Clerk's does so for 28 hours by itself and for longer by hand.
const EVENTS_REMEMBERED_FOR: TimeDelta = TimeDelta::days(30);
/// How long it is remembered what came in: longer than a mailbox is ever read back.
const TAKEN_IN_REMEMBERED_FOR: TimeDelta = TimeDelta::days(90);
/// How long an import can be looked at and undone.
const IMPORTS_KEPT_FOR: TimeDelta = TimeDelta::days(30);
/// Imports deleted in one statement: each may have a thousand pieces.
const FEW: u32 = 10;
/// Longer than a file may take to arrive.
const FILES_AWAITED_FOR: TimeDelta = TimeDelta::hours(2);

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

/// Forgets what came in long ago.
///
/// # Errors
/// The database's.
pub async fn forget_taken_in(state: &AppState) -> Result<Done> {
    let before = state.clock().now() - TAKEN_IN_REMEMBERED_FOR;
    Ok(bite(state.db().forget_taken_in(before, BITE.into()).await?))
}

/// Forgets imports that have served their time, and rows of files that never came to their end.
///
/// # Errors
/// The database's.
pub async fn forget_imports(state: &AppState) -> Result<Done> {
    let now = state.clock().now();
    let imports = state.db().forget_imports(now - IMPORTS_KEPT_FOR, FEW.into()).await?;
    let pieces = state.db().forget_orphaned_pieces(now - FILES_AWAITED_FOR, FEW.into()).await?;
    Ok(Done { rows: imports + pieces, more: imports == u64::from(FEW) || pieces == u64::from(FEW) })
}

/// Forgets what Unipile's webhooks hinted at, and links that accounts were connected by.
///
/// # Errors
/// The database's.
pub async fn forget_unipile_events(state: &AppState) -> Result<Done> {
    let before = state.clock().now() - EVENTS_REMEMBERED_FOR;
    let events = bite(state.db().forget_unipile_events(before, BITE.into()).await?);
    let links = bite(state.db().forget_connect_links(before, BITE.into()).await?);
    Ok(Done { rows: events.rows + links.rows, more: events.more || links.more })
}

fn bite(rows: u64) -> Done {
    Done { rows, more: rows == u64::from(BITE) }
}
