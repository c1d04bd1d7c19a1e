//! JSON bodies.

use axum::{
    body::Bytes,
    extract::{FromRequest, Request, rejection::BytesRejection},
    http::{HeaderMap, StatusCode, header},
};
use http_body_util::LengthLimitError;
use serde::de::DeserializeOwned;
use serde_json::Value;
use utoipa::ToSchema;
use validator::{Validate, ValidationErrors, ValidationErrorsKind};

use crate::{
    errors::{AppError, Fault, Kind, MAX_FAULTS, Result},
    state::AppState,
    utils::json_schema::{Schemas, UNKNOWN_FIELD, escape, unescape},
};

/// What is read from a request, with the rules that its schema cannot say.
pub trait Checked: Sized {
    /// What it becomes.
    type Read;

    /// What it becomes, or everything that is wrong with it.
    ///
    /// # Errors
    /// The faults, none of which the schema could find. One of the whole has an empty pointer.
    fn check(self) -> Result<Self::Read, Vec<Fault>>;
}

/// Rules between fields are the validator crate's.
impl<T: Validate> Checked for T {
    type Read = T;

    fn check(self) -> Result<T, Vec<Fault>> {
        let Err(errors) = self.validate() else { return Ok(self) };
        let mut faults = Vec::new();
        flatten("", &errors, &mut faults);
        Err(faults)
    }
}

/// What a JSON body becomes that fits the published schema of `T` and its other rules. All faults are reported at once.
#[derive(Debug)]
pub struct Body<T: Checked>(pub T::Read);

impl<T> FromRequest<AppState> for Body<T>
where
    T: DeserializeOwned + Checked + ToSchema,
{
    type Rejection = AppError;

    async fn from_request(request: Request, state: &AppState) -> Result<Self> {
        require_json(request.headers())?;
        let bytes = Bytes::from_request(request, state).await.map_err(|rejection| unread(&rejection))?;
        fit(state.schemas(), parse(&bytes)?, T::check).map(Self)
    }
}

/// What `check` makes of `value` as a `T`, if it fits the published schema.
///
/// # Errors
/// Every fault it has.
pub(in crate::dto) fn fit<T, R>(
    schemas: &Schemas,
    value: Value,
    check: impl FnOnce(T) -> Result<R, Vec<Fault>>,
) -> Result<R>
where
    T: DeserializeOwned + ToSchema,
{
    let mut faults = schemas.check(&T::name(), &value).map_err(AppError::internal)?;
    if faults.is_empty() {
        let body = serde_json::from_value(value).map_err(|error| unfit(&error))?;
        return check(body).map_err(AppError::invalid);
    }
    let further = further_faults(value, &faults, check);
    faults.extend(further);
    faults.truncate(MAX_FAULTS);
    Err(AppError::invalid(faults))
}

/// What else is wrong, as far as the rest can be read without what the schema has found.
fn further_faults<T: DeserializeOwned, R>(
    mut value: Value,
    found: &[Fault],
    check: impl FnOnce(T) -> Result<R, Vec<Fault>>,
) -> Vec<Fault> {
    for fault in found {
        leave_out(&mut value, fault);
    }
    let Ok(body) = serde_json::from_value(value) else { return Vec::new() };
    let mut further = check(body).err().unwrap_or_default();
    // A rule about the whole may be broken only by what was left out.
    let lacks_parts = found.iter().any(|fault| fault.code != UNKNOWN_FIELD);
    further.retain(|fault| !(lacks_parts && fault.pointer.is_empty()));
    further.retain(|fault| found.iter().all(|known| known.pointer != fault.pointer));
    further
}

fn require_json(headers: &HeaderMap) -> Result<()> {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut parts = content_type.split(';').map(str::trim);
    let essence = parts.next().unwrap_or_default().to_ascii_lowercase();
    let json = matches!(essence.as_str(), "application/json" | "application/merge-patch+json");
    let utf8 = parts.all(|parameter| match parameter.to_ascii_lowercase().strip_prefix("charset=") {
        Some(charset) => charset.trim_matches('"') == "utf-8",
        None => true,
    });
    if json && utf8 {
        return Ok(());
    }
    Err(AppError::new(Kind::UnsupportedMedia, "unsupported_media_type", "Send the body as application/json in UTF-8."))
}

/// Why a body is read no further: its sender has lost meanwhile what they were let in for.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("the sender is no longer let in")]
pub struct AdmissionEnded;

fn admission_ended() -> AppError {
    AppError::forbidden("admission_ended", "You may not do this any more.")
}

/// Whether an error is of this kind, or comes of one that is.
fn comes_of<E: std::error::Error + 'static>(error: &(dyn std::error::Error + 'static)) -> bool {
    std::iter::successors(Some(error), |error| error.source()).any(<dyn std::error::Error>::is::<E>)
}

pub(in crate::dto) fn unread(rejection: &BytesRejection) -> AppError {
    if comes_of::<AdmissionEnded>(rejection) {
        return admission_ended();
    }
    if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE { body_too_large() } else { body_broken_off() }
}

/// Why a body cannot be read to its end.
#[must_use]
pub fn broken(error: &axum::Error) -> AppError {
    if comes_of::<AdmissionEnded>(error) {
        return admission_ended();
    }
    let is_too_large = comes_of::<LengthLimitError>(error);
    if is_too_large { body_too_large() } else { body_broken_off() }
}

/// The body is larger than what the endpoint reads.
#[must_use]
pub fn body_too_large() -> AppError {
    AppError::new(Kind::TooLarge, "body_too_large", "The body is larger than this endpoint reads.")
}

/// The caller stopped in the middle of the body.
#[must_use]
pub fn body_broken_off() -> AppError {
    AppError::new(Kind::BadRequest, "body_unreadable", "The body broke off before its end.")
}

/// Parses JSON, refusing what Postgres cannot store.
pub(in crate::dto) fn parse(bytes: &[u8]) -> Result<Value> {
    let value: Value = serde_json::from_slice(bytes).map_err(|error| {
        let detail = format!("The body is not valid JSON (line {}, column {}).", error.line(), error.column());
        AppError::new(Kind::BadRequest, "invalid_json", detail)
    })?;
    // Only an escaped NUL can be in valid JSON; looking at the raw bytes first spares the walk.
    if bytes.windows(6).any(|window| window == b"\\u0000") {
        let mut faults = Vec::new();
        find_nul(&mut Vec::new(), &value, &mut faults);
        if !faults.is_empty() {
            return Err(AppError::invalid(faults));
        }
    }
    Ok(value)
}

/// One step from a value into what it holds.
enum Step<'v> {
    Name(&'v str),
    Index(usize),
}

/// Notes where U+0000 is, until there are enough faults. The pointer is only made where there is one: names may be long.
fn find_nul<'v>(at: &mut Vec<Step<'v>>, value: &'v Value, faults: &mut Vec<Fault>) {
    match value {
        Value::String(text) if text.contains('\0') => note_nul(at, faults),
        Value::Array(items) => {
            for (i, item) in items.iter().enumerate() {
                step(at, Step::Index(i), item, faults);
            }
        }
        Value::Object(fields) => {
            for (name, field) in fields {
                if name.contains('\0') {
                    note_nul(at, faults);
                } else {
                    step(at, Step::Name(name), field, faults);
                }
            }
        }
        _ => {}
    }
}

fn step<'v>(at: &mut Vec<Step<'v>>, step: Step<'v>, value: &'v Value, faults: &mut Vec<Fault>) {
    if faults.len() < MAX_FAULTS {
        at.push(step);
        find_nul(at, value, faults);
        at.pop();
    }
}

fn note_nul(at: &[Step<'_>], faults: &mut Vec<Fault>) {
    if faults.len() < MAX_FAULTS {
        let token = |step: &Step<'_>| match step {
            Step::Name(name) => format!("/{}", escape(name)),
            Step::Index(i) => format!("/{i}"),
        };
        let pointer = at.iter().map(token).collect::<String>();
        faults.push(Fault::new(pointer, "nul_character", "The character U+0000 cannot be stored."));
    }
}

/// Removes what has the fault: a field, or the list that an element is in, since those behind it must keep their places.
fn leave_out(value: &mut Value, fault: &Fault) {
    let pointer = match fault.pointer.rsplit_once('/') {
        // What lacks a field is no better than what has a wrong one.
        Some((parent, _)) if fault.code == "required" => parent,
        _ => &fault.pointer,
    };
    let mut names = pointer.split('/').skip(1).map(unescape).peekable();
    let mut here = value;
    while let Some(name) = names.next() {
        let Value::Object(fields) = here else { return };
        if names.peek().is_none() || !fields.get(&name).is_some_and(Value::is_object) {
            fields.remove(&name);
            return;
        }
        let Some(inner) = fields.get_mut(&name) else { return };
        here = inner;
    }
}

fn unfit(error: &serde_json::Error) -> AppError {
    // serde's messages may repeat the value; the kind of error is enough here.
    AppError::new(Kind::Invalid, "validation_failed", "The body does not have the expected form.")
        .with_source(error.to_string())
}

/// The validator crate's errors as faults. Its own messages and parameters repeat the rejected value, so only the codes and messages
/// that our rules name are used.
fn flatten(at: &str, errors: &ValidationErrors, faults: &mut Vec<Fault>) {
    let mut fields: Vec<_> = errors.errors().iter().collect();
    fields.sort_by_key(|(a, _)| *a);
    for (field, kind) in fields {
        let at = if *field == "__all__" { at.to_owned() } else { format!("{at}/{}", escape(field)) };
        match kind {
            ValidationErrorsKind::Field(errors) => faults.extend(errors.iter().map(|error| {
                let detail = error.message.clone().unwrap_or_else(|| "This value is not allowed here.".into());
                Fault::new(at.clone(), error.code.clone(), detail)
            })),
            ValidationErrorsKind::Struct(inner) => flatten(&at, inner, faults),
            ValidationErrorsKind::List(items) => {
                for (index, inner) in items {
                    flatten(&format!("{at}/{index}"), inner, faults);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn pointers(body: &Value) -> Vec<String> {
        let error = parse(body.to_string().as_bytes()).unwrap_err();
        error.faults().iter().map(|fault| fault.pointer.clone()).collect()
    }

    #[test]
    fn every_nul_is_pointed_at() {
        let body = json!({"a": ["x", "\0"], "b/c": {"d": "y\0"}, "e": {"\0": 1}});
        assert_eq!(pointers(&body), ["/a/1", "/b~1c/d", "/e"]);
    }

    #[test]
    fn a_body_full_of_nuls_gets_a_short_answer() {
        let name = "n".repeat(500_000);
        assert_eq!(pointers(&json!({name.as_str(): vec!["\0"; 50_000]})), vec![""; MAX_FAULTS]);
        let names: serde_json::Map<_, _> = (0..1_000).map(|i| (format!("\0{i}"), Value::Null)).collect();
        assert_eq!(pointers(&json!({"a": names})), vec!["/a"; MAX_FAULTS]);
        let mut late = vec!["x"; 50_000];
        late.push("\0");
        assert_eq!(pointers(&json!({name.as_str(): late})), [""]);
    }
}
