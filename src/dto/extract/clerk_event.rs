//! Clerk's webhooks: the signature over the very bytes first, and only then what they say.

use axum::{
    body::Bytes,
    extract::{FromRequest, Request},
};

use super::body::unread;
use crate::{
    errors::{AppError, Fault, Kind, Result},
    integrations::clerk::{Envelope, EventError, WebhookError},
    state::AppState,
};

/// An event that Clerk has signed for us, lately.
#[derive(Debug)]
pub struct ClerkWebhookEvent {
    /// The delivery's id, the same in every repetition.
    pub id: String,
    /// The event.
    pub envelope: Envelope,
}

/// The longest id that is stored.
const LONGEST_ID: usize = 255;

impl FromRequest<AppState> for ClerkWebhookEvent {
    type Rejection = AppError;

    async fn from_request(request: Request, state: &AppState) -> Result<Self> {
        let headers = request.headers().clone();
        let body = Bytes::from_request(request, state).await.map_err(|rejection| unread(&rejection))?;
        let delivery = state.webhooks().ok_or(WebhookError::NotConfigured)?.verify(&headers, &body)?;
        if delivery.id.len() > LONGEST_ID {
            return Err(WebhookError::InvalidHeader("id").into());
        }
        let envelope = Envelope::read(&body, &delivery).map_err(|error| malformed(&delivery.id, &error))?;
        Ok(Self { id: delivery.id, envelope })
    }
}

/// Signed, and yet not what we know: told to the operator, for Clerk will only repeat it.
fn malformed(id: &str, error: &EventError) -> AppError {
    tracing::error!(event = id, %error, "a signed event of Clerk's cannot be understood");
    let pointer = match error {
        EventError::Format => String::new(),
        EventError::Missing(place) | EventError::Malformed(place) => {
            format!("/{}", place.replace('.', "/"))
        }
    };
    let detail = format!("Not understood: {error}.");
    AppError::new(Kind::Invalid, "webhook_malformed", detail.clone()).with_faults(vec![Fault::new(
        pointer,
        "wrong_form",
        detail,
    )])
}
