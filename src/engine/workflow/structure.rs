//! One beginning, no way back, and everything in reach.

use std::{
    cmp::Reverse,
    collections::{HashMap, HashSet, VecDeque},
};

use petgraph::{algo::tarjan_scc, graph::NodeIndex, visit::Dfs};

use super::{Graph, faults, faults::Faults};

/// More names than this make no sentence.
const NAMED: usize = 10;

pub(super) fn check(graph: &Graph<'_>, faults: &mut Faults) {
    check_roots(graph, faults);
    for component in tarjan_scc(graph.inner()) {
        if component.len() > 1 {
            add_cycle(graph, &component, faults);
        }
    }
}

fn check_roots(graph: &Graph<'_>, faults: &mut Faults) {
    let reach: Vec<(NodeIndex, HashSet<NodeIndex>)> =
        graph.roots().into_iter().map(|root| (root, reachable(graph, root))).collect();
    // The beginning that is meant is the one that leads to most.
    let Some(meant) = reach.iter().max_by_key(|(root, found)| (found.len(), Reverse(*root))).map(|(root, _)| *root)
    else {
        if !graph.workflow().nodes.is_empty() {
            faults.add("/workflow/nodes", "no_root", "A workflow needs a node that no edge leads to: its beginning.");
        }
        return;
    };
    for (root, _) in reach.iter().filter(|(root, _)| *root != meant) {
        let detail = format!(
            "No edge leads here. A workflow has one beginning, and this one begins at {}.",
            faults::name(graph.workflow(), graph.node(meant).0)
        );
        faults.add(faults::node(graph.node(*root).0), "several_roots", detail);
    }
    for index in graph.inner().node_indices() {
        if !reach.iter().any(|(_, found)| found.contains(&index)) {
            faults.add(faults::node(graph.node(index).0), "unreachable_node", "No way leads here from the beginning.");
        }
    }
}

fn reachable(graph: &Graph<'_>, root: NodeIndex) -> HashSet<NodeIndex> {
    let mut walk = Dfs::new(graph.inner(), root);
    std::iter::from_fn(|| walk.next(graph.inner())).collect()
}

/// Names one shortest loop through the component's first node, at the edge that closes it.
fn add_cycle(graph: &Graph<'_>, component: &[NodeIndex], faults: &mut Faults) {
    let Some(&start) = component.iter().min() else { return };
    let inside: HashSet<NodeIndex> = component.iter().copied().collect();
    let mut came_from: HashMap<NodeIndex, NodeIndex> = HashMap::new();
    let mut queue = VecDeque::from([start]);
    while let Some(node) = queue.pop_front() {
        for (edge, _, target) in graph.ways_out(node) {
            if target == start {
                faults.add(faults::edge(edge), "cycle", describe(graph, start, node, &came_from));
                return;
            }
            if inside.contains(&target) && !came_from.contains_key(&target) {
                came_from.insert(target, node);
                queue.push_back(target);
            }
        }
    }
}

fn describe(graph: &Graph<'_>, start: NodeIndex, last: NodeIndex, came_from: &HashMap<NodeIndex, NodeIndex>) -> String {
    let mut way: Vec<NodeIndex> = std::iter::successors(Some(last), |node| came_from.get(node).copied()).collect();
    way.reverse();
    let mut names: Vec<String> =
        way.iter().take(NAMED).map(|node| faults::name(graph.workflow(), graph.node(*node).0)).collect();
    if way.len() > NAMED {
        names.push("…".into());
    }
    names.push(faults::name(graph.workflow(), graph.node(start).0));
    format!("A workflow has no way back, but these nodes go round: {}.", names.join(" → "))
}
