//! A merge patch of a campaign (RFC 7396). Its documents are objects and are merged field by field; the arrays in them are replaced.

use chrono::{DateTime, Utc};
use sqlx::types::Json;

use crate::models::{
    AccountId, Campaign, CampaignSettings, LateAcceptance, LeadListId,
    patch::Patch,
    workflow::{Edge, Node, Schedule, StopOn, Weekday, Workflow},
};

/// A merge patch of a campaign.
#[derive(Debug, Default)]
pub struct CampaignChanges {
    /// A new name.
    pub name: Option<String>,
    /// Other lists.
    pub lead_list_ids: Option<Vec<LeadListId>>,
    /// Other accounts.
    pub account_ids: Option<Vec<AccountId>>,
    /// Another workflow, or none.
    pub workflow: Patch<WorkflowChanges>,
    /// Another schedule, or none.
    pub schedule: Patch<ScheduleChanges>,
    /// Other stop rules.
    pub stop_on: Option<Vec<StopOn>>,
    /// Other settings, or the defaults.
    pub settings: Patch<SettingsChanges>,
}

/// A merge patch of a campaign's settings; what is cleared is at its default.
#[derive(Debug, Default)]
pub struct SettingsChanges {
    /// After how many days a lead may be written to again.
    pub skip_contacted_within_days: Patch<i32>,
    /// Whether leads that are under way elsewhere are left out.
    pub skip_in_another_campaign: Patch<bool>,
    /// How many messages it sends on a day.
    pub messages_per_day: Patch<i32>,
    /// What becomes of a lead that accepts late.
    pub late_acceptance: Patch<LateAcceptance>,
    /// Whether it is seen that mails are opened.
    pub track_opens: Patch<bool>,
    /// Whether it is seen that links are followed.
    pub track_clicks: Patch<bool>,
}

/// A merge patch of a workflow.
#[derive(Debug, Default)]
pub struct WorkflowChanges {
    /// Other steps.
    pub nodes: Patch<Vec<Node>>,
    /// Other ways between them.
    pub edges: Patch<Vec<Edge>>,
}

/// A merge patch of a schedule.
#[derive(Debug, Default)]
pub struct ScheduleChanges {
    /// Another time zone.
    pub timezone: Patch<String>,
    /// Whether the lead's own zone is taken.
    pub use_lead_timezone: Patch<bool>,
    /// Other days.
    pub days: Patch<Vec<Weekday>>,
    /// Another opening.
    pub start_time: Patch<String>,
    /// Another closing.
    pub end_time: Patch<String>,
    /// Another beginning.
    pub start_at: Patch<DateTime<Utc>>,
    /// Another end.
    pub end_at: Patch<DateTime<Utc>>,
    /// Another number of leads that begin on one day.
    pub new_leads_per_day: Patch<i64>,
}

impl CampaignChanges {
    /// Changes `campaign`, and answers the lists and accounts that it then has.
    pub(super) fn apply(
        self,
        campaign: &mut Campaign,
        lists: Vec<LeadListId>,
        accounts: Vec<AccountId>,
    ) -> (Vec<LeadListId>, Vec<AccountId>) {
        let Self { name, lead_list_ids, account_ids, workflow, schedule, stop_on, settings } = self;
        campaign.name = name.unwrap_or_else(|| std::mem::take(&mut campaign.name));
        campaign.workflow = merged(campaign.workflow.take(), workflow, WorkflowChanges::apply);
        campaign.schedule = merged(campaign.schedule.take(), schedule, ScheduleChanges::apply);
        campaign.stop_on = stop_on.unwrap_or_else(|| std::mem::take(&mut campaign.stop_on));
        campaign.settings.0 = match settings {
            Patch::Keep => campaign.settings.0.clone(),
            Patch::Clear => CampaignSettings::default(),
            Patch::Set(changes) => changes.apply(&campaign.settings.0),
        };
        (lead_list_ids.unwrap_or(lists), account_ids.unwrap_or(accounts))
    }
}

/// A patch onto nothing is one onto an empty document.
fn merged<D: Default, C>(present: Option<Json<D>>, patch: Patch<C>, apply: impl FnOnce(C, D) -> D) -> Option<Json<D>> {
    match patch {
        Patch::Keep => present,
        Patch::Clear => None,
        Patch::Set(changes) => Some(Json(apply(changes, present.map(|document| document.0).unwrap_or_default()))),
    }
}

impl SettingsChanges {
    fn apply(self, settings: &CampaignSettings) -> CampaignSettings {
        let Self {
            skip_contacted_within_days,
            skip_in_another_campaign,
            messages_per_day,
            late_acceptance,
            track_opens,
            track_clicks,
        } = self;
        CampaignSettings {
            skip_contacted_within_days: skip_contacted_within_days.apply(settings.skip_contacted_within_days),
            skip_in_another_campaign: skip_in_another_campaign
                .apply(Some(settings.skip_in_another_campaign))
                .unwrap_or(true),
            messages_per_day: messages_per_day.apply(settings.messages_per_day),
            late_acceptance: late_acceptance.apply(Some(settings.late_acceptance)).unwrap_or(LateAcceptance::Note),
            track_opens: track_opens.apply(Some(settings.track_opens)).unwrap_or(false),
            track_clicks: track_clicks.apply(Some(settings.track_clicks)).unwrap_or(false),
        }
    }
}

impl WorkflowChanges {
    fn apply(self, workflow: Workflow) -> Workflow {
        let Self { nodes, edges } = self;
        Workflow {
            nodes: nodes.apply(Some(workflow.nodes)).unwrap_or_default(),
            edges: edges.apply(Some(workflow.edges)).unwrap_or_default(),
        }
    }
}

impl ScheduleChanges {
    fn apply(self, schedule: Schedule) -> Schedule {
        let Self { timezone, use_lead_timezone, days, start_time, end_time, start_at, end_at, new_leads_per_day } =
            self;
        Schedule {
            timezone: timezone.apply(schedule.timezone),
            use_lead_timezone: use_lead_timezone.apply(Some(schedule.use_lead_timezone)).unwrap_or_default(),
            days: days.apply(Some(schedule.days)).unwrap_or_default(),
            start_time: start_time.apply(schedule.start_time),
            end_time: end_time.apply(schedule.end_time),
            start_at: start_at.apply(schedule.start_at),
            end_at: end_at.apply(schedule.end_at),
            new_leads_per_day: new_leads_per_day.apply(schedule.new_leads_per_day),
        }
    }
}
