//! What is given back to the ledger of limits, and charged to it again.

use crate::{errors::Result, models::StepId, repositories::OrgTx};

/// Gives back what these attempts were charged, each once.
pub(super) async fn give_back(tx: &mut OrgTx, steps: &[StepId]) -> Result<()> {
    let lines = tx.steps().uncharge(steps).await?;
    tx.usage().give_back(&lines).await
}

/// Charges these attempts again, of those that were given back: they are known to have been done after all.
pub(super) async fn charge_again(tx: &mut OrgTx, steps: &[StepId]) -> Result<()> {
    let lines = tx.steps().charge_again(steps).await?;
    if lines.is_empty() {
        return Ok(());
    }
    tx.usage().charge(&lines).await
}
