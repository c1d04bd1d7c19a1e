//! The campaign engine: what it says of a campaign before it starts.

#![expect(
    clippy::unwrap_used,
    clippy::needless_pass_by_value,
    reason = "tests fail by panicking, and read best with documents in place"
)]

mod campaign;
mod graph;
mod messages;
mod properties;
mod schedule;
