//! What the engine writes down for people. An activity never says what was written.

use serde_json::{Map, Value, json};
use sqlx::types::Json;

use crate::{
    engine::planner::Skipped,
    models::{AccountId, Activity, ActivityId, CampaignId, ExecutionStatus, Stand, Walk},
    repositories::OrgTx,
};

/// What happened to a lead on its way through a campaign.
pub(super) fn happened(tx: &OrgTx, campaign: CampaignId, walk: &Walk, kind: &str, data: Value) -> Activity {
    Activity {
        id: ActivityId::new(tx.now()),
        organization_id: tx.organization_id(),
        r#type: kind.to_owned(),
        lead_id: Some(walk.lead_id),
        campaign_id: Some(campaign),
        execution_id: Some(walk.id),
        account_id: walk.account_id,
        user_id: tx.user_id(),
        data: Json(object(data)),
        occurred_at: tx.now(),
    }
}

/// The same, by or to an account.
pub(super) fn with_account(activity: Activity, account: impl Into<Option<AccountId>>) -> Activity {
    Activity { account_id: account.into(), ..activity }
}

/// Steps were left out that could not reach the lead.
pub(super) fn passed_over(
    tx: &OrgTx,
    campaign: CampaignId,
    walk: &Walk,
    skipped: &[Skipped],
) -> impl Iterator<Item = Activity> {
    skipped.iter().map(move |skip| {
        happened(tx, campaign, walk, "step_skipped", json!({ "node_id": skip.node, "reason": skip.reason }))
    })
}

/// A way has come to its end.
pub(super) fn ended(tx: &OrgTx, campaign: CampaignId, walk: &Walk, status: ExecutionStatus, why: &str) -> Activity {
    happened(tx, campaign, walk, &format!("execution_{}", status.as_str()), reason(why))
}

/// The same, if the lead stands at the end of its way from now on.
pub(super) fn end_of(tx: &OrgTx, campaign: CampaignId, walk: &Walk, stand: &Stand) -> Option<Activity> {
    match (stand.status, stand.status_reason.as_deref()) {
        (ExecutionStatus::Completed, _) => Some(happened(tx, campaign, walk, "execution_completed", json!({}))),
        (ExecutionStatus::Stopped, why) => Some(ended(tx, campaign, walk, stand.status, why.unwrap_or("stopped"))),
        _ => None,
    }
}

/// Why a way has come to an end, or its step was left out.
pub(super) fn reason(code: &str) -> Value {
    json!({ "reason": code })
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}
