//! Query strings.

use axum::{extract::FromRequestParts, http::request::Parts};
use serde::{Deserialize, Deserializer, de::DeserializeOwned, de::Error as _};
use validator::Validate;

use super::body::Checked;
use crate::{
    dto::page::{PAGE_PARAMS, PageParams},
    errors::{AppError, Fault, Result},
    models::page::PageRequest,
    utils::text,
};

/// What the parameters of one endpoint become. An unknown, repeated, empty or malformed one is refused, all of them at once.
#[derive(Debug)]
pub struct QueryParams<T: Checked>(pub T::Read);

/// Which part of a list is wanted, and the list's own filters.
#[derive(Debug)]
pub struct ListQuery<F: Checked = NoFilter> {
    /// The page.
    pub page: PageRequest,
    /// The filters.
    pub filter: F::Read,
}

/// A list without filters.
#[derive(Debug, Deserialize, Validate)]
#[serde(deny_unknown_fields)]
pub struct NoFilter {}

/// A text of at most `MAX` characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShortText<const MAX: usize>(pub String);

/// What [`ShortText`] says of one that is longer; no type of serde's says so.
const TOO_LONG: &str = "too long";

impl<'de, const MAX: usize> Deserialize<'de> for ShortText<MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text::length(&text) > MAX { Err(D::Error::custom(TOO_LONG)) } else { Ok(Self(text)) }
    }
}

impl<S: Sync, T: DeserializeOwned + Checked> FromRequestParts<S> for QueryParams<T> {
    type Rejection = AppError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self> {
        let mut faults = Vec::new();
        let given = pairs(parts, &mut faults);
        let read = checked::<T>(given, &mut faults);
        read.filter(|_| faults.is_empty()).map(Self).ok_or_else(|| AppError::parameters(faults))
    }
}

impl<S: Sync, F: DeserializeOwned + Checked> FromRequestParts<S> for ListQuery<F> {
    type Rejection = AppError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self> {
        let mut faults = Vec::new();
        let given = pairs(parts, &mut faults);
        let (page, filter): (Vec<_>, Vec<_>) =
            given.into_iter().partition(|(name, _)| PAGE_PARAMS.contains(&name.as_str()));
        let page = checked::<PageParams>(page, &mut faults);
        let filter = checked::<F>(filter, &mut faults);
        match (page, filter) {
            (Some(page), Some(filter)) if faults.is_empty() => Ok(Self { page, filter }),
            _ => Err(AppError::parameters(faults)),
        }
    }
}

/// More parameters than any endpoint has: each is compared with those before it.
const MOST_PAIRS: usize = 32;

/// The parameters that can be read at all.
fn pairs(parts: &Parts, faults: &mut Vec<Fault>) -> Vec<(String, String)> {
    let query = parts.uri.query().unwrap_or_default();
    let mut pairs: Vec<(String, String)> = Vec::new();
    let mut seen: Vec<String> = Vec::new();
    for (i, (name, value)) in url::form_urlencoded::parse(query.as_bytes()).into_owned().enumerate() {
        if i == MOST_PAIRS {
            faults.push(Fault::new("query", "too_many", "There are more than 32 parameters."));
            break;
        }
        if seen.contains(&name) {
            let fault = Fault::new(name.as_str(), "repeated", "This parameter is given twice.");
            if !faults.contains(&fault) {
                faults.push(fault);
            }
            pairs.retain(|(earlier, _)| *earlier != name);
        } else if value.is_empty() {
            faults.push(Fault::new(name.as_str(), "empty", "This parameter has no value."));
        } else if value.contains('\0') || value.contains(char::REPLACEMENT_CHARACTER) {
            let detail = "This parameter is not valid UTF-8 text without U+0000.";
            faults.push(Fault::new(name.as_str(), "wrong_form", detail));
        } else {
            pairs.push((name.clone(), value));
        }
        seen.push(name);
    }
    pairs
}

fn checked<T: DeserializeOwned + Checked>(pairs: Vec<(String, String)>, faults: &mut Vec<Fault>) -> Option<T::Read> {
    match read::<T>(pairs, faults)?.check() {
        Ok(read) => Some(read),
        Err(wrong) => {
            faults.extend(wrong);
            None
        }
    }
}

/// Reads a `T`, setting aside one parameter after the other that is not of it or not of its form.
fn read<T: DeserializeOwned>(mut pairs: Vec<(String, String)>, faults: &mut Vec<Fault>) -> Option<T> {
    loop {
        let encoded = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&pairs).finish();
        let deserializer = serde_html_form::Deserializer::new(url::form_urlencoded::parse(encoded.as_bytes()));
        let error = match serde_path_to_error::deserialize(deserializer) {
            Ok(read) => return Some(read),
            Err(error) => error,
        };
        let fault = fault_of(&error);
        let before = pairs.len();
        pairs.retain(|(name, _)| *name != fault.pointer);
        faults.push(fault);
        if pairs.len() == before {
            return None;
        }
    }
}

fn fault_of(error: &serde_path_to_error::Error<serde_html_form::de::Error>) -> Fault {
    let (name, message) = (error.path().to_string(), error.inner().to_string());
    if message.starts_with("unknown field") {
        // serde's "unknown field `x`, expected …" is the only place where the name is told.
        return Fault::unknown_parameter(message.split('`').nth(1).unwrap_or("query"));
    }
    if message.contains(TOO_LONG) {
        return Fault::new(name, "too_long", "This parameter is too long.");
    }
    Fault::new(name, "wrong_form", "This parameter does not have the documented form.")
}
