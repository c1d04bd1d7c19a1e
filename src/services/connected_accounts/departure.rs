//! What an account leaves behind that is deleted. What it did stays; nobody else goes on where it has begun.

use super::ConnectedAccount;
use crate::{
    errors::{AppError, Result},
    models::{AccountId, ExecutionStatus, Walk},
    repositories::OrgTx,
    services::campaign_runs::end_ways,
};

/// Why a way ends whose account was deleted.
const ACCOUNT_DELETED: &str = "account_deleted";

/// Has campaigns let go of an account that is about to be deleted: the ways that it has begun end with the reason, however they stood.
///
/// # Errors
/// `account_in_use` with the `campaigns` that are not over; `step_in_flight`.
pub(super) async fn let_go(tx: &mut OrgTx, account: &ConnectedAccount) -> Result<()> {
    refuse_in_use(tx, account.id).await?;
    let ways = tx.executions().lock_open_by(account.id).await?;
    let is_out = |walk: &Walk| walk.status == ExecutionStatus::Running;
    if ways.iter().any(|(_, walk)| is_out(walk)) || tx.steps().in_flight_from(account.id).await? {
        let detail = "A step of the account's is on its way out. Try again when it is over.";
        return Err(AppError::conflict("step_in_flight", detail));
    }
    end_ways(tx, &ways, ACCOUNT_DELETED).await?;
    tx.executions().forget_account(account.id).await
}

/// Refuses to delete an account from which a campaign sends, or is to.
async fn refuse_in_use(tx: &mut OrgTx, account: AccountId) -> Result<()> {
    let campaigns = tx.executions().campaigns_from(account).await?;
    if campaigns.is_empty() {
        return Ok(());
    }
    let detail = "Campaigns that are not over send from this account. Take it off them first, or stop them.";
    let campaigns: Vec<_> = campaigns.iter().map(ToString::to_string).collect();
    Err(AppError::conflict("account_in_use", detail).with_member("campaigns", campaigns))
}
