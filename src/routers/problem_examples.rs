//! What error answers look like: one example for each status that means the same everywhere.

use serde_json::Value;

use super::Zone;
use crate::{
    dto::{extract::body_too_large, problem::Problem},
    errors::{AppError, Fault, Kind},
    middleware::MISSING,
};

/// What is told, word for word, when the named status is answered: tests/it/conventions/document.rs compares.
const TOLD: &[(&str, Kind, &str, &str)] = &[
    ("401", Kind::Unauthenticated, "token_missing", MISSING),
    (
        "412",
        Kind::PreconditionFailed,
        "version_mismatch",
        "It has changed since the version that If-Match names. Nothing was changed; read it again.",
    ),
    ("415", Kind::UnsupportedMedia, "unsupported_media_type", "Send the body as application/json in UTF-8."),
    ("429", Kind::RateLimited, "rate_limited", "Too many requests. Wait as long as Retry-After says."),
    ("502", Kind::BadGateway, "clerk_failed", "Clerk failed to carry this out."),
    ("503", Kind::Unavailable, "database_unavailable", "The database cannot be reached right now. Try again shortly."),
];

/// The body with which an operation of `zone` about a `noun` answers `status`, unless that is particular to it.
pub(super) fn example(method: &str, status: &str, zone: Zone, noun: &str) -> Option<Value> {
    let error = match (status, zone) {
        ("400", _) => AppError::parameters(vec![Fault::unknown_parameter("colour")]),
        ("401", Zone::Webhooks) => unproved("webhook_signature_invalid", "the webhook's signature is wrong"),
        ("401", Zone::Secret) => unproved("webhook_secret_wrong", "the header Unipile-Auth does not hold our secret"),
        ("403", Zone::Admin(_)) => {
            AppError::forbidden("admin_required", "Only an administrator of the organization may do this.")
        }
        ("403", Zone::Keyed(resource)) => {
            let needed = resource.scope(method == "get");
            AppError::forbidden("scope_missing", format!("The API key lacks the scope {needed}."))
                .with_member("scope", needed.as_str())
        }
        ("403", Zone::Organization(_)) => {
            AppError::forbidden("membership_required", "You are not a member of the session's active organization.")
        }
        ("404", _) => AppError::new(
            Kind::NotFound,
            format!("{}_not_found", noun.to_lowercase().replace(' ', "_")),
            format!("There is no {noun} with this id."),
        ),
        ("409", zone) if method == "post" && zone.is_of_an_organization() => {
            AppError::conflict("idempotency_key_in_flight", "A request with this Idempotency-Key is being worked on.")
        }
        ("413", _) => body_too_large(),
        ("422", Zone::Webhooks | Zone::Secret) => return None,
        ("422", _) => AppError::invalid(vec![Fault::new("/name", "empty", "This must not be empty.")]),
        ("500", _) => AppError::internal("an example"),
        _ => {
            let (_, kind, code, detail) = TOLD.iter().find(|(told, ..)| *told == status)?;
            AppError::new(*kind, *code, *detail)
        }
    };
    serde_json::to_value(Problem::of(&error, "01933b6e-8f2a-7c31-9d55-0a4b7c1e2f90")).ok()
}

/// Who sent a webhook is not proved.
fn unproved(code: &'static str, why: &str) -> AppError {
    AppError::new(Kind::Unauthenticated, code, format!("Not accepted: {why}."))
}
