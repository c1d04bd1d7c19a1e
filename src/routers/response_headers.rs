//! What answers carry in their headers, told in the OpenAPI document once for all operations: by what an operation is, not by hand.
//! `tests/support/documented.rs` holds every answer of every test against it.

use serde_json::{Map, Value, json};

/// Each header: its name, what it says, its form, and an example.
const HEADERS: [(&str, &str, &str, &str); 9] = [
    ("Content-Disposition", "What to call the file.", "string", "attachment; filename=\"leads.csv\""),
    ("ETag", "The resource's `version`, as a strong tag: send it back as `If-Match`.", "string", "\"3\""),
    (
        "Idempotent-Replayed",
        "`true` if this is the answer to the first request under the `Idempotency-Key`, given again.",
        "string",
        "true",
    ),
    (
        "Location",
        "Where to look: what was made, what has begun, or where the link leads.",
        "string",
        "/api/v1/leads/01933b6e-8f2a-7c31-9d55-0a4b7c1e2f90",
    ),
    (
        "RateLimit",
        "How many requests are left at once (`r`), and in how many seconds there are more (`t`).",
        "string",
        "\"default\";r=99;t=1",
    ),
    (
        "RateLimit-Policy",
        "How many requests are allowed (`q`) in how many seconds (`w`).",
        "string",
        "\"default\";q=100;w=2",
    ),
    ("Retry-After", "After how many seconds to try again.", "integer", "2"),
    ("WWW-Authenticate", "How to sign in.", "string", "Bearer"),
    (
        "X-Request-Id",
        "The request's id: the caller's own if it was well-formed.",
        "string",
        "01933b6e-8f2a-7c31-9d55-0a4b7c1e2f90",
    ),
];

/// The headers, for the document's components.
pub(super) fn components() -> Value {
    let header = |(name, description, kind, example): &(&str, &str, &str, &str)| {
        let example = if *kind == "integer" {
            example.parse().map_or(Value::Null, |number: u64| number.into())
        } else {
            (*example).into()
        };
        ((*name).to_owned(), json!({"description": description, "schema": {"type": kind}, "example": example}))
    };
    HEADERS.iter().map(header).collect::<Map<_, _>>().into()
}

/// Names the headers of each answer of each operation.
pub(super) fn stamp(paths: &mut Map<String, Value>, schemas: &Map<String, Value>) {
    for item in paths.values_mut() {
        for (_, operation) in item.as_object_mut().into_iter().flatten() {
            let about = Operation::of(operation);
            for (status, answer) in operation["responses"].as_object_mut().into_iter().flatten() {
                for name in about.headers(status, answer, schemas) {
                    answer["headers"][name] = json!({"$ref": format!("#/components/headers/{name}")});
                }
            }
        }
    }
}

/// What an operation's answers depend on.
struct Operation {
    /// Whether its callers sign in, and are counted.
    is_signed: bool,
    /// Whether its answers are kept under an `Idempotency-Key`.
    is_kept: bool,
}

impl Operation {
    fn of(operation: &Value) -> Self {
        let reads = |name: &str| {
            let parameters = operation["parameters"].as_array().into_iter().flatten();
            parameters.filter(|parameter| parameter["in"] == "header").any(|parameter| parameter["name"] == name)
        };
        Self { is_signed: operation["security"].is_array(), is_kept: reads("Idempotency-Key") }
    }

    fn headers(&self, status: &str, answer: &Value, schemas: &Map<String, Value>) -> Vec<&'static str> {
        let (is_success, content) = (status.starts_with('2'), &answer["content"]);
        let shown = &content["application/json"]["schema"];
        let has = |name| is_success && has_property(shown, name, schemas);
        let is_table = is_success && content.get("text/csv").is_some();
        let told = [
            ("X-Request-Id", true),
            ("RateLimit", self.is_signed),
            ("RateLimit-Policy", self.is_signed),
            ("Idempotent-Replayed", self.is_kept && is_success),
            ("Retry-After", matches!(status, "429" | "503")),
            ("WWW-Authenticate", status == "401"),
            ("ETag", self.is_signed && has("version") && has("id")),
            ("Location", status.starts_with('3') || (matches!(status, "201" | "202") && (has("id") || has("url")))),
            ("Content-Disposition", is_table),
        ];
        told.into_iter().filter_map(|(name, is_told)| is_told.then_some(name)).collect()
    }
}

/// Whether what `schema` describes has a field of this name.
fn has_property(schema: &Value, name: &str, schemas: &Map<String, Value>) -> bool {
    let referred = schema["$ref"].as_str().and_then(|reference| schemas.get(reference.rsplit('/').next()?));
    referred.is_some_and(|referred| has_property(referred, name, schemas))
        || schema["properties"].get(name).is_some()
        || schema["allOf"].as_array().is_some_and(|parts| parts.iter().any(|part| has_property(part, name, schemas)))
}
