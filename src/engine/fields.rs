//! What a message may say of the lead and of who writes, and an example of each to measure messages with.

use std::collections::{BTreeMap, BTreeSet};

use minijinja::Value;

/// The name under which a lead's own fields are reached: `custom_fields.seniority`.
pub const CUSTOM_FIELDS: &str = "custom_fields";

/// The fields of a lead, each with an example as long as one often meets.
const LEAD: [(&str, &str); 17] = [
    ("first_name", "Maximilian"),
    ("last_name", "Oberhauser-Lang"),
    ("full_name", "Maximilian Oberhauser-Lang"),
    ("email", "maximilian.oberhauser@consulting.example"),
    ("phone", "+49 30 901820 1234"),
    ("title", "Head of Business Development"),
    ("company", "Oberhauser Consulting GmbH"),
    ("company_domain", "oberhauser-consulting.example"),
    ("industry", "Information Technology"),
    ("location", "Frankfurt am Main, Germany"),
    ("country", "Germany"),
    ("linkedin_url", "https://www.linkedin.com/in/maximilian-oberhauser-lang"),
    ("timezone", "Europe/Berlin"),
    ("external_id", "crm-0012345678"),
    ("status", "contacted"),
    ("source", "csv_import"),
    ("tags", "vip"),
];

/// What a message may say of the account that sends it.
const SENDER: [(&str, &str); 4] = [
    ("first_name", "Alexandra"),
    ("last_name", "Richardson"),
    ("full_name", "Alexandra Richardson"),
    ("email", "alexandra.richardson@sender.example"),
];

/// A custom field's example.
const CUSTOM: &str = "about twenty letters";

/// How deep objects in custom fields are followed.
const MOST_LEVELS: usize = 4;

/// Whether `path` names something that a message may say or a condition may ask about the lead.
#[must_use]
pub fn is_lead_field(path: &str, custom_fields: &BTreeSet<String>) -> bool {
    match path.split_once('.') {
        None => LEAD.iter().any(|(name, _)| *name == path),
        // A custom field may hold an object, and its name a dot.
        Some((CUSTOM_FIELDS, rest)) => {
            custom_fields.contains(rest) || rest.match_indices('.').any(|(at, _)| custom_fields.contains(&rest[..at]))
        }
        Some(_) => false,
    }
}

/// Whether `path` names a field of the organization's own, whose kind of value is not known.
#[must_use]
pub fn is_custom(path: &str) -> bool {
    path.strip_prefix(CUSTOM_FIELDS).is_some_and(|rest| rest.starts_with('.'))
}

/// Whether `path` names something that a message may say of its sender.
#[must_use]
pub fn is_sender_field(path: &str) -> bool {
    path.strip_prefix("sender.").is_some_and(|field| SENDER.iter().any(|(name, _)| *name == field))
}

/// A lead of whom all is known, as a message sees it, with the custom fields that `variables` name.
#[must_use]
pub fn sample<'v>(variables: impl IntoIterator<Item = &'v str>) -> Value {
    let custom: Vec<&str> =
        variables.into_iter().filter_map(|path| path.strip_prefix(CUSTOM_FIELDS)?.strip_prefix('.')).collect();
    let lead = LEAD.iter().map(|(name, example)| match *name {
        "tags" => ("tags", Value::from(vec![*example])),
        name => (name, Value::from(*example)),
    });
    let sender: BTreeMap<&str, &str> = SENDER.into_iter().collect();
    let rest = [(CUSTOM_FIELDS, nested(&custom, MOST_LEVELS)), ("sender", Value::from(sender))];
    Value::from(lead.chain(rest).collect::<BTreeMap<&str, Value>>())
}

/// An example under each of these paths, whether a dot in them is meant as part of a name or as a step into an object.
fn nested(paths: &[&str], levels: usize) -> Value {
    let mut objects: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (first, rest) in paths.iter().filter_map(|path| path.split_once('.')) {
        objects.entry(first).or_default().push(rest);
    }
    let mut values: BTreeMap<String, Value> =
        paths.iter().map(|path| ((*path).to_owned(), Value::from(CUSTOM))).collect();
    if levels > 0 {
        values.extend(objects.into_iter().map(|(first, rests)| (first.to_owned(), nested(&rests, levels - 1))));
    }
    Value::from(values)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_known_of_a_lead_can_be_named() {
        let custom = BTreeSet::from(["seniority".to_owned(), "last.round".to_owned(), "team".to_owned()]);
        for (path, known) in [
            ("first_name", true),
            ("tags", true),
            ("custom_fields.seniority", true),
            ("custom_fields.last.round", true),
            ("custom_fields.team.size", true),
            ("custom_fields.teams", false),
            ("custom_fields", false),
            ("custom_fields.", false),
            ("first_name.x", false),
            ("firstname", false),
            ("sender.first_name", false),
            ("", false),
        ] {
            assert_eq!(is_lead_field(path, &custom), known, "{path}");
        }
        assert!(is_sender_field("sender.email") && !is_sender_field("sender") && !is_sender_field("sender.password"));
    }
}
