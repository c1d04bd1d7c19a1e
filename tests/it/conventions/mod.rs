//! What holds for every resource, shown on lead lists.

use serde_json::Value;

mod document;
mod errors;
mod idempotency;
mod lists;
mod outages;
mod transport;
mod versions;

mod parameters;
const LISTS: &str = "/api/v1/lead-lists";
