//! What the engine writes down for people. An activity never says what was written.

use serde_json::{Map, Value, json};
use sqlx::types::Json;

use crate::{
    engine::planner::Skipped,
    models::{AccountId, Activity, ActivityId, CampaignId, Walk},
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

/// A way has come to an end, or its step was left out.
pub(super) fn reason(code: &str) -> Value {
    json!({ "reason": code })
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}
