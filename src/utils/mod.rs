//! Floor 0: single-purpose tools that know nothing of the product.

pub mod brief_memory;
pub mod canonical_json;
pub mod clean_html;
pub mod clock;
pub mod crypto;
pub mod domain;
pub mod draw;
pub mod email;
pub mod ids;
pub mod json_schema;
pub mod keyed_hash;
pub mod keyed_limit;
pub mod labels;
pub mod linkedin;
pub mod mail;
pub mod names;
pub mod pem;
pub mod public_address;
pub mod rate_limiter;
pub mod refusal;
pub mod rfc3339;
pub mod secure_url;
pub mod sheet;
pub mod spreadsheet;
pub mod text;
mod text_enum;
pub mod timezone;
