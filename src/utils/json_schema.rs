//! Request bodies are held against the very schemas that the OpenAPI document publishes, so that the two cannot differ and every fault
//! of a body is found at once.

use std::{borrow::Cow, collections::HashMap, sync::OnceLock};

use jsonschema::{
    ValidationError, Validator,
    error::{TypeKind, ValidationErrorKind},
};
use serde_json::{Map, Value, json};

use super::timezone;
use crate::errors::{Fault, MAX_FAULTS};

/// Where the schemas are, as references name them.
const SCHEMAS: &str = "#/components/schemas/";

/// The fields that say which of several forms an object has.
const TAGS: [&str; 2] = ["type", "provider"];

/// The code of a field that the schema does not know.
pub const UNKNOWN_FIELD: &str = "unknown_field";

/// The most items of a body's lists that faults are looked for in at a time. The validator finds all faults before it tells the first, and
/// each takes many times the space of the item that has it.
const WINDOW: usize = 20_000;

/// Schemas of `components/schemas`, by name. Each is compiled when the first body is held against it: all of them together take longer than
/// the rest of a start, and a process that only works needs none.
#[derive(Debug, Default)]
pub struct Schemas {
    by_name: HashMap<String, OnceLock<Result<Validator, String>>>,
    /// Those in `by_name`, and what they refer to.
    sources: Map<String, Value>,
}

impl Schemas {
    /// The schemas named in `names`, out of an OpenAPI 3.1 document.
    pub fn of<'a>(document: &Value, names: impl IntoIterator<Item = &'a str>) -> Self {
        let names: Vec<_> = names.into_iter().collect();
        let by_name = names.iter().map(|name| ((*name).to_owned(), OnceLock::new())).collect();
        Self { by_name, sources: needed_by(names, |name| document["components"]["schemas"].get(name)) }
    }

    /// Everything that is wrong with `body` as a `name`; nothing if it fits.
    ///
    /// # Errors
    /// There is no such schema, or it does not compile: a fault of ours either way.
    pub fn check(&self, name: &str, body: &Value) -> Result<Vec<Fault>, String> {
        let validator = self.by_name.get(name).ok_or_else(|| format!("no schema is published for {name}"))?;
        let validator = validator.get_or_init(|| self.compile(name)).as_ref().map_err(Clone::clone)?;
        if validator.is_valid(body) {
            return Ok(Vec::new());
        }
        let mut faults = Vec::new();
        for error in validator.iter_errors(&around_first_fault(validator, body)) {
            collect(&error, &mut faults);
        }
        Ok(faults)
    }

    fn compile(&self, name: &str) -> Result<Validator, String> {
        let schemas = needed_by(vec![name], |name| self.sources.get(name));
        let schema = json!({ "$ref": format!("{SCHEMAS}{name}"), "components": { "schemas": schemas } });
        jsonschema::draft202012::options()
            .should_validate_formats(true)
            .with_format("timezone", |name: &str| timezone::parse(name).is_some())
            .build(&schema)
            .map_err(|error| format!("schema {name}: {error}"))
    }
}

/// The schemas `names`, what they refer to, and what that refers to. A validator keeps what it is compiled from: with every schema there is,
/// each of them would take a megabyte or two.
fn needed_by<'v>(mut names: Vec<&'v str>, schema: impl Fn(&str) -> Option<&'v Value>) -> Map<String, Value> {
    let mut needed = Map::new();
    while let Some(name) = names.pop() {
        if let Some(schema) = schema(name)
            && !needed.contains_key(name)
        {
            needed.insert(name.to_owned(), schema.clone());
            add_references(schema, &mut names);
        }
    }
    needed
}

fn add_references<'v>(value: &'v Value, names: &mut Vec<&'v str>) {
    match value {
        Value::String(text) => names.extend(text.strip_prefix(SCHEMAS)),
        Value::Array(items) => items.iter().for_each(|item| add_references(item, names)),
        Value::Object(fields) => fields.values().for_each(|field| add_references(field, names)),
        _ => {}
    }
}

/// As much of an unfit body as is enough to tell what is wrong with it: all of it, unless its lists are very long.
fn around_first_fault<'b>(validator: &Validator, body: &'b Value) -> Cow<'b, Value> {
    let (mut fits, mut unfit) = (0, items_in(body));
    if unfit <= WINDOW {
        return Cow::Borrowed(body);
    }
    while unfit - fits > WINDOW {
        let half = usize::midpoint(fits, unfit);
        if validator.is_valid(&first_items(body, &mut half.clone())) { fits = half } else { unfit = half }
    }
    Cow::Owned(first_items(body, &mut (fits + WINDOW)))
}

/// How many items all lists in `value` have.
fn items_in(value: &Value) -> usize {
    match value {
        Value::Array(items) => items.len() + items.iter().map(items_in).sum::<usize>(),
        Value::Object(fields) => fields.values().map(items_in).sum(),
        _ => 0,
    }
}

/// `value` with only the first `left` items of the lists in it, and at least one of each.
fn first_items(value: &Value, left: &mut usize) -> Value {
    match value {
        Value::Array(items) => {
            let mut kept = Vec::new();
            for item in items {
                if *left == 0 && !kept.is_empty() {
                    break;
                }
                *left = left.saturating_sub(1);
                kept.push(first_items(item, left));
            }
            Value::Array(kept)
        }
        Value::Object(fields) => {
            Value::Object(fields.iter().map(|(name, field)| (name.clone(), first_items(field, left))).collect())
        }
        plain => plain.clone(),
    }
}

/// Adds what `error` says, unless there are faults enough.
fn collect(error: &ValidationError<'_>, faults: &mut Vec<Fault>) {
    let left = MAX_FAULTS.saturating_sub(faults.len());
    if left == 0 {
        return;
    }
    let at = error.instance_path().to_string();
    match error.kind() {
        ValidationErrorKind::AdditionalProperties { unexpected }
        | ValidationErrorKind::UnevaluatedProperties { unexpected } => {
            faults.extend(unexpected.iter().take(left).map(|name| {
                Fault::new(format!("{at}/{}", escape(name)), UNKNOWN_FIELD, "This field is not known here.")
            }));
        }
        ValidationErrorKind::Required { property } => {
            let name = property.as_str().unwrap_or_default();
            faults.push(Fault::new(format!("{at}/{}", escape(name)), "required", "This field is required."));
        }
        ValidationErrorKind::AnyOf { context } | ValidationErrorKind::OneOfNotValid { context } => {
            match meant_branch(&at, context) {
                Some(branch) => branch.iter().for_each(|inner| collect(inner, faults)),
                None => faults.extend(common_faults(at, context).into_iter().take(left)),
            }
        }
        kind => {
            let (code, detail) = describe(kind);
            faults.push(Fault::new(at, code, detail));
        }
    }
}

/// Of several allowed forms, the one that the caller most likely meant: whose own type and tag fit.
fn meant_branch<'e>(at: &str, context: &'e [Vec<ValidationError<'static>>]) -> Option<&'e [ValidationError<'static>]> {
    let misses_form = |error: &ValidationError<'_>| {
        let at_itself = error.instance_path().to_string() == at;
        wrong_tag(at, error).is_some()
            || (at_itself
                && matches!(error.kind(), ValidationErrorKind::Type { .. } | ValidationErrorKind::Enum { .. }))
    };
    let mut fitting = context.iter().filter(|branch| !branch.iter().any(misses_form));
    if let Some(first) = fitting.next() {
        return fitting.next().is_none().then_some(first.as_slice());
    }
    // Nothing fits: an optional value has `null` as its other form, and the complaint about that says nothing.
    let mut others = context.iter().filter(|branch| !branch.iter().all(expects_null));
    let first = others.next()?;
    others.next().is_none().then_some(first.as_slice())
}

/// The tag that is not of this form, with what it should be.
fn wrong_tag<'e>(at: &str, error: &'e ValidationError<'_>) -> Option<(String, &'e Value)> {
    let path = error.instance_path().to_string();
    let is_tag = path.strip_prefix(at).and_then(|rest| rest.strip_prefix('/')).is_some_and(|name| TAGS.contains(&name));
    match error.kind() {
        ValidationErrorKind::Enum { options } if is_tag => Some((path, options)),
        ValidationErrorKind::Constant { expected_value } if is_tag => Some((path, expected_value)),
        _ => None,
    }
}

/// What all forms complain of when none was meant: a tag that none of them has, or what none of them lets through.
fn common_faults(at: String, context: &[Vec<ValidationError<'static>>]) -> Vec<Fault> {
    let tags: Option<Vec<_>> =
        context.iter().map(|branch| branch.iter().find_map(|error| wrong_tag(&at, error))).collect();
    if let Some(tags) = tags
        && let Some((path, _)) = tags.first()
        && tags.iter().all(|(other, _)| other == path)
    {
        let known: Vec<Value> = tags
            .iter()
            .flat_map(|(_, value)| value.as_array().cloned().unwrap_or_else(|| vec![(*value).clone()]))
            .collect();
        return vec![Fault::new(path.clone(), "not_allowed", format!("This must be one of {}.", Value::from(known)))];
    }
    let mut branches = context.iter().map(|branch| {
        let mut faults = Vec::new();
        for error in branch {
            collect(error, &mut faults);
        }
        faults
    });
    let mut common = branches.next().unwrap_or_default();
    for branch in branches {
        common.retain(|fault| branch.contains(fault));
    }
    if common.is_empty() {
        common.push(Fault::new(at, "invalid", "This value fits none of the allowed forms."));
    }
    common
}

fn expects_null(error: &ValidationError<'_>) -> bool {
    matches!(error.kind(), ValidationErrorKind::Type { kind: TypeKind::Single(jsonschema::JsonType::Null) })
}

fn describe(kind: &ValidationErrorKind) -> (&'static str, String) {
    match kind {
        ValidationErrorKind::Type { kind } => ("wrong_type", format!("This must be {}.", type_names(kind))),
        ValidationErrorKind::Enum { options } => ("not_allowed", format!("This must be one of {options}.")),
        ValidationErrorKind::Constant { expected_value } => ("not_allowed", format!("This must be {expected_value}.")),
        ValidationErrorKind::MaxLength { limit } => ("too_long", format!("At most {limit} characters are allowed.")),
        ValidationErrorKind::MinLength { limit: 1 } => ("empty", "This must not be empty.".into()),
        ValidationErrorKind::MinLength { limit } => ("too_short", format!("At least {limit} characters are needed.")),
        ValidationErrorKind::MaxItems { limit } => ("too_many", format!("At most {limit} items are allowed.")),
        ValidationErrorKind::MinItems { limit } => ("too_few", format!("At least {limit} items are needed.")),
        ValidationErrorKind::MaxProperties { limit } => ("too_many", format!("At most {limit} fields are allowed.")),
        ValidationErrorKind::MinProperties { limit } => ("too_few", format!("At least {limit} fields are needed.")),
        ValidationErrorKind::Maximum { limit } => ("too_large", format!("This must be at most {limit}.")),
        ValidationErrorKind::Minimum { limit } => ("too_small", format!("This must be at least {limit}.")),
        ValidationErrorKind::ExclusiveMaximum { limit } => ("too_large", format!("This must be less than {limit}.")),
        ValidationErrorKind::ExclusiveMinimum { limit } => ("too_small", format!("This must be more than {limit}.")),
        ValidationErrorKind::UniqueItems => ("not_unique", "The items must differ from each other.".into()),
        ValidationErrorKind::Pattern { pattern } => ("wrong_form", format!("This must match the pattern {pattern}.")),
        ValidationErrorKind::Format { format } if format == "timezone" => {
            ("unknown_timezone", "This is not the name of an IANA time zone, such as Europe/Berlin.".into())
        }
        ValidationErrorKind::Format { format } => ("wrong_form", format!("This is not a valid {format}.")),
        ValidationErrorKind::PropertyNames { error } => {
            ("wrong_name", format!("A field's name is not allowed: {}", describe(error.kind()).1))
        }
        _ => ("invalid", "This value is not allowed here.".into()),
    }
}

fn type_names(kind: &TypeKind) -> String {
    let article = |name: &str| match name {
        "null" => "null".to_owned(),
        "array" | "integer" | "object" => format!("an {name}"),
        _ => format!("a {name}"),
    };
    match kind {
        TypeKind::Single(one) => article(one.as_str()),
        TypeKind::Multiple(set) => set.iter().map(|one| article(one.as_str())).collect::<Vec<_>>().join(" or "),
    }
}

/// A name as one token of a JSON pointer (RFC 6901, 3).
#[must_use]
pub fn escape(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// The name that one token of a JSON pointer stands for.
#[must_use]
pub fn unescape(token: &str) -> String {
    token.replace("~1", "/").replace("~0", "~")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pointers(body: &Value) -> Vec<String> {
        let names = json!({"type": "array", "maxItems": 1_000, "items": {"type": "string"}});
        let schema = json!({
            "type": "object", "additionalProperties": false,
            "properties": {"tags": {"oneOf": [{"type": "null"}, names]}, "ids": {"type": "array", "items": {"type": "integer"}}},
        });
        let document = json!({"components": {"schemas": {"Body": schema}}});
        let schemas = Schemas::of(&document, ["Body"]);
        schemas.check("Body", body).unwrap().into_iter().map(|fault| fault.pointer).collect()
    }

    #[test]
    fn a_schema_is_compiled_from_what_it_refers_to() {
        let refers_to = |name: &str| json!({"items": [{"$ref": format!("#/components/schemas/{name}")}]});
        let schemas = json!({"A": refers_to("B"), "B": refers_to("C"), "C": refers_to("A"), "D": refers_to("A")});
        let needed = |names: &[&'static str]| needed_by(names.to_vec(), |name| schemas.get(name));
        assert_eq!(needed(&["A"]).keys().collect::<Vec<_>>(), ["A", "B", "C"]);
        assert_eq!(needed(&["A", "D"]).len(), 4);
        assert_eq!(needed(&["D"]).len(), 4);
        assert!(needed(&["E"]).is_empty());
    }

    #[test]
    fn a_schema_that_is_missing_or_broken_is_a_fault_of_ours() {
        let document = json!({"components": {"schemas": {"Broken": {"type": "no type"}}}});
        let schemas = Schemas::of(&document, ["Broken", "Missing"]);
        for name in ["Broken", "Missing", "Unpublished"] {
            assert!(schemas.check(name, &json!({})).unwrap_err().contains(name));
        }
    }

    #[test]
    fn a_body_full_of_faults_gets_a_short_answer() {
        let unknown: Map<_, _> = (0..100_000).map(|i| (format!("field_{i}"), Value::Null)).collect();
        assert_eq!(pointers(&Value::from(unknown)).len(), MAX_FAULTS);
        assert_eq!(pointers(&json!({"tags": vec![1; 300_000]})).len(), MAX_FAULTS);
        assert_eq!(pointers(&json!({"ids": vec!["x"; 300_000], "tags": vec![1; 300_000]})).len(), MAX_FAULTS);
    }

    #[test]
    fn one_fault_is_found_wherever_it_is() {
        assert_eq!(pointers(&json!({"tags": vec!["x"; 300_000]})), ["/tags"]);
        for at in [0, 19_999, 20_000, 20_001, 150_000, 299_999] {
            let mut ids = vec![json!(1); 300_000];
            ids[at] = json!("x");
            assert_eq!(pointers(&json!({"ids": ids, "tags": ["x"]})), [format!("/ids/{at}")]);
        }
    }
}
