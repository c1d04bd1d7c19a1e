//! What makes a campaign.

use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use crate::{
    models::{
        AccountId, CampaignSettings, LeadListId,
        workflow::{Schedule, StopOn, Workflow},
    },
    services::campaigns::NewCampaign,
};

/// A campaign to be made. Only its name is needed now.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "name": "Founders, Berlin",
    "workflow": {
        "nodes": [
            {"id": "visit", "type": "profile_visit", "position": {"x": 0, "y": 0}},
            {"id": "invite", "type": "send_connection_request", "config": {"message": "Hi {{ first_name | default('there') }}"}},
            {"id": "chat", "type": "send_followup", "config": {"message": "Thanks for connecting, {{ first_name }}!"}},
            {"id": "take_back", "type": "withdraw_request"}
        ],
        "edges": [
            {"source": "visit", "target": "invite", "delay": {"value": 1, "unit": "days"}},
            {"source": "invite", "target": "chat", "condition": "accepted", "delay": {"value": 2, "unit": "hours"}},
            {"source": "invite", "target": "take_back", "condition": "not_accepted", "delay": {"value": 21, "unit": "days"}}
        ]
    },
    "schedule": {"timezone": "Europe/Berlin", "days": ["mon", "tue", "wed", "thu", "fri"], "start_time": "09:00", "end_time": "17:30"},
    "stop_on": ["reply", "unsubscribe", "bounce"]
}))]
pub struct CreateCampaignRequest {
    /// Its name.
    #[schema(min_length = 1, max_length = 200, pattern = r"\S")]
    pub name: String,
    /// The lists that it draws on.
    #[serde(default)]
    #[schema(max_items = 100)]
    pub lead_list_ids: Vec<LeadListId>,
    /// The accounts that it sends from.
    #[serde(default)]
    #[schema(max_items = 100)]
    pub account_ids: Vec<AccountId>,
    /// What it does.
    pub workflow: Option<Workflow>,
    /// When it does it.
    pub schedule: Option<Schedule>,
    /// What ends it for a lead before its last step; all three unless said otherwise.
    #[serde(default = "every_stop_rule")]
    #[schema(max_items = 3)]
    pub stop_on: Vec<StopOn>,
    /// Whom it leaves out; the defaults where nothing is said.
    pub settings: Option<CampaignSettings>,
}

fn every_stop_rule() -> Vec<StopOn> {
    StopOn::ALL.to_vec()
}

impl From<CreateCampaignRequest> for NewCampaign {
    fn from(request: CreateCampaignRequest) -> Self {
        let CreateCampaignRequest { name, lead_list_ids, account_ids, workflow, schedule, stop_on, settings } = request;
        let settings = settings.unwrap_or_default();
        Self { name, lead_list_ids, account_ids, workflow, schedule, stop_on, settings }
    }
}

/// How to copy a campaign.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"name": "Founders, Berlin, second try"}))]
pub struct DuplicateCampaignRequest {
    /// The copy's name; the original's with "(copy)" unless said otherwise.
    #[schema(min_length = 1, max_length = 200, pattern = r"\S")]
    pub name: Option<String>,
}
