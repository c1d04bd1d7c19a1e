//! Whether somebody is there to do each step.

use super::{CampaignInput, ConnectedChannel, faults, faults::Faults};
use crate::models::workflow::Workflow;

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
