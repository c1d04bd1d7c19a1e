//! Whether accounts are ever free within the hours of a campaign.

use std::iter;

use chrono::{DateTime, Utc};

use crate::{
    engine::{
        book::{AccountBook, CampaignTerms, Placed, Wanted},
        calendar::LocalDay,
        planner::Planner,
    },
    errors::Fault,
    models::{
        Campaign, Channel, ConnectedAccount, Rule,
        workflow::{Node, NodeType, Schedule},
    },
    services::campaign_runs::book,
};

/// Days that are looked at: each day of the week twice.
const LOOKED_AT: usize = 14;

/// A fault for each channel on which the campaign's steps have no place on any day, though there are accounts for it.
pub(super) fn never_free(campaign: &Campaign, accounts: &[ConnectedAccount], now: DateTime<Utc>) -> Vec<Fault> {
    let (Some(workflow), Some(schedule)) = (campaign.workflow.as_deref(), campaign.schedule.as_deref()) else {
        return Vec::new();
    };
    // However soon the campaign ends, its days are like these.
    let schedule = Schedule { start_at: None, end_at: None, ..schedule.clone() };
    let Some(planner) = Planner::new(workflow, &schedule) else { return Vec::new() };
    let Some(terms) = CampaignTerms::of(&schedule, None) else { return Vec::new() };
    let days: Vec<_> =
        iter::successors(planner.next_beginning(now), |day| planner.next_beginning(*day)).take(LOOKED_AT).collect();
    let first = planner.route().root().node_type().channel();
    let never = |channel: &Channel| {
        let mut asked =
            planner.route().nodes().map(Node::node_type).filter(|action| action.channel() == Some(*channel));
        let of_channel: Vec<_> = accounts.iter().filter(|account| account.channel == *channel).map(fresh).collect();
        let begins = first == Some(*channel);
        let free = |action| of_channel.iter().any(|book| is_free(book, action, &terms, (&days, begins)));
        !of_channel.is_empty() && asked.next().is_some_and(|action| !free(action))
    };
    [Channel::Linkedin, Channel::Email].into_iter().filter(never).map(fault).collect()
}

/// The book of an account that has done nothing and rests from nothing.
fn fresh(account: &ConnectedAccount) -> AccountBook {
    book(&ConnectedAccount { rests_until: None, ..account.clone() })
}

/// Whether its hours and spacing let the account do this at some time; on the day itself if leads begin with it.
fn is_free(
    book: &AccountBook,
    action: NodeType,
    terms: &CampaignTerms,
    (days, begins): (&[DateTime<Utc>], bool),
) -> bool {
    days.iter().any(|day| {
        let end = LocalDay::at(terms.hours.zone(), *day).end;
        let wanted = Wanted { action, ready_at: *day, terms, seed: 0 };
        let hours = [Rule::Spacing, Rule::WorkingHours, Rule::AccountHours, Rule::TooFar];
        // Limits are another matter: they can be raised while the campaign runs.
        !matches!(book.earliest_before(&wanted, begins.then_some(end)), Placed::Never { rule } if hours.contains(&rule))
    })
}

fn fault(channel: Channel) -> Fault {
    let detail = format!(
        "No account for {} is ever free in the campaign's hours: its own hours are others, or its spacing leaves no place in them.",
        channel.as_str()
    );
    Fault::new("/account_ids", "never_free", detail)
}
