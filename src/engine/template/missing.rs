//! Which variable it was that a template had no value for. The library does not say it, so the template is filled in once more with values
//! that note what they are asked for.

use std::sync::{Arc, Mutex};

use minijinja::{
    Template, Value,
    value::{Enumerator, Object, ValueKind},
};

/// The path of what was missing when filling in failed for that.
pub(super) fn find(template: &Template<'_, '_>, values: &Value) -> Option<String> {
    let seen = Arc::new(Mutex::new(Seen::default()));
    let watched = Watched { value: values.clone(), path: String::new(), seen: Arc::clone(&seen) };
    template.render(Value::from_object(watched)).err()?;
    let seen = seen.lock().ok()?;
    seen.absent.clone().or_else(|| seen.empty.clone())
}

/// What was asked for last, before filling in failed.
#[derive(Debug, Default)]
struct Seen {
    /// It has no value.
    absent: Option<String>,
    /// It is a list without a first or last.
    empty: Option<String>,
}

/// An object that notes what it has not got.
#[derive(Debug)]
struct Watched {
    value: Value,
    path: String,
    seen: Arc<Mutex<Seen>>,
}

impl Object for Watched {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let value = self.value.get_item(key).unwrap_or_default();
        let name = key.as_str()?;
        let path = if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) };
        match value.kind() {
            ValueKind::Map => Some(Value::from_object(Self { value, path, seen: Arc::clone(&self.seen) })),
            ValueKind::Undefined => {
                self.note(|seen| seen.absent = Some(path));
                None
            }
            ValueKind::Seq if value.len() == Some(0) => {
                self.note(|seen| seen.empty = Some(path));
                Some(value)
            }
            _ => Some(value),
        }
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        self.value.try_iter().map_or(Enumerator::Empty, |keys| Enumerator::Values(keys.collect()))
    }
}

impl Watched {
    fn note(&self, change: impl FnOnce(&mut Seen)) {
        if let Ok(mut seen) = self.seen.lock() {
            change(&mut seen);
        }
    }
}

#[cfg(test)]
mod tests {
    use minijinja::context;

    use super::super::{render, scan};

    fn missing(text: &str) -> Option<String> {
        let custom = context! { role => "CTO", team => context! { size => 3 } };
        let values = context! { name => "Jane", tags => Vec::<String>::new(), custom_fields => custom };
        render(text, &values).unwrap_err().missing
    }

    #[test]
    fn the_variable_that_stopped_the_message_is_named() {
        for (text, expected) in [
            ("{{ name }} {{ company }} {{ title }}", Some("company")),
            ("{{ title | default(name) }} {{ company }}", Some("company")),
            ("{% if title %}{{ title }}{% endif %}{{ company | upper }}", Some("company")),
            ("{{ title | default(company) }}", Some("company")),
            ("{{ name ~ custom_fields.seniority }}", Some("custom_fields.seniority")),
            ("{{ custom_fields['last round'] }}", Some("custom_fields.last round")),
            ("{{ custom_fields.team.size }}{{ custom_fields.team.lead }}", Some("custom_fields.team.lead")),
            ("{{ custom_fields.office.city | default('x') }}", Some("custom_fields.office")),
            ("{% for tag in labels %}{{ tag }}{% endfor %}", Some("labels")),
            ("{% for key in custom_fields %}{{ key }}{% endfor %}{{ x }}", Some("x")),
            ("{{ tags | first }}", Some("tags")),
            ("{{ tags | join(', ') }}{{ x }}", Some("x")),
            ("{% if custom_fields.team.size > 2 %}{{ x }}{% endif %}", Some("x")),
            ("{{ x + 1 }}", None),
            ("{{ name | int }}", None),
            ("{% for tag in 'a' %}{{ loop.nothing }}{% endfor %}", None),
        ] {
            assert_eq!(missing(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn no_filter_makes_something_of_nothing() {
        for filter in scan::FILTERS.iter().filter(|filter| !["default", "d"].contains(filter)) {
            let arguments = if *filter == "replace" { "('a', 'b')" } else { "" };
            assert_eq!(missing(&format!("{{{{ x | {filter}{arguments} }}}}")).as_deref(), Some("x"), "{filter}");
        }
    }
}
