//! What is looked up on LinkedIn in vain. It was not done, and the ledger gives it back; but LinkedIn counts looks too, and they must not be free without
//! end.

use std::collections::BTreeMap;

use super::{deliver::Delivery, outcome::Outcome, settle::NOT_FOUND, silence::LEAD_UNANSWERED};
use crate::{
    errors::Result,
    models::{Channel, ExecutionStep, StepId},
    repositories::OrgTx,
};

/// How many an account may do on a day for nothing: LinkedIn bears about as many looks at profiles. What goes beyond is charged as if it had been done,
/// so that the limits of the account end it.
const FREE_A_DAY: i64 = 100;

/// What of `refunds` the ledger gets back.
pub(super) async fn bounded(
    tx: &mut OrgTx,
    mut refunds: Vec<StepId>,
    known: &[&(ExecutionStep, Delivery)],
) -> Result<Vec<StepId>> {
    let mut in_vain: BTreeMap<_, Vec<&ExecutionStep>> = BTreeMap::new();
    for (step, delivery) in known {
        let Some(account) = step.account_id.filter(|_| was_in_vain(step, delivery)) else { continue };
        in_vain.entry((account, step.charged_day)).or_default().push(step);
    }
    for ((account, day), steps) in in_vain {
        // Those of this transaction among them.
        let beyond = tx.linkedin().looked_up_in_vain(account, day).await? - FREE_A_DAY;
        let beyond: Vec<_> = steps.into_iter().take(usize::try_from(beyond).unwrap_or(0)).map(|step| step.id).collect();
        refunds.retain(|refund| !beyond.contains(refund));
    }
    Ok(refunds)
}

/// Whether LinkedIn was asked, and nothing came of it.
fn was_in_vain(step: &ExecutionStep, delivery: &Delivery) -> bool {
    step.action.channel() == Some(Channel::Linkedin)
        && match delivery {
            Delivery::Other(Outcome::Skipped { .. }) => true,
            Delivery::Other(Outcome::Later { reason, .. }) | Delivery::NotSent { reason, .. } => {
                [LEAD_UNANSWERED, NOT_FOUND].contains(reason)
            }
            _ => false,
        }
}
