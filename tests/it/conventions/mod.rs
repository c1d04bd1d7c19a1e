//! What holds for every resource, shown on lead lists.

mod errors;
mod idempotency;
mod lists;
mod outages;
mod transport;
mod versions;

mod parameters;
const LISTS: &str = "/api/v1/lead-lists";
