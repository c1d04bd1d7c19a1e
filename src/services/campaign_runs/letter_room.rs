//! What is written by hand, in the ledger of its account. No limit of the account's own holds it back, but whatever goes by these limits leaves room
//! for it; what its provider lets it send at all does, and that the provider has just wanted less.

use chrono::{DateTime, Utc};

use super::{
    deliver::Delivery,
    letters::OUTCOME_UNKNOWN,
    outcome::Outcome,
    party::{line_of, record_of},
};
use crate::{
    errors::{AppError, Kind, Result},
    models::{Channel, ConnectedAccount, MessageId, workflow::NodeType},
    repositories::OrgTx,
};

/// Why accounts rest of which their provider wants less at a time. What else they rest for need not concern what a person writes.
const WANTS_LESS: [&str; 3] = ["rate_limited", "too_many_requests", "account_cools_down"];

/// Charges an account for a message that is written down already. The account must be locked.
///
/// # Errors
/// `account_rests`, `provider_limit_reached`, with when to come again.
pub(super) async fn charge(tx: &mut OrgTx, id: MessageId, account: &ConnectedAccount) -> Result<()> {
    let now = tx.now();
    if let Some(until) = account.rests_until.filter(|until| *until > now)
        && tx.accounts().rest_reason(account.id).await?.is_some_and(|why| WANTS_LESS.contains(&why.as_str()))
    {
        let detail = "The account's provider wants less of it for now. Wait as long as Retry-After says.";
        return Err(later("account_rests", detail, (now, until)));
    }
    let book = record_of(tx, account).await?;
    let (action, bound) = match account.channel {
        Channel::Email => (NodeType::SendEmail, account.provider_bound()),
        Channel::Linkedin => (NodeType::SendFollowup, None),
    };
    if let Some(until) = bound.and_then(|bound| book.full_until(bound, now)) {
        let detail =
            "The mailbox has sent as many mails as its provider takes from it. Wait as long as Retry-After says.";
        return Err(later("provider_limit_reached", detail, (now, until)));
    }
    let line = line_of(&book, action, now);
    tx.usage().charge(&[line]).await?;
    tx.accounts().act(&[account.id], now).await?;
    tx.messages().charged(id, &line).await
}

/// Gives back what a message was charged as, once, if it surely was not sent.
pub(super) async fn give_back(tx: &mut OrgTx, id: MessageId, delivery: &Delivery) -> Result<()> {
    if !was_not_sent(delivery) {
        return Ok(());
    }
    let line = tx.messages().give_back(id, true).await?;
    tx.usage().give_back(line.as_slice()).await
}

/// Charges a message anew that was sent after all.
pub(super) async fn charge_again(tx: &mut OrgTx, id: MessageId) -> Result<()> {
    let line = tx.messages().give_back(id, false).await?;
    if line.is_some() {
        tx.usage().charge(line.as_slice()).await?;
    }
    Ok(())
}

/// Whether nothing counts at the provider. As with steps, whoever learnt that there is no such recipient has asked.
fn was_not_sent(delivery: &Delivery) -> bool {
    match delivery {
        Delivery::NotSent { reason, .. } => *reason != OUTCOME_UNKNOWN,
        Delivery::Refused { .. } | Delivery::AccountOut => true,
        Delivery::Other(outcome) => Outcome::was_not_done(outcome),
        Delivery::Sent { .. } | Delivery::NoRecipient | Delivery::Unknown => false,
    }
}

fn later(code: &'static str, detail: &'static str, (now, until): (DateTime<Utc>, DateTime<Utc>)) -> AppError {
    // In whole seconds, and not one too early.
    let wait = (until - now).to_std().unwrap_or_default();
    AppError::new(Kind::RateLimited, code, detail).with_retry_after(wait + std::time::Duration::from_secs(1))
}
