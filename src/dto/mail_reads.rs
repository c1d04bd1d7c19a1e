//! What whoever fetches a mail's picture or follows its links gets.

use axum::{
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use url::Url;

use super::unsubscribe::page;
use crate::services::mail_reads::Leads;

/// A picture of one transparent point, as small as a GIF can be.
const POINT: &[u8] = b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff!\xf9\x04\x01\x00\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;";

/// The picture. Not to be kept by anybody, so that it is asked for each time.
pub type Picture = ([(HeaderName, HeaderValue); 2], &'static [u8]);

/// The same for every token.
pub fn picture() -> Picture {
    let type_and_age = [
        (header::CONTENT_TYPE, HeaderValue::from_static("image/gif")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store, max-age=0")),
    ];
    (type_and_age, POINT)
}

/// Where a link leads, or that it leads nowhere.
#[derive(Debug)]
pub struct Followed(pub Leads);

impl IntoResponse for Followed {
    fn into_response(self) -> Response {
        match self.0 {
            Leads::To(target) => led_on(&target),
            Leads::Nowhere => page(
                StatusCode::NOT_FOUND,
                "This link is not valid",
                "<p>Open it from the mail once more, or ask whoever wrote to you.</p>",
            )
            .into_response(),
            Leads::NotNow => {
                let page =
                    page(StatusCode::SERVICE_UNAVAILABLE, "Not now", "<p>Open the link once more in a minute.</p>");
                ([(header::RETRY_AFTER, HeaderValue::from_static("60"))], page).into_response()
            }
        }
    }
}

fn led_on(target: &Url) -> Response {
    // What a parsed URL is written as is ASCII.
    let Ok(target) = HeaderValue::from_str(target.as_str()) else { return StatusCode::NOT_FOUND.into_response() };
    let robots = HeaderName::from_static("x-robots-tag");
    let headers = [(header::LOCATION, target), (robots, HeaderValue::from_static("noindex, nofollow"))];
    (StatusCode::FOUND, headers).into_response()
}
