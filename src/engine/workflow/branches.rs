//! What leads from a node to the next: conditions, branches, delays.

use super::{Graph, faults, faults::Faults};
use crate::models::workflow::{Delay, Edge, EdgeCondition, MAX_DELAY_DAYS, MAX_DELAY_MINUTES, NodeType};

/// LinkedIn tells of a new connection up to eight hours late, so a shorter wait would take an accepted invitation for a refused one.
const SHORTEST_ACCEPTANCE_WAIT_MINUTES: i64 = 24 * 60;

pub(super) fn check(graph: &Graph<'_>, faults: &mut Faults) {
    for (i, edge) in graph.workflow().edges.iter().enumerate() {
        check_delay(i, edge, faults);
        if let Some(source) = graph.find(&edge.source) {
            check_condition(i, edge, graph.node(source).1.node_type(), faults);
        }
    }
    check_forks(graph, faults);
    check_missing_branches(graph, faults);
}

/// The two answers that a node of this kind gives, if it gives any.
fn answers(node_type: NodeType) -> Option<[EdgeCondition; 2]> {
    match node_type {
        NodeType::SendConnectionRequest => Some([EdgeCondition::Accepted, EdgeCondition::NotAccepted]),
        NodeType::Condition => Some([EdgeCondition::True, EdgeCondition::False]),
        _ => None,
    }
}

fn check_condition(i: usize, edge: &Edge, source: NodeType, faults: &mut Faults) {
    let pointer = format!("{}/condition", faults::edge(i));
    match (answers(source), edge.condition) {
        (None, None) => {}
        (None, Some(_)) => faults.add(
            pointer,
            "unexpected_condition",
            format!("A {} node has one way on, without a condition.", source.as_str()),
        ),
        (Some(known), Some(given)) if known.contains(&given) => {}
        (Some([yes, no]), given) => {
            let code = if given.is_some() { "unexpected_condition" } else { "missing_condition" };
            let (source, yes, no) = (source.as_str(), yes.as_str(), no.as_str());
            faults.add(pointer, code, format!("An edge from a {source} node is either `{yes}` or `{no}`."));
        }
    }
}

fn check_delay(i: usize, edge: &Edge, faults: &mut Faults) {
    let pointer = format!("{}/delay", faults::edge(i));
    let minutes = edge.delay.map_or(0, Delay::minutes);
    if !(0..=MAX_DELAY_MINUTES).contains(&minutes) {
        let detail = format!("A delay is at least 0 and at most {MAX_DELAY_DAYS} days.");
        faults.add(format!("{pointer}/value"), "delay_out_of_range", detail);
    } else if edge.condition == Some(EdgeCondition::NotAccepted) && minutes < SHORTEST_ACCEPTANCE_WAIT_MINUTES {
        let pointer = if edge.delay.is_some() { format!("{pointer}/value") } else { pointer };
        faults.add(pointer, "acceptance_wait_too_short", "Acceptance must be awaited for at least 1 day.");
    }
}

/// A lead stands at one node at a time, so a node has at most one way on for each answer.
fn check_forks(graph: &Graph<'_>, faults: &mut Faults) {
    for index in graph.inner().node_indices() {
        let ways = graph.ways_out(index);
        for (at, (i, edge, _)) in ways.iter().enumerate() {
            if !ways[..at].iter().any(|(_, earlier, _)| earlier.condition == edge.condition) {
                continue;
            }
            match edge.condition {
                None => {
                    faults.add(faults::edge(*i), "several_next_nodes", "A node has one next node without a condition.");
                }
                Some(condition) => {
                    let detail = format!("Another edge from this node is `{}` already.", condition.as_str());
                    faults.add(format!("{}/condition", faults::edge(*i)), "duplicate_branch", detail);
                }
            }
        }
    }
}

/// A condition has both branches; an invitation has both or, at the end of a workflow, none.
fn check_missing_branches(graph: &Graph<'_>, faults: &mut Faults) {
    for index in graph.inner().node_indices() {
        let (i, node) = graph.node(index);
        let Some(both) = answers(node.node_type()) else { continue };
        let has =
            |answer| graph.workflow().edges.iter().any(|edge| edge.source == node.id && edge.condition == Some(answer));
        if node.node_type() == NodeType::SendConnectionRequest && !both.into_iter().any(has) {
            continue;
        }
        for answer in both.into_iter().filter(|answer| !has(*answer)) {
            let detail = format!("An edge from here with the condition `{}` is missing.", answer.as_str());
            faults.add(faults::node(i), "missing_branch", detail);
        }
    }
}
