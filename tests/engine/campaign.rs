//! A campaign that can start, and what it is changed into.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use clento::{
    engine::workflow::{CampaignInput, ConnectedChannel, LinkedinTier, validate},
    errors::Fault,
    models::{
        LeadListStatus,
        workflow::{Schedule, StopOn, Workflow},
    },
};
use serde_json::{Value, json};

/// A campaign as a person writes it, with what is known around it.
pub(crate) struct Campaign {
    pub(crate) workflow: Value,
    pub(crate) schedule: Value,
    pub(crate) stop_on: Value,
    pub(crate) channels: Vec<ConnectedChannel>,
    pub(crate) lead_lists: Vec<LeadListStatus>,
    pub(crate) custom_fields: BTreeSet<String>,
    pub(crate) now: DateTime<Utc>,
}

/// The example of the API's documentation, with a free LinkedIn account and a mailbox.
pub(crate) fn example() -> Campaign {
    Campaign {
        workflow: json!({
            "nodes": [
                {"id": "visit",  "type": "profile_visit", "position": {"x": 0, "y": 0}},
                {"id": "invite", "type": "send_connection_request", "config": {"message": "Hi {{ first_name | default('there') }} …"}},
                {"id": "chat",   "type": "send_followup", "config": {"message": "Thanks for connecting, {{ first_name }}!"}},
                {"id": "mail",   "type": "send_email", "config": {"variants": [{"weight": 1, "subject": "…", "text": "…", "html": "…"}]}},
                {"id": "bump",   "type": "send_email", "config": {"thread": true, "variants": [{"weight": 1, "text": "…"}]}}],
            "edges": [
                {"source": "visit",  "target": "invite", "delay": {"value": 1, "unit": "days"}},
                {"source": "invite", "target": "chat", "condition": "accepted", "delay": {"value": 2, "unit": "hours"}},
                {"source": "invite", "target": "mail", "condition": "not_accepted", "delay": {"value": 7, "unit": "days"}},
                {"source": "mail",   "target": "bump", "delay": {"value": 3, "unit": "days"}}]}),
        schedule: json!({
            "timezone": "Europe/Berlin", "use_lead_timezone": true, "days": ["mon", "tue", "wed", "thu", "fri"],
            "start_time": "09:00", "end_time": "17:30", "start_at": null, "end_at": null, "new_leads_per_day": 50}),
        stop_on: json!(["reply", "unsubscribe", "bounce"]),
        channels: vec![ConnectedChannel::linkedin(LinkedinTier::Free), ConnectedChannel::mailbox()],
        lead_lists: vec![LeadListStatus::Active],
        custom_fields: BTreeSet::from(["seniority".into(), "last round".into()]),
        now: "2026-11-23T08:00:00Z".parse().unwrap(),
    }
}

/// The example with another workflow and a paid LinkedIn account.
pub(crate) fn with_workflow(nodes: Value, edges: Value) -> Campaign {
    let channels = vec![ConnectedChannel::linkedin(LinkedinTier::Paid), ConnectedChannel::mailbox()];
    Campaign { workflow: json!({"nodes": nodes, "edges": edges}), channels, ..example() }
}

/// The example with a single node.
pub(crate) fn with_node(node_type: &str, config: Value) -> Campaign {
    with_workflow(json!([{"id": "only", "type": node_type, "config": config}]), json!([]))
}

impl Campaign {
    pub(crate) fn faults(&self) -> Vec<Fault> {
        let workflow: Option<Workflow> = serde_json::from_value(self.workflow.clone()).unwrap();
        let schedule: Option<Schedule> = serde_json::from_value(self.schedule.clone()).unwrap();
        let stop_on: Vec<StopOn> = serde_json::from_value(self.stop_on.clone()).unwrap();
        validate(&CampaignInput {
            workflow: workflow.as_ref(),
            schedule: schedule.as_ref(),
            stop_on: &stop_on,
            channels: &self.channels,
            lead_lists: &self.lead_lists,
            custom_fields: &self.custom_fields,
            now: self.now,
        })
    }

    /// Holds what is said against what is expected: (place, code), in order.
    #[track_caller]
    pub(crate) fn must_say(&self, expected: &[(&str, &str)]) {
        let faults = self.faults();
        let said: Vec<(&str, &str)> = faults.iter().map(|fault| (&*fault.pointer, &*fault.code)).collect();
        assert_eq!(said, expected, "{faults:#?}");
    }
}

#[test]
fn the_documented_example_can_start() {
    example().must_say(&[]);
}

#[test]
fn an_empty_draft_is_told_all_that_it_needs() {
    let nothing = Campaign {
        workflow: Value::Null,
        schedule: Value::Null,
        stop_on: json!([]),
        channels: Vec::new(),
        lead_lists: vec![],
        ..example()
    };
    nothing.must_say(&[
        ("/lead_list_ids", "no_lead_lists"),
        ("/account_ids", "no_accounts"),
        ("/workflow", "missing_workflow"),
        ("/schedule", "missing_schedule"),
    ]);
    let empty = Campaign { workflow: json!({}), schedule: json!({}), ..nothing };
    empty.must_say(&[
        ("/lead_list_ids", "no_lead_lists"),
        ("/account_ids", "no_accounts"),
        ("/workflow/nodes", "no_nodes"),
        ("/schedule/timezone", "missing_timezone"),
        ("/schedule/days", "no_days"),
        ("/schedule/start_time", "missing_time"),
        ("/schedule/end_time", "missing_time"),
    ]);
}

#[test]
fn an_archived_list_is_named_by_its_place() {
    let lead_lists = vec![LeadListStatus::Active, LeadListStatus::Archived];
    Campaign { lead_lists, ..example() }.must_say(&[("/lead_list_ids/1", "archived_lead_list")]);
}

#[test]
fn each_step_needs_an_account_that_can_do_it() {
    let mailbox_only = Campaign { channels: vec![ConnectedChannel::mailbox()], ..example() };
    mailbox_only.must_say(&[
        ("/workflow/nodes/0/type", "no_connected_account"),
        ("/workflow/nodes/1/type", "no_connected_account"),
        ("/workflow/nodes/2/type", "no_connected_account"),
    ]);
    assert_eq!(mailbox_only.faults()[0].detail, "No connected account can do this: profile_visit.");
    let linkedin_only = Campaign { channels: vec![ConnectedChannel::linkedin(LinkedinTier::Free)], ..example() };
    linkedin_only.must_say(&[
        ("/workflow/nodes/3/type", "no_connected_account"),
        ("/workflow/nodes/4/type", "no_connected_account"),
    ]);
    let inmail = json!({"subject": "Hi", "message": "Hi"});
    with_node("send_inmail", inmail.clone()).must_say(&[]);
    let free = Campaign { channels: example().channels, ..with_node("send_inmail", inmail) };
    free.must_say(&[("/workflow/nodes/0/type", "no_connected_account")]);
}

#[test]
fn a_campaign_that_only_tells_another_system_needs_no_account() {
    let url = json!({"url": "https://hooks.example.com/"});
    Campaign { channels: Vec::new(), ..with_node("webhook", url) }.must_say(&[]);
}

#[test]
fn a_stop_rule_is_listed_once() {
    Campaign { stop_on: json!([]), ..example() }.must_say(&[]);
    Campaign { stop_on: json!(["reply", "bounce", "reply"]), ..example() }
        .must_say(&[("/stop_on/2", "duplicate_stop_rule")]);
}
