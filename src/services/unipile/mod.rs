//! Accounts that are connected through Unipile: how they come to us (`connect`, `confirm`), how they are (`status`), what webhooks hint at
//! (`hints`) and how that is followed (`follow`, `relations`, `messages`, `mails`, `look`), what was written before (`history`), and what is put right at
//! Unipile by the workers (`upkeep`). What follows from what people do is in `campaign_runs`.
//!
//! Unipile is not believed where a lie would cost something: a callback is unsigned, and webhooks prove by a shared secret who sent them and
//! nothing else. They only say where to look, and what is acted on is what Unipile's API then answers.

mod confirm;
mod connect;
mod follow;
mod hints;
mod history;
mod look;
mod mails;
mod messages;
mod people;
mod places;
mod relations;
mod status;
mod upkeep;

use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};
use secrecy::SecretString;
use url::Url;

pub use self::{connect::HostedLink, hints::HintOutcome};
use super::{Context, RunService};
use crate::{
    errors::{AppError, Kind, Result},
    integrations::unipile::{Unipile, UnipileError},
    models::{ConnectedAccount, Plan},
    repositories::{OrgConn, OrgTx},
    utils::draw::Draw,
};

/// How long what a worker has claimed is left to it: longer than its requests to Unipile may take.
const CLAIM: TimeDelta = TimeDelta::minutes(2);
/// Claimed in one round.
const IN_A_ROUND: i64 = 20;
/// Requests to Unipile that a round has under way at a time.
const AT_A_TIME: usize = 4;

/// Accounts that are connected through Unipile.
#[derive(Clone)]
pub struct UnipileService {
    context: Context,
    api: Option<Unipile>,
    addresses: Addresses,
    runs: RunService,
}

/// Where we are reached, and what Unipile's webhooks prove themselves by.
#[derive(Clone)]
pub struct Addresses {
    /// Where we are reached from the internet.
    pub public_url: Option<Url>,
    /// What webhooks prove themselves by.
    pub secret: Option<SecretString>,
}

impl fmt::Debug for UnipileService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnipileService").field("api", &self.api).finish_non_exhaustive()
    }
}

impl UnipileService {
    /// A service that speaks to Unipile through `api`, if there is one, and hands what leads do to `runs`.
    #[must_use]
    pub fn new(context: Context, api: Option<Unipile>, addresses: Addresses, runs: RunService) -> Self {
        Self { context, api, addresses, runs }
    }

    /// Unipile.
    ///
    /// # Errors
    /// `unipile_not_configured`.
    fn api(&self) -> Result<&Unipile> {
        self.api.as_ref().ok_or_else(|| {
            let detail =
                "This server has no UNIPILE_DSN and UNIPILE_API_KEY, and connects such accounts through Unipile only.";
            AppError::new(Kind::Unavailable, "unipile_not_configured", detail)
        })
    }

    /// Where we are reached from the internet.
    ///
    /// # Errors
    /// `public_url_not_configured`.
    fn public_url(&self) -> Result<&Url> {
        self.addresses.public_url.as_ref().ok_or_else(|| {
            let detail = "This server has no PUBLIC_URL, at which Unipile could tell it that somebody has signed in.";
            AppError::new(Kind::Unavailable, "public_url_not_configured", detail)
        })
    }

    fn now(&self) -> DateTime<Utc> {
        self.context.clock.now()
    }
}

/// Refuses one more account than the organization's plan has seats for. What a sandbox does leaves nobody, and takes none.
///
/// # Errors
/// `plan_limit_reached`.
pub(super) async fn refuse_beyond_plan(conn: &mut OrgConn, now: DateTime<Utc>) -> Result<()> {
    let plan = conn.organization().get().await?.plan;
    let used = conn.organization().usage(now).await?.connected_accounts;
    refuse_seat(plan, used)
}

/// The same, while nobody else takes a seat.
pub(super) async fn refuse_beyond_plan_now(tx: &mut OrgTx) -> Result<()> {
    let (plan, now) = (tx.organization().lock().await?.plan, tx.now());
    let used = tx.organization().usage(now).await?.connected_accounts;
    refuse_seat(plan, used)
}

fn refuse_seat(plan: Plan, used: i64) -> Result<()> {
    match plan.limits().connected_accounts {
        Some(most) if used >= most => {
            let detail = format!(
                "The plan has {most} connected accounts, and all are taken. Disconnect one, or change the plan."
            );
            Err(AppError::conflict("plan_limit_reached", detail).with_member("limit", most))
        }
        _ => Ok(()),
    }
}

/// Unipile did not do what was asked.
fn not_now(error: UnipileError) -> AppError {
    AppError::unavailable("unipile_unavailable", "Unipile does not answer as it should. Try again in a moment.")
        .with_source(error)
}

/// A pause of about `base`: up to a quarter more or less, so that not all accounts are looked at in one moment, nor by the clock.
fn about(base: TimeDelta, account: &[u8], now: DateTime<Utc>) -> TimeDelta {
    let share = Draw::of(&[account, &now.timestamp_millis().to_be_bytes()]).below(501);
    base * 3 / 4 + base * i32::try_from(share).unwrap_or(250) / 1000
}

/// A pause that doubles with each failure: from `first` up to `longest`.
fn backoff(first: TimeDelta, longest: TimeDelta, failures: i32) -> TimeDelta {
    let doublings = u32::try_from(failures).unwrap_or(0).min(16);
    first.checked_mul(1_i32 << doublings).map_or(longest, |pause| pause.min(longest))
}

/// What the audit log keeps of such an account.
fn facts(account: &ConnectedAccount) -> serde_json::Value {
    serde_json::json!({
        "provider": account.provider, "channel": account.channel, "display_name": account.display_name,
        "status": account.status, "status_reason": account.status_reason,
        "unipile_account": account.unipile.as_ref().map(|unipile| &unipile.account_id),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_are_about_as_long_as_said_and_double_up_to_a_longest() {
        let hour = TimeDelta::hours(1);
        let now = DateTime::from_timestamp(1_795_348_800, 0).unwrap();
        let drawn: std::collections::HashSet<_> = (0..50_u8).map(|account| about(hour, &[account], now)).collect();
        assert!(drawn.len() > 40);
        assert!(drawn.iter().all(|pause| (TimeDelta::minutes(45)..=TimeDelta::minutes(75)).contains(pause)));
        let pauses = [0, 1, 2, 40].map(|failures| backoff(TimeDelta::seconds(5), TimeDelta::minutes(5), failures));
        assert_eq!(pauses, [5, 10, 20, 300].map(TimeDelta::seconds));
    }
}
