//! Whether a campaign can start: every fault of its workflow and schedule at once, each with its place in the campaign's body.
//!
//! | where | codes |
//! |---|---|
//! | `/workflow` | `missing_workflow`, `no_nodes`, `no_root`, `too_many` |
//! | a node | `duplicate_node_id`, `invalid_node_id`, `several_roots`, `unreachable_node`, `missing_branch`, `no_connected_account`, `withdraw_without_invitation` |
//! | an edge | `unknown_node`, `self_edge`, `duplicate_edge`, `cycle`, `several_next_nodes`, `duplicate_branch`, `missing_condition`, `unexpected_condition`, `delay_out_of_range`, `acceptance_wait_too_short` |
//! | a config | `missing_message`, `missing_subject`, `missing_body`, `missing_variants`, `missing_url`, `missing_field`, `missing_operator`, `missing_value`, `unexpected_subject`, `unexpected_value`, `wrong_value_type`, `unknown_field`, `out_of_range`, `no_weight`, `no_mail_to_answer`, `invalid_url` |
//! | a text | `template_syntax`, `unknown_filter`, `unknown_test`, `unknown_function`, `template_fails`, `template_too_complex`, `template_too_costly`, `unknown_variable`, `too_long`, `may_be_too_long`, `line_break_in_subject` |
//! | `/schedule` | `missing_schedule`, `missing_timezone`, `unknown_timezone`, `no_days`, `duplicate_day`, `missing_time`, `invalid_time`, `empty_window`, `end_before_start`, `end_in_the_past`, `out_of_range` |
//! | elsewhere | `no_lead_lists`, `archived_lead_list`, `no_accounts`, `duplicate_stop_rule` |

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use crate::{
    errors::Fault,
    models::{
        LeadListStatus,
        workflow::{MAX_EDGES, MAX_NODES, Schedule, StopOn, Workflow},
    },
};

mod accounts;
mod branches;
mod channel;
mod condition;
mod content;
mod faults;
mod graph;
mod mail;
mod order;
mod paths;
mod schedule;
mod structure;
mod text;
mod variables;

pub use channel::{ConnectedChannel, LinkedinTier};
use faults::Faults;
pub use graph::Graph;
pub use variables::custom_fields;

/// All that decides whether a campaign can start.
#[derive(Debug, Clone, Copy)]
pub struct CampaignInput<'c> {
    /// The workflow, if there is one yet.
    pub workflow: Option<&'c Workflow>,
    /// The schedule, if there is one yet.
    pub schedule: Option<&'c Schedule>,
    /// What ends the campaign for a lead; nothing is allowed.
    pub stop_on: &'c [StopOn],
    /// What each chosen account that is in working order can do.
    pub channels: &'c [ConnectedChannel],
    /// The state of each chosen lead list, in their order.
    pub lead_lists: &'c [LeadListStatus],
    /// The names of the custom fields that the organization's leads have.
    pub custom_fields: &'c BTreeSet<String>,
    /// The present instant.
    pub now: DateTime<Utc>,
}

/// Everything that keeps the campaign from starting, in the order of the campaign's body; nothing if it can start.
#[must_use]
pub fn validate(input: &CampaignInput<'_>) -> Vec<Fault> {
    let mut faults = Faults::default();
    check_lead_lists(input.lead_lists, &mut faults);
    match input.workflow {
        None => faults.add("/workflow", "missing_workflow", "A campaign needs a workflow."),
        Some(workflow) => check_workflow(workflow, input, &mut faults),
    }
    accounts::check_chosen(input, &mut faults);
    schedule::check(input.schedule, input.now, &mut faults);
    check_stop_rules(input.stop_on, &mut faults);
    faults.into_sorted()
}

fn check_lead_lists(lists: &[LeadListStatus], faults: &mut Faults) {
    if lists.is_empty() {
        faults.add("/lead_list_ids", "no_lead_lists", "A campaign needs at least one lead list.");
    }
    for (i, _) in lists.iter().enumerate().filter(|(_, status)| **status == LeadListStatus::Archived) {
        let detail = "This lead list is archived; take it out of the archive or leave it out here.";
        faults.add(format!("/lead_list_ids/{i}"), "archived_lead_list", detail);
    }
}

fn check_workflow(workflow: &Workflow, input: &CampaignInput<'_>, faults: &mut Faults) {
    if workflow.nodes.is_empty() {
        faults.add("/workflow/nodes", "no_nodes", "A workflow needs at least one node.");
    }
    if workflow.nodes.len() > MAX_NODES || workflow.edges.len() > MAX_EDGES {
        let detail = format!("A workflow has at most {MAX_NODES} nodes and {MAX_EDGES} edges.");
        faults.add("/workflow", "too_many", detail);
        return;
    }
    let graph = Graph::build(workflow, faults);
    structure::check(&graph, faults);
    branches::check(&graph, faults);
    paths::check(&graph, faults);
    accounts::check_nodes(workflow, input.channels, faults);
    content::check(workflow, input, faults);
}

fn check_stop_rules(stop_on: &[StopOn], faults: &mut Faults) {
    for (i, rule) in stop_on.iter().enumerate() {
        if stop_on[..i].contains(rule) {
            faults.add(format!("/stop_on/{i}"), "duplicate_stop_rule", "This rule is listed twice.");
        }
    }
}
