//! Pictures and links in mails, whose being fetched is seen.

use axum::{
    extract::State,
    http::{HeaderMap, HeaderName, Method, Uri, header, uri::Authority},
};

use crate::{
    dto::mail_reads::{self, Followed, Picture},
    errors::Result,
    services::{MailReadService, mail_reads::Visit},
};

/// The picture in a mail
///
/// One transparent point, the same for every token, so that nobody learns which are there. Of a mail whose campaign has `track_opens`, it is
/// noted that it was fetched.
#[utoipa::path(get, path = "/o/{token}", params(("token" = String, Path)),
    responses((status = 200, body = Vec<u8>, content_type = "image/gif")))]
pub async fn picture(
    State(service): State<MailReadService>,
    (method, uri, headers): (Method, Uri, HeaderMap),
) -> Picture {
    service.opened(token(&uri, "/o/"), visit(&method, &headers));
    mail_reads::picture()
}

/// A link in a mail
///
/// Leads to where the mail's writer said, which is signed into the token, and nowhere else; under a domain that an organization has proved, only
/// that organization's links do. Of a mail whose campaign has `track_clicks`, it is noted that it was followed.
#[utoipa::path(get, path = "/l/{token}", params(("token" = String, Path)),
    responses((status = 302, description = "Where the link leads."), (status = 404, description = "No link of ours, or not of whose domain this is."), (status = 503, description = "Whose domain this is cannot be told now.")))]
pub async fn link(
    State(service): State<MailReadService>,
    (method, uri, headers): (Method, Uri, HeaderMap),
) -> Followed {
    Followed(service.followed(token(&uri, "/l/"), &hosts(&uri, &headers), visit(&method, &headers)).await)
}

/// By which names we are asked: what the reader's program said, and what servers before us say that it did.
fn hosts<'r>(uri: &'r Uri, headers: &'r HeaderMap) -> Vec<&'r str> {
    let forwarded = HeaderName::from_static("x-forwarded-host");
    let said = [header::HOST, forwarded].into_iter().flat_map(|name| headers.get_all(name));
    let said = said.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
    uri.authority().map(Authority::as_str).into_iter().chain(said).collect()
}

/// What stands behind `start`, be it what it may: whoever follows a broken link is to see a page.
fn token<'u>(uri: &'u Uri, start: &str) -> &'u str {
    uri.path().strip_prefix(start).unwrap_or_default()
}

fn visit<'h>(method: &Method, headers: &'h HeaderMap) -> Visit<'h> {
    let said = |names: &[&str]| names.iter().find_map(|name| headers.get(*name)?.to_str().ok());
    Visit {
        head_only: *method == Method::HEAD,
        program: said(&[header::USER_AGENT.as_str()]),
        purpose: said(&["sec-purpose", "purpose", "x-purpose", "x-moz"]),
    }
}

/// Prove that a domain leads here
///
/// Answers a challenge, 32 hexadecimal digits, as only this service can: so it finds out whether the `tracking_domain` of a mailbox leads to it.
#[utoipa::path(get, path = "/.well-known/clento/{challenge}", params(("challenge" = String, Path)),
    responses((status = 200, body = String, content_type = "text/plain"), (status = 404, description = "This is no challenge.")))]
pub async fn proof(State(service): State<MailReadService>, uri: Uri) -> Result<String> {
    service.proof(token(&uri, "/.well-known/clento/"))
}
