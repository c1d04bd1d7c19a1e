//! Floor 8: HTTP in and out. A controller turns a request into one service call and its result into an answer; its doc comment is the
//! text of the API documentation.

pub mod activities;
pub mod api_keys;
pub mod audit_logs;
pub mod campaign_executions;
pub mod campaign_runs;
pub mod campaigns;
pub mod clay_destinations;
pub mod connect_links;
pub mod connected_accounts;
pub mod conversations;
pub mod imports;
pub mod invitations;
pub mod lead_lists;
pub mod leads;
pub mod mail_reads;
pub mod members;
pub mod organizations;
pub mod service;
pub mod suppressions;
pub mod unsubscribe;
pub mod users;
pub mod webhook_secrets;
pub mod webhooks;
