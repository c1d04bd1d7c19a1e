//! Sending what was claimed. No transaction is open, and nothing is begun that the lease might not outlast.

use std::{collections::BTreeMap, time::Duration};

use futures::{StreamExt as _, stream};
use uuid::Uuid;

use super::{
    RunService,
    claim::{Claimed, LEASE, Order},
};
use crate::models::{AccountId, ExecutionStep};

/// How long a provider is given to answer.
pub(super) const TIMEOUT: Duration = Duration::from_secs(20);
/// How much of the lease must be left beyond that: for clocks, and for writing down the result.
const MARGIN: Duration = Duration::from_secs(10);
/// Accounts that a process sends from at a time, of one campaign.
const ACCOUNTS_AT_A_TIME: usize = 16;

/// What a provider made of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Delivery {
    /// It has it.
    Sent { provider_id: String },
    /// It surely does not have it, and another try may do. `rest` is how long the account must be left alone; `ours`, that it was never asked
    /// or that we died over it.
    NotSent { reason: &'static str, rest: Option<chrono::TimeDelta>, ours: bool },
    /// It will never have it: there is nobody to send it to.
    NoRecipient,
    /// It does not let the account in any more.
    AccountOut,
    /// Nobody can tell.
    Unknown,
}

/// What became of what was claimed.
pub(super) struct Delivered {
    /// Who may say so.
    pub(super) token: Uuid,
    /// Each step with what became of it.
    pub(super) deliveries: Vec<(ExecutionStep, Delivery)>,
}

impl RunService {
    /// Sends what was claimed: one after the other from each account, several accounts at a time.
    pub(super) async fn deliver(&self, claimed: Claimed) -> Delivered {
        let Claimed { token, at, orders, decided: _ } = claimed;
        let mut by_account: BTreeMap<AccountId, Vec<Order>> = BTreeMap::new();
        for order in orders {
            by_account.entry(order.step.account_id).or_default().push(order);
        }
        let deliveries = stream::iter(by_account.into_values())
            .map(|orders| self.deliver_from_one(orders, at))
            .buffer_unordered(ACCOUNTS_AT_A_TIME)
            .concat()
            .await;
        Delivered { token, deliveries }
    }

    async fn deliver_from_one(&self, orders: Vec<Order>, claimed_at: Duration) -> Vec<(ExecutionStep, Delivery)> {
        let mut deliveries = Vec::with_capacity(orders.len());
        let mut at_rest = false;
        for order in orders {
            // What its provider told an account once need not be asked again for each of the others.
            let delivery = if at_rest {
                Delivery::NotSent { reason: "account_rests", rest: None, ours: true }
            } else {
                let send = self.send(&order, claimed_at);
                tokio::time::timeout(TIMEOUT, send).await.unwrap_or(Delivery::Unknown)
            };
            at_rest |= matches!(delivery, Delivery::NotSent { rest: Some(_), .. } | Delivery::AccountOut);
            deliveries.push((order.step, delivery));
        }
        deliveries
    }

    /// Whether what is begun now is over, one way or another, before somebody else may take it over.
    fn lease_outlasts_a_send(&self, claimed_at: Duration) -> bool {
        let lease = LEASE.to_std().unwrap_or_default();
        self.context.campaign_clock.monotonic().saturating_sub(claimed_at) + TIMEOUT + MARGIN <= lease
    }

    /// Hands a step to its channel, which asks once more right before the wire whether it may begin.
    async fn send(&self, order: &Order, claimed_at: Duration) -> Delivery {
        let may_begin = || self.lease_outlasts_a_send(claimed_at) && self.context.campaign_clock.now() < order.closes;
        match self.channels.of(order.account.provider) {
            Some(channel) => channel.send(order, &may_begin).await,
            None => Delivery::NotSent { reason: "no_channel", rest: None, ours: false },
        }
    }
}

/// Reasons for which a step was not sent that are ours, and not its provider's.
pub(super) const OURS: [&str; 4] = ["lease_ran_out", "account_rests", "not_found_at_provider", "not_begun"];
