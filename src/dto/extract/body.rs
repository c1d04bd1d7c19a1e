//! JSON bodies.

use axum::{
    body::Bytes,
    extract::{FromRequest, Request, rejection::BytesRejection},
    http::{HeaderMap, StatusCode, header},
};
use serde::de::DeserializeOwned;
use serde_json::Value;
use utoipa::ToSchema;
use validator::{Validate, ValidationErrors, ValidationErrorsKind};

use crate::{
    errors::{AppError, Fault, Kind, MAX_FAULTS, Result},
    state::AppState,
    utils::json_schema::{Schemas, escape, unescape},
};

/// A JSON body that fits the published schema of `T` and the rules between its fields. All faults are reported at once.
#[derive(Debug)]
pub struct Body<T>(pub T);

impl<T> FromRequest<AppState> for Body<T>
where
    T: DeserializeOwned + Validate + ToSchema,
{
    type Rejection = AppError;

    async fn from_request(request: Request, state: &AppState) -> Result<Self> {
        require_json(request.headers())?;
        let bytes = Bytes::from_request(request, state).await.map_err(|rejection| unread(&rejection))?;
        fit(state.schemas(), parse(&bytes)?).map(Self)
    }
}

/// `value` as a `T`, held against the published schema and the rules between the fields.
///
/// # Errors
/// Every fault it has.
pub(in crate::dto) fn fit<T: DeserializeOwned + Validate + ToSchema>(schemas: &Schemas, mut value: Value) -> Result<T> {
    let mut faults = schemas
        .check(&T::name(), &value)
        .ok_or_else(|| AppError::internal(format!("no schema is published for {}", T::name())))?;
    // What is not known here must not hide what is wrong with the rest.
    faults.iter().filter(|fault| fault.code == "unknown_field").for_each(|fault| remove(&mut value, &fault.pointer));
    let body = match serde_json::from_value::<T>(value) {
        Ok(body) => Some(body),
        // The schema is the more helpful judge; this is what it let through.
        Err(error) if faults.is_empty() => return Err(unfit(&error)),
        Err(_) => None,
    };
    if let Some(Err(errors)) = body.as_ref().map(Validate::validate) {
        flatten("", &errors, &mut faults);
        faults.truncate(MAX_FAULTS);
    }
    match body {
        Some(body) if faults.is_empty() => Ok(body),
        _ => Err(AppError::invalid(faults)),
    }
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

pub(super) fn unread(rejection: &BytesRejection) -> AppError {
    if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
        AppError::new(Kind::TooLarge, "body_too_large", "The body is larger than this endpoint reads.")
    } else {
        AppError::new(Kind::BadRequest, "body_unreadable", "The body broke off before its end.")
    }
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

/// Removes the field at `pointer`.
fn remove(value: &mut Value, pointer: &str) {
    let Some((parent, name)) = pointer.rsplit_once('/') else { return };
    if let Some(Value::Object(fields)) = value.pointer_mut(parent) {
        fields.remove(&unescape(name));
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
