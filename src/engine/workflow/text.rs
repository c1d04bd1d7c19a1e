//! Texts that a person wrote for other people: can they be filled in, with what is known, within what LinkedIn takes?

use std::collections::BTreeSet;

use super::{CampaignInput, faults::Faults};
use crate::engine::{fields, template};

/// More unknown names of one text than this help nobody.
const MOST_NAMES: usize = 20;

/// What a text has to keep to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rule {
    /// The most characters as written.
    pub(super) written: usize,
    /// The most characters once filled in.
    pub(super) filled: Option<usize>,
    /// Whether it is one line, as a subject is.
    pub(super) single_line: bool,
}

/// The text, if it says anything.
pub(super) fn given(text: Option<&String>) -> Option<&str> {
    text.map(String::as_str).filter(|text| !text.trim().is_empty())
}

/// Everything that is wrong with `text`, at `pointer`.
pub(super) fn check(pointer: &str, text: &str, rule: Rule, input: &CampaignInput<'_>, faults: &mut Faults) {
    if text.chars().count() > rule.written {
        faults.add(pointer, "too_long", format!("At most {} characters are allowed.", rule.written));
        return;
    }
    if rule.single_line && text.contains(['\n', '\r']) {
        faults.add(pointer, "line_break_in_subject", "A subject is one line.");
    }
    let broken = template::check(text);
    let variables = template::variables(text);
    let unknown: Vec<_> = variables
        .iter()
        .filter(|name| !fields::is_lead_field(&name.path, input.custom_fields) && !fields::is_sender_field(&name.path))
        .take(MOST_NAMES)
        .collect();
    for variable in &unknown {
        let detail = format!("Line {}: there is no variable {}.", variable.line, template::quoted(&variable.path));
        faults.add(pointer, "unknown_variable", detail);
    }
    if broken.is_empty() && unknown.is_empty() {
        check_filled(pointer, text, rule, &template::paths(&variables), faults);
    }
    for fault in broken {
        faults.add(pointer, fault.code, fault.detail);
    }
}

/// Measures the longest wording of the text with every gap left empty and with a sample lead's long values: over the limit in the first
/// case, it is too long for everybody who is given that wording; in the second, for some.
fn check_filled(pointer: &str, text: &str, rule: Rule, variables: &BTreeSet<&str>, faults: &mut Faults) {
    let filled = match template::longest(text, &fields::sample(variables.iter().copied())) {
        Ok(filled) => filled,
        // What a custom field holds is not known, so a text that computes with one may be right for the real values.
        Err(fault) if fault.code == template::FAILS && variables.iter().any(|path| fields::is_custom(path)) => return,
        Err(fault) => return faults.add(pointer, fault.code, fault.detail),
    };
    let Some(limit) = rule.filled else { return };
    let bare = template::longest_bare(text).unwrap_or_default();
    if bare > limit {
        let detail = format!("Even with all variables left empty it has {bare} characters; {limit} are allowed here.");
        faults.add(pointer, "too_long", detail);
    } else if filled > limit {
        let detail = format!("Filled in with long values it has {filled} characters; {limit} are allowed here.");
        faults.add(pointer, "may_be_too_long", detail);
    }
}
