//! `/api-docs`: Swagger UI from assets inside the binary, and the document it shows.

use axum::{
    Router,
    extract::Request,
    http::{HeaderValue, header},
    middleware::{Next, from_fn},
    response::{IntoResponse as _, Response},
};
use utoipa_swagger_ui::SwaggerUi;

/// The page's own settings.
const INITIALIZER: &str = include_str!("swagger-initializer.js");

/// What the page may load: its own files and the images inside them, nothing from elsewhere and nothing inline.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
     connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
);

pub(super) fn routes(document: serde_json::Value) -> Router {
    let page = SwaggerUi::new("/api-docs").external_url_unchecked("/api-docs/openapi.json", document);
    Router::from(page).layer(from_fn(ours))
}

/// Puts our settings in the place of the page's, and headers that protect its reader on everything.
async fn ours(request: Request, next: Next) -> Response {
    let mut response = if request.uri().path() == "/api-docs/swagger-initializer.js" {
        ([(header::CONTENT_TYPE, "text/javascript; charset=utf-8")], INITIALIZER).into_response()
    } else {
        next.run(request).await
    };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, POLICY);
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}
