//! What the outcome of steps means for the accounts that they were to be done from.

use std::collections::HashMap;

use super::{deliver::Delivery, party::Party, replan::forget_removed};
use crate::{
    errors::Result,
    models::{AccountId, CampaignId, ExecutionId, ExecutionStep, Walk},
    repositories::OrgTx,
};

/// Why an account is not let in any more.
const SIGN_IN_AGAIN: &str = "The provider wants the account to sign in again.";

/// Lets accounts rest, or shuts them out, as their providers want it: as which version each was used says whether it has been mended since.
pub(super) async fn rest(
    tx: &mut OrgTx,
    party: &mut Party,
    (known, versions): (&[&(ExecutionStep, Delivery)], &HashMap<AccountId, i64>),
) -> Result<()> {
    let now = tx.now();
    for (step, delivery) in known {
        let Some(account) = step.account_id else { continue };
        if let Delivery::NotSent { rest: Some(rest), reason, .. } = delivery {
            tx.accounts().rest(account, now + *rest, reason).await?;
            party.rests(account, now + *rest);
        }
        if *delivery == Delivery::AccountOut
            && let Some(version) = versions.get(&account)
            && tx.accounts().shut_out((account, *version), SIGN_IN_AGAIN, now).await?
        {
            party.is_out(account);
        }
    }
    Ok(())
}

/// Lets leads forget an account that was taken off the campaign while their steps were out, if they got nothing from it: another may do it.
pub(super) async fn are_left(
    tx: &mut OrgTx,
    (campaign, party): (CampaignId, &Party),
    known: &[&(ExecutionStep, Delivery)],
    walks: &mut HashMap<ExecutionId, Walk>,
) -> Result<()> {
    let left = |(step, delivery): &&&(ExecutionStep, Delivery)| {
        let unsent = matches!(delivery, Delivery::NotSent { .. } | Delivery::AccountOut);
        unsent && step.account_id.is_some_and(|account| !party.accounts.contains_key(&account))
    };
    let left: Vec<_> = known.iter().filter(left).map(|(step, _)| step.execution_id).collect();
    if left.is_empty() {
        return Ok(());
    }
    walks.extend(forget_removed(tx, campaign, &left).await?.into_iter().map(|walk| (walk.id, walk)));
    Ok(())
}
