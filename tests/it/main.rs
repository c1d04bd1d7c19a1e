//! The service over real HTTP and a real PostgreSQL; one module for each noun or concern.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::allow_attributes,
    reason = "tests fail by panicking"
)]

#[path = "../support/mod.rs"]
mod support;

mod lead_lists;
