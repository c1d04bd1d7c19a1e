//! What must have happened before a node, on every way that leads to it.

use std::collections::VecDeque;

use petgraph::graph::NodeIndex;

use super::{Graph, faults, faults::Faults};
use crate::models::workflow::{Action, EdgeCondition, Node, NodeType};

/// The pasts that a lead may have at a node, as a set of bits: how its last invitation went, and whether it got a mail. One lead has one
/// past, but several ways may lead to a node.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Pasts {
    invitation: u8,
    mail: u8,
}

const NOT_INVITED: u8 = 1;
const PENDING: u8 = 2;
const CONNECTED: u8 = 4;
const WITHDRAWN: u8 = 8;

const NO_MAIL: u8 = 1;
const MAILED: u8 = 2;

impl Pasts {
    const BEGINNING: Self = Self { invitation: NOT_INVITED, mail: NO_MAIL };

    fn joined(self, other: Self) -> Self {
        Self { invitation: self.invitation | other.invitation, mail: self.mail | other.mail }
    }

    /// The pasts after `node`, on the edge with this condition.
    fn after(self, node: &Node, condition: Option<EdgeCondition>) -> Self {
        match (node.node_type(), condition) {
            (NodeType::SendConnectionRequest, Some(EdgeCondition::Accepted)) => Self { invitation: CONNECTED, ..self },
            (NodeType::SendConnectionRequest, _) => Self { invitation: PENDING, ..self },
            (NodeType::WithdrawRequest, _) => Self { invitation: WITHDRAWN, ..self },
            (NodeType::SendEmail, _) => Self { mail: MAILED, ..self },
            _ => self,
        }
    }
}

pub(super) fn check(graph: &Graph<'_>, faults: &mut Faults) {
    let pasts = pasts(graph);
    for index in graph.inner().node_indices() {
        let (i, node) = graph.node(index);
        let past = pasts[index.index()];
        match &node.action {
            Action::WithdrawRequest if past.invitation & !PENDING != 0 => faults.add(
                faults::node(i),
                "withdraw_without_invitation",
                "Only an invitation that was not accepted can be taken back: every way here must come from a `not_accepted` edge.",
            ),
            Action::SendEmail(mail) if mail.thread && past.mail & NO_MAIL != 0 => faults.add(
                format!("{}/config/thread", faults::node(i)),
                "no_mail_to_answer",
                "A mail in a thread needs an earlier mail on every way that leads here.",
            ),
            _ => {}
        }
    }
}

/// The pasts at each node. Sets only grow, so it ends even if the workflow goes round.
fn pasts(graph: &Graph<'_>) -> Vec<Pasts> {
    let mut pasts = vec![Pasts::default(); graph.inner().node_count()];
    let mut queue: VecDeque<NodeIndex> = graph.roots().into();
    for root in &queue {
        pasts[root.index()] = Pasts::BEGINNING;
    }
    while let Some(index) = queue.pop_front() {
        for (_, edge, target) in graph.ways_out(index) {
            let joined = pasts[target.index()].joined(pasts[index.index()].after(graph.node(index).1, edge.condition));
            if joined != pasts[target.index()] {
                pasts[target.index()] = joined;
                queue.push_back(target);
            }
        }
    }
    pasts
}
