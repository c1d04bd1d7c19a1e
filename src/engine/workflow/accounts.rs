//! Whether somebody is there to do each step.

use super::{CampaignInput, ConnectedChannel, faults, faults::Faults};
use crate::models::workflow::{StopOn, Workflow};

/// A campaign that needs an account has one.
pub(super) fn check_chosen(input: &CampaignInput<'_>, faults: &mut Faults) {
    let needs_nobody = |workflow: &Workflow| {
        !workflow.nodes.is_empty() && !workflow.nodes.iter().any(|node| node.node_type().needs_account())
    };
    if input.channels.is_empty() && !input.workflow.is_some_and(needs_nobody) {
        faults.add("/account_ids", "no_accounts", "A campaign needs at least one connected account.");
    }
}

/// Each step can be done by one of the accounts.
pub(super) fn check_nodes(workflow: &Workflow, channels: &[ConnectedChannel], faults: &mut Faults) {
    for (i, node) in workflow.nodes.iter().enumerate() {
        let node_type = node.node_type();
        if node_type.needs_account() && !channels.iter().any(|channel| channel.can(node_type)) {
            let detail = format!("No connected account can do this: {}.", node_type.as_str());
            faults.add(format!("{}/type", faults::node(i)), "no_connected_account", detail);
        }
    }
}

/// What a campaign is to stop at is heard of. Mail is sent from mailboxes that nobody here reads: who started such a campaign all the same would
/// write to people who have answered.
pub(super) fn check_stops(input: &CampaignInput<'_>, faults: &mut Faults) {
    let deaf = input.channels.iter().any(|channel| !channel.hears_answers);
    for (i, _) in input.stop_on.iter().enumerate().filter(|(_, on)| deaf && **on != StopOn::Unsubscribe) {
        let detail = "This server does not read mailboxes yet, so that it would not learn of this. Leave it out, and look after the mailbox and stop the leads yourself.";
        faults.add(format!("/stop_on/{i}"), "answers_not_read", detail);
    }
}
