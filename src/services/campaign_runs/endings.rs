//! Ways that end because their campaign does, or their account goes: each of them is told of.

use super::activities::{ended, with_account};
use crate::{
    errors::Result,
    models::{CampaignId, ExecutionStatus, Stand, Walk},
    repositories::OrgTx,
};

/// Why a way ends whose campaign was stopped.
pub(super) const CAMPAIGN_STOPPED: &str = "campaign_stopped";
/// Ways that are ended in one transaction.
const AT_ONCE: i64 = 5_000;

/// Ends ways through a campaign that was stopped; answers how many. Those are left whose step is on its way out.
///
/// # Errors
/// The database's.
pub(in crate::services) async fn stop_some(tx: &mut OrgTx, campaign: CampaignId) -> Result<u64> {
    let now = tx.now();
    let walks = tx.executions().stop_some(campaign, CAMPAIGN_STOPPED, now, AT_ONCE).await?;
    let told = |walk| ended(tx, campaign, walk, ExecutionStatus::Stopped, CAMPAIGN_STOPPED);
    let activities: Vec<_> = walks.iter().map(told).collect();
    tx.activities().record(&activities).await?;
    Ok(walks.len() as u64)
}

/// Leaves out leads for whose beginning there is no day any more; answers how many.
///
/// # Errors
/// The database's.
pub(super) async fn leave_out_some(tx: &mut OrgTx, campaign: CampaignId, why: &str) -> Result<u64> {
    let now = tx.now();
    let walks = tx.executions().skip_pending(campaign, why, now, AT_ONCE).await?;
    let activities: Vec<_> =
        walks.iter().map(|walk| ended(tx, campaign, walk, ExecutionStatus::Skipped, why)).collect();
    tx.activities().record(&activities).await?;
    Ok(walks.len() as u64)
}

/// Ends these ways through their campaigns, for `why`.
///
/// # Errors
/// The database's.
pub(in crate::services) async fn end_ways(tx: &mut OrgTx, ways: &[(CampaignId, Walk)], why: &str) -> Result<()> {
    let (now, status) = (tx.now(), ExecutionStatus::Stopped);
    let stands: Vec<_> = ways.iter().map(|(_, walk)| Stand::ended(walk, status, Some(why))).collect();
    let told: Vec<_> = ways.iter().map(|(campaign, walk)| ended(tx, *campaign, walk, status, why)).collect();
    // Who did it is about to be gone.
    let told: Vec<_> = told.into_iter().map(|activity| with_account(activity, None)).collect();
    tx.executions().stand(&stands, now).await?;
    tx.activities().record(&told).await
}
