//! Extractors: every malformed request becomes a problem that names the field and the reason.

mod body;
mod if_match;
mod path;
mod query;

pub use body::Body;
pub use if_match::IfMatch;
pub use path::PathId;
pub use query::{ListQuery, QueryParams};
