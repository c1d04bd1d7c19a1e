//! Links by which accounts are connected.

use axum::{Json, extract::State, http::Uri};

use crate::{
    dto::{
        Body, Created, NoContent, PathId, UnipileReport,
        connect_links::{self, ConnectLinkDto, CreateConnectLinkRequest},
        unsubscribe::Page,
        webhooks::UnipileConnected,
    },
    errors::Result,
    models::AccountId,
    repositories::OrgPerson,
    services::UnipileService,
};

/// Make a link to connect an account
///
/// Leads to Unipile's pages, where the person signs in to LinkedIn, or to a mailbox, and answers its questions; neither passes through this server.
/// The account is there within seconds after that. All connected accounts of the plan taken: 409 `plan_limit_reached`.
#[utoipa::path(post, path = "/connected-accounts/connect-link", request_body = CreateConnectLinkRequest,
    responses((status = 201, body = ConnectLinkDto)))]
pub async fn create_link(
    person: OrgPerson,
    State(service): State<UnipileService>,
    Body(asked): Body<CreateConnectLinkRequest>,
) -> Result<Created<ConnectLinkDto>> {
    let link = service.connect_link(&person, asked.provider()).await?;
    Ok(Created { location: link.url.to_string(), version: None, body: link.into() })
}

/// Make a link to connect an account again
///
/// The same for an account that its provider has signed out. What waits for it goes on where it stands.
#[utoipa::path(post, path = "/connected-accounts/{id}/reconnect-link", params(("id" = AccountId, Path)),
    responses((status = 200, body = ConnectLinkDto)))]
pub async fn create_link_again(
    person: OrgPerson,
    State(service): State<UnipileService>,
    PathId(id): PathId<AccountId>,
) -> Result<Json<ConnectLinkDto>> {
    Ok(Json(service.reconnect_link(&person, id).await?.into()))
}

/// Learn that somebody has signed in
///
/// What Unipile calls when the end of a link was come to. It is unsigned, and proves itself by the address, which only that link has; even so
/// nothing is made of it before Unipile's API confirms it. Doing it again changes nothing.
#[utoipa::path(post, path = "/connected/{state}", params(("state" = String, Path)), request_body = UnipileConnected,
    responses((status = 204), (status = 404, description = "No link of ours, or one that has expired.")))]
pub async fn report(
    State(service): State<UnipileService>,
    uri: Uri,
    UnipileReport(report): UnipileReport,
) -> Result<NoContent> {
    let UnipileConnected { status, account_id, name } = report;
    let state = uri.path().trim_start_matches("/connected/");
    service.report(state, &status, &account_id, name.as_deref()).await?;
    Ok(NoContent)
}

/// Show that an account is being connected
///
/// Where Unipile's pages lead when somebody has signed in.
#[utoipa::path(get, path = "/connected", params(("any" = Option<String>, Query, description = "Whatever else the address has is not read.")),
    responses((status = 200, body = String, content_type = "text/html")))]
pub async fn connected() -> Page {
    connect_links::connected()
}

/// Show that no account was connected
///
/// Where Unipile's pages lead when somebody did not sign in.
#[utoipa::path(get, path = "/not-connected", params(("any" = Option<String>, Query, description = "Whatever else the address has is not read.")),
    responses((status = 200, body = String, content_type = "text/html")))]
pub async fn not_connected() -> Page {
    connect_links::not_connected()
}
