//! How a mailbox's domain is to be looked at, in a query string.

use serde::Deserialize;
use utoipa::IntoParams;
use validator::{Validate, ValidationError};

/// How a mailbox's domain is to be looked at.
#[derive(Debug, Default, Deserialize, Validate, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct SendingDomainParams {
    /// The selector of the key that the domain's mail is signed with, as its provider calls it. Without it the usual ones are tried.
    #[validate(length(min = 1, max = 63), custom(function = selector))]
    #[param(
        min_length = 1,
        max_length = 63,
        pattern = "^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$",
        example = "selector1"
    )]
    pub dkim_selector: Option<String>,
}

/// Labels of a name, joined by dots (RFC 6376, 3.1).
fn selector(text: &str) -> Result<(), ValidationError> {
    let label = |label: &str| {
        let rest = label.trim_start_matches('-').trim_end_matches('-');
        rest.len() == label.len() && !label.is_empty() && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    if text.split('.').all(label) {
        return Ok(());
    }
    let mut error = ValidationError::new("selector_invalid");
    error.message = Some("A selector consists of letters, digits, hyphens and dots.".into());
    Err(error)
}
