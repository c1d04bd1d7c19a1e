use std::collections::HashMap;

use chrono_tz::Tz;
use proptest::prelude::*;
use serde_json::json;
use uuid::Uuid;

use super::*;
use crate::{
    engine::{
        book::{
            AccountBook, AccountTerms,
            tests::{schedule, terms, window},
        },
        calendar::{WorkingHours, local_day, local_hour},
        message::tests::{lead, sender},
        planner::{Decision, Plan},
        route::Answer,
    },
    models::{
        Channel, ConnectedAccount, Lead,
        workflow::{Node, Schedule, Workflow},
    },
};

mod properties;

const BERLIN: Tz = Tz::Europe__Berlin;

fn utc(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn pending(id: u128) -> SimulatedLead {
    let lead = LeadId(Uuid::from_u128(id));
    let traveller = Traveller { lead, zone: None, linkedin: None, email: None, has_linkedin: true, has_email: true };
    SimulatedLead {
        traveller,
        addressee: Addressee::default(),
        answers: BTreeMap::new(),
        had: BTreeSet::new(),
        barred_until: None,
        stand: Standing::Pending,
    }
}

fn account(id: u128, channel: Channel, limits: &serde_json::Value) -> AccountTerms {
    let window = Some(window(BERLIN, "mon tue wed thu fri", "08:00", "19:00"));
    AccountTerms { window, spacing: 60, ..terms(id, channel, limits) }
}

fn books(accounts: &[AccountTerms]) -> Books {
    Books::new(accounts.iter().cloned().map(AccountBook::new).collect())
}

fn means(accounts: &[AccountTerms]) -> Means {
    Means { books: books(accounts), ..Means::default() }
}

fn premises(now: &str, assume: Assume, weeks: i64) -> Premises {
    Premises { now: utc(now), begin_at: None, assume, horizon: TimeDelta::weeks(weeks) }
}

fn usual() -> Workflow {
    serde_json::from_value(json!({
        "nodes": [
            {"id": "visit", "type": "profile_visit"}, {"id": "invite", "type": "send_connection_request"},
            {"id": "chat", "type": "send_followup"}, {"id": "mail", "type": "send_email"}, {"id": "bump", "type": "send_email"}
        ],
        "edges": [
            {"source": "visit", "target": "invite", "delay": {"value": 1, "unit": "days"}},
            {"source": "invite", "target": "chat", "condition": "accepted", "delay": {"value": 2, "unit": "hours"}},
            {"source": "invite", "target": "mail", "condition": "not_accepted", "delay": {"value": 7, "unit": "days"}},
            {"source": "mail", "target": "bump", "delay": {"value": 3, "unit": "days"}}
        ]
    }))
    .unwrap()
}

fn office() -> Schedule {
    schedule(BERLIN, "mon tue wed thu fri", "09:00", "17:30")
}

fn days(simulation: &Simulation) -> Vec<String> {
    let day =
        |action: &SimulatedAction| format!("{} {}", action.node, action.at.with_timezone(&BERLIN).format("%a %d"));
    simulation.actions.iter().map(day).collect()
}

#[test]
fn the_calendar_of_a_small_campaign() {
    let (workflow, schedule) = (usual(), office());
    let planner = Planner::new(&workflow, &schedule).unwrap();
    let accounts = [
        account(1, Channel::Linkedin, &json!({"profile_visit": {"per_day": 1}})),
        account(2, Channel::Email, &json!({})),
    ];
    let run = |assume| {
        simulate(&planner, means(&accounts), vec![pending(1), pending(2)], &premises("2026-03-05T09:00:00Z", assume, 8))
    };
    let never = run(Assume::NeverAccepted);
    // The second lead waits for the first one's visit: one a day. Friday's wait of a day ends on Monday.
    assert_eq!(
        days(&never),
        [
            "visit Thu 05",
            "visit Fri 06",
            "invite Fri 06",
            "invite Mon 09",
            "mail Fri 13",
            "mail Mon 16",
            "bump Mon 16",
            "bump Thu 19",
        ]
    );
    assert_eq!((never.ends.completed, never.never_begun.len()), (2, 0));
    assert_eq!(
        (never.first_at, never.last_at),
        (never.actions.first().map(|a| a.at), never.actions.last().map(|a| a.at))
    );
    let accepted = run(Assume::Accepted { after: TimeDelta::days(1) });
    assert_eq!(
        days(&accepted),
        ["visit Thu 05", "visit Fri 06", "invite Fri 06", "invite Mon 09", "chat Mon 09", "chat Tue 10"]
    );
    assert_ne!(never.hash, accepted.hash);
    assert_eq!(run(Assume::NeverAccepted), never);
}

#[test]
fn a_simulation_ends_at_its_horizon_and_tells_who_has_not_begun() {
    let (workflow, schedule) = (usual(), Schedule { new_leads_per_day: Some(3), ..office() });
    let planner = Planner::new(&workflow, &schedule).unwrap();
    let accounts = [account(1, Channel::Linkedin, &json!({})), account(2, Channel::Email, &json!({}))];
    let leads: Vec<_> = (0..20).map(pending).collect();
    let premises = premises("2026-03-02T06:00:00Z", Assume::NeverAccepted, 1);
    let simulation = simulate(&planner, means(&accounts), leads, &premises);
    // Three on each working day, and three on the Monday after.
    assert_eq!(simulation.ends, Ends { under_way: 18, ..Ends::default() });
    let left: Vec<_> = simulation.never_begun.iter().map(|(lead, rule)| (lead.0.as_u128(), *rule)).collect();
    assert_eq!(left, (18..20).map(|id| (id, Rule::NewLeadsPerDay)).collect::<Vec<_>>());
    assert!(simulation.actions.iter().all(|action| action.at <= premises.now + premises.horizon));
}

#[test]
fn what_is_left_of_a_campaign_goes_on_from_where_each_lead_stands() {
    let (workflow, schedule) = (usual(), office());
    let planner = Planner::new(&workflow, &schedule).unwrap();
    let accounts = [account(1, Channel::Linkedin, &json!({})), account(2, Channel::Email, &json!({}))];
    let [linkedin, mailbox] = [1, 2].map(|id| AccountId(Uuid::from_u128(id)));
    let mut books = books(&accounts);
    let (due, late) = (utc("2026-03-04T10:00:00Z"), utc("2026-03-01T10:00:00Z"));
    books.get_mut(linkedin).unwrap().placed(NodeType::SendConnectionRequest, due);
    books.get_mut(mailbox).unwrap().placed(NodeType::SendEmail, late);
    let stand = |id, stand| {
        let mut lead = SimulatedLead { stand, ..pending(id) };
        lead.traveller.keep(Channel::Linkedin, linkedin);
        lead.traveller.keep(Channel::Email, mailbox);
        lead
    };
    let leads = vec![
        stand(1, Standing::Due { node: "invite".into(), account: Some(linkedin), at: due, moves: Vec::new() }),
        stand(2, Standing::Due { node: "bump".into(), account: Some(mailbox), at: late, moves: Vec::new() }),
        stand(3, Standing::Awaiting { node: "invite".into(), since: late, until: late + TimeDelta::days(7) }),
        stand(4, Standing::Due { node: "lost".into(), account: None, at: due, moves: Vec::new() }),
    ];
    let assume = Assume::Accepted { after: TimeDelta::hours(2) };
    let simulation =
        simulate(&planner, Means { books, ..Means::default() }, leads, &premises("2026-03-03T08:00:00Z", assume, 8));
    // The mail that is late is sent at once; who accepted long ago is written to two hours from now.
    assert_eq!(days(&simulation), ["bump Tue 03", "chat Tue 03", "invite Wed 04", "chat Wed 04"]);
    assert_eq!(simulation.actions[2].at, due, "what was promised is kept");
    assert_eq!(simulation.ends, Ends { completed: 3, gone: 1, ..Ends::default() });
}

#[test]
fn a_condition_is_answered_for_each_lead_when_it_is_due() {
    let workflow: Workflow = serde_json::from_value(json!({
        "nodes": [{"id": "boss", "type": "condition"}, {"id": "call", "type": "webhook"}, {"id": "wait", "type": "wait"}],
        "edges": [
            {"source": "boss", "target": "call", "condition": "true"}, {"source": "boss", "target": "wait", "condition": "false"}
        ]
    }))
    .unwrap();
    let schedule = office();
    let planner = Planner::new(&workflow, &schedule).unwrap();
    let boss = SimulatedLead { answers: BTreeMap::from([("boss".into(), true)]), ..pending(1) };
    let leads = vec![boss, pending(2)];
    let simulation = simulate(&planner, means(&[]), leads, &premises("2026-03-02T06:00:00Z", Assume::NeverAccepted, 1));
    assert_eq!(days(&simulation), ["call Mon 02"], "waits and conditions are nothing that anybody sees");
    assert_eq!(simulation.ends.completed, 2);
}

#[test]
fn who_is_on_the_way_comes_before_who_begins_at_the_same_instant() {
    let workflow: Workflow = serde_json::from_value(json!({
        "nodes": [{"id": "mail", "type": "send_email"}, {"id": "wait", "type": "wait"}, {"id": "bump", "type": "send_email"}],
        "edges": [{"source": "mail", "target": "wait"}, {"source": "wait", "target": "bump"}]
    }))
    .unwrap();
    let schedule = office();
    let planner = Planner::new(&workflow, &schedule).unwrap();
    let midnight = utc("2026-03-02T23:00:00Z");
    let on_the_way = Standing::Due { node: "wait".into(), account: None, at: midnight, moves: Vec::new() };
    let leads = vec![pending(1), SimulatedLead { stand: on_the_way, ..pending(2) }];
    let accounts = [account(1, Channel::Email, &json!({"send_email": {"per_day": 1}}))];
    let premises = Premises { begin_at: Some(midnight), ..premises("2026-03-02T20:00:00Z", Assume::NeverAccepted, 8) };
    assert_eq!(
        days(&simulate(&planner, means(&accounts), leads, &premises)),
        ["bump Tue 03", "mail Wed 04", "bump Thu 05"]
    );
}

#[test]
fn a_campaign_that_is_over_begins_nobody_any_more() {
    let (workflow, end_at) = (usual(), Some(utc("2026-03-04T12:00:00Z")));
    let schedule = Schedule { end_at, new_leads_per_day: Some(1), ..office() };
    let planner = Planner::new(&workflow, &schedule).unwrap();
    let accounts = [account(1, Channel::Linkedin, &json!({})), account(2, Channel::Email, &json!({}))];
    let leads: Vec<_> = (0..5).map(pending).collect();
    let simulation =
        simulate(&planner, means(&accounts), leads, &premises("2026-03-02T06:00:00Z", Assume::NeverAccepted, 8));
    assert_eq!(days(&simulation), ["visit Mon 02", "visit Tue 03", "invite Tue 03", "visit Wed 04", "invite Wed 04"]);
    assert_eq!(simulation.ends.never, BTreeMap::from([(Rule::EndAt, 3)]));
    assert_eq!(simulation.never_begun.len(), 2);
}

#[test]
fn whoever_lacks_what_a_text_asks_for_is_held_there_and_leaves_its_place_to_others() {
    let workflow: Workflow = serde_json::from_value(json!({
        "nodes": [
            {"id": "mail", "type": "send_email", "config": {"variants": [{"subject": "Hi", "text": "Hi {{ first_name }}"}]}},
            {"id": "bump", "type": "send_email", "config": {"thread": true, "variants": [{"text": "At {{ company }}"}]}}
        ],
        "edges": [{"source": "mail", "target": "bump", "delay": {"value": 1, "unit": "hours"}}]
    }))
    .unwrap();
    let schedule = office();
    let planner = Planner::new(&workflow, &schedule).unwrap();
    let accounts = [account(1, Channel::Email, &json!({"send_email": {"per_day": 2}}))];
    let person = |id: u128, first_name: Option<&str>, company: Option<&str>| {
        let (id, [first_name, company]) =
            (LeadId(Uuid::from_u128(id)), [first_name, company].map(|it| it.map(str::to_owned)));
        (id, Lead { id, first_name, full_name: None, company, ..lead(&json!({})) })
    };
    let people = [person(1, Some("Ada"), None), person(2, None, None), person(3, Some("Eve"), Some("Initech"))];
    let mailbox = ConnectedAccount { id: accounts[0].id, ..sender("Alex") };
    let words = Words::new(&workflow, people.into(), [(mailbox.id, mailbox)].into());
    let leads = (1..4).map(pending).collect();
    let premises = premises("2026-03-02T06:00:00Z", Assume::NeverAccepted, 1);
    let simulation = simulate(&planner, Means { words, ..means(&accounts) }, leads, &premises);
    let held: Vec<_> =
        simulation.held.iter().map(|held| (held.lead.0.as_u128(), held.node.as_str(), &held.why)).collect();
    let lacks = |path: &str| Hold::Unfit(Unfit::MissingVariable { path: path.into() });
    assert_eq!(held, [(2, "mail", &lacks("first_name")), (1, "bump", &lacks("company"))]);
    assert_eq!(days(&simulation), ["mail Mon 02", "mail Tue 03", "bump Tue 03"]);
    assert_eq!(simulation.ends, Ends { completed: 1, held: [("missing_variable", 2)].into(), ..Ends::default() });
}
