//! Webhook steps: nobody's account makes them, so that no hours and no limits hold for them, and a receiver can tell a repetition by its id. What
//! a receiver does not say that it has is called again under the same id, whether it is known to be unsent or not: at least once.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use chrono::TimeDelta;
use futures::{StreamExt as _, stream};
use serde_json::{Value, json};
use url::Url;

use super::{
    RunService,
    deliver::{Delivery, NOT_BEGUN, TOO_LATE},
    fate::{Dispatch, Fate, Judge},
};
use crate::{
    errors::{AppError, Result},
    integrations::webhooks::{WebhookCall, WebhookOutcome},
    models::{
        Activity, CampaignId, ExecutionStep, Lead, OrganizationId, Rule, SigningSecret, Stand, Walk,
        workflow::{Node, WebhookConfig},
    },
    repositories::CampaignRun,
    services::webhook_secrets,
};

/// Calls of one step of a campaign that are on their way at a time.
const AT_A_TIME: usize = 8;
/// How long the calls of a batch may hold up other campaigns: what has not begun by then has its turn again.
const TURN: Duration = Duration::from_secs(10);
/// How long after an attempt that its receiver did not take the next follows, as at Svix; after the last one a person is asked.
const PAUSES: [TimeDelta; 6] = [
    TimeDelta::minutes(1),
    TimeDelta::minutes(5),
    TimeDelta::minutes(30),
    TimeDelta::hours(2),
    TimeDelta::hours(5),
    TimeDelta::hours(10),
];
/// The longest that a receiver may ask us to wait.
const LONGEST_WAIT: TimeDelta = TimeDelta::hours(24);
/// How long the others wait when a receiver takes nothing now.
const REST: TimeDelta = TimeDelta::minutes(1);
/// How long after an attempt that we broke off the next follows.
const BREATH: TimeDelta = TimeDelta::seconds(5);

/// Its receiver took nothing just before.
const RESTS: Delivery = Delivery::NotSent { reason: "webhook_rests", rest: None, ours: true };
/// Whoever called died, or did not come to write down what became of it. It is called again under the same id.
pub(super) const LOST: Delivery = Delivery::NotSent { reason: "webhook_outcome_lost", rest: None, ours: true };

/// A webhook that is to be called for a lead.
pub(super) struct Call {
    pub(super) step: ExecutionStep,
    pub(super) lead: Lead,
    pub(super) url: Url,
    pub(super) campaign_name: String,
}

impl Call {
    /// The call of a step; none if the workflow has no address for it.
    pub(super) fn of(run: &CampaignRun, step: ExecutionStep, lead: Lead) -> Option<Self> {
        let node = run.workflow.nodes.iter().find(|node| node.id == step.node_id)?;
        let url = address(node)?;
        Some(Self { step, lead, url, campaign_name: run.name.clone() })
    }

    /// By what a receiver tells a repetition: the same for every attempt of the step.
    fn id(&self) -> String {
        format!("{}_{}", self.step.execution_id, self.step.node_id)
    }

    /// What the receiver is told.
    fn body(&self) -> Result<Vec<u8>> {
        let Self { step, lead, campaign_name, .. } = self;
        let body = json!({
            "type": "campaign.step",
            "timestamp": step.sending_at,
            "data": {
                "organization_id": step.organization_id,
                "campaign": campaign(step.campaign_id, campaign_name),
                "execution_id": step.execution_id,
                "node_id": step.node_id,
                "attempt": step.attempt,
                "lead": told_of(lead),
            },
        });
        serde_json::to_vec(&body).map_err(AppError::internal)
    }
}

fn campaign(id: CampaignId, name: &str) -> Value {
    json!({ "id": id, "name": name })
}

/// All that a lead is, as the API shows it.
fn told_of(lead: &Lead) -> Value {
    json!({
        "id": lead.id, "external_id": lead.external_id, "first_name": lead.first_name, "last_name": lead.last_name,
        "full_name": lead.full_name, "email": lead.email, "phone": lead.phone, "title": lead.title, "company": lead.company,
        "company_domain": lead.company_domain, "industry": lead.industry, "location": lead.location, "country": lead.country,
        "linkedin_url": lead.linkedin_url, "timezone": lead.timezone, "status": lead.status, "source": lead.source, "tags": lead.tags,
        "custom_fields": lead.custom_fields.0,
    })
}

/// Where a webhook step posts to.
fn address(node: &Node) -> Option<Url> {
    match &node.action {
        crate::models::workflow::Action::Webhook(WebhookConfig { url: Some(url) }) => url.parse().ok(),
        _ => None,
    }
}

impl RunService {
    /// Makes calls: some at a time of each step, and no more of a step whose receiver takes nothing now.
    pub(super) async fn call_all(
        &self,
        organization: OrganizationId,
        calls: Vec<Call>,
        claimed_at: Duration,
    ) -> Vec<(ExecutionStep, Delivery)> {
        if calls.is_empty() {
            return Vec::new();
        }
        let secrets = match self.secrets(organization).await {
            Ok(secrets) => secrets,
            Err(error) => {
                tracing::error!(%organization, code = error.code(), cause = error.causes(), "webhooks cannot be signed");
                return calls.into_iter().map(|call| (call.step, NOT_BEGUN)).collect();
            }
        };
        let mut by_step: BTreeMap<String, Vec<Call>> = BTreeMap::new();
        for call in calls {
            by_step.entry(call.step.node_id.clone()).or_default().push(call);
        }
        let secrets = &secrets;
        let groups = by_step.into_values().map(|calls| async move {
            let rests = &AtomicBool::new(false);
            let made = stream::iter(calls).map(|call| async move {
                let delivery = self.call_unless(rests, &call, secrets, claimed_at).await;
                (call.step, delivery)
            });
            made.buffer_unordered(AT_A_TIME).collect::<Vec<_>>().await
        });
        futures::future::join_all(groups).await.concat()
    }

    async fn call_unless(
        &self,
        rests: &AtomicBool,
        call: &Call,
        secrets: &[SigningSecret],
        claimed_at: Duration,
    ) -> Delivery {
        if rests.load(Ordering::Relaxed) {
            return RESTS;
        }
        if self.context.campaign_clock.monotonic().saturating_sub(claimed_at) > TURN {
            return TOO_LATE;
        }
        let called = tokio::time::timeout(self.lease().timeout(), self.call(call, secrets, claimed_at)).await;
        let no_answer = Delivery::NotSent { reason: "webhook_no_answer", rest: None, ours: false };
        let delivery = called.unwrap_or(no_answer);
        if matches!(delivery, Delivery::NotSent { ours: false, .. }) {
            rests.store(true, Ordering::Relaxed);
        }
        delivery
    }

    async fn call(&self, call: &Call, secrets: &[SigningSecret], claimed_at: Duration) -> Delivery {
        let step = &call.step;
        let body = match self.may_call(step).await {
            Ok(true) => call.body(),
            Ok(false) => return NOT_BEGUN,
            Err(error) => Err(error),
        };
        let body = match body {
            Ok(body) => body,
            Err(error) => {
                tracing::warn!(step = %step.id, code = error.code(), cause = error.causes(), "a webhook was not called");
                return NOT_BEGUN;
            }
        };
        let passed = self.context.campaign_clock.monotonic().saturating_sub(claimed_at);
        if !self.lease().outlasts_a_send(passed) {
            return TOO_LATE;
        }
        let secrets: Vec<&str> = secrets.iter().map(SigningSecret::expose).collect();
        // A receiver holds the time against its own clock, and not against that of a campaign that is tried out.
        let timestamp = self.context.clock.now().timestamp();
        let request = WebhookCall { url: &call.url, id: &call.id(), timestamp, body: &body };
        outcome(step, self.context.outbound.call(request, &secrets).await)
    }

    async fn may_call(&self, step: &ExecutionStep) -> Result<bool> {
        let mut conn = self.context.db.engine_conn(step.organization_id).await?;
        let mine = conn.steps().is_mine(step.id, step.token).await?;
        conn.give_back();
        Ok(mine)
    }

    /// What the organization's calls are signed with; nothing if it has made no secret.
    async fn secrets(&self, organization: OrganizationId) -> Result<Vec<SigningSecret>> {
        let mut conn = self.context.db.engine_conn(organization).await?;
        let stored = conn.webhook_secrets().find().await?;
        conn.give_back();
        let now = self.context.clock.now();
        stored.map_or(Ok(Vec::new()), |stored| webhook_secrets::open(&self.cipher, organization, stored, now))
    }
}

fn outcome(step: &ExecutionStep, outcome: WebhookOutcome) -> Delivery {
    match outcome {
        WebhookOutcome::Taken { status } => Delivery::Sent { provider_id: status.to_string() },
        WebhookOutcome::Later { reason, detail, after } => {
            tracing::info!(step = %step.id, reason, detail, "a webhook was not taken");
            let rest = after.and_then(|after| TimeDelta::from_std(after).ok()).map(|after| after.min(LONGEST_WAIT));
            Delivery::NotSent { reason, rest, ours: false }
        }
        WebhookOutcome::Never { reason, detail } => {
            tracing::info!(step = %step.id, reason, detail, "a webhook was refused");
            Delivery::Refused { reason, detail: Some(detail) }
        }
    }
}

impl Judge<'_> {
    /// A webhook whose instant has come.
    pub(super) fn calls(&mut self, walk: Walk, lead: &Lead, node: &Node) -> Fate {
        let now = self.tx.now();
        let end = self.run.schedule.as_deref().and_then(|schedule| schedule.end_at);
        if end.is_some_and(|end| end <= now) {
            return self.replan(&walk, lead, node, now, Rule::EndAt);
        }
        if address(node).is_none() {
            return Fate::Stands(held(&walk, "The workflow has no address for this webhook."), Vec::new());
        }
        let closes = end.unwrap_or(chrono::DateTime::<chrono::Utc>::MAX_UTC);
        let action = node.node_type();
        Fate::Sends(Dispatch { node_id: node.id.clone(), action, account: None, content: None, closes, walk })
    }

    /// Where a lead stands whose webhook was not taken, and whether the step has failed with it.
    pub(super) fn not_called(
        &mut self,
        (walk, lead): (&Walk, &Lead),
        step: &ExecutionStep,
        delivery: &Delivery,
        refusals: i64,
    ) -> ((Stand, Option<Activity>), bool) {
        let (rest, ours, reason) = match delivery {
            Delivery::NotSent { reason, rest, ours } => (*rest, *ours, *reason),
            Delivery::Refused { detail, .. } => {
                let detail = detail.as_deref().unwrap_or("The webhook refused the call.");
                return ((held(walk, detail), None), true);
            }
            _ => (None, true, ""),
        };
        let pause = match (ours, reason == "webhook_rests") {
            (true, true) => REST,
            (true, false) => BREATH,
            (false, _) => {
                let tried = usize::try_from(refusals - 1).unwrap_or(0);
                let Some(pause) = PAUSES.get(tried) else {
                    let detail = format!("The webhook took nothing in {} attempts: {reason}.", PAUSES.len() + 1);
                    return ((held(walk, &detail), None), true);
                };
                rest.map_or(*pause, |rest| rest.max(*pause))
            }
        };
        (self.once_more(walk, lead, step, pause), false)
    }
}

/// It waits for the workflow's, the lead's or the receiver's being mended.
fn held(walk: &Walk, detail: &str) -> Stand {
    Stand::held(walk, "webhook_failed", detail.to_owned())
}
