//! The organization itself: what its members read, and what its administrators change.

use utoipa_axum::routes;

use super::Routes;
use crate::controllers::organizations;

pub(super) fn routes() -> Routes {
    Routes::new().routes(routes!(organizations::get))
}

pub(super) fn admin_routes() -> Routes {
    Routes::new().routes(routes!(organizations::update))
}
