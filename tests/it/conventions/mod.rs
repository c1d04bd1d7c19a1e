//! What holds for every resource, shown on lead lists.

mod errors;
mod idempotency;
mod lists;
mod outages;
mod silence;
mod transport;
mod versions;

const LISTS: &str = "/api/v1/lead-lists";
