//! What holds for every resource, shown on lead lists.

use serde_json::Value;

mod document;
mod errors;
mod idempotency;
mod lists;
mod outages;
mod parameters;
mod silence;
mod transport;
mod versions;

const LISTS: &str = "/api/v1/lead-lists";

/// What a problem names, and why, in order.
#[track_caller]
fn pointers(problem: &Value) -> Vec<(&str, &str)> {
    let errors = problem["errors"].as_array().unwrap_or_else(|| panic!("no errors: {problem}"));
    let mut pairs: Vec<_> =
        errors.iter().map(|error| (error["pointer"].as_str().unwrap(), error["code"].as_str().unwrap())).collect();
    pairs.sort_unstable();
    pairs
}
