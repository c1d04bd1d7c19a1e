//! Members: what the others see, and what administrators change.

use utoipa_axum::routes;

use super::Routes;
use crate::controllers::members;

pub(super) fn routes() -> Routes {
    Routes::new().routes(routes!(members::list))
}

pub(super) fn admin_routes() -> Routes {
    Routes::new().routes(routes!(members::update, members::delete))
}
