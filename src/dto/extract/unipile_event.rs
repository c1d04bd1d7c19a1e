//! What Unipile sends: the secret first, and only then the body, whatever its content type says. Webhooks that are made by Unipile's API may come
//! without one.

use axum::{
    body::Bytes,
    extract::{FromRef as _, FromRequest, Request},
};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::body::unread;
use crate::{
    dto::webhooks::UnipileConnected,
    errors::{AppError, Fault, Kind, Result},
    integrations::unipile::SECRET_HEADER,
    services::UnipileService,
    state::AppState,
};

/// A webhook that shows the secret which Unipile was told. What it says is a hint, and no more.
#[derive(Debug)]
pub struct UnipileEvent(pub Value);

/// A report that somebody has signed in on Unipile's pages. It is unsigned: who may make it is told by its address.
#[derive(Debug)]
pub struct UnipileReport(pub UnipileConnected);

impl FromRequest<AppState> for UnipileEvent {
    type Rejection = AppError;

    async fn from_request(request: Request, state: &AppState) -> Result<Self> {
        let shown = request.headers().get(SECRET_HEADER).map(|value| value.as_bytes().to_vec());
        UnipileService::from_ref(state).prove(shown.as_deref())?;
        read(request, state).await.map(Self)
    }
}

impl FromRequest<AppState> for UnipileReport {
    type Rejection = AppError;

    async fn from_request(request: Request, state: &AppState) -> Result<Self> {
        read(request, state).await.map(Self)
    }
}

async fn read<T: DeserializeOwned>(request: Request, state: &AppState) -> Result<T> {
    let body = Bytes::from_request(request, state).await.map_err(|rejection| unread(&rejection))?;
    serde_json::from_slice(&body).map_err(|_| {
        let detail = "The body is not what Unipile sends.";
        AppError::new(Kind::Invalid, "webhook_malformed", detail).with_faults(vec![Fault::new(
            "",
            "wrong_form",
            detail,
        )])
    })
}
