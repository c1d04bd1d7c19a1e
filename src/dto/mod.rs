//! Floor 7: the wire. What is read from requests and written to responses, one file per noun, and the extractors that turn every
//! malformed request into a problem that says what is wrong.

pub mod activities;
pub mod api_keys;
pub mod audit_logs;
pub mod campaign_executions;
pub mod campaign_runs;
pub mod campaign_simulations;
pub mod campaign_trials;
pub mod campaigns;
pub mod clay_destinations;
pub mod connect_links;
pub mod connected_accounts;
pub mod conversations;
pub mod extract;
pub mod imports;
pub mod invitations;
pub mod lead_lists;
pub mod leads;
pub mod mail_reads;
pub mod members;
pub mod organizations;
pub mod page;
pub mod patch;
pub mod problem;
pub mod respond;
pub mod service;
pub mod suppressions;
pub mod table;
pub mod tags;
pub mod unsubscribe;
pub mod users;
pub mod webhook_secrets;
pub mod webhooks;

pub use extract::{
    Body, Checked, ClerkWebhookEvent, IfMatch, LastEventId, ListQuery, PathId, QueryParams, UnipileEvent, UnipileReport,
};
pub use page::{PageDto, PageParams, Paged};
pub use problem::Problem;
pub use respond::{Accepted, Created, NoContent, ShownOnce, Versioned};
pub use table::{CsvDownload, RejectedDownload};
