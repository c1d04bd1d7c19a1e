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
/// Limits of a day look back no further.
const COUNTS_REMEMBERED_FOR: TimeDelta = TimeDelta::days(3);
/// How long an import can be looked at and undone.
const IMPORTS_KEPT_FOR: TimeDelta = TimeDelta::days(30);
/// Imports deleted in one statement, or pieces of files: each may have thousands of rows.
const FEW: u32 = 10;
/// After how long without a sign it is looked whether anybody works on an import. A piece takes a second.
const IMPORTS_QUIET_FOR: TimeDelta = TimeDelta::minutes(2);
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

/// Forgets what counted for leads that are gone.
///
/// # Errors
/// The database's.
pub async fn forget_counts(state: &AppState) -> Result<Done> {
    let before = state.clock().now() - COUNTS_REMEMBERED_FOR;
    Ok(bite(state.db().forget_counts(before, BITE.into()).await?))
}

/// Forgets imports that have served their time, and rows of files that never came to their end.
///
/// # Errors
/// The database's.
pub async fn forget_imports(state: &AppState) -> Result<Done> {
    let now = state.clock().now();
    // There may be a million of them: with their import they would not be gone within the time that a statement has.
    let rejections = bite(state.db().forget_rejections(now - IMPORTS_KEPT_FOR, BITE.into()).await?);
    if rejections.more {
        return Ok(rejections);
    }
    let imports = state.db().forget_imports(now - IMPORTS_KEPT_FOR, FEW.into()).await?;
    let pieces = state.db().forget_orphaned_pieces(now - FILES_AWAITED_FOR, FEW.into()).await?;
    Ok(Done { rows: rejections.rows + imports + pieces, more: imports == u64::from(FEW) || pieces == u64::from(FEW) })
}

/// Sees to it that somebody works on each import that is under way: a job may have been tried in vain too often, or be lost.
///
/// # Errors
/// The database's.
pub async fn take_up_imports(state: &AppState) -> Result<Done> {
    let left = state.db().imports_left_lying(state.clock().now() - IMPORTS_QUIET_FOR, FEW.into()).await?;
    for job in &left {
        tracing::warn!(import = %job.import_id, "nobody works on an import: it is taken up again");
        state.imports().leave(job).await?;
    }
    Ok(Done { rows: left.len() as u64, more: false })
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
