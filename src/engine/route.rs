//! A valid workflow as it is walked: which node comes after which answer, and how long after.

use std::collections::BTreeMap;

use chrono::TimeDelta;

use crate::models::workflow::{Delay, Edge, EdgeCondition, MAX_DELAY_MINUTES, Node, NodeType, Workflow};

/// A workflow with its one beginning.
#[derive(Debug, Clone)]
pub struct Route<'w> {
    root: &'w Node,
    nodes: BTreeMap<&'w str, &'w Node>,
    ways: BTreeMap<(&'w str, Option<EdgeCondition>), &'w Edge>,
}

/// How a node ended for a lead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// It was done.
    Done,
    /// The invitation was accepted.
    Accepted,
    /// The invitation was not accepted in time.
    NotAccepted,
    /// The condition holds.
    True,
    /// The condition does not hold.
    False,
}

/// What follows an answer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Onward<'w> {
    /// Another node.
    Next {
        /// Which.
        node: &'w Node,
        /// How long after the answer.
        delay: TimeDelta,
    },
    /// The invitation's answer is awaited.
    AwaitAcceptance {
        /// How long after it was sent.
        at_most: TimeDelta,
    },
    /// Nothing.
    End,
}

impl<'w> Route<'w> {
    /// The way through `workflow`; none if it does not begin at one node.
    #[must_use]
    pub fn new(workflow: &'w Workflow) -> Option<Self> {
        let nodes: BTreeMap<_, _> = workflow.nodes.iter().map(|node| (node.id.as_str(), node)).collect();
        let led_to = |node: &Node| workflow.edges.iter().any(|edge| edge.target == node.id);
        let mut roots = workflow.nodes.iter().filter(|node| !led_to(node));
        let (Some(root), None) = (roots.next(), roots.next()) else { return None };
        let ways = workflow.edges.iter().map(|edge| ((edge.source.as_str(), edge.condition), edge)).collect();
        Some(Self { root, nodes, ways })
    }

    /// The first node.
    #[must_use]
    pub fn root(&self) -> &'w Node {
        self.root
    }

    /// The node of this id.
    #[must_use]
    pub fn node(&self, id: &str) -> Option<&'w Node> {
        self.nodes.get(id).copied()
    }

    /// All nodes, by id.
    pub fn nodes(&self) -> impl Iterator<Item = &'w Node> + '_ {
        self.nodes.values().copied()
    }

    /// What follows when `node` ended with `answer`. An invitation that was sent awaits its answer if it has branches, so nothing is left of
    /// the delay on `not_accepted` once that is the answer.
    #[must_use]
    pub fn after(&self, node: &str, answer: Answer) -> Onward<'w> {
        let invites = self.node(node).is_some_and(|node| node.node_type() == NodeType::SendConnectionRequest);
        match answer {
            Answer::Done if invites => self.after_invitation(node),
            Answer::Done => self.along(node, None),
            Answer::Accepted => self.along(node, Some(EdgeCondition::Accepted)),
            Answer::True => self.along(node, Some(EdgeCondition::True)),
            Answer::False => self.along(node, Some(EdgeCondition::False)),
            Answer::NotAccepted => match self.along(node, Some(EdgeCondition::NotAccepted)) {
                Onward::Next { node, .. } => Onward::Next { node, delay: TimeDelta::zero() },
                onward => onward,
            },
        }
    }

    /// The first node after `node` that is `there`, on the way of those who do nothing and for whom no condition holds, and all the delays
    /// until then.
    pub fn first_after(&self, node: &str, there: impl Fn(&str) -> bool) -> Option<(&'w Node, TimeDelta)> {
        let (mut from, mut waited) = (self.node(node)?, TimeDelta::zero());
        for _ in 0..self.nodes.len() {
            let conditional = from.node_type() == NodeType::Condition;
            let (onward, awaited) = match self.after(&from.id, if conditional { Answer::False } else { Answer::Done }) {
                Onward::AwaitAcceptance { at_most } => (self.after(&from.id, Answer::NotAccepted), at_most),
                onward => (onward, TimeDelta::zero()),
            };
            let Onward::Next { node, delay } = onward else { return None };
            waited += awaited + delay;
            if there(&node.id) {
                return Some((node, waited));
            }
            from = node;
        }
        None
    }

    fn after_invitation(&self, node: &str) -> Onward<'w> {
        match self.along(node, Some(EdgeCondition::NotAccepted)) {
            Onward::Next { delay, .. } => Onward::AwaitAcceptance { at_most: delay },
            onward => onward,
        }
    }

    fn along(&self, node: &str, condition: Option<EdgeCondition>) -> Onward<'w> {
        let way = self.ways.get(&(node, condition));
        let next = way.and_then(|edge| Some((self.node(&edge.target)?, span(edge.delay))));
        next.map_or(Onward::End, |(node, delay)| Onward::Next { node, delay })
    }
}

/// A delay within the bounds that validation sets.
fn span(delay: Option<Delay>) -> TimeDelta {
    TimeDelta::minutes(delay.map_or(0, Delay::minutes).clamp(0, MAX_DELAY_MINUTES))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn workflow() -> Workflow {
        serde_json::from_value(json!({
            "nodes": [
                {"id": "mail", "type": "send_email"},
                {"id": "visit", "type": "profile_visit"},
                {"id": "invite", "type": "send_connection_request"},
                {"id": "chat", "type": "send_followup"},
                {"id": "boss", "type": "condition"},
                {"id": "call", "type": "webhook"}
            ],
            "edges": [
                {"source": "visit", "target": "invite", "delay": {"value": 1, "unit": "days"}},
                {"source": "invite", "target": "chat", "condition": "accepted", "delay": {"value": 2, "unit": "hours"}},
                {"source": "invite", "target": "boss", "condition": "not_accepted", "delay": {"value": 7, "unit": "days"}},
                {"source": "boss", "target": "mail", "condition": "true"},
                {"source": "boss", "target": "call", "condition": "false", "delay": {"value": 5, "unit": "minutes"}}
            ]
        }))
        .unwrap()
    }

    fn told(onward: Onward<'_>) -> String {
        match onward {
            Onward::Next { node, delay } => format!("{} after {} min", node.id, delay.num_minutes()),
            Onward::AwaitAcceptance { at_most } => format!("acceptance within {} min", at_most.num_minutes()),
            Onward::End => "end".to_owned(),
        }
    }

    #[test]
    fn each_answer_leads_on_its_own_way() {
        let workflow = workflow();
        let route = Route::new(&workflow).unwrap();
        assert_eq!(route.root().id, "visit");
        for (node, answer, expected) in [
            ("visit", Answer::Done, "invite after 1440 min"),
            ("invite", Answer::Done, "acceptance within 10080 min"),
            ("invite", Answer::Accepted, "chat after 120 min"),
            ("invite", Answer::NotAccepted, "boss after 0 min"),
            ("boss", Answer::True, "mail after 0 min"),
            ("boss", Answer::False, "call after 5 min"),
            ("boss", Answer::Done, "end"),
            ("call", Answer::Done, "end"),
            ("unknown", Answer::Done, "end"),
        ] {
            assert_eq!(told(route.after(node, answer)), expected, "{node} {answer:?}");
        }
    }

    #[test]
    fn the_first_node_that_is_left_comes_after_all_delays() {
        let workflow = workflow();
        let route = Route::new(&workflow).unwrap();
        let first = |node: &str, left: &[&str]| {
            let found = route.first_after(node, |id| left.contains(&id));
            found.map(|(node, delay)| (node.id.clone(), delay.num_minutes()))
        };
        assert_eq!(first("visit", &["invite"]), Some(("invite".to_owned(), 1_440)));
        assert_eq!(first("visit", &["chat", "boss"]), Some(("boss".to_owned(), 1_440 + 10_080)));
        assert_eq!(first("visit", &["call"]), Some(("call".to_owned(), 1_440 + 10_080 + 5)));
        assert_eq!(first("visit", &[]), None);
        assert_eq!(first("unknown", &["call"]), None);
    }

    #[test]
    fn an_invitation_without_branches_is_the_end() {
        let mut workflow = workflow();
        workflow.edges.truncate(1);
        workflow.nodes.retain(|node| ["visit", "invite"].contains(&node.id.as_str()));
        assert_eq!(told(Route::new(&workflow).unwrap().after("invite", Answer::Done)), "end");
    }

    #[test]
    fn a_workflow_without_one_beginning_is_no_route() {
        assert!(Route::new(&Workflow::default()).is_none());
        let mut several = workflow();
        several.edges.clear();
        assert!(Route::new(&several).is_none());
    }
}
