//! Webhooks that others send us.

use axum::{Extension, Json, extract::State};

use crate::{
    dto::{
        ClerkWebhookEvent,
        webhooks::{ClerkWebhook, WebhookReceiptDto},
    },
    errors::Result,
    middleware::RequestId,
    repositories::RequestContext,
    services::ClerkSyncService,
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
