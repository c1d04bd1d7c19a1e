//! Unipile does not let an account in (401). That may be the account, which somebody must sign in again; or our key, of which no account's owner knows
//! anything; or something that passes by itself. How the account is at Unipile tells.

use chrono::TimeDelta;

use super::{Context, deliver::Delivery, silence::ended_so};
use crate::{
    integrations::unipile::{Class, SourceStatus, Unipile, UnipileError},
    models::ExecutionStep,
};

/// It was not let in, though it is in order.
const NOT_LET_IN: &str = "account_not_let_in";
/// Nothing is let in that bears our key.
const KEY_REFUSED: &str = "unipile_key_refused";
/// How long the account is left alone then.
const REST: TimeDelta = TimeDelta::minutes(15);
/// After so many times a step that was not let in shuts its account out all the same.
const MOST: i64 = 3;

impl Delivery {
    /// The account was refused. One that LinkedIn restricts is out, whatever Unipile says of it.
    pub(super) fn not_let_in(error: &UnipileError) -> Self {
        if error.is("account_restricted") {
            return Self::AccountOut;
        }
        Self::NotSent { reason: NOT_LET_IN, rest: Some(REST), ours: true }
    }
}

/// What that means for a step, or for what somebody writes by hand; anything else stays as it is.
pub(super) async fn let_in(
    context: &Context,
    (api, account): (&Unipile, &str),
    step: Option<&ExecutionStep>,
    refused: Delivery,
) -> Delivery {
    if !matches!(refused, Delivery::NotSent { reason: NOT_LET_IN, .. }) {
        return refused;
    }
    match api.account(account).await {
        Ok(account) if account.status() != SourceStatus::Ok => Delivery::AccountOut,
        Err(error) if error.class() == Class::Gone => Delivery::AccountOut,
        Err(error) if error.class() == Class::AccountOut => {
            tracing::error!("Unipile refuses the key: UNIPILE_API_KEY is wrong, or was taken back");
            Delivery::NotSent { reason: KEY_REFUSED, rest: Some(REST), ours: true }
        }
        Err(_) => refused,
        Ok(_) => {
            let Some(step) = step else { return refused };
            match ended_so(context, step, NOT_LET_IN).await {
                Ok(times) if times >= MOST => Delivery::AccountOut,
                _ => refused,
            }
        }
    }
}
