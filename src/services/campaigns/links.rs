//! Whether a campaign's lists and accounts can be had.

use std::{collections::HashSet, hash::Hash};

use crate::{
    errors::{AppError, Fault, Result},
    models::{AccountId, LeadListId},
    repositories::OrgTx,
};

/// Every id names something of the organization, and each thing once. What is named cannot be deleted until the transaction ends. Another
/// organization's is answered as one that nobody has.
pub(super) async fn check(tx: &mut OrgTx, lists: &[LeadListId], accounts: &[AccountId]) -> Result<()> {
    let known_lists = tx.campaigns().hold_lead_lists(lists).await?;
    let known_accounts = tx.campaigns().hold_accounts(accounts).await?;
    let mut faults = Vec::new();
    add_faults(
        "/lead_list_ids",
        lists,
        known_lists,
        ("unknown_lead_list", "There is no lead list with this id."),
        &mut faults,
    );
    add_faults(
        "/account_ids",
        accounts,
        known_accounts,
        ("unknown_account", "There is no connected account with this id."),
        &mut faults,
    );
    if faults.is_empty() { Ok(()) } else { Err(AppError::invalid(faults)) }
}

fn add_faults<I: Copy + Eq + Hash>(
    at: &str,
    ids: &[I],
    known: Vec<I>,
    (code, detail): (&'static str, &'static str),
    faults: &mut Vec<Fault>,
) {
    let known: HashSet<I> = known.into_iter().collect();
    let mut named = HashSet::new();
    for (i, id) in ids.iter().enumerate() {
        if !known.contains(id) {
            faults.push(Fault::new(format!("{at}/{i}"), code, detail));
        } else if !named.insert(*id) {
            faults.push(Fault::new(format!("{at}/{i}"), "duplicate", "This id is listed twice."));
        }
    }
}
