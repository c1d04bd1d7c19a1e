//! Which of the leads' own fields a workflow speaks of.

use std::collections::BTreeSet;

use crate::{
    engine::{fields::CUSTOM_FIELDS, template},
    models::{
        leads::input::MAX_CUSTOM_NAME,
        workflow::{Action, SendEmailConfig, Workflow},
    },
};

/// The names of custom fields that the workflow's messages and conditions could mean: of `custom_fields.last.round` both `last`, which may
/// hold an object, and `last.round`.
#[must_use]
pub fn custom_fields(workflow: &Workflow) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for node in &workflow.nodes {
        for text in texts(&node.action) {
            for variable in template::variables(text) {
                add(&variable.path, &mut names);
            }
        }
        if let Action::Condition(condition) = &node.action {
            condition.field.iter().for_each(|field| add(field, &mut names));
        }
    }
    names
}

fn add(path: &str, names: &mut BTreeSet<String>) {
    let Some(name) = path.strip_prefix(CUSTOM_FIELDS).and_then(|rest| rest.strip_prefix('.')) else { return };
    let ends = name.match_indices('.').map(|(at, _)| at).chain([name.len()]);
    // No lead has a field with a longer name; and a name full of dots could mean a great many.
    let short = |name: &&str| name.chars().nth(MAX_CUSTOM_NAME).is_none();
    names.extend(ends.map(|end| &name[..end]).take_while(short).map(str::to_owned));
}

/// Everything in a node that is filled in for each lead.
fn texts(action: &Action) -> Vec<&str> {
    let texts = match action {
        Action::CommentPost(config) => vec![&config.message],
        Action::SendConnectionRequest(config) => vec![&config.message],
        Action::SendFollowup(config) => vec![&config.message],
        Action::SendInmail(config) => vec![&config.subject, &config.message],
        Action::SendEmail(SendEmailConfig { thread: _, variants }) => {
            variants.iter().flat_map(|variant| [&variant.subject, &variant.text, &variant.html]).collect()
        }
        Action::ProfileVisit
        | Action::LikePost(_)
        | Action::WithdrawRequest
        | Action::Webhook(_)
        | Action::Wait
        | Action::Condition(_) => vec![],
    };
    texts.into_iter().filter_map(Option::as_deref).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{from_value, json};

    use super::*;

    #[test]
    fn each_name_that_may_be_meant_is_found_once() {
        let workflow: Workflow = from_value(json!({"nodes": [
            {"id": "a", "type": "send_followup", "config": {"message": "{{ first_name }} {{ custom_fields.role }}"}},
            {"id": "b", "type": "send_email", "config": {"variants": [
                {"subject": "{{ custom_fields.role }}", "text": "{{ custom_fields.last.round }}", "html": "{{ custom_fields['big team'] }}"}
            ]}},
            {"id": "c", "type": "condition", "config": {"field": "custom_fields.seats"}},
            {"id": "d", "type": "condition", "config": {"field": "title"}}
        ]}))
        .unwrap();
        assert_eq!(Vec::from_iter(custom_fields(&workflow)), ["big team", "last", "last.round", "role", "seats"]);
    }

    #[test]
    fn a_name_full_of_dots_costs_no_more_than_its_length() {
        let message = format!("{{{{ custom_fields['{}'] }}}}", "a.".repeat(4_000));
        let field = format!("custom_fields.{}", "b.".repeat(4_000));
        let workflow: Workflow = from_value(json!({"nodes": [
            {"id": "a", "type": "send_followup", "config": {"message": message}},
            {"id": "b", "type": "condition", "config": {"field": field}}
        ]}))
        .unwrap();
        let names = custom_fields(&workflow);
        assert_eq!(names.len(), 100);
        assert!(names.iter().all(|name| name.len() < 100));
    }
}
