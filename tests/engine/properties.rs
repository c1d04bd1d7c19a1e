//! What holds for every workflow there can be.

use std::collections::BTreeSet;

use clento::models::LeadListStatus;
use proptest::{collection::vec, option, prelude::*, sample::select};
use serde_json::{Value, json};

use crate::campaign::{Campaign, example, with_workflow};

const GRAPH_CODES: [&str; 14] = [
    "duplicate_node_id",
    "invalid_node_id",
    "unknown_node",
    "self_edge",
    "duplicate_edge",
    "cycle",
    "no_root",
    "several_roots",
    "unreachable_node",
    "missing_branch",
    "missing_condition",
    "unexpected_condition",
    "several_next_nodes",
    "duplicate_branch",
];

fn node_type() -> impl Strategy<Value = &'static str> {
    select(vec![
        "profile_visit",
        "like_post",
        "comment_post",
        "send_connection_request",
        "withdraw_request",
        "send_followup",
        "send_inmail",
        "send_email",
        "webhook",
        "wait",
        "condition",
    ])
}

fn config(node_type: &str, text: &str) -> Value {
    match node_type {
        "comment_post" | "send_connection_request" | "send_followup" => json!({"message": text}),
        "send_inmail" => json!({"subject": text, "message": text}),
        "send_email" => {
            json!({"thread": text.len().is_multiple_of(2), "variants": [{"subject": text, "text": text, "html": text}]})
        }
        "webhook" => json!({"url": text}),
        "condition" => json!({"field": text, "operator": "equals", "value": text}),
        _ => Value::Null,
    }
}

prop_compose! {
    fn any_node()(id in "[a-h]|\\PC{0,3}", node_type in node_type(), text in r"(\{\{|\}\}|\{%|%\}|[a-z_ ]|\PC){0,12}") -> Value {
        json!({"id": id, "type": node_type, "config": config(node_type, &text)})
    }
}

prop_compose! {
    fn any_edge()(
        source in "[a-h]", target in "[a-h]",
        condition in option::of(select(vec!["accepted", "not_accepted", "true", "false"])),
        delay in option::of((any::<i64>(), select(vec!["minutes", "hours", "days"]))),
    ) -> Value {
        json!({"source": source, "target": target, "condition": condition, "delay": delay.map(|(value, unit)| json!({"value": value, "unit": unit}))})
    }
}

/// A workflow as a careful person draws it: every node after the first is put behind an earlier one that still has a free way on; then
/// some free ways are led on to nodes further down.
fn drawn(plan: &[(&'static str, usize, usize)]) -> Campaign {
    let ways = |node_type: &str| match node_type {
        "send_connection_request" => vec![Some("accepted"), Some("not_accepted")],
        "condition" => vec![Some("true"), Some("false")],
        _ => vec![None],
    };
    let edge = |source: usize, target: usize, condition: Option<&str>| json!({"source": format!("n{source}"), "target": format!("n{target}"), "condition": condition, "delay": {"value": 2, "unit": "days"}});
    let (mut nodes, mut edges, mut free) = (Vec::new(), Vec::new(), Vec::<(usize, Option<&str>)>::new());
    for (i, (node_type, pick, _)) in plan.iter().enumerate() {
        if i > 0 {
            let (source, condition) = free.remove(pick % free.len());
            edges.push(edge(source, i, condition));
        }
        nodes.push(json!({"id": format!("n{i}"), "type": node_type, "config": config(node_type, "title")}));
        free.extend(ways(node_type).into_iter().map(|condition| (i, condition)));
    }
    // What has begun to branch gets its other branch, to a common end.
    let end = nodes.len();
    nodes.push(json!({"id": format!("n{end}"), "type": "wait"}));
    for (at, (source, condition)) in free.iter().enumerate() {
        let picked = plan.get(at).is_some_and(|(_, _, pick)| pick % 2 == 0);
        if condition.is_some() || picked || end == 1 {
            edges.push(edge(*source, end, *condition));
        }
    }
    let leads_to_end = edges.iter().any(|edge| edge["target"] == json!(format!("n{end}")));
    if !leads_to_end {
        nodes.pop();
    }
    with_workflow(Value::Array(nodes), Value::Array(edges))
}

proptest! {
    #[test]
    fn no_document_makes_it_panic_and_each_fault_points_into_the_document(
        nodes in vec(any_node(), 0..9), edges in vec(any_edge(), 0..12), lists in vec(any::<bool>(), 0..3),
    ) {
        let workflow = json!({"nodes": nodes, "edges": edges});
        let status = |archived: &bool| if *archived { LeadListStatus::Archived } else { LeadListStatus::Active };
        let lead_lists = lists.iter().map(status).collect();
        let campaign = Campaign { workflow: workflow.clone(), lead_lists, ..example() };
        let body = json!({"workflow": workflow, "lead_list_ids": lists});
        for fault in campaign.faults() {
            // A field that is missing has a pointer, too: its parent is there.
            let parent = fault.pointer.rsplit_once('/').map_or("", |(parent, _)| parent);
            let there = |pointer: &str| body.pointer(pointer).is_some();
            prop_assert!(there(&fault.pointer) || there(parent) || parent.ends_with("/config"), "{fault:?}");
            prop_assert!(fault.detail.len() < 600 && !fault.detail.chars().any(char::is_control), "{fault:?}");
        }
    }

    #[test]
    fn what_a_careful_person_draws_has_no_fault_of_shape(
        plan in vec((node_type(), any::<usize>(), any::<usize>()), 1..60),
    ) {
        let campaign = drawn(&plan);
        let faults = campaign.faults();
        let wrong: BTreeSet<_> = faults.iter().filter(|fault| GRAPH_CODES.contains(&&*fault.code)).map(|fault| &*fault.code).collect();
        prop_assert!(wrong.is_empty(), "{wrong:?} {}", campaign.workflow);
    }

    #[test]
    fn an_edge_back_is_always_seen(
        plan in vec((node_type(), any::<usize>(), any::<usize>()), 2..40), from in any::<usize>(),
    ) {
        let mut campaign = drawn(&plan);
        let edges = campaign.workflow["edges"].as_array_mut().unwrap();
        let turned = edges[from % edges.len()].clone();
        edges.push(json!({"source": turned["target"], "target": turned["source"]}));
        let seen = campaign.faults().iter().any(|fault| fault.code == "cycle");
        prop_assert!(seen);
    }
}

#[test]
fn a_hundred_nodes_with_long_messages_are_quick() {
    let text = format!("{{% if company %}}{{{{ first_name }}}}{{% endif %}}{}", "x".repeat(5_000));
    let nodes: Value = (0..100)
        .map(|i| json!({"id": format!("n{i}"), "type": "send_followup", "config": {"message": text}}))
        .collect();
    let edges: Value = (1..100).map(|i| json!({"source": format!("n{}", i - 1), "target": format!("n{i}")})).collect();
    with_workflow(nodes, edges).must_say(&[]);
}
