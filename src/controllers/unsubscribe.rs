//! The way out of a mail.

use axum::{extract::State, http::Uri};

use crate::{
    dto::unsubscribe::{self, Page},
    errors::{Kind, Result},
    services::UnsubscribeService,
};

/// Ask whether to unsubscribe
///
/// The page that the link in a mail leads to. It only asks: whoever looks at links, a mail filter for one, changes nothing.
#[utoipa::path(get, path = "/u/{token}", params(("token" = String, Path)),
    responses((status = 200, body = String, content_type = "text/html"), (status = 404, description = "No link of ours.")))]
pub async fn show(State(service): State<UnsubscribeService>, uri: Uri) -> Page {
    if service.check(token(&uri)).is_ok() { unsubscribe::ask() } else { unsubscribe::unknown() }
}

/// Unsubscribe
///
/// What the page's button does, and a mail program's one click (RFC 8058): nobody of the organization writes to this person again, from this
/// moment on. Doing it twice is as good as once.
#[utoipa::path(post, path = "/u/{token}", params(("token" = String, Path)),
    responses((status = 200, body = String, content_type = "text/html"), (status = 404, description = "No link of ours.")))]
pub async fn leave(State(service): State<UnsubscribeService>, uri: Uri) -> Result<Page> {
    match service.leave(token(&uri)).await {
        Ok(()) => Ok(unsubscribe::done()),
        Err(error) if error.kind() == Kind::NotFound => Ok(unsubscribe::unknown()),
        Err(error) => Err(error),
    }
}

/// What stands behind `/u/`, be it what it may: whoever follows a broken link is to see a page.
fn token(uri: &Uri) -> &str {
    uri.path().trim_start_matches("/u/")
}
