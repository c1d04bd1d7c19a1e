//! Holds what answers carry in their headers against what the OpenAPI document says of them: every answer of every test.

use std::sync::LazyLock;

use clento::routers::document;
use reqwest::{Method, Response};
use serde_json::Value;

static DOCUMENT: LazyLock<Value> = LazyLock::new(document);
/// Headers that are there whenever the document tells of them; the others are there at times.
const ALWAYS: [&str; 5] = ["Content-Disposition", "ETag", "Location", "WWW-Authenticate", "X-Request-Id"];
/// As those, in answers of success: not every failure comes as far as to be counted.
const ALWAYS_OF_SUCCESS: [&str; 2] = ["RateLimit", "RateLimit-Policy"];

/// Fails if an answer of an operation carries a header that the document does not tell of, or lacks one that it promises.
#[track_caller]
pub(crate) fn check(method: &Method, response: &Response) {
    let (path, status) = (response.url().path(), response.status());
    let Some(operation) = operation(method, path) else { return };
    let answer = &operation["responses"][status.as_str()];
    if answer.is_null() {
        return;
    }
    let told = |name: &str| answer["headers"].get(name).is_some();
    for name in DOCUMENT["components"]["headers"].as_object().expect("headers").keys() {
        let is_there = response.headers().contains_key(name);
        let is_promised = ALWAYS.contains(&name.as_str())
            || (status.is_success() && ALWAYS_OF_SUCCESS.contains(&name.as_str()))
            || (name == "Retry-After" && status.as_u16() == 429);
        assert!(
            !is_there || told(name),
            "{method} {path} answers {status} with {name}, which the document does not tell"
        );
        assert!(
            is_there || !told(name) || !is_promised,
            "{method} {path} answers {status} without the {name} that the document tells of"
        );
    }
}

/// The operation at a path: one whose words are all given, before one with an id in their place.
fn operation(method: &Method, path: &str) -> Option<&'static Value> {
    let method = if method == Method::HEAD { "get".to_owned() } else { method.as_str().to_lowercase() };
    let found = DOCUMENT["paths"].as_object()?.iter().filter(|(template, _)| fits(template, path));
    let (_, item) = found.min_by_key(|(template, _)| template.matches('{').count())?;
    item.get(method)
}

fn fits(template: &str, path: &str) -> bool {
    let (template, path): (Vec<_>, Vec<_>) = (template.split('/').collect(), path.split('/').collect());
    let fit = |(word, given): (&&str, &&str)| word == given || (word.starts_with('{') && !given.is_empty());
    template.len() == path.len() && template.iter().zip(&path).all(fit)
}
