//! Query strings.

use axum::{extract::FromRequestParts, http::request::Parts};
use serde::de::DeserializeOwned;

use crate::{
    dto::page::{PAGE_PARAMS, PageParams},
    errors::{AppError, Fault, Kind, Result},
    models::page::PageRequest,
};

/// The parameters of one endpoint; an unknown, repeated, empty or malformed one is refused.
#[derive(Debug)]
pub struct QueryParams<T>(pub T);

/// Which part of a list is wanted, and the list's own filters.
#[derive(Debug)]
pub struct ListQuery<F = NoFilter> {
    /// The page.
    pub page: PageRequest,
    /// The filters.
    pub filter: F,
}

/// A list without filters.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoFilter {}

impl<S: Sync, T: DeserializeOwned> FromRequestParts<S> for QueryParams<T> {
    type Rejection = AppError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self> {
        Ok(Self(read(&pairs(parts)?)?))
    }
}

impl<S: Sync, F: DeserializeOwned> FromRequestParts<S> for ListQuery<F> {
    type Rejection = AppError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self> {
        let (page, filter): (Vec<_>, Vec<_>) =
            pairs(parts)?.into_iter().partition(|(name, _)| PAGE_PARAMS.contains(&name.as_str()));
        let page = read::<PageParams>(&page)?.try_into()?;
        Ok(Self { page, filter: read(&filter)? })
    }
}

/// More parameters than any endpoint has: each is compared with those before it.
const MOST_PAIRS: usize = 32;

fn pairs(parts: &Parts) -> Result<Vec<(String, String)>> {
    let query = parts.uri.query().unwrap_or_default();
    let pairs: Vec<(String, String)> =
        url::form_urlencoded::parse(query.as_bytes()).into_owned().take(MOST_PAIRS + 1).collect();
    if pairs.len() > MOST_PAIRS {
        return Err(bad("query", "too_many", "There are more than 32 parameters."));
    }
    for (i, (name, value)) in pairs.iter().enumerate() {
        if value.is_empty() {
            return Err(bad(name, "empty", "This parameter has no value."));
        }
        if value.contains('\0') || value.contains(char::REPLACEMENT_CHARACTER) {
            return Err(bad(name, "wrong_form", "This parameter is not valid UTF-8 text without U+0000."));
        }
        if pairs[..i].iter().any(|(earlier, _)| earlier == name) {
            return Err(bad(name, "repeated", "This parameter is given twice."));
        }
    }
    Ok(pairs)
}

fn read<T: DeserializeOwned>(pairs: &[(String, String)]) -> Result<T> {
    let encoded = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    let deserializer = serde_html_form::Deserializer::new(url::form_urlencoded::parse(encoded.as_bytes()));
    serde_path_to_error::deserialize(deserializer).map_err(|error| {
        let name = error.path().to_string();
        match pairs.iter().find(|(known, _)| *known == name) {
            Some(_) if !error.inner().to_string().starts_with("unknown field") => {
                bad(&name, "wrong_form", "This parameter does not have the documented form.")
            }
            _ => bad(
                &unknown_name(&error.into_inner().to_string()),
                "unknown_parameter",
                "This parameter is not known here.",
            ),
        }
    })
}

/// The name in serde's "unknown field `x`, expected …": the only place it is told.
fn unknown_name(message: &str) -> String {
    message.split('`').nth(1).unwrap_or("query").to_owned()
}

pub(in crate::dto) fn bad(name: &str, code: &'static str, detail: &'static str) -> AppError {
    AppError::new(Kind::BadRequest, "invalid_parameter", detail).with_faults(vec![Fault::new(name, code, detail)])
}
