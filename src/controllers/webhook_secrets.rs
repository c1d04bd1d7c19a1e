//! What webhook steps of campaigns are signed with.

use axum::{Json, extract::State};

use crate::{
    dto::{
        ShownOnce,
        webhook_secrets::{NewWebhookSecretDto, WebhookSecretDto},
    },
    errors::Result,
    repositories::OrgAdmin,
    services::WebhookSecretService,
};

/// Read about the webhook secret
///
/// Whether webhook steps of campaigns are signed, and since when with this secret. The secret itself is not shown.
#[utoipa::path(get, path = "/webhook-secret", responses((status = 200, body = WebhookSecretDto)))]
pub async fn get(admin: OrgAdmin, State(secrets): State<WebhookSecretService>) -> Result<Json<WebhookSecretDto>> {
    Ok(Json(secrets.get(&admin).await?.into()))
}

/// Rotate the webhook secret
///
/// Makes the secret that webhook steps of campaigns are signed with, shown this once in `secret`. Calls are signed with the one before for
/// 24 hours, too, so that receivers can be changed over. Before the first one is made, calls are not signed.
#[utoipa::path(post, path = "/webhook-secret/rotate", responses((status = 200, body = NewWebhookSecretDto)))]
pub async fn rotate(
    admin: OrgAdmin,
    State(secrets): State<WebhookSecretService>,
) -> Result<ShownOnce<Json<NewWebhookSecretDto>>> {
    Ok(ShownOnce(Json(secrets.rotate(&admin).await?.into())))
}
