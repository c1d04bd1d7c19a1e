//! Sending what was claimed. No transaction is open, and nothing is begun that the lease might not outlast.

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use futures::{StreamExt as _, stream};
use uuid::Uuid;

use super::{
    RunService,
    claim::{Claimed, Order},
    outcome::Outcome,
};
use crate::models::{AccountId, ExecutionStep};

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
    /// It will never take it, and no other attempt would help.
    Refused { reason: &'static str, detail: Option<String> },
    /// It will never have it: there is nobody to send it to.
    NoRecipient,
    /// It does not let the account in any more.
    AccountOut,
    /// Nobody can tell.
    Unknown,
    /// Something between these.
    Other(Outcome),
}

/// Its account was told to rest by what went out just before.
pub(super) const AT_REST: Delivery = Delivery::NotSent { reason: "account_rests", rest: None, ours: true };
/// Somebody else may have taken it over by now.
pub(super) const TOO_LATE: Delivery = Delivery::NotSent { reason: "lease_ran_out", rest: None, ours: true };
/// We never came to ask the provider.
pub(super) const NOT_BEGUN: Delivery = Delivery::NotSent { reason: "not_begun", rest: None, ours: true };
/// The lead has no address that can be written to. No server was asked.
pub(super) const UNADDRESSED: Delivery = Delivery::Refused { reason: "cannot_be_addressed", detail: None };

impl Delivery {
    /// By what the provider knows it, if that has it.
    pub(super) fn proof(&self) -> Option<&str> {
        match self {
            Self::Sent { provider_id } | Self::Other(Outcome::SentAs { provider_id, .. }) => Some(provider_id),
            _ => None,
        }
    }

    /// Why, if there is more to say than what it is called.
    pub(super) fn reason(&self) -> &'static str {
        match self {
            Self::NotSent { reason, .. } | Self::Refused { reason, .. } => reason,
            Self::Other(outcome) => outcome.why(),
            Self::Sent { .. } | Self::NoRecipient | Self::AccountOut | Self::Unknown => "",
        }
    }

    /// Whether its account can do nothing more for the time being.
    pub(super) fn rests_account(&self) -> bool {
        matches!(self, Self::NotSent { rest: Some(_), .. } | Self::AccountOut)
    }
}

/// What became of what was claimed.
pub(super) struct Delivered {
    /// Who may say so.
    pub(super) token: Uuid,
    /// Each step with what became of it.
    pub(super) deliveries: Vec<(ExecutionStep, Delivery)>,
    /// As which version each account was used.
    pub(super) versions: HashMap<AccountId, i64>,
}

impl RunService {
    /// Sends what was claimed: one after the other from each account, several accounts at a time.
    pub(super) async fn deliver(&self, claimed: Claimed) -> Delivered {
        let Claimed { token, at, organization, orders, calls, .. } = claimed;
        let versions = orders.iter().map(|order| (order.account.id, order.account.version)).collect();
        let mut by_account: BTreeMap<AccountId, Vec<Order>> = BTreeMap::new();
        for order in orders {
            by_account.entry(order.account.id).or_default().push(order);
        }
        let sending = stream::iter(by_account.into_values())
            .map(|orders| self.deliver_from_one(orders, at))
            .buffer_unordered(ACCOUNTS_AT_A_TIME)
            .concat();
        let (mut deliveries, called) = tokio::join!(sending, self.call_all(organization, calls, at));
        deliveries.extend(called);
        Delivered { token, deliveries, versions }
    }

    /// Sends what one account is to do: all of it together if its channel can, else one after the other.
    async fn deliver_from_one(&self, orders: Vec<Order>, claimed_at: Duration) -> Vec<(ExecutionStep, Delivery)> {
        let may_begin = |order: &Order| self.may_begin(order, claimed_at);
        let channel = orders.first().map(|order| self.channels.of(&order.account));
        let deliveries = match channel.and_then(|channel| channel.send_together(&orders, &may_begin)) {
            Some(sending) => {
                let deliveries = tokio::time::timeout(self.lease().timeout(), sending).await;
                deliveries.unwrap_or_else(|_| vec![Delivery::Unknown; orders.len()])
            }
            None => self.one_by_one(&orders, claimed_at).await,
        };
        orders.into_iter().map(|order| order.step).zip(deliveries).collect()
    }

    async fn one_by_one(&self, orders: &[Order], claimed_at: Duration) -> Vec<Delivery> {
        let mut deliveries = Vec::with_capacity(orders.len());
        let mut at_rest = false;
        for order in orders {
            // What its provider told an account once need not be asked again for each of the others.
            let delivery = if at_rest {
                AT_REST
            } else {
                let send = self.send(order, claimed_at);
                tokio::time::timeout(self.lease().timeout(), send).await.unwrap_or(Delivery::Unknown)
            };
            at_rest |= delivery.rests_account();
            deliveries.push(delivery);
        }
        deliveries
    }

    fn may_begin(&self, order: &Order, claimed_at: Duration) -> bool {
        let passed = self.context.campaign_clock.monotonic().saturating_sub(claimed_at);
        self.lease().outlasts_a_send(passed) && self.context.campaign_clock.now() < order.closes
    }

    /// Hands a step to its channel, which asks once more right before the wire whether it may begin.
    async fn send(&self, order: &Order, claimed_at: Duration) -> Delivery {
        let may_begin = || self.may_begin(order, claimed_at);
        self.channels.of(&order.account).send(order, &may_begin).await
    }
}

/// Reasons for which a step was not sent that are ours, and not its provider's.
pub(super) const OURS: [&str; 22] = [
    "lease_ran_out",
    "account_rests",
    "not_found_at_provider",
    "not_begun",
    "connection_broke",
    "mail_server_slow",
    "mail_server_unreachable",
    "webhook_rests",
    "webhook_outcome_lost",
    "linkedin_not_set_up",
    "provider_unreachable",
    "provider_slow",
    "provider_no_answer",
    "lead_unanswered",
    "account_not_let_in",
    "unipile_key_refused",
    "account_cools_down",
    "too_many_requests",
    "limit_exceeded",
    "cannot_resend_yet",
    "cannot_resend_within_24hrs",
    "no_credits",
];
