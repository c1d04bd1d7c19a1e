//! Campaigns: what programs may do too, and what only people may.

use utoipa_axum::routes;

use super::Routes;
use crate::controllers::campaigns;

pub(super) fn routes() -> Routes {
    Routes::new()
        .routes(routes!(campaigns::list, campaigns::create))
        .routes(routes!(campaigns::get, campaigns::update, campaigns::delete))
        .routes(routes!(campaigns::duplicate))
        .routes(routes!(campaigns::executions))
}

pub(super) fn person_routes() -> Routes {
    Routes::new().routes(routes!(campaigns::validate))
}
