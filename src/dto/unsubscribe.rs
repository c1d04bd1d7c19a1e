//! The pages behind the way out of a mail: plain HTML that needs no script, no style and nothing from elsewhere.

use axum::{http::StatusCode, response::Html};

/// A page and its status.
pub type Page = (StatusCode, Html<String>);

/// Asks whether it is meant. Programs that look at links in mails get no further than this.
pub fn ask() -> Page {
    page(
        StatusCode::OK,
        "Unsubscribe",
        "<p>Do you want to get no more mail from this sender?</p>\
         <form method=\"post\"><button type=\"submit\">Unsubscribe</button></form>",
    )
}

/// It is done.
pub fn done() -> Page {
    page(StatusCode::OK, "You are unsubscribed", "<p>You will get no more mail from this sender.</p>")
}

/// There is no such link.
pub fn unknown() -> Page {
    page(
        StatusCode::NOT_FOUND,
        "This link is not valid",
        "<p>Open it from the mail once more, or answer the mail and say that you want no more.</p>",
    )
}

/// A page with a heading and a body.
pub(super) fn page(status: StatusCode, title: &str, body: &str) -> Page {
    let html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <meta name=\"robots\" content=\"noindex\"><title>{title}</title></head><body><main><h1>{title}</h1>{body}</main></body></html>"
    );
    (status, Html(html))
}
