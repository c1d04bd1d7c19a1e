//! What holds of every account and campaign.

use super::*;

/// Accounts of all kinds.
fn any_terms() -> impl Strategy<Value = AccountTerms> {
    let limit = |most: i32| prop::option::of(1..most);
    let zones = prop::sample::select(vec![BERLIN, Tz::America__New_York, Tz::Australia__Lord_Howe, Tz::Asia__Kolkata]);
    let window =
        prop::option::of((zones, any_hours()).prop_map(|(zone, (days, start, end))| window(zone, days, &start, &end)));
    let spacing = prop::sample::select(vec![0, 1, 7, 30, 60, 61, 900, 5000]);
    let ramp_up = prop::option::of((1_i32..4, 0_i32..3));
    (limit(4), limit(12), limit(40), window, spacing, ramp_up).prop_map(
        |(per_hour, per_day, per_week, window, spacing, ramp_up)| {
            let limits = json!({"send_email": {"per_hour": per_hour, "per_day": per_day, "per_week": per_week}});
            let ramp_up = ramp_up.map(|(start_per_day, increase_per_day)| {
                (MAIL, RampUp { since: day("2026-03-28"), start_per_day, increase_per_day })
            });
            AccountTerms {
                window,
                spacing,
                ramp_up: ramp_up.into_iter().collect(),
                ..terms(1, Channel::Email, &limits)
            }
        },
    )
}

fn any_hours() -> impl Strategy<Value = (&'static str, String, String)> {
    let days =
        prop::sample::select(vec!["mon tue wed thu fri", "mon wed", "sat sun mon", "mon tue wed thu fri sat sun"]);
    let clock = |minute: u16| format!("{:02}:{:02}", minute / 60, minute % 60);
    (days, 0_u16..1200, 60_u16..=1440)
        .prop_map(move |(days, open, long)| (days, clock(open), clock((open + long).min(1440))))
}

fn any_campaign() -> impl Strategy<Value = CampaignTerms> {
    let zones = prop::sample::select(vec![BERLIN, Tz::America__New_York, Tz::Pacific__Apia]);
    (zones, any_hours())
        .prop_map(|(zone, (days, start, end))| CampaignTerms::of(&schedule(zone, days, &start, &end), None).unwrap())
}

/// Steps that become ready around the changes of clocks in spring.
fn any_steps() -> impl Strategy<Value = Vec<(DateTime<Utc>, u64)>> {
    let around: DateTime<Utc> = "2026-03-27T00:00:00Z".parse().unwrap();
    prop::collection::vec((0_i64..900_000, any::<u64>()), 1..80).prop_map(move |steps| {
        steps.into_iter().map(|(after, seed)| (around + TimeDelta::seconds(after), seed)).collect()
    })
}

/// Places all steps and answers those that have a place.
fn place_all(
    account: &AccountTerms,
    campaign: &CampaignTerms,
    steps: &[(DateTime<Utc>, u64)],
) -> Vec<(DateTime<Utc>, Placed)> {
    let mut book = AccountBook::new(account.clone());
    let place = |(ready_at, seed): &(DateTime<Utc>, u64)| {
        (*ready_at, book.place(&Wanted { action: MAIL, ready_at: *ready_at, terms: campaign, seed: *seed }))
    };
    steps.iter().map(place).collect()
}

/// The day, the hour and the instant of what was placed.
type Act = (LocalDay, u8, DateTime<Utc>);

/// The rules in their plainest form: all that was placed, and a recount for each question.
struct Plain<'a> {
    account: &'a AccountTerms,
    hours: Option<WorkingHours>,
    placed: Vec<Act>,
}

impl<'a> Plain<'a> {
    fn new(account: &'a AccountTerms) -> Self {
        let hours = account.window.as_ref().and_then(WorkingHours::of_account);
        Self { account, hours, placed: Vec::new() }
    }

    fn add(&mut self, at: DateTime<Utc>) {
        let zone = self.account.zone();
        self.placed.push((LocalDay::at(zone, at), local_hour(zone, at), at));
    }

    fn spacing(&self) -> TimeDelta {
        TimeDelta::seconds(self.account.spacing.into())
    }

    /// When the slot begins that `at` is in.
    fn slot(&self, at: DateTime<Utc>) -> DateTime<Utc> {
        let start = LocalDay::at(self.account.zone(), at).start;
        let slots = (at - start).num_seconds().checked_div(self.account.spacing.into());
        slots.map_or(at, |slots| start + self.spacing() * i32::try_from(slots).unwrap())
    }

    /// When the first slot begins after `ready`.
    fn slot_after(&self, ready: DateTime<Utc>) -> DateTime<Utc> {
        let next = self.slot(ready) + self.spacing();
        next.min(LocalDay::at(self.account.zone(), ready).end)
    }

    fn allows(&self, at: DateTime<Utc>, campaign: &CampaignTerms) -> bool {
        let (zone, slot) = (self.account.zone(), self.slot(at));
        let (day, hour) = (local_day(zone, at), local_hour(zone, at));
        let count =
            |is: &dyn Fn(&Act) -> bool| i32::try_from(self.placed.iter().filter(|placed| is(placed)).count()).unwrap();
        let in_week = |first: NaiveDate| count(&|(other, ..)| (0..7).contains(&(other.date - first).num_days()));
        let ActionLimits { per_hour, per_day, per_week, .. } = self.account.limits.get(MAIL);
        let today = count(&|(other, ..)| other.date == day);
        let ramp_up = self.account.ramp_up.get(&MAIL).map(|ramp_up| i32::try_from(ramp_up.limit(day)).unwrap());
        let weeks = (0..7).map(|days| in_week(day - chrono::Days::new(days)));
        campaign.hours.contains(at)
            && self.hours.is_none_or(|hours| hours.contains(at))
            && per_hour.is_none_or(|limit| count(&|(other, at, _)| other.date == day && *at == hour) < limit)
            && per_day.is_none_or(|limit| today < limit)
            && ramp_up.is_none_or(|limit| today < limit)
            && per_week.is_none_or(|limit| weeks.max().unwrap() < limit)
            && (self.account.spacing == 0
                || (count(&|(_, _, other)| self.slot(*other) == slot) == 0
                    && (at - slot).num_seconds() < i64::from(self.account.spacing / 2).max(1)))
    }
}

fn within(limit: Option<i32>, counts: impl IntoIterator<Item = usize>) -> bool {
    let limit = limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap());
    counts.into_iter().all(|count| count <= limit)
}

proptest! {
    #[test]
    fn no_rule_is_ever_broken(account in any_terms(), campaign in any_campaign(), steps in any_steps()) {
        let placed = place_all(&account, &campaign, &steps);
        prop_assert_eq!(&place_all(&account, &campaign, &steps), &placed, "the same again");
        let zone = account.zone();
        let (mut days, mut hours, mut slots) = (BTreeMap::new(), BTreeMap::new(), BTreeSet::new());
        for (ready, placed) in &placed {
            let Placed::At { at, moves } = placed else { continue };
            prop_assert!(at >= ready && campaign.hours.contains(*at));
            if let Some(window) = &account.window {
                prop_assert!(WorkingHours::of_account(window).unwrap().contains(*at));
            }
            prop_assert!(moves.is_sorted_by_key(|moved| moved.until) && moves.iter().all(|moved| moved.until <= *at));
            let day = LocalDay::at(zone, *at);
            *days.entry(day.date).or_insert(0_usize) += 1;
            *hours.entry((day.date, local_hour(zone, *at))).or_insert(0_usize) += 1;
            if account.spacing > 0 {
                let slot = (*at - day.start).num_seconds() / i64::from(account.spacing);
                prop_assert!(slots.insert((day.date, slot)), "two acts in one slot");
            }
        }
        let taken = placed.iter().map(|(_, placed)| placed).filter(|placed| matches!(placed, Placed::At { .. }));
        let mut instants: Vec<_> = taken.map(at).collect();
        instants.sort_unstable();
        for pair in instants.windows(2).filter(|pair| local_day(zone, pair[0]) == local_day(zone, pair[1])) {
            prop_assert!(pair[1] - pair[0] >= TimeDelta::seconds((account.spacing / 2).into()), "closer than half a slot");
        }
        let ActionLimits { per_hour, per_day, per_week, .. } = account.limits.get(MAIL);
        let week = |day: &NaiveDate| days.range(*day..=*day + chrono::Days::new(6)).map(|(_, count)| count).sum();
        prop_assert!(within(per_hour, hours.into_values()), "hour");
        prop_assert!(within(per_day, days.values().copied()), "day");
        prop_assert!(within(per_week, days.keys().map(week)), "week");
        for (day, count) in &days {
            let limit = account.ramp_up.get(&MAIL).map(|ramp_up| i32::try_from(ramp_up.limit(*day)).unwrap());
            prop_assert!(within(limit, [*count]), "ramp up");
        }
    }

    #[test]
    fn nothing_earlier_was_possible(account in any_terms(), campaign in any_campaign(), steps in any_steps(), looks in prop::collection::vec(0.0..1.0, 12)) {
        let placed = place_all(&account, &campaign, &steps);
        let mut before = Plain::new(&account);
        for (ready, placed) in placed {
            let Placed::At { at, .. } = placed else { continue };
            let (first, last) = (before.slot_after(ready), before.slot(at).min(at));
            let between = (last - first).num_seconds();
            // A look at random instants, and at the ones just before.
            let near = (1..4).map(|slots| between - slots * i64::from(account.spacing.max(1)));
            #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "any second will do")]
            let seconds = looks.iter().map(|look| (between as f64 * look) as i64).chain(near);
            for earlier in seconds.filter(|second| (0..between).contains(second)).map(|second| first + TimeDelta::seconds(second)) {
                prop_assert!(!before.allows(earlier, &campaign), "{} was free before {}", earlier, at);
            }
            before.add(at);
        }
    }

    #[test]
    fn what_is_released_leaves_the_book_as_it_was(account in any_terms(), campaign in any_campaign(), steps in any_steps()) {
        let mut book = AccountBook::new(account);
        for (ready_at, seed) in steps {
            let wanted = Wanted { action: MAIL, ready_at, terms: &campaign, seed };
            let first = book.place(&wanted);
            if let Placed::At { at, .. } = first {
                book.released(MAIL, at);
                prop_assert_eq!(book.place(&wanted), first);
            }
        }
    }
}
