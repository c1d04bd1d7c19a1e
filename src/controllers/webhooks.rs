//! Webhooks that others send us.

use axum::{Extension, Json, extract::State};

use crate::{
    dto::{
        ClerkWebhookEvent, UnipileEvent,
        webhooks::{ClerkWebhook, UnipileWebhook, WebhookReceiptDto},
    },
    errors::Result,
    middleware::RequestId,
    repositories::RequestContext,
    services::{ClerkSyncService, UnipileService},
};

/// Receive an event of Clerk's
///
/// Signed by Svix over the raw body; without a signing secret configured nothing is believed. Events may come in any order and more
/// than once: the end is the same.
#[utoipa::path(post, path = "/webhooks/clerk", request_body = ClerkWebhook, responses((status = 200, body = WebhookReceiptDto)))]
pub async fn clerk(
    Extension(request): Extension<RequestId>,
    State(sync): State<ClerkSyncService>,
    ClerkWebhookEvent { id, envelope }: ClerkWebhookEvent,
) -> Result<Json<WebhookReceiptDto>> {
    let context = RequestContext { request_id: Some(request.as_str().to_owned()), ..RequestContext::default() };
    Ok(Json(sync.apply(&id, &envelope, &context).await?.into()))
}

/// Receive an event of Unipile's
///
/// Proved by the header `Unipile-Auth`, which holds the secret that this server has told Unipile; without a secret configured nobody is believed.
/// What is told is kept and answered at once, and looked up at Unipile before anything follows from it: events may be late, come in any order and
/// more than once. Those about accounts of nobody's are ignored. No content type is needed.
#[utoipa::path(post, path = "/webhooks/unipile", request_body = UnipileWebhook, responses((status = 200, body = WebhookReceiptDto)))]
pub async fn unipile(
    State(service): State<UnipileService>,
    UnipileEvent(body): UnipileEvent,
) -> Result<Json<WebhookReceiptDto>> {
    Ok(Json(service.take_hint(&body).await?.into()))
}
