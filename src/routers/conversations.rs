//! What leads and we have written to each other.

use utoipa_axum::routes;

use super::Routes;
use crate::controllers::conversations;

pub(super) fn routes() -> Routes {
    Routes::new()
        .routes(routes!(conversations::list))
        .routes(routes!(conversations::get, conversations::update))
        .routes(routes!(conversations::read))
        .routes(routes!(conversations::messages, conversations::write))
}
