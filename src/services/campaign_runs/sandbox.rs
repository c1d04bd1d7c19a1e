//! The sandbox as a channel: what `integrations::sandbox` decides, and the database that it keeps what it was sent in.

use std::{collections::HashSet, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use futures::future::BoxFuture;
use moka::future::Cache;
use secrecy::ExposeSecret as _;
use uuid::Uuid;

use super::{
    Context,
    channel::{Channel as Carrier, Found, Letter, MayBegin, MayBeginEach, Trial},
    claim::Order,
    deliver::{AT_REST, Delivery, NOT_BEGUN, TOO_LATE},
};
use crate::{
    errors::{AppError, Result},
    integrations::sandbox::{Act, Answer, Character, Happening, HappeningKind, Refusal, answer},
    models::{
        AccountId, Channel, ConnectedAccount, ExecutionStep, Lead, SandboxBehaviour, SandboxSecret, workflow::NodeType,
    },
    repositories::{NewAct, NewHappening},
    services::connected_accounts::credentials_of,
    utils::{crypto::Cipher, ids::uuid_at},
};

/// How long it is until what was taken shows in a search, as at the real providers.
const SHOWS_AFTER: TimeDelta = TimeDelta::seconds(4);
/// Accounts whose people are remembered.
const SECRETS: u64 = 10_000;

/// The sandbox.
pub(super) struct Sandbox {
    context: Context,
    cipher: Cipher,
    secrets: Cache<AccountId, SandboxSecret>,
}

/// What the sandbox will say of a step, and what follows if it takes it.
struct Prepared<'a> {
    step: &'a ExecutionStep,
    act: NewAct,
    answer: Answer,
}

impl Sandbox {
    pub(super) fn new(context: Context, cipher: Cipher) -> Self {
        let secrets = Cache::builder().max_capacity(SECRETS).time_to_live(Duration::from_mins(10)).build();
        Self { context, cipher, secrets }
    }

    /// Hands over what one account does: one statement, as a provider's answer to one request, whose answers are then read one by one.
    async fn pass_on(&self, orders: &[Order], may_begin: &MayBeginEach<'_>) -> Result<Vec<Delivery>> {
        let Some(first) = orders.first() else { return Ok(Vec::new()) };
        let secret = self.secret(&first.account).await?;
        let now = self.context.campaign_clock.now();
        let prepared: Vec<_> = until_rest(orders.iter().map(|order| prepare(&secret, order, now))).collect();
        let mut conn = self.context.db.engine_conn(first.step.organization_id).await?;
        // The last moment before the wire.
        let begun: Vec<bool> = orders.iter().map(may_begin).collect();
        let wanted = prepared.iter().zip(&begun).filter(|(it, begun)| **begun && it.answer.took());
        let acts: Vec<&NewAct> = wanted.map(|(it, _)| &it.act).collect();
        let taken = match conn.sandbox().take(first.step.token, &acts, now).await {
            Ok(taken) => Some(taken),
            Err(error) => {
                let (code, cause) = (error.code(), error.causes());
                tracing::warn!(account = %first.account.id, code, cause, "the sandbox did not answer");
                None
            }
        };
        if taken.is_some() {
            conn.give_back();
        }
        let told =
            prepared.iter().zip(begun).map(|(it, begun)| if begun { told(it, taken.as_ref()) } else { TOO_LATE });
        Ok(told.chain(std::iter::repeat(AT_REST)).take(orders.len()).collect())
    }

    /// The same, where whatever keeps us from asking is told of each.
    async fn all(&self, orders: &[Order], may_begin: &MayBeginEach<'_>) -> Vec<Delivery> {
        match self.pass_on(orders, may_begin).await {
            Ok(deliveries) => deliveries,
            Err(error) => {
                tracing::warn!(code = error.code(), cause = error.causes(), "steps were not begun");
                vec![NOT_BEGUN; orders.len()]
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
        let open = self
            .cipher
            .open(credentials_of(account.organization_id, account.id), &sealed)
            .map_err(AppError::internal)?;
        let secret = serde_json::from_slice(open.expose_secret()).map_err(AppError::internal)?;
        self.secrets.insert(account.id, secret).await;
        Ok(secret)
    }
}

/// As far as the first of which the account must rest.
fn until_rest<'a>(all: impl Iterator<Item = Prepared<'a>>) -> impl Iterator<Item = Prepared<'a>> {
    let mut at_rest = false;
    all.take_while(move |it| {
        let goes = !at_rest;
        at_rest |= matches!(&it.answer, Answer::Refused(refusal) if Delivery::from(*refusal).rests_account());
        goes
    })
}

fn prepare<'a>(secret: &SandboxSecret, order: &'a Order, now: DateTime<Utc>) -> Prepared<'a> {
    let Order { step, lead, .. } = order;
    let natural_key = natural_key(step);
    let act = Act {
        account_seed: secret.seed.unsigned_abs(),
        lead_key: lead_key(lead),
        action: step.action,
        natural_key: &natural_key,
        attempt: u32::try_from(step.attempt).unwrap_or(1),
        at: step.sending_at,
    };
    let (answer, happenings) = answer(&character(&secret.behaviour), &act);
    let following = happenings.into_iter().map(|it| following(it, now)).collect();
    Prepared { step, act: NewAct { id: uuid_at(now), step: step.id, natural_key, following }, answer }
}

/// What became of a step that was begun; `taken` are the acts that the sandbox says it took, none if it did not answer.
fn told(it: &Prepared<'_>, taken: Option<&HashSet<Uuid>>) -> Delivery {
    match &it.answer {
        Answer::Refused(refusal) => (*refusal).into(),
        answer if answer.took() => match taken {
            None => Delivery::Unknown,
            Some(taken) if !taken.contains(&it.act.id) => NOT_BEGUN,
            Some(_) => known(it),
        },
        _ => known(it),
    }
}

/// What the provider's answer lets us know.
fn known(it: &Prepared<'_>) -> Delivery {
    match &it.answer {
        Answer::Unclear { how, .. } => {
            tracing::warn!(step = %it.step.id, ?how, "the sandbox did not say what became of a step");
            Delivery::Unknown
        }
        _ => Delivery::Sent { provider_id: it.act.id.to_string() },
    }
}

impl Carrier for Sandbox {
    /// As from any provider, no answer may come though the step was taken.
    fn send<'a>(&'a self, order: &'a Order, may_begin: &'a MayBegin<'a>) -> BoxFuture<'a, Delivery> {
        Box::pin(async move {
            let sent = self.all(std::slice::from_ref(order), &|_| may_begin()).await;
            sent.into_iter().next().unwrap_or(NOT_BEGUN)
        })
    }

    fn send_together<'a>(
        &'a self,
        orders: &'a [Order],
        may_begin: &'a MayBeginEach<'a>,
    ) -> Option<BoxFuture<'a, Vec<Delivery>>> {
        Some(Box::pin(self.all(orders, may_begin)))
    }

    fn find<'a>(&'a self, step: &'a ExecutionStep, account: &'a ConnectedAccount) -> BoxFuture<'a, Result<Found>> {
        Box::pin(async move {
            let mut conn = self.context.db.engine_conn(step.organization_id).await?;
            let shown = self.context.campaign_clock.now() - SHOWS_AFTER;
            let found = conn.sandbox().find(account.id, &natural_key(step), shown).await?;
            conn.give_back();
            Ok(found.map_or(Found::No, |id| Found::Yes { provider_id: id.to_string() }))
        })
    }

    fn try_out<'a>(&'a self, trial: &'a Trial, may_begin: &'a MayBegin<'a>) -> BoxFuture<'a, Delivery> {
        Box::pin(async move {
            let Trial { id, account, lead, content, at, .. } = trial;
            let (Ok(mut conn), Ok(content)) =
                (self.context.db.engine_conn(account.organization_id).await, serde_json::to_value(content))
            else {
                return NOT_BEGUN;
            };
            if !may_begin() {
                return TOO_LATE;
            }
            let key = super::trial::natural_key(*id);
            match conn.sandbox().take_trial((*id, &key), (account.id, lead.id), &content, *at).await {
                Ok(()) => {
                    conn.give_back();
                    Delivery::Sent { provider_id: id.to_string() }
                }
                Err(_) => Delivery::Unknown,
            }
        })
    }

    fn writes(&self) -> bool {
        true
    }

    fn write<'a>(&'a self, letter: &'a Letter, may_begin: &'a MayBegin<'a>) -> BoxFuture<'a, Delivery> {
        Box::pin(async move {
            let Letter { message, account } = letter;
            let mut conn = match self.context.db.engine_conn(message.organization_id).await {
                Ok(conn) if may_begin() => conn,
                Ok(_) => return TOO_LATE,
                Err(_) => return NOT_BEGUN,
            };
            let now = self.context.campaign_clock.now();
            let action = if account.channel == Channel::Email { NodeType::SendEmail } else { NodeType::SendFollowup };
            let content = serde_json::json!({ "subject": message.subject, "text": message.text });
            match conn.sandbox().take_letter(message, action, &content, now).await {
                Ok(Some(id)) => {
                    conn.give_back();
                    Delivery::Sent { provider_id: id.to_string() }
                }
                Ok(None) => TOO_LATE,
                Err(_) => Delivery::Unknown,
            }
        })
    }

    fn find_written<'a>(&'a self, letter: &'a Letter) -> BoxFuture<'a, Result<Found>> {
        Box::pin(async move {
            let mut conn = self.context.db.engine_conn(letter.message.organization_id).await?;
            let shown = self.context.campaign_clock.now() - SHOWS_AFTER;
            let found = conn.sandbox().find(letter.account.id, &letter.message.provider_key, shown).await?;
            conn.give_back();
            Ok(found.map_or(Found::No, |id| Found::Yes { provider_id: id.to_string() }))
        })
    }

    fn shows_within(&self) -> TimeDelta {
        SHOWS_AFTER + TimeDelta::seconds(1)
    }
}

fn character(behaviour: &SandboxBehaviour) -> Character {
    let SandboxBehaviour { acceptance, reply, auto_reply, bounce, unsubscribe, rate_error, silence } = *behaviour;
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

fn following(it: Happening, taken_at: DateTime<Utc>) -> NewHappening {
    let (kind, text) = match it.kind {
        HappeningKind::Accepted => ("accepted", None),
        HappeningKind::Replied { text } => ("replied", Some(text)),
        HappeningKind::AutoReplied { text } => ("auto_replied", Some(text)),
        HappeningKind::Bounced { permanent: true } => ("bounced", None),
        HappeningKind::Bounced { permanent: false } => ("bounced_for_now", None),
        HappeningKind::Unsubscribed => ("unsubscribed", None),
    };
    NewHappening { kind, text, due_at: taken_at + it.after }
}
