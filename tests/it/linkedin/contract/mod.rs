//! Each endpoint of Unipile's that is called, as Unipile documents it: what is asked, to the byte that matters, what is read of a documented answer,
//! and what is made of each documented error. A row of a table is one exchange.

mod accounts;
mod chats;
mod emails;
mod invitations;
mod people;
mod posts;
mod recorder;

use std::time::Duration;

use clento::integrations::unipile::{Class, Unipile, UnipileError};
use futures::future::BoxFuture;
use serde_json::{Value, json};

use self::recorder::Recorder;

type Called = BoxFuture<'static, Result<Value, UnipileError>>;

/// One exchange.
struct Row {
    /// The call, and what it read, as far as it is used.
    call: fn(Unipile) -> Called,
    /// Method, path and query.
    asked: &'static str,
    /// The body: JSON, or the parts of a form in their order as `form`; null is none.
    body: Value,
    /// What Unipile answers.
    answer: (u16, Value),
    /// What is read of that.
    read: Value,
}

/// An error as Unipile documents it, and what may be concluded.
const ERRORS: [(u16, &str, Class); 24] = [
    (400, "invalid_parameters", Class::Permanent),
    (400, "too_many_characters", Class::Permanent),
    (401, "missing_credentials", Class::AccountOut),
    (401, "expired_credentials", Class::AccountOut),
    (401, "disconnected_account", Class::AccountOut),
    (401, "checkpoint_error", Class::AccountOut),
    (403, "account_restricted", Class::AccountOut),
    (403, "feature_not_subscribed", Class::Permanent),
    (404, "resource_not_found", Class::Gone),
    (404, "invalid_resource_identifier", Class::Gone),
    (422, "already_invited_recently", Class::Done),
    (422, "already_connected", Class::Done),
    (422, "cannot_resend_yet", Class::Cooldown),
    (422, "limit_exceeded", Class::Cooldown),
    (422, "insufficient_credits", Class::Cooldown),
    (422, "invalid_recipient", Class::Lead),
    (422, "no_connection_with_recipient", Class::Lead),
    (422, "comments_disabled", Class::Lead),
    (422, "unprocessable_entity", Class::Lead),
    (422, "a_type_of_tomorrow", Class::Parked),
    (429, "too_many_requests", Class::Cooldown),
    (500, "unexpected_error", Class::Unknown),
    (503, "no_client_session", Class::Unknown),
    (504, "request_timeout", Class::Unknown),
];

fn error(status: u16, kind: &str) -> Value {
    json!({"title": "No", "detail": "Not this time", "instance": "/x", "type": format!("errors/{kind}"), "status": status})
}

/// Holds each row to what it says, and its endpoint to all errors.
async fn hold(rows: Vec<Row>) {
    let recorder = Recorder::start().await;
    for row in rows {
        let call = || (row.call)(recorder.client());
        recorder.answers(row.answer.0, &row.answer.1, None);
        let read = call().await.unwrap_or_else(|error| panic!("{}: {error}", row.asked));
        assert_eq!(read, row.read, "{}", row.asked);
        let asked = recorder.asked();
        assert_eq!((asked.line.as_str(), &asked.body), (row.asked, &row.body));
        assert_eq!((asked.key.as_str(), asked.accept.as_str()), (recorder::KEY, "application/json"), "{}", row.asked);
        let kind = match &row.body {
            Value::Null => "",
            body if body["form"].is_array() => "multipart/form-data",
            _ => "application/json",
        };
        assert_eq!(asked.content_type, kind, "{}", row.asked);
        for (status, kind, class) in ERRORS {
            recorder.answers(status, &error(status, kind), (status == 429).then_some(120));
            let error = call().await.expect_err(row.asked);
            assert_eq!((error.class(), error.kind()), (class, Some(kind)), "{}", row.asked);
            assert_eq!(error.retry_after, (status == 429).then_some(Duration::from_mins(2)), "{}", row.asked);
        }
    }
}
