//! The shape of a workflow: nodes, edges, branches, ways.

use serde_json::{Value, json};

use crate::campaign::{Campaign, example, with_workflow};

fn waits(ids: &[&str]) -> Value {
    ids.iter().map(|id| json!({"id": id, "type": "wait"})).collect()
}

fn edges(pairs: &[(&str, &str)]) -> Value {
    pairs.iter().map(|(source, target)| json!({"source": source, "target": target})).collect()
}

fn shape(ids: &[&str], pairs: &[(&str, &str)]) -> Campaign {
    with_workflow(waits(ids), edges(pairs))
}

#[test]
fn a_chain_and_a_single_node_are_fine() {
    shape(&["a"], &[]).must_say(&[]);
    shape(&["a", "b", "c"], &[("a", "b"), ("b", "c")]).must_say(&[]);
    shape(&["c", "b", "a"], &[("b", "c"), ("a", "b")]).must_say(&[]);
}

#[test]
fn ids_are_plain_and_differ() {
    shape(&["a", "b", "a"], &[("a", "b")]).must_say(&[("/workflow/nodes/2/id", "duplicate_node_id")]);
    shape(&["a b"], &[]).must_say(&[("/workflow/nodes/0/id", "invalid_node_id")]);
    shape(&[""], &[]).must_say(&[("/workflow/nodes/0/id", "invalid_node_id")]);
    shape(&["ä"], &[]).must_say(&[("/workflow/nodes/0/id", "invalid_node_id")]);
    let long = "x".repeat(65);
    shape(&[&long], &[]).must_say(&[("/workflow/nodes/0/id", "invalid_node_id")]);
    shape(&[&long[1..]], &[]).must_say(&[]);
}

#[test]
fn an_edge_joins_two_nodes_once() {
    shape(&["a", "b"], &[("a", "b"), ("a", "x"), ("y", "b")])
        .must_say(&[("/workflow/edges/1/target", "unknown_node"), ("/workflow/edges/2/source", "unknown_node")]);
    shape(&["a", "b"], &[("a", "b"), ("b", "b")]).must_say(&[("/workflow/edges/1", "self_edge")]);
    shape(&["a", "b"], &[("a", "b"), ("a", "b")]).must_say(&[("/workflow/edges/1", "duplicate_edge")]);
}

#[test]
fn a_workflow_has_no_way_back() {
    let round = shape(&["a", "b", "c", "d"], &[("a", "b"), ("b", "c"), ("c", "d"), ("d", "b")]);
    round.must_say(&[("/workflow/edges/3", "cycle")]);
    assert_eq!(
        round.faults()[0].detail,
        "A workflow has no way back, but these nodes go round: `b` → `c` → `d` → `b`."
    );
    shape(&["a", "b"], &[("a", "b"), ("b", "a")])
        .must_say(&[("/workflow/nodes", "no_root"), ("/workflow/edges/1", "cycle")]);
    let apart = shape(&["start", "a", "b"], &[("a", "b"), ("b", "a")]);
    apart.must_say(&[
        ("/workflow/nodes/1", "unreachable_node"),
        ("/workflow/nodes/2", "unreachable_node"),
        ("/workflow/edges/1", "cycle"),
    ]);
}

#[test]
fn a_hostile_id_is_not_repeated() {
    let round = shape(&["<b>", "ok"], &[("<b>", "ok"), ("ok", "<b>")]);
    let faults = round.faults();
    let cycle = faults.iter().find(|fault| fault.code == "cycle").unwrap();
    assert_eq!(cycle.detail, "A workflow has no way back, but these nodes go round: node 0 → `ok` → node 0.");
}

#[test]
fn a_workflow_has_one_beginning() {
    let two = shape(&["lost", "a", "b"], &[("a", "b")]);
    two.must_say(&[("/workflow/nodes/0", "several_roots")]);
    assert_eq!(two.faults()[0].detail, "No edge leads here. A workflow has one beginning, and this one begins at `a`.");
    shape(&["a", "b", "c"], &[("a", "c"), ("b", "c")]).must_say(&[("/workflow/nodes/1", "several_roots")]);
}

#[test]
fn a_plain_node_has_one_way_on() {
    shape(&["a", "b", "c"], &[("a", "b"), ("a", "c")]).must_say(&[("/workflow/edges/1", "several_next_nodes")]);
    let mut campaign = shape(&["a", "b"], &[("a", "b")]);
    campaign.workflow["edges"][0]["condition"] = json!("accepted");
    campaign.must_say(&[("/workflow/edges/0/condition", "unexpected_condition")]);
}

/// An invitation or a condition, with two nodes that may follow.
fn fork(node_type: &str, edges: Value) -> Campaign {
    let config = match node_type {
        "condition" => json!({"field": "title", "operator": "exists"}),
        _ => json!({}),
    };
    let nodes = json!([{"id": "ask", "type": node_type, "config": config}, {"id": "yes", "type": "wait"}, {"id": "no", "type": "wait"}]);
    with_workflow(nodes, edges)
}

#[test]
fn an_invitation_has_both_branches() {
    let wait = json!({"value": 7, "unit": "days"});
    let accepted = json!({"source": "ask", "target": "yes", "condition": "accepted"});
    let not_accepted = json!({"source": "ask", "target": "no", "condition": "not_accepted", "delay": wait});
    fork("send_connection_request", json!([accepted, not_accepted])).must_say(&[]);
    fork("send_connection_request", json!([accepted, {"source": "yes", "target": "no"}]))
        .must_say(&[("/workflow/nodes/0", "missing_branch")]);
    fork("send_connection_request", json!([not_accepted, {"source": "no", "target": "yes"}]))
        .must_say(&[("/workflow/nodes/0", "missing_branch")]);
    fork(
        "send_connection_request",
        json!([accepted, not_accepted, {"source": "ask", "target": "no", "condition": "accepted"}]),
    )
    .must_say(&[("/workflow/edges/2/condition", "duplicate_branch")]);
    fork("send_connection_request", json!([accepted, not_accepted, {"source": "ask", "target": "no"}]))
        .must_say(&[("/workflow/edges/2/condition", "missing_condition")]);
    fork(
        "send_connection_request",
        json!([accepted, not_accepted, {"source": "ask", "target": "no", "condition": "true"}]),
    )
    .must_say(&[("/workflow/edges/2/condition", "unexpected_condition")]);
    with_workflow(json!([{"id": "last", "type": "send_connection_request"}]), json!([])).must_say(&[]);
}

#[test]
fn a_condition_has_both_branches() {
    let yes = json!({"source": "ask", "target": "yes", "condition": "true"});
    let no = json!({"source": "ask", "target": "no", "condition": "false"});
    fork("condition", json!([yes, no])).must_say(&[]);
    let same =
        json!([yes, {"source": "ask", "target": "yes", "condition": "false"}, {"source": "yes", "target": "no"}]);
    fork("condition", same).must_say(&[]);
    let one = fork("condition", json!([yes, {"source": "yes", "target": "no"}]));
    one.must_say(&[("/workflow/nodes/0", "missing_branch")]);
    assert_eq!(one.faults()[0].detail, "An edge from here with the condition `false` is missing.");
    fork("condition", json!([yes, no, {"source": "ask", "target": "no"}]))
        .must_say(&[("/workflow/edges/2/condition", "missing_condition")]);
}

#[test]
fn a_delay_is_between_nothing_and_a_year() {
    for (value, unit, fine) in [
        (0, "minutes", true),
        (365, "days", true),
        (8_760, "hours", true),
        (525_600, "minutes", true),
        (366, "days", false),
        (8_761, "hours", false),
        (-1, "minutes", false),
        (i64::MAX, "days", false),
        (i64::MIN, "days", false),
    ] {
        let mut campaign = shape(&["a", "b"], &[("a", "b")]);
        campaign.workflow["edges"][0]["delay"] = json!({"value": value, "unit": unit});
        let expected: &[_] = if fine { &[] } else { &[("/workflow/edges/0/delay/value", "delay_out_of_range")] };
        campaign.must_say(expected);
    }
}

#[test]
fn acceptance_is_awaited_for_a_day_at_least() {
    let mut campaign = example();
    campaign.workflow["edges"][2]["delay"] = json!({"value": 24, "unit": "hours"});
    campaign.must_say(&[]);
    campaign.workflow["edges"][2]["delay"] = json!({"value": 23, "unit": "hours"});
    campaign.must_say(&[("/workflow/edges/2/delay/value", "acceptance_wait_too_short")]);
    campaign.workflow["edges"][2]["delay"] = Value::Null;
    campaign.must_say(&[("/workflow/edges/2/delay", "acceptance_wait_too_short")]);
}

#[test]
fn an_invitation_is_taken_back_only_where_it_was_not_accepted() {
    let nodes = json!([
        {"id": "invite", "type": "send_connection_request"},
        {"id": "pause", "type": "wait"},
        {"id": "back", "type": "withdraw_request"},
        {"id": "end", "type": "wait"}]);
    let edges = |accepted: &str| {
        json!([
            {"source": "invite", "target": accepted, "condition": "accepted"},
            {"source": "invite", "target": "pause", "condition": "not_accepted", "delay": {"value": 21, "unit": "days"}},
            {"source": "pause", "target": "back"},
            {"source": "back", "target": "end"}])
    };
    with_workflow(nodes.clone(), edges("end")).must_say(&[]);
    let wrong = [("/workflow/nodes/2", "withdraw_without_invitation")];
    with_workflow(nodes.clone(), edges("back")).must_say(&wrong);
    with_workflow(
        json!([{"id": "a", "type": "wait"}, {"id": "b", "type": "wait"}, {"id": "c", "type": "withdraw_request"}]),
        json!([
        {"source": "a", "target": "b"}, {"source": "b", "target": "c"}]),
    )
    .must_say(&wrong);
    let mut twice = with_workflow(nodes, edges("end"));
    twice.workflow["nodes"][3]["type"] = json!("withdraw_request");
    twice.must_say(&[("/workflow/nodes/3", "withdraw_without_invitation")]);
}

#[test]
fn a_mail_in_a_thread_has_a_mail_before_it_on_every_way() {
    let mut campaign = example();
    campaign.workflow["edges"].as_array_mut().unwrap().push(json!({"source": "chat", "target": "bump"}));
    campaign.must_say(&[("/workflow/nodes/4/config/thread", "no_mail_to_answer")]);
    campaign.workflow["edges"][4]["target"] = json!("mail");
    campaign.must_say(&[]);
}

#[test]
fn a_hundred_nodes_are_many_and_one_more_is_too_many() {
    let ids: Vec<String> = (0..101).map(|i| format!("n{i}")).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let pairs: Vec<(&str, &str)> = ids.windows(2).map(|pair| (pair[0], pair[1])).collect();
    shape(&ids[..100], &pairs[..99]).must_say(&[]);
    shape(&ids, &pairs).must_say(&[("/workflow", "too_many")]);
}

#[test]
fn everything_that_is_wrong_is_told_at_once_in_the_order_of_the_document() {
    let mut campaign = example();
    campaign.lead_lists = vec![];
    campaign.schedule["days"] = json!([]);
    campaign.workflow["nodes"][1]["config"]["message"] = json!("Hi {{ frist_name }}");
    campaign.workflow["nodes"][3]["config"]["variants"][0]["subject"] = json!(" ");
    campaign.workflow["edges"][0]["delay"]["value"] = json!(-1);
    campaign.workflow["edges"].as_array_mut().unwrap().remove(1);
    campaign.must_say(&[
        ("/lead_list_ids", "no_lead_lists"),
        ("/workflow/nodes/1", "missing_branch"),
        ("/workflow/nodes/1/config/message", "unknown_variable"),
        ("/workflow/nodes/2", "several_roots"),
        ("/workflow/nodes/3/config/variants/0/subject", "missing_subject"),
        ("/workflow/edges/0/delay/value", "delay_out_of_range"),
        ("/schedule/days", "no_days"),
    ]);
}
