//! Whom nobody may write to.

use utoipa_axum::routes;

use super::Routes;
use crate::controllers::suppressions;

pub(super) fn routes() -> Routes {
    Routes::new()
        .routes(routes!(suppressions::list, suppressions::create))
        .routes(routes!(suppressions::get, suppressions::delete))
}

/// The one that takes many suppressions at once.
pub(super) fn bulk_routes() -> Routes {
    Routes::new().routes(routes!(suppressions::import))
}
