//! Every test that goes through the crate's public face, in one binary: one module for each noun or concern.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "clippy knows test functions, not their helpers"
)]

#[path = "../support/mod.rs"]
mod support;

mod api_keys;
mod audit_logs;
mod authorization;
mod browser;
mod campaign_executions;
mod campaign_runs;
mod campaigns;
mod clay_destinations;
mod clay_guide;
mod clerk_backend;
mod clerk_changes;
mod clerk_comparison;
mod clerk_jwks;
mod clerk_sync;
mod clerk_tokens;
mod clerk_webhooks;
mod config;
mod connected_accounts;
mod conventions;
mod exports;
mod first_start;
mod identity;
mod imports;
mod lead_lists;
mod leads;
mod linkedin;
mod mailboxes;
mod organizations;
mod reseal;
mod schema;
mod suppressions;
mod unipile;
mod users;
mod webhooks;
