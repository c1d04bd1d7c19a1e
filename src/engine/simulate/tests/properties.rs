//! A simulation beside a worker that rebuilds its books from rows before every decision.

use super::*;
use crate::engine::message::{Facts, compose};

/// A campaign of any kind, with its leads.
#[derive(Debug, Clone)]
struct World {
    workflow: Workflow,
    schedule: Schedule,
    accounts: Vec<AccountTerms>,
    leads: Vec<SimulatedLead>,
    people: HashMap<LeadId, Lead>,
    senders: HashMap<AccountId, ConnectedAccount>,
    premises: Premises,
}

/// A node's kind, its words, where it is hung, and after how many minutes.
fn any_node() -> impl Strategy<Value = (&'static str, &'static str, prop::sample::Index, i64)> {
    let kinds = prop::sample::select(vec![
        "profile_visit",
        "send_connection_request",
        "send_followup",
        "send_email",
        "send_email",
        "webhook",
        "wait",
        "condition",
    ]);
    let words = prop::sample::select(vec![
        "Hi {{ first_name }}",
        "{Hi {{ company }}|Hello}",
        "{{ company | default('you') }} know",
        "{% if company %}As {{ title }}{% endif %}",
        "{{ tags | join(', ') }} {{ company }}",
    ]);
    (kinds, words, any::<prop::sample::Index>(), 0_i64..8000)
}

/// A graph without cycles that begins at its first node: each other node is led to by an open way of an earlier one, and ways that are left
/// open join in later nodes or end.
fn any_workflow() -> impl Strategy<Value = Workflow> {
    let config = |kind: &str, words: &str| match kind {
        "send_email" => json!({"variants": [{"subject": "Hi", "text": words}]}),
        "send_followup" | "send_connection_request" => json!({"message": words}),
        _ => json!(null),
    };
    prop::collection::vec(any_node(), 1..8).prop_map(move |drawn| {
        let conditions = |kind: &str| match kind {
            "send_connection_request" => vec![Some("accepted"), Some("not_accepted")],
            "condition" => vec![Some("true"), Some("false")],
            _ => vec![None],
        };
        let (mut nodes, mut edges, mut open) = (Vec::new(), Vec::new(), Vec::new());
        for (number, (kind, words, pick, minutes)) in drawn.iter().enumerate() {
            if number > 0 {
                if open.is_empty() {
                    break;
                }
                let (source, condition, _) = open.remove(pick.index(open.len()));
                edges.push(json!({"source": source, "target": format!("n{number}"), "condition": condition, "delay": {"value": minutes, "unit": "minutes"}}));
            }
            nodes.push(json!({"id": format!("n{number}"), "type": kind, "config": config(kind, words)}));
            open.extend(conditions(kind).into_iter().map(|condition| (format!("n{number}"), condition, (number, *pick, *minutes))));
        }
        for (source, condition, (number, pick, minutes)) in open {
            let later = number + 1 + pick.index(nodes.len());
            if later < nodes.len() {
                edges.push(json!({"source": source, "target": format!("n{later}"), "condition": condition, "delay": {"value": minutes, "unit": "minutes"}}));
            }
        }
        serde_json::from_value(json!({"nodes": nodes, "edges": edges})).unwrap()
    })
}

fn any_zone() -> impl Strategy<Value = Tz> {
    prop::sample::select(vec![
        BERLIN,
        Tz::America__New_York,
        Tz::Australia__Lord_Howe,
        Tz::Asia__Kolkata,
        Tz::Pacific__Auckland,
    ])
}

fn any_accounts() -> impl Strategy<Value = Vec<AccountTerms>> {
    let channel = prop::sample::select(vec![Channel::Linkedin, Channel::Email]);
    let spacing = prop::sample::select(vec![0, 30, 60, 700]);
    let limit = |most: i32| prop::option::of(1..most);
    let account = (channel, any_zone(), spacing, limit(4), limit(6), limit(20));
    prop::collection::vec(account, 0..4).prop_map(|accounts| {
        let account = |(id, (channel, zone, spacing, per_hour, per_day, per_week))| {
            let limit = json!({"per_hour": per_hour, "per_day": per_day, "per_week": per_week});
            let limits = json!({"send_email": limit, "profile_visit": limit, "send_connection_request": limit});
            let window = Some(window(zone, "mon tue wed thu fri sat", "00:00", "24:00"));
            AccountTerms { window, spacing, ..terms(id, channel, &limits) }
        };
        (1..).zip(accounts).map(account).collect()
    })
}

fn any_leads() -> impl Strategy<Value = Vec<SimulatedLead>> {
    let lead = (prop::option::of(any_zone()), any::<bool>(), prop::bool::weighted(0.8), prop::bool::weighted(0.8));
    prop::collection::vec(lead, 1..25).prop_map(|leads| {
        let lead = |(id, (zone, yes, has_linkedin, has_email))| {
            let mut lead = pending(id);
            lead.traveller = Traveller { zone, has_linkedin, has_email, ..lead.traveller };
            lead.answers = (0..8).map(|number| (format!("n{number}"), yes)).collect();
            lead
        };
        (1..).zip(leads).map(lead).collect()
    })
}

/// Whose leads: some have no company, some no title.
fn people(leads: &[SimulatedLead], lacks: u128) -> HashMap<LeadId, Lead> {
    let has = |bit: usize| (lacks >> bit & 1 == 0).then(|| "Something".to_owned());
    let person = |(number, of): (usize, &SimulatedLead)| {
        let (id, title, company) = (of.traveller.lead, has(2 * number + 1), has(2 * number));
        (id, Lead { id, title, company, ..lead(&json!({})) })
    };
    leads.iter().enumerate().map(person).collect()
}

fn senders(accounts: &[AccountTerms]) -> HashMap<AccountId, ConnectedAccount> {
    let of = |terms: &AccountTerms| ConnectedAccount { id: terms.id, channel: terms.channel, ..sender("Alex") };
    accounts.iter().map(|terms| (terms.id, of(terms))).collect()
}

prop_compose! {
    /// Around the changes of clocks in spring.
    fn any_world()(
        workflow in any_workflow(), accounts in any_accounts(), leads in any_leads(), lacks in any::<u128>(), zone in any_zone(),
        days in prop::sample::select(vec!["mon tue wed thu fri", "tue", "sat sun mon"]),
        clock in prop::sample::select(vec![("09:00", "17:30"), ("00:00", "24:00"), ("01:30", "03:15")]),
        use_lead_timezone in any::<bool>(), new_leads_per_day in prop::option::of(1_i64..10), ends in prop::option::of(0_i64..60),
        start in prop::option::of(0_i64..200), minutes in 0_i64..30_000, accepted in prop::option::of(0_i64..5000),
    ) -> World {
        let now = utc("2026-03-01T00:00:00Z") + TimeDelta::minutes(minutes);
        let schedule = Schedule {
            use_lead_timezone,
            new_leads_per_day,
            start_at: start.map(|hours| now + TimeDelta::hours(hours)),
            end_at: ends.map(|days| now + TimeDelta::days(days)),
            ..schedule(zone, days, clock.0, clock.1)
        };
        let assume = accepted.map_or(Assume::NeverAccepted, |minutes| Assume::Accepted { after: TimeDelta::minutes(minutes) });
        let premises = Premises { now, begin_at: None, assume, horizon: TimeDelta::days(3000) };
        let (people, senders) = (people(&leads, lacks), senders(&accounts));
        World { workflow, schedule, accounts, leads, people, senders, premises }
    }
}

impl World {
    fn simulate(&self) -> Simulation {
        let planner = Planner::new(&self.workflow, &self.schedule).unwrap();
        let words = Words::new(&self.workflow, self.people.clone(), self.senders.clone());
        let means = Means { words, ..means(&self.accounts) };
        simulate(&planner, means, self.leads.clone(), &self.premises)
    }
}

/// A worker with nothing but rows: it knows no more than what it wrote down, and makes its books anew for each decision.
struct Worker<'a> {
    world: &'a World,
    planner: Planner<'a>,
    rows: Vec<Row>,
    ledger: Vec<(AccountId, NodeType, DateTime<Utc>)>,
    begun: Vec<DateTime<Utc>>,
    sent: Vec<(LeadId, String, Option<AccountId>, DateTime<Utc>)>,
    held: Vec<(LeadId, String, Option<AccountId>, DateTime<Utc>)>,
}

struct Row {
    who: Traveller,
    stand: Stand,
}

#[derive(Clone, PartialEq)]
enum Stand {
    Pending,
    Waiting { node: String, account: Option<AccountId>, at: DateTime<Utc> },
    Awaiting { node: String, at: DateTime<Utc>, answer: Answer },
    Over,
}

impl<'a> Worker<'a> {
    fn new(world: &'a World) -> Self {
        let planner = Planner::new(&world.workflow, &world.schedule).unwrap();
        let rows = world.leads.iter().map(|lead| Row { who: lead.traveller, stand: Stand::Pending }).collect();
        Self { world, planner, rows, ledger: Vec::new(), begun: Vec::new(), sent: Vec::new(), held: Vec::new() }
    }

    fn books(&self) -> Books {
        let mut books = books(&self.world.accounts);
        for (account, action, at) in &self.ledger {
            let book = books.get_mut(*account).unwrap();
            let zone = book.zone();
            book.used(*action, local_day(zone, *at), local_hour(zone, *at), 1);
        }
        for row in &self.rows {
            if let Stand::Waiting { node, account: Some(account), at } = &row.stand {
                books.get_mut(*account).unwrap().placed(self.node(node).node_type(), *at);
            }
        }
        self.begun.iter().for_each(|at| books.begun(local_day(self.planner.hours().zone(), *at), 1));
        books
    }

    fn node(&self, id: &str) -> &Node {
        self.planner.route().node(id).unwrap()
    }

    /// Works until there is nothing left to do.
    fn work(&mut self) {
        let mut begin_at = self.planner.first_beginning(self.world.premises.now);
        loop {
            let due = (0..self.rows.len()).filter_map(|index| Some((self.due(index)?, index))).min();
            let begins = begin_at.filter(|_| self.rows.iter().any(|row| row.stand == Stand::Pending));
            match (due, begins) {
                (Some((at, index)), begins) if begins.is_none_or(|begins| at <= begins) => self.go_on(index, at),
                (_, Some(at)) => {
                    self.begin(at);
                    begin_at = self.planner.next_beginning(at);
                }
                _ => return,
            }
        }
    }

    fn due(&self, index: usize) -> Option<DateTime<Utc>> {
        match &self.rows[index].stand {
            Stand::Waiting { at, .. } | Stand::Awaiting { at, .. } => Some(*at),
            Stand::Pending | Stand::Over => None,
        }
    }

    fn begin(&mut self, now: DateTime<Utc>) {
        for index in 0..self.rows.len() {
            if self.rows[index].stand == Stand::Pending {
                let plan = self.planner.begin(&self.rows[index].who, &mut self.books(), now);
                if matches!(plan.decision, Decision::Step { .. }) {
                    self.begun.push(now);
                }
                self.write(index, plan, now);
            }
        }
    }

    fn go_on(&mut self, index: usize, now: DateTime<Utc>) {
        let (node, answer) = match std::mem::replace(&mut self.rows[index].stand, Stand::Over) {
            Stand::Awaiting { node, answer, .. } => (node, answer),
            Stand::Waiting { node, account, .. } => {
                let (action, lead) = (self.node(&node).node_type(), &self.world.leads[index]);
                if !self.can_write(lead.traveller.lead, &node, account) {
                    return self.held.push((lead.traveller.lead, node, account, now));
                }
                self.ledger.extend(account.map(|account| (account, action, now)));
                if !matches!(action, NodeType::Wait | NodeType::Condition) {
                    self.sent.push((lead.traveller.lead, node.clone(), account, now));
                }
                let answer = match action {
                    NodeType::Condition if lead.answers[&node] => Answer::True,
                    NodeType::Condition => Answer::False,
                    _ => Answer::Done,
                };
                (node, answer)
            }
            Stand::Pending | Stand::Over => return,
        };
        let plan = self.planner.onward(&self.rows[index].who, &node, answer, now, &mut self.books());
        self.write(index, plan, now);
    }

    fn can_write(&self, lead: LeadId, node: &str, account: Option<AccountId>) -> bool {
        let Some(sender) = account.map(|account| &self.world.senders[&account]) else { return true };
        let facts = Facts::of(&self.world.people[&lead], Some(sender));
        compose(&self.node(node).action, &facts, crate::engine::planner::seed(lead, node), 300).is_ok()
    }

    fn write(&mut self, index: usize, plan: Plan, now: DateTime<Utc>) {
        let stand = match plan.decision {
            Decision::Step { node, account, at, .. } => {
                if let (Some(account), Some(channel)) = (account, self.node(&node).node_type().channel()) {
                    self.rows[index].who.keep(channel, account);
                }
                Stand::Waiting { node, account, at }
            }
            Decision::Await { node, until } => match self.world.premises.assume {
                Assume::Accepted { after } if now + after < until => {
                    Stand::Awaiting { node, at: now + after, answer: Answer::Accepted }
                }
                _ => Stand::Awaiting { node, at: until, answer: Answer::NotAccepted },
            },
            Decision::NotToday { .. } => Stand::Pending,
            Decision::End | Decision::Never { .. } | Decision::Gone { .. } => Stand::Over,
        };
        self.rows[index].stand = stand;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn what_is_simulated_is_what_a_worker_then_does(world in any_world()) {
        let mut worker = Worker::new(&world);
        worker.work();
        let simulation = world.simulate();
        let promised: Vec<_> = simulation.actions.into_iter().map(|action| (action.lead, action.node, action.account, action.at)).collect();
        prop_assert_eq!(promised, worker.sent);
        let held: Vec<_> = simulation.held.into_iter().map(|held| (held.lead, held.node, held.account, held.at)).collect();
        prop_assert_eq!(held, worker.held);
    }

    #[test]
    fn every_lead_comes_to_an_end_and_is_counted_once(world in any_world()) {
        let simulation = world.simulate();
        let Ends { completed, never, gone, under_way, unreachable, held, .. } = &simulation.ends;
        prop_assert_eq!(held.values().sum::<u64>(), simulation.held.len() as u64);
        let ended = completed + unreachable + never.values().sum::<u64>() + simulation.held.len() as u64;
        prop_assert_eq!((ended + simulation.never_begun.len() as u64, *gone, *under_way), (world.leads.len() as u64, 0, 0));
        if world.schedule.end_at.is_none() {
            // Who is left has nobody to begin with.
            let channels: BTreeSet<_> = world.accounts.iter().map(|account| account.channel).collect();
            let waits = |rule| rule == Rule::NoAccount && channels.len() < 2;
            prop_assert!(simulation.never_begun.iter().all(|(_, rule)| waits(*rule)), "{:?}", simulation.never_begun);
        }
        prop_assert_eq!(world.simulate(), simulation, "the same again");
    }

    #[test]
    fn no_action_is_outside_its_hours_or_before_the_beginning_or_after_the_end(world in any_world()) {
        let zones: BTreeMap<_, _> = world.leads.iter().map(|lead| (lead.traveller.lead, lead.traveller.zone)).collect();
        let mut last = world.premises.now;
        for action in world.simulate().actions {
            let SimulatedAction { lead, account, at, .. } = action;
            prop_assert!(at >= last, "in order");
            last = at;
            prop_assert!(world.schedule.start_at.is_none_or(|start| at >= start) && world.schedule.end_at.is_none_or(|end| at < end));
            if account.is_some() {
                prop_assert!(WorkingHours::of_schedule(&world.schedule, zones[&lead]).unwrap().contains(at));
            }
        }
    }

    #[test]
    fn no_account_ever_does_more_than_it_may_or_outside_its_own_hours(world in any_world()) {
        let terms: BTreeMap<_, _> = world.accounts.iter().map(|account| (account.id, account)).collect();
        let (mut hours, mut days) = (BTreeMap::<_, i32>::new(), BTreeMap::<_, i32>::new());
        for SimulatedAction { account, action, at, .. } in world.simulate().actions {
            let Some(account) = account.map(|id| terms[&id]) else { continue };
            let open = account.window.as_ref().is_none_or(|window| WorkingHours::of_account(window).unwrap().contains(at));
            prop_assert!(open, "{:?} at {at}, outside its hours", account.id);
            let (day, hour) = (local_day(account.zone(), at), local_hour(account.zone(), at));
            *hours.entry((account.id, action, day, hour)).or_default() += 1;
            *days.entry((account.id, action, day)).or_default() += 1;
        }
        let within = |limit: Option<i32>, count: i32| limit.is_none_or(|limit| count <= limit);
        for ((account, action, ..), count) in &hours {
            prop_assert!(within(terms[account].limits.get(*action).per_hour, *count), "in an hour");
        }
        for ((account, action, day), count) in &days {
            let limits = terms[account].limits.get(*action);
            let week = days.range((*account, *action, *day)..(*account, *action, *day + TimeDelta::days(7)));
            prop_assert!(within(limits.per_day, *count), "on a day");
            prop_assert!(within(limits.per_week, week.map(|(_, count)| count).sum()), "in seven days");
        }
    }
}
