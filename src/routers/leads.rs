//! Leads.

use utoipa_axum::routes;

use super::Routes;
use crate::controllers::leads;

pub(super) fn routes() -> Routes {
    Routes::new()
        .routes(routes!(leads::list, leads::create))
        .routes(routes!(leads::get, leads::update, leads::delete))
        .routes(routes!(leads::export))
        .routes(routes!(leads::timeline))
        .routes(routes!(leads::upsert))
}

/// Those that take or change many leads at once.
pub(super) fn bulk_routes() -> Routes {
    Routes::new().routes(routes!(leads::batch)).routes(routes!(leads::batch_delete))
}
