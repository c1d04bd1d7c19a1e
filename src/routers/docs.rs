//! `/api-docs`: Swagger UI from assets inside the binary, and the document it shows.

use axum::{
    Router,
    extract::Request,
    http::{HeaderValue, header},
    middleware::{Next, from_fn},
    response::{IntoResponse as _, Response},
};
use utoipa_swagger_ui::SwaggerUi;

use crate::state::AppState;

/// The page's own settings.
const INITIALIZER: &str = include_str!("swagger-initializer.js");

/// What the page may load: its own files and the images inside them, nothing from elsewhere and nothing inline.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
     connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
);

pub(super) fn routes(document: serde_json::Value) -> Router<AppState> {
    let page = SwaggerUi::new("/api-docs").external_url_unchecked("/api-docs/openapi.json", document);
    Router::from(page).layer(from_fn(ours))
}

/// Puts our settings in the place of the page's, and our policy on everything.
async fn ours(request: Request, next: Next) -> Response {
    let mut response = if request.uri().path() == "/api-docs/swagger-initializer.js" {
        ([(header::CONTENT_TYPE, "text/javascript; charset=utf-8")], INITIALIZER).into_response()
    } else {
        next.run(request).await
    };
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, POLICY);
    response
}
