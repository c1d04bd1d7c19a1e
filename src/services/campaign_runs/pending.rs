//! Why a lead has not begun yet, by the planner's own judgement of this moment. Nothing is written.

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    begin::{barred, unfit},
    party::{Party, newcomer, planner_of},
};
use crate::{
    engine::{
        calendar::{local_day, start_of_day},
        planner::{Books, Decision, Planner, Traveller},
    },
    errors::Result,
    models::{CampaignExecution, CampaignStatus, Move},
    repositories::{CampaignRun, OrgTx},
    services::SuppressionKeys,
};

/// What is promised so long after a day does not bear on it: limits count weeks of days, in whatever zone.
const BEYOND: TimeDelta = TimeDelta::days(10);

/// What keeps a lead from beginning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingWait {
    /// The rule, or why the lead will be left out: a code.
    pub rule: &'static str,
    /// The earliest instant at which its first step may be done, if nobody comes before it; none if no time frees it.
    pub not_before: Option<DateTime<Utc>>,
    /// What moves that instant, once the lead begins.
    pub moves: Vec<Move>,
}

impl PendingWait {
    fn of(rule: &'static str, not_before: Option<DateTime<Utc>>) -> Self {
        Self { rule, not_before, moves: Vec::new() }
    }

    /// What would free it, in English, in a whole sentence.
    #[must_use]
    pub fn freed_by(&self) -> &'static str {
        match self.rule {
            "campaign_paused" => "Resume the campaign.",
            "campaign_replanning" => "It goes on when what waits in the campaign is planned anew.",
            "next_beginning" => "There is room for it: leads are begun at `not_before`.",
            "not_on_lists" => "Put the lead back onto one of the campaign's lists.",
            "new_leads_per_day" => "Wait for the campaign's next day, or raise `new_leads_per_day`.",
            "hour_limit" | "day_limit" | "week_limit" | "ramp_up" | "spacing" => {
                "Wait for the next day, raise the account's limits, or add an account."
            }
            "working_hours" => "Wait for the campaign's next working day, or widen its hours.",
            "account_hours" => "Wait until the account's hours and the campaign's meet, or widen either.",
            "account_rests" => "Wait until the account has rested.",
            "no_account" => "Connect an account of the campaign again, or add one that can do the first step.",
            "contacted_lately" => "It will be left out; set `skip_contacted_within_days` otherwise if it shall not be.",
            "in_another_campaign" => "It will be left out; set `skip_in_another_campaign` to false if it shall not be.",
            "cannot_be_reached" => "It will be left out; give the lead an address or a profile that a step can reach.",
            "suppressed" | "do_not_contact" | "unsubscribed" | "bounced" | "replied" | "end_at" => {
                "Nothing: it will be left out when leads are begun next."
            }
            _ => "Wait: it is looked at again when leads are begun next.",
        }
    }
}

/// What keeps the lead of an execution that is pending from beginning; nothing if its campaign is over. Before a campaign starts it has no executions.
///
/// # Errors
/// The database's.
pub async fn pending_wait(
    tx: &mut OrgTx,
    keys: &SuppressionKeys,
    execution: &CampaignExecution,
) -> Result<Option<PendingWait>> {
    let Some(run) = tx.campaigns().run(execution.campaign_id).await? else { return Ok(None) };
    match run.status {
        CampaignStatus::Paused => return Ok(Some(PendingWait::of("campaign_paused", None))),
        CampaignStatus::Running => {}
        _ => return Ok(None),
    }
    if run.replanning.is_some() {
        return Ok(Some(PendingWait::of("campaign_replanning", None)));
    }
    let (now, leads) = (tx.now(), [execution.lead_id]);
    let until = run.next_begin_at.unwrap_or(now).max(now) + BEYOND;
    let mut party = Party::look_until(tx, keys, (run.id, until), &leads).await?;
    let Some(lead) = party.leads.get(&execution.lead_id) else { return Ok(None) };
    if !tx.campaigns().on_lists(run.id, &leads).await?.contains(&lead.id) {
        return Ok(Some(PendingWait::of("not_on_lists", None)));
    }
    if let Some(why) = unfit(lead, &party, &barred(tx, &run, &leads).await?) {
        return Ok(Some(PendingWait::of(why, None)));
    }
    let who = newcomer(lead);
    let planner = planner_of(&run)?;
    let today = local_day(planner.hours().zone(), now);
    let begun = tx.executions().begun_since(run.id, start_of_day(planner.hours().zone(), today)).await?;
    party.books.begun(today, u64::try_from(begun).unwrap_or(0));
    Ok(Some(judged(&planner, &run, &who, &party.books, now)))
}

/// What the planner says of a lead that it would begin now, and of when it is asked next.
fn judged(planner: &Planner<'_>, run: &CampaignRun, who: &Traveller, books: &Books, now: DateTime<Utc>) -> PendingWait {
    let begun = |at| planner.begin(who, &mut books.clone(), at).decision;
    let rule = match begun(now) {
        Decision::NotToday { rule, .. } | Decision::Never { rule, .. } => rule.as_str(),
        Decision::End => return PendingWait::of("cannot_be_reached", None),
        Decision::Step { .. } | Decision::Await { .. } | Decision::Gone { .. } => "next_beginning",
    };
    let next = run.next_begin_at.map(|next| next.max(now));
    match next.map(begun) {
        Some(Decision::Step { at, moves, .. }) => PendingWait { rule, not_before: Some(at), moves },
        Some(Decision::Never { .. }) | None => PendingWait::of(rule, None),
        Some(_) => PendingWait::of(rule, next),
    }
}
