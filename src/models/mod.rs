//! Floor 1: plain data and its rules, one file per noun. A model is what a query fills; it is never the wire format.

#![expect(missing_docs, reason = "a model's fields are its table's columns, explained where the table is made")]

pub mod activities;
pub mod api_keys;
pub mod audit_chain;
pub mod audit_logs;
pub mod campaign_executions;
pub mod campaigns;
pub mod clay_destinations;
pub mod clerk_sync;
pub mod connect_links;
pub mod connected_accounts;
pub mod conversations;
pub mod execution_steps;
pub mod guardrails;
pub mod ids;
pub mod imports;
pub mod lead_lists;
pub mod leads;
pub mod linkedin;
pub mod members;
pub mod organizations;
pub mod page;
pub mod patch;
pub mod sending_domain;
pub mod sent_mails;
pub mod suppressions;
pub mod users;
pub mod version;
pub mod webhook_secrets;
pub mod workflow;

pub use activities::*;
pub use api_keys::*;
pub use audit_chain::*;
pub use audit_logs::*;
pub use campaign_executions::*;
pub use campaigns::*;
pub use clay_destinations::*;
pub use connect_links::*;
pub use connected_accounts::*;
pub use conversations::*;
pub use execution_steps::*;
pub use guardrails::*;
pub use ids::*;
pub use imports::*;
pub use lead_lists::*;
pub use leads::*;
pub use linkedin::*;
pub use members::*;
pub use organizations::*;
pub use sending_domain::*;
pub use sent_mails::*;
pub use suppressions::*;
pub use users::*;
pub use webhook_secrets::*;
