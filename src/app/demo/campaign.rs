//! The demo's campaign: a draft over its first list, ready to be simulated and started in the sandbox.

use axum::extract::FromRef as _;

use crate::{
    models::{
        AccountId, AccountLimits, ActionLimitsChanges, CampaignSettings, Channel, LeadListId, SandboxBehaviour,
        page::{Direction, PageRequest},
        patch::Patch,
        workflow::{NodeType, Schedule, StopOn, Workflow},
    },
    repositories::OrgPerson,
    services::{AccountService, CampaignService, campaigns::NewCampaign, connected_accounts::NewSandboxAccount},
    state::AppState,
};

/// The same people's answers at every first start.
const SEED: i64 = 8058;

/// Makes two sandbox accounts and a draft that uses both.
pub(super) async fn seed(state: &AppState, person: &OrgPerson, list: LeadListId) -> anyhow::Result<()> {
    let linkedin = account(state, person, Channel::Linkedin, "Dana on LinkedIn (sandbox)").await?;
    let mailbox = account(state, person, Channel::Email, "Dana's mailbox (sandbox)").await?;
    let campaign = NewCampaign {
        name: "Founders, Europe: a first conversation".to_owned(),
        lead_list_ids: vec![list],
        account_ids: vec![linkedin, mailbox],
        workflow: Some(workflow()?),
        schedule: Some(schedule()?),
        stop_on: StopOn::ALL.to_vec(),
        settings: CampaignSettings::default(),
    };
    CampaignService::from_ref(state).create(person, campaign).await?;
    Ok(())
}

async fn account(state: &AppState, person: &OrgPerson, channel: Channel, name: &str) -> anyhow::Result<AccountId> {
    let accounts = AccountService::from_ref(state);
    let some = PageRequest { limit: 100, after: None, direction: Direction::Descending, include_total: false };
    let there = accounts.list(person, &some).await?.items;
    if let Some(there) = there.iter().find(|there| there.display_name == name) {
        return Ok(there.id);
    }
    let new = NewSandboxAccount {
        channel,
        display_name: name.to_owned(),
        email: (channel == Channel::Email).then(|| super::DEMO_EMAIL.to_owned()),
        limits: limits(channel),
        sending_window: None,
        spacing_seconds: None,
        seed: Some(SEED),
        behaviour: SandboxBehaviour::default(),
    };
    Ok(accounts.create_sandbox(person, new).await?.id)
}

/// More than anybody should do on LinkedIn, so that the demo is over soon.
fn limits(channel: Channel) -> AccountLimits {
    let usual = AccountLimits::of(channel);
    let generous = || ActionLimitsChanges {
        per_day: Patch::Set(200),
        per_week: Patch::Set(1_000),
        per_hour: Patch::Keep,
        per_domain_per_day: Patch::Keep,
    };
    let acts = [NodeType::ProfileVisit, NodeType::SendConnectionRequest, NodeType::SendFollowup, NodeType::SendEmail];
    let changes =
        acts.into_iter().filter(|act| act.channel() == Some(channel)).map(|act| (act, Patch::Set(generous())));
    usual.changed(channel, changes.collect()).unwrap_or(usual)
}

fn workflow() -> anyhow::Result<Workflow> {
    Ok(serde_json::from_value(serde_json::json!({
        "nodes": [
            {"id": "visit", "type": "profile_visit"},
            {"id": "invite", "type": "send_connection_request",
             "config": {"message": "{Hi|Hello} {{ first_name | default('there') }}, I follow what {{ company }} does. May I connect?"}},
            {"id": "chat", "type": "send_followup",
             "config": {"message": "Thanks for connecting, {{ first_name | default('there') }}! What keeps you busy at {{ company }} just now?"}},
            {"id": "mail", "type": "send_email", "config": {"variants": [
                {"weight": 1, "subject": "An idea for {{ company }}", "text": "{Hi|Hello} {{ first_name | default('there') }},\n\nwould a quarter of an hour next week suit you?\n\n{{ sender.first_name | default('Dana') }}"},
                {"weight": 1, "subject": "{{ company }}", "text": "{{ first_name | default('Hello') }}, one question: who looks after new customers at {{ company }}?\n\n{{ sender.first_name | default('Dana') }}"}]}},
            {"id": "bump", "type": "send_email", "config": {"thread": true, "variants": [
                {"weight": 1, "text": "{{ first_name | default('Hello') }}, did you see my mail?"}]}}
        ],
        "edges": [
            {"source": "visit", "target": "invite", "delay": {"value": 1, "unit": "hours"}},
            {"source": "invite", "target": "chat", "condition": "accepted", "delay": {"value": 2, "unit": "hours"}},
            {"source": "invite", "target": "mail", "condition": "not_accepted", "delay": {"value": 1, "unit": "days"}},
            {"source": "mail", "target": "bump", "delay": {"value": 6, "unit": "hours"}}
        ]
    }))?)
}

/// At any hour: nobody who tries it out at night should have to wait for the morning.
fn schedule() -> anyhow::Result<Schedule> {
    Ok(serde_json::from_value(serde_json::json!({
        "timezone": "Europe/Berlin", "use_lead_timezone": true, "days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"],
        "start_time": "00:00", "end_time": "24:00"
    }))?)
}
