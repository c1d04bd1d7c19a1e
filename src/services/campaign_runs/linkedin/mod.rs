//! LinkedIn through Unipile as a channel. Unipile knows no idempotency and bounds nothing. So what an attempt is about to do is written down
//! before its first byte leaves (`begin`), an outcome that proves nothing is looked up by what was written (`search`), and every error means
//! what Unipile's catalogue lets one conclude and no more (`verdict`).
//!
//! `people` finds out whom a lead's profile names, `prepare` what is to be done, `posts` to which post, `carry` does it, and `letters` sends
//! what people write by hand.

mod begin;
mod carry;
mod letters;
mod people;
mod posts;
mod prepare;
mod search;
mod verdict;

use std::{collections::HashMap, sync::Mutex, time::Duration};

use chrono::TimeDelta;
use futures::future::BoxFuture;
use tokio::time::{Instant, timeout_at};

pub(super) use self::search::same;
use self::verdict::not_begun;
use super::{
    Context,
    channel::{Channel, Found, Letter, MayBegin},
    claim::Order,
    deliver::{Delivery, TOO_LATE},
    lease::Lease,
    silence::too_slow,
};
use crate::{
    config::LinkedinConfig,
    errors::Result,
    integrations::unipile::Unipile,
    models::{AccountId, ConnectedAccount, ExecutionStep, UnipileAccount},
};

/// What is left of the time-out when Unipile is given up: who gives it up here still knows whether anything was begun.
const SPARE: Duration = Duration::from_secs(1);
/// How long a search is tried again if Unipile cannot be asked, before a person is.
const PATIENCE: TimeDelta = TimeDelta::minutes(30);
/// How long it is tried again when there is nobody to ask.
const REST: TimeDelta = TimeDelta::hours(1);

/// This server has no key to Unipile.
const NOT_SET_UP: Delivery = Delivery::NotSent { reason: "linkedin_not_set_up", rest: Some(REST), ours: true };
/// Unipile let the time run out before anything was begun.
const SLOW: Delivery = Delivery::NotSent { reason: "provider_slow", rest: Some(verdict::UNREACHABLE), ours: true };

/// LinkedIn through Unipile.
pub(super) struct LinkedinChannel {
    context: Context,
    api: Option<Unipile>,
    bears: LinkedinConfig,
    /// Accounts without credits for `InMails`, and until when they are not asked again.
    broke: Mutex<HashMap<AccountId, Duration>>,
}

/// An account at Unipile, to be asked and to act.
#[derive(Clone, Copy)]
struct At<'a> {
    api: &'a Unipile,
    account: &'a ConnectedAccount,
    unipile: &'a UnipileAccount,
}

impl LinkedinChannel {
    /// A channel that acts through `api`, if this server has a key to it, as far as LinkedIn bears it.
    pub(super) fn new(context: Context, (api, bears): (Option<Unipile>, LinkedinConfig)) -> Self {
        Self { context, api, bears, broke: Mutex::default() }
    }

    fn at<'a>(&'a self, account: &'a ConnectedAccount) -> Result<At<'a>, Delivery> {
        let api = self.api.as_ref().ok_or(NOT_SET_UP)?;
        let unipile = account.unipile.as_deref().ok_or(Delivery::AccountOut)?;
        Ok(At { api, account, unipile })
    }

    fn until(&self) -> Instant {
        Instant::now() + Lease(self.context.campaign_lease).timeout().saturating_sub(SPARE)
    }

    /// Everything up to what Unipile makes of the step.
    async fn act(&self, order: &Order, may_begin: &MayBegin<'_>) -> Delivery {
        let (at, until) = match self.at(&order.account) {
            Ok(at) => (at, self.until()),
            Err(delivery) => return delivery,
        };
        let prepared = match timeout_at(until, self.prepare(at, order)).await {
            Ok(Ok(prepared)) => prepared,
            Ok(Err(stop)) => {
                let stopped = self.not_prepared(at, &order.step, stop.into_delivery(&order.step));
                return timeout_at(until, stopped).await.unwrap_or(SLOW);
            }
            Err(_) => return too_slow(&self.context, &order.step, verdict::UNREACHABLE).await,
        };
        // From here on nobody else does it, and whoever looks it up knows what to look for.
        let begun = match self.begin(order, &prepared).await {
            Ok(Ok(begun)) => begun,
            Ok(Err(delivery)) => return delivery,
            Err(error) => return not_begun(&order.step, &error),
        };
        if !may_begin() {
            return TOO_LATE;
        }
        match timeout_at(until, self.carry_out(at, &prepared, &begun)).await {
            Err(_) => Delivery::Unknown,
            Ok(Ok(done)) => self.done(order, done, &begun).await,
            // What is asked after a refusal needs time too; without it the refusal stands as it is.
            Ok(Err(error)) => {
                tracing::info!(step = %order.step.id, account = %order.account.id, %error, "Unipile did not do it");
                let judged = self.judged(at, order, &prepared, &error);
                timeout_at(until, judged).await.unwrap_or_else(|_| self.verdict(order.step.id.0, &prepared, &error))
            }
        }
    }
}

impl Channel for LinkedinChannel {
    fn send<'a>(&'a self, order: &'a Order, may_begin: &'a MayBegin<'a>) -> BoxFuture<'a, Delivery> {
        Box::pin(self.act(order, may_begin))
    }

    fn find<'a>(&'a self, step: &'a ExecutionStep, account: &'a ConnectedAccount) -> BoxFuture<'a, Result<Found>> {
        Box::pin(self.look_up(step, account))
    }

    fn writes(&self) -> bool {
        self.api.is_some()
    }

    fn write<'a>(&'a self, letter: &'a Letter, may_begin: &'a MayBegin<'a>) -> BoxFuture<'a, Delivery> {
        Box::pin(self.write_letter(letter, may_begin))
    }

    fn find_written<'a>(&'a self, letter: &'a Letter) -> BoxFuture<'a, Result<Found>> {
        Box::pin(self.look_up_letter(letter))
    }

    /// Invitations and messages show in lists within one to two minutes.
    fn shows_within(&self) -> TimeDelta {
        TimeDelta::minutes(2)
    }
}
