//! Faults as they are collected.

use std::borrow::Cow;

use super::order;
use crate::{errors::Fault, models::workflow::Workflow};

/// The faults found so far.
#[derive(Debug, Default)]
pub(super) struct Faults(Vec<Fault>);

impl Faults {
    /// One more fault.
    pub(super) fn add(&mut self, pointer: impl Into<String>, code: &'static str, detail: impl Into<Cow<'static, str>>) {
        self.0.push(Fault::new(pointer, code, detail));
    }

    /// All faults in the order of the document.
    pub(super) fn into_sorted(mut self) -> Vec<Fault> {
        self.0.sort_by_cached_key(|fault| (order::key(&fault.pointer), fault.code.clone()));
        self.0
    }
}

/// The pointer to the node at `index`.
pub(super) fn node(index: usize) -> String {
    format!("/workflow/nodes/{index}")
}

/// The pointer to the edge at `index`.
pub(super) fn edge(index: usize) -> String {
    format!("/workflow/edges/{index}")
}

/// The node at `index` as a sentence names it: by its id if that is fit to be repeated.
pub(super) fn name(workflow: &Workflow, index: usize) -> String {
    match workflow.nodes.get(index) {
        Some(node) if is_valid_id(&node.id) => format!("`{}`", node.id),
        _ => format!("node {index}"),
    }
}

/// Whether `id` is 1 to 64 letters, digits, `_`, `-`.
pub(super) fn is_valid_id(id: &str) -> bool {
    (1..=crate::models::workflow::MAX_ID).contains(&id.len())
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}
