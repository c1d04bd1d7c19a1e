//! The sandbox as a channel: what `integrations::sandbox` decides, and the database that it keeps what it was sent in.

use std::time::Duration;

use chrono::TimeDelta;
use futures::future::BoxFuture;
use moka::future::Cache;
use secrecy::ExposeSecret as _;
use serde_json::Value;

use super::{
    Context,
    channel::{Channel, Found, MayBegin},
    claim::Order,
    deliver::Delivery,
};
use crate::{
    errors::{AppError, Result},
    integrations::sandbox::{Act, Answer, Character, Happening, HappeningKind, Refusal, answer},
    models::{AccountId, ConnectedAccount, ExecutionStep, Lead, SandboxBehaviour, SandboxSecret},
    repositories::OrgConn,
    services::connected_accounts::credentials_of,
    utils::crypto::Cipher,
};

/// Accounts whose people are remembered.
const SECRETS: u64 = 10_000;

/// The sandbox.
pub(super) struct Sandbox {
    context: Context,
    cipher: Cipher,
    secrets: Cache<AccountId, SandboxSecret>,
}

/// A step that only the wire is left for.
struct Prepared {
    conn: OrgConn,
    /// Whether nobody has taken it over so far.
    mine: bool,
    answer: Answer,
    happenings: Vec<Happening>,
    natural_key: String,
}

impl Sandbox {
    pub(super) fn new(context: Context, cipher: Cipher) -> Self {
        let secrets = Cache::builder().max_capacity(SECRETS).time_to_live(Duration::from_mins(10)).build();
        Self { context, cipher, secrets }
    }

    /// All that may take its time before the wire.
    async fn prepare(&self, step: &ExecutionStep, lead: &Lead, account: &ConnectedAccount) -> Result<Prepared> {
        let SandboxSecret { seed, behaviour } = self.secret(account).await?;
        let natural_key = natural_key(step);
        let act = Act {
            account_seed: seed.unsigned_abs(),
            lead_key: lead_key(lead),
            action: step.action,
            natural_key: &natural_key,
            attempt: u32::try_from(step.attempt).unwrap_or(1),
            at: step.sending_at,
        };
        let (answer, happenings) = answer(&character(behaviour), &act);
        let mut conn = self.context.db.engine_conn(step.organization_id).await?;
        let mine = conn.steps().is_mine(step.id, step.token).await?;
        Ok(Prepared { conn, mine, answer, happenings, natural_key })
    }

    async fn pass_on(&self, step: &ExecutionStep, prepared: Prepared, may_begin: &MayBegin<'_>) -> Delivery {
        let Prepared { mut conn, mine, answer, happenings, natural_key } = prepared;
        // The last moment before the wire.
        if !mine || !may_begin() {
            return Delivery::NotSent { reason: "lease_ran_out", rest: None, ours: true };
        }
        match answer {
            Answer::Refused(refusal) => return refusal.into(),
            Answer::Silence { took: false } => return Delivery::Unknown,
            Answer::Sent { .. } | Answer::Silence { took: true } => {}
        }
        let now = self.context.campaign_clock.now();
        let content: Option<&Value> = step.content.as_ref().map(|content| &content.0);
        let following: Vec<_> = happenings.iter().map(|it| (told(&it.kind), now + it.after)).collect();
        let following: Vec<_> = following.iter().map(|((kind, text), at)| (*kind, *text, *at)).collect();
        let people = (step.account_id, step.lead_id);
        match conn.sandbox().take(people, (step.action, &natural_key), content, now, &following).await {
            Ok(_) if matches!(answer, Answer::Silence { .. }) => Delivery::Unknown,
            Ok(id) => {
                conn.give_back();
                Delivery::Sent { provider_id: id.to_string() }
            }
            Err(error) => {
                tracing::warn!(step = %step.id, code = error.code(), cause = error.causes(), "the sandbox did not answer");
                Delivery::Unknown
            }
        }
    }

    async fn secret(&self, account: &ConnectedAccount) -> Result<SandboxSecret> {
        if let Some(secret) = self.secrets.get(&account.id).await {
            return Ok(secret);
        }
        let mut tx = self.context.db.begin_engine(account.organization_id, self.context.campaign_clock.now()).await?;
        let sealed = tx.accounts().credentials(account.id).await?;
        drop(tx);
        let sealed = sealed.ok_or_else(|| AppError::internal("a sandbox account has no secret"))?;
        let open = self.cipher.open(credentials_of(account), &sealed).map_err(AppError::internal)?;
        let secret = serde_json::from_slice(open.expose_secret()).map_err(AppError::internal)?;
        self.secrets.insert(account.id, secret).await;
        Ok(secret)
    }
}

impl Channel for Sandbox {
    /// As from any provider, no answer may come though the step was taken.
    fn send<'a>(&'a self, order: &'a Order, may_begin: &'a MayBegin<'a>) -> BoxFuture<'a, Delivery> {
        let Order { step, lead, account, .. } = order;
        Box::pin(async move {
            match self.prepare(step, lead, account).await {
                Ok(prepared) => self.pass_on(step, prepared, may_begin).await,
                Err(error) => {
                    tracing::warn!(step = %step.id, code = error.code(), cause = error.causes(), "a step was not begun");
                    Delivery::NotSent { reason: "not_begun", rest: None, ours: true }
                }
            }
        })
    }

    fn find<'a>(&'a self, step: &'a ExecutionStep, _: &'a ConnectedAccount) -> BoxFuture<'a, Result<Found>> {
        Box::pin(async move {
            let mut conn = self.context.db.engine_conn(step.organization_id).await?;
            let found = conn.sandbox().find(step.account_id, &natural_key(step)).await?;
            conn.give_back();
            Ok(found.map_or(Found::No, |id| Found::Yes { provider_id: id.to_string() }))
        })
    }

    fn shows_within(&self) -> TimeDelta {
        TimeDelta::seconds(5)
    }
}

fn character(behaviour: SandboxBehaviour) -> Character {
    let SandboxBehaviour { acceptance, reply, auto_reply, bounce, unsubscribe, rate_error, silence } = behaviour;
    let usual = Character::default();
    Character {
        acceptance: acceptance.unwrap_or(usual.acceptance),
        reply: reply.unwrap_or(usual.reply),
        auto_reply: auto_reply.unwrap_or(usual.auto_reply),
        bounce: bounce.unwrap_or(usual.bounce),
        unsubscribe: unsubscribe.unwrap_or(usual.unsubscribe),
        rate_error: rate_error.unwrap_or(usual.rate_error),
        silence: silence.unwrap_or(usual.silence),
    }
}

impl From<Refusal> for Delivery {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::RateLimited { retry_after } => {
                Self::NotSent { reason: "rate_limited", rest: Some(retry_after), ours: false }
            }
            Refusal::Temporary => Self::NotSent { reason: "temporary", rest: None, ours: false },
            Refusal::NoSuchRecipient => Self::NoRecipient,
            Refusal::AccountNeedsReconnect => Self::AccountOut,
        }
    }
}

/// By what the provider can be asked for a step: the same for every attempt of it.
fn natural_key(step: &ExecutionStep) -> String {
    format!("{}/{}", step.execution_id, step.node_id)
}

fn lead_key(lead: &Lead) -> &str {
    [&lead.email, &lead.linkedin_url, &lead.external_id].into_iter().find_map(|key| key.as_deref()).unwrap_or_default()
}

fn told(kind: &HappeningKind) -> (&'static str, Option<&str>) {
    match kind {
        HappeningKind::Accepted => ("accepted", None),
        HappeningKind::Replied { text } => ("replied", Some(text)),
        HappeningKind::AutoReplied { text } => ("auto_replied", Some(text)),
        HappeningKind::Bounced { permanent: true } => ("bounced", None),
        HappeningKind::Bounced { permanent: false } => ("bounced_for_now", None),
        HappeningKind::Unsubscribed => ("unsubscribed", None),
    }
}
