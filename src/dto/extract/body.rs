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
    errors::{AppError, Fault, Kind, Result},
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

pub(in crate::dto) fn unread(rejection: &BytesRejection) -> AppError {
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
        find_nul("", &value, &mut faults);
        if !faults.is_empty() {
            return Err(AppError::invalid(faults));
        }
    }
    Ok(value)
}

fn find_nul(at: &str, value: &Value, faults: &mut Vec<Fault>) {
    let nul = |at: String| Fault::new(at, "nul_character", "The character U+0000 cannot be stored.");
    match value {
        Value::String(text) if text.contains('\0') => faults.push(nul(at.to_owned())),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(i, item)| find_nul(&format!("{at}/{i}"), item, faults));
        }
        Value::Object(fields) => {
            for (name, field) in fields {
                if name.contains('\0') {
                    faults.push(nul(at.to_owned()));
                } else {
                    find_nul(&format!("{at}/{}", escape(name)), field, faults);
                }
            }
        }
        _ => {}
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
