//! Extractors: every malformed request becomes a problem that names the field and the reason.

mod body;
mod clerk_event;
mod if_match;
mod last_event_id;
mod path;
mod query;
mod unipile_event;

pub use body::{AdmissionEnded, Body, Checked, body_broken_off, body_too_large, broken};
pub(in crate::dto) use body::{fit, parse, unread};
pub use clerk_event::ClerkWebhookEvent;
pub use if_match::IfMatch;
pub use last_event_id::LastEventId;
pub use path::PathId;
pub use query::{ListQuery, QueryParams, ShortText};
pub use unipile_event::{UnipileEvent, UnipileReport};
