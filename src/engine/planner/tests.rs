use chrono::{NaiveDateTime, TimeZone};
use chrono_tz::Tz;
use serde_json::json;
use uuid::Uuid;

use super::*;
use crate::{
    engine::book::{
        AccountBook, AccountTerms,
        tests::{schedule, terms},
    },
    models::{AccountId, LeadId},
};

const BERLIN: Tz = Tz::Europe__Berlin;
const MAIL: NodeType = NodeType::SendEmail;

fn workflow(document: serde_json::Value) -> Workflow {
    serde_json::from_value(document).unwrap()
}

/// Visit, a day later invite; whoever accepts is written to, who does not within a week gets a mail, and three days later another.
fn usual() -> Workflow {
    workflow(json!({
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
}

fn mails() -> Workflow {
    workflow(json!({
        "nodes": [{"id": "mail", "type": "send_email"}, {"id": "bump", "type": "send_email"}],
        "edges": [{"source": "mail", "target": "bump", "delay": {"value": 1, "unit": "days"}}]
    }))
}

fn office() -> Schedule {
    schedule(BERLIN, "mon tue wed thu fri", "09:00", "17:30")
}

fn lead(id: u128) -> Traveller {
    let lead = LeadId(Uuid::from_u128(id));
    Traveller { lead, zone: None, linkedin: None, email: None, has_linkedin: true, has_email: true }
}

fn account(id: u128, channel: Channel, limits: &serde_json::Value) -> AccountTerms {
    terms(id, channel, limits)
}

fn books(accounts: impl IntoIterator<Item = AccountTerms>) -> Books {
    Books::new(accounts.into_iter().map(AccountBook::new).collect())
}

/// A LinkedIn account and a mailbox that may do all they can.
fn both() -> Books {
    books([account(1, Channel::Linkedin, &json!({})), account(2, Channel::Email, &json!({}))])
}

fn berlin(text: &str) -> DateTime<Utc> {
    let shown: NaiveDateTime = text.parse().unwrap();
    BERLIN.from_local_datetime(&shown).earliest().unwrap().to_utc()
}

fn shown(at: DateTime<Utc>) -> String {
    at.with_timezone(&BERLIN).format("%a %d %H:%M").to_string()
}

/// As a salesperson would be told.
fn told(plan: &Plan) -> String {
    let mut words: Vec<_> = plan.skipped.iter().map(|skipped| format!("no {};", skipped.node)).collect();
    match &plan.decision {
        Decision::Step { node, account, at, moves, .. } => {
            let by = account.map(|account| format!("by {}", account.0.as_u128()));
            words.extend([node.clone()].into_iter().chain(by).chain([shown(*at)]));
            words.extend(moves.iter().map(|moved| format!("({})", moved.rule)));
        }
        Decision::Await { node, until } => words.push(format!("{node} until {}", shown(*until))),
        Decision::End => words.push("end".to_owned()),
        Decision::NotToday { node, rule } => words.push(format!("{node} not today: {rule}")),
        Decision::Never { node, rule } => words.push(format!("{node} never: {rule}")),
        Decision::Gone { node } => words.push(format!("{node} gone")),
    }
    words.join(" ")
}

#[test]
fn a_lead_goes_its_way_by_the_answers() {
    let (workflow, schedule) = (usual(), office());
    let planner = Planner::new(&workflow, &schedule).unwrap();
    let who = Traveller { linkedin: Some(AccountId(Uuid::from_u128(1))), ..lead(1) };
    for (from, answer, at, expected) in [
        ("visit", Answer::Done, "2026-03-05T16:59:00", "invite by 1 Fri 06 16:59"),
        ("visit", Answer::Done, "2026-03-06T16:59:00", "invite by 1 Mon 09 09:00 (working_hours)"),
        // A day is 24 hours, so over the change of clocks it is an hour later.
        ("visit", Answer::Done, "2026-03-28T16:59:00", "invite by 1 Mon 30 09:00 (working_hours)"),
        ("invite", Answer::Done, "2026-03-06T16:59:00", "invite until Fri 13 16:59"),
        ("invite", Answer::Accepted, "2026-03-09T17:00:00", "chat by 1 Tue 10 09:00 (working_hours)"),
        ("invite", Answer::NotAccepted, "2026-03-13T16:59:00", "mail by 2 Fri 13 16:59"),
        ("mail", Answer::Done, "2026-03-13T16:59:00", "bump by 2 Mon 16 16:59"),
        ("bump", Answer::Done, "2026-03-16T16:59:00", "end"),
        ("chat", Answer::Done, "2026-03-16T16:59:00", "end"),
        ("lost", Answer::Done, "2026-03-16T16:59:00", "lost gone"),
    ] {
        let plan = planner.onward(&who, from, answer, berlin(at), &mut both());
        assert_eq!(told(&plan), expected, "{from} {answer:?} {at}");
    }
}

#[test]
fn a_lead_begins_only_if_its_first_step_fits_on_the_day() {
    let (workflow, schedule) = (mails(), office());
    let planner = Planner::new(&workflow, &schedule).unwrap();
    let mut books = books([account(2, Channel::Email, &json!({"send_email": {"per_day": 2}}))]);
    // A follow-up stands on that day already: it comes before new leads.
    books.get_mut(AccountId(Uuid::from_u128(2))).unwrap().placed(MAIL, berlin("2026-03-02T15:00:00"));
    for (now, expected) in [
        ("2026-03-02T00:00:00", "mail by 2 Mon 02 09:00 (working_hours)"),
        ("2026-03-02T00:00:00", "mail not today: day_limit"),
        ("2026-03-03T17:30:00", "mail not today: working_hours"),
        ("2026-03-07T00:00:00", "mail not today: working_hours"),
    ] {
        assert_eq!(told(&planner.begin(&lead(1), &mut books, berlin(now))), expected, "{now}");
    }
    assert_eq!(books.begun_on("2026-03-02".parse().unwrap()), 1);
}

#[test]
fn no_more_leads_begin_on_a_day_than_the_campaign_wants() {
    let (workflow, schedule) = (mails(), Schedule { new_leads_per_day: Some(2), ..office() });
    let planner = Planner::new(&workflow, &schedule).unwrap();
    let mut books = both();
    let midnight = berlin("2026-03-02T00:00:00");
    books.begun("2026-03-02".parse().unwrap(), 1);
    assert_eq!(told(&planner.begin(&lead(1), &mut books, midnight)), "mail by 2 Mon 02 09:00 (working_hours)");
    assert_eq!(told(&planner.begin(&lead(2), &mut books, midnight)), "mail not today: new_leads_per_day");
    let tuesday = berlin("2026-03-03T00:00:00");
    assert_eq!(told(&planner.begin(&lead(2), &mut books, tuesday)), "mail by 2 Tue 03 09:00 (working_hours)");
}

#[test]
fn a_lead_without_an_account_gets_the_one_that_is_free_first() {
    let (workflow, schedule) = (mails(), office());
    let planner = Planner::new(&workflow, &schedule).unwrap();
    let limits = json!({"send_email": {"per_day": 2}});
    let spaced = |id| AccountTerms { spacing: 600, ..account(id, Channel::Email, &limits) };
    let mut books = books([spaced(1), spaced(2), spaced(3)]);
    books.get_mut(AccountId(Uuid::from_u128(1))).unwrap().placed(MAIL, berlin("2026-03-04T15:00:00"));
    let now = berlin("2026-03-02T00:00:00");
    // The first has promised something already, so it comes last among those that are free.
    let by: Vec<_> =
        (0..7).map(|_| told(&planner.begin(&lead(9), &mut books, now)).split(' ').nth(2).map(str::to_owned)).collect();
    let by: Vec<_> = by.iter().map(|by| by.as_deref().unwrap()).collect();
    assert_eq!(by, ["2", "3", "1", "2", "3", "1", "today:"]);
}

#[test]
fn a_lead_keeps_its_account_even_if_another_is_free_first() {
    let (workflow, schedule) = (mails(), office());
    let planner = Planner::new(&workflow, &schedule).unwrap();
    let busy = account(1, Channel::Email, &json!({"send_email": {"per_day": 1}}));
    let mut books = books([busy, account(2, Channel::Email, &json!({}))]);
    books.get_mut(AccountId(Uuid::from_u128(1))).unwrap().placed(MAIL, berlin("2026-03-03T15:00:00"));
    let mut who = lead(1);
    who.keep(Channel::Email, AccountId(Uuid::from_u128(1)));
    let plan = planner.onward(&who, "mail", Answer::Done, berlin("2026-03-02T10:00:00"), &mut books);
    assert_eq!(told(&plan), "bump by 1 Wed 04 09:00 (day_limit)");
    who.keep(Channel::Email, AccountId(Uuid::from_u128(3)));
    let plan = planner.onward(&who, "mail", Answer::Done, berlin("2026-03-02T10:00:00"), &mut books);
    assert_eq!(told(&plan), "bump never: no_account");
}

#[test]
fn a_lead_gets_an_account_that_can_do_all_that_will_be_asked_of_it() {
    let mut workflow = usual();
    workflow.nodes.retain(|node| node.id == "visit" || node.id == "chat");
    workflow.edges.truncate(1);
    workflow.edges[0].target = "chat".into();
    let schedule = office();
    let planner = Planner::new(&workflow, &schedule).unwrap();
    let mut visitor = account(1, Channel::Linkedin, &json!({}));
    visitor.capabilities = BTreeSet::from([NodeType::ProfileVisit]);
    let able = account(2, Channel::Linkedin, &json!({}));
    let now = berlin("2026-03-02T10:00:00");
    let told_by = |accounts: Vec<AccountTerms>| told(&planner.begin(&lead(1), &mut books(accounts), now));
    assert_eq!(told_by(vec![visitor.clone(), able]), "visit by 2 Mon 02 10:00");
    assert_eq!(told_by(vec![visitor]), "visit by 1 Mon 02 10:00");
    assert_eq!(told_by(vec![account(3, Channel::Email, &json!({}))]), "visit never: no_account");
}

#[test]
fn steps_that_cannot_reach_the_lead_are_passed_over_but_their_delays_are_kept() {
    let (workflow, schedule) = (usual(), office());
    let planner = Planner::new(&workflow, &schedule).unwrap();
    let by_mail = Traveller { has_linkedin: false, ..lead(1) };
    let now = berlin("2026-03-02T10:00:00");
    let begun = planner.begin(&by_mail, &mut both(), now);
    assert_eq!(
        told(&begun),
        "no visit; no invite; mail by 2 Mon 02 10:00",
        "nothing was done yet that one keeps away from"
    );
    // As if the lead had lost its profile on the way.
    let onward = planner.onward(&by_mail, "visit", Answer::Done, now, &mut both());
    assert_eq!(told(&onward), "no invite; mail by 2 Tue 10 10:00");
    let unreachable = Traveller { has_email: false, ..by_mail };
    assert_eq!(told(&planner.begin(&unreachable, &mut both(), now)), "no visit; no invite; no mail; no bump; end");
    assert_eq!(begun.skipped[0].reason, "no_linkedin_profile");
}

#[test]
fn a_step_that_needs_nobody_keeps_no_hours_but_the_campaign_s_beginning_and_end() {
    let workflow = workflow(json!({
        "nodes": [{"id": "wait", "type": "wait"}, {"id": "ask", "type": "condition"}, {"id": "call", "type": "webhook"}],
        "edges": [
            {"source": "wait", "target": "ask", "delay": {"value": 1, "unit": "minutes"}},
            {"source": "ask", "target": "call", "condition": "true", "delay": {"value": 2, "unit": "days"}}
        ]
    }));
    let (start_at, end_at) = (Some(berlin("2026-03-07T12:00:00")), Some(berlin("2026-03-09T12:00:00")));
    let schedule = Schedule { start_at, end_at, ..office() };
    let planner = Planner::new(&workflow, &schedule).unwrap();
    let mut books = Books::default();
    let mut begin = |now| told(&planner.begin(&lead(1), &mut books, berlin(now)));
    assert_eq!(begin("2026-03-06T10:00:00"), "wait not today: start_at");
    assert_eq!(begin("2026-03-07T00:00:00"), "wait Sat 07 12:00 (start_at)");
    assert_eq!(begin("2026-03-07T23:00:00"), "wait Sat 07 23:00");
    assert_eq!(begin("2026-03-09T12:00:00"), "wait never: end_at");
    let onward = |from, answer, at| told(&planner.onward(&lead(1), from, answer, berlin(at), &mut Books::default()));
    assert_eq!(onward("wait", Answer::Done, "2026-03-07T23:00:00"), "ask Sat 07 23:01");
    assert_eq!(onward("ask", Answer::True, "2026-03-07T11:00:00"), "call Mon 09 11:00");
    assert_eq!(onward("ask", Answer::True, "2026-03-07T12:00:00"), "call never: end_at");
    assert_eq!(onward("ask", Answer::False, "2026-03-07T12:00:00"), "end");
}

#[test]
fn a_lead_is_written_to_in_its_own_hours() {
    let (workflow, schedule) = (mails(), Schedule { use_lead_timezone: true, ..office() });
    let planner = Planner::new(&workflow, &schedule).unwrap();
    let midnight = berlin("2026-03-02T00:00:00");
    for (zone, expected) in [
        (None, "mail by 2 Mon 02 09:00 (working_hours)"),
        (Some(Tz::America__Los_Angeles), "mail by 2 Mon 02 18:00 (working_hours)"),
        (Some(Tz::Asia__Tokyo), "mail by 2 Mon 02 01:00 (working_hours)"),
        (Some(Tz::Pacific__Auckland), "mail by 2 Mon 02 00:00"),
    ] {
        let who = Traveller { zone, ..lead(1) };
        assert_eq!(told(&planner.begin(&who, &mut both(), midnight)), expected, "{zone:?}");
    }
}

#[test]
fn another_instant_is_found_for_a_step_that_was_not_done() {
    let (workflow, schedule) = (mails(), office());
    let planner = Planner::new(&workflow, &schedule).unwrap();
    let told = |decision| told(&Plan { skipped: Vec::new(), decision });
    let saturday = berlin("2026-03-07T12:00:00");
    assert_eq!(told(planner.replan(&lead(1), "bump", saturday, &mut both())), "bump by 2 Mon 09 09:00 (working_hours)");
    assert_eq!(told(planner.replan(&lead(1), "lost", saturday, &mut both())), "lost gone");
}

#[test]
fn leads_are_begun_as_each_working_day_begins() {
    let workflow = mails();
    let schedule = |start: Option<&str>, end: Option<&str>, use_lead_timezone| Schedule {
        start_at: start.map(berlin),
        end_at: end.map(berlin),
        use_lead_timezone,
        ..office()
    };
    for (schedule, after, expected) in [
        (schedule(None, None, false), "2026-03-04T10:00:00", Some("Thu 05 00:00")),
        (schedule(None, None, false), "2026-03-06T00:00:00", Some("Mon 09 00:00")),
        (schedule(None, None, false), "2026-03-27T00:00:00", Some("Mon 30 00:00")),
        // Somewhere it is still Friday on Saturday, or already Monday on Sunday.
        (schedule(None, None, true), "2026-03-06T00:00:00", Some("Sat 07 00:00")),
        (schedule(None, None, true), "2026-03-07T00:00:00", Some("Sun 08 00:00")),
        (schedule(Some("2026-03-05T12:00:00"), None, false), "2026-03-02T00:00:00", Some("Thu 05 12:00")),
        (schedule(Some("2026-03-07T12:00:00"), None, false), "2026-03-02T00:00:00", Some("Mon 09 00:00")),
        (schedule(Some("2026-03-05T12:00:00"), None, false), "2026-03-05T12:00:00", Some("Fri 06 00:00")),
        (schedule(None, Some("2026-03-09T00:00:00"), false), "2026-03-06T10:00:00", None),
        (schedule(None, Some("2026-03-09T00:00:01"), false), "2026-03-06T10:00:00", Some("Mon 09 00:00")),
    ] {
        let planner = Planner::new(&workflow, &schedule).unwrap();
        assert_eq!(planner.next_beginning(berlin(after)).map(shown).as_deref(), expected, "{after}");
    }
    let (started, later) = (schedule(None, None, false), schedule(Some("2026-03-05T12:00:00"), None, false));
    let first = |schedule: &Schedule| {
        Planner::new(&workflow, schedule).unwrap().first_beginning(berlin("2026-03-01T10:00:00")).map(shown)
    };
    assert_eq!((first(&started).as_deref(), first(&later).as_deref()), (Some("Sun 01 10:00"), Some("Thu 05 12:00")));
}

#[test]
fn many_leads_begin_as_if_each_began_alone() {
    let (workflow, schedule) = (usual(), Schedule { use_lead_timezone: true, new_leads_per_day: Some(40), ..office() });
    let planner = Planner::new(&workflow, &schedule).unwrap();
    let limited = |id| AccountTerms {
        spacing: 1800,
        ..account(id, Channel::Linkedin, &json!({"profile_visit": {"per_day": 12}}))
    };
    let mut together =
        books([limited(1), limited(2), account(3, Channel::Email, &json!({"send_email": {"per_day": 5}}))]);
    let mut alone = together.clone();
    let now = berlin("2026-03-02T10:00:00");
    let mut beginning = planner.beginning(now);
    let zones = [None, Some(Tz::America__New_York), Some(Tz::Asia__Tokyo)];
    let mut refused = BTreeSet::new();
    for id in 0..120 {
        let index = usize::try_from(id).unwrap();
        let who =
            Traveller { zone: zones[index % 3], has_linkedin: index % 4 > 0, has_email: index % 7 > 0, ..lead(id) };
        let plan = beginning.begin(&who, &mut together);
        assert_eq!(plan, planner.begin(&who, &mut alone, now), "{who:?}");
        if let Decision::NotToday { rule, .. } = plan.decision {
            refused.insert(rule);
        }
    }
    assert!(refused.is_superset(&BTreeSet::from([Rule::WorkingHours, Rule::DayLimit])), "{refused:?}");
}

#[test]
fn what_is_drawn_by_lot_never_changes() {
    let drawn = |lead, node| format!("{:016x}", seed(LeadId(Uuid::from_u128(lead)), node));
    assert_eq!(drawn(1, "mail"), "911808daac8fb003");
    let minutes: BTreeSet<_> = (0..1000).map(|id| seed(LeadId(Uuid::from_u128(id)), "mail") % 60).collect();
    assert_eq!(minutes.len(), 60);
}
