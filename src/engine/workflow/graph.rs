//! The workflow as a graph, of those nodes and edges that can be one.

use std::collections::{HashMap, HashSet, hash_map::Entry};

use petgraph::{
    Direction,
    graph::{DiGraph, NodeIndex},
    visit::EdgeRef,
};

use super::{faults, faults::Faults};
use crate::models::workflow::{Edge, Node, Workflow};

/// A workflow's nodes and edges by their place in the document. A second node of the same id is left out, and so are edges that lead
/// nowhere, back to their own node, or where another edge already leads.
#[derive(Debug)]
pub struct Graph<'w> {
    workflow: &'w Workflow,
    inner: DiGraph<usize, usize>,
    by_id: HashMap<&'w str, NodeIndex>,
}

impl<'w> Graph<'w> {
    pub(super) fn build(workflow: &'w Workflow, faults: &mut Faults) -> Self {
        let mut this = Self { workflow, inner: DiGraph::new(), by_id: HashMap::new() };
        for (i, node) in workflow.nodes.iter().enumerate() {
            this.add_node(i, node, faults);
        }
        let mut seen = HashSet::new();
        for (i, edge) in workflow.edges.iter().enumerate() {
            let Some((source, target)) = this.ends(i, edge, faults) else { continue };
            if seen.insert((source, target, edge.condition)) {
                this.inner.add_edge(source, target, i);
            } else {
                faults.add(faults::edge(i), "duplicate_edge", "The same edge is listed before.");
            }
        }
        this
    }

    fn add_node(&mut self, i: usize, node: &'w Node, faults: &mut Faults) {
        let pointer = || format!("{}/id", faults::node(i));
        if !faults::is_valid_id(&node.id) {
            faults.add(pointer(), "invalid_node_id", "An id is 1 to 64 letters, digits, `_`, `-`.");
        }
        match self.by_id.entry(&node.id) {
            Entry::Vacant(free) => {
                free.insert(self.inner.add_node(i));
            }
            Entry::Occupied(_) => faults.add(pointer(), "duplicate_node_id", "Another node has the same id."),
        }
    }

    fn ends(&self, i: usize, edge: &Edge, faults: &mut Faults) -> Option<(NodeIndex, NodeIndex)> {
        let mut end = |id: &str, field: &str| {
            let found = self.by_id.get(id).copied();
            if found.is_none() {
                faults.add(format!("{}/{field}", faults::edge(i)), "unknown_node", "There is no node of this id.");
            }
            found
        };
        let (source, target) = (end(&edge.source, "source"), end(&edge.target, "target"));
        let (source, target) = (source?, target?);
        if source == target {
            faults.add(faults::edge(i), "self_edge", "An edge cannot lead back to the node that it leaves.");
            return None;
        }
        Some((source, target))
    }

    /// The document.
    #[must_use]
    pub fn workflow(&self) -> &'w Workflow {
        self.workflow
    }

    /// The inner graph; its weights are places in the document.
    pub(super) fn inner(&self) -> &DiGraph<usize, usize> {
        &self.inner
    }

    /// The node at `index`, and its place in the document.
    pub(super) fn node(&self, index: NodeIndex) -> (usize, &'w Node) {
        let i = self.inner[index];
        (i, &self.workflow.nodes[i])
    }

    /// The node of this id.
    pub(super) fn find(&self, id: &str) -> Option<NodeIndex> {
        self.by_id.get(id).copied()
    }

    /// The edges that leave `index` as (place in the document, edge, target), in the document's order.
    pub(super) fn ways_out(&self, index: NodeIndex) -> Vec<(usize, &'w Edge, NodeIndex)> {
        let mut ways: Vec<_> = self
            .inner
            .edges(index)
            .map(|edge| (*edge.weight(), &self.workflow.edges[*edge.weight()], edge.target()))
            .collect();
        ways.sort_by_key(|(i, ..)| *i);
        ways
    }

    /// The nodes that no edge leads to, in the document's order.
    pub(super) fn roots(&self) -> Vec<NodeIndex> {
        self.inner.externals(Direction::Incoming).collect()
    }
}
