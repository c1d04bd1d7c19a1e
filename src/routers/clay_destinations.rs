//! Webhooks in Clay that a list's new leads are pushed to.

use utoipa_axum::routes;

use super::Routes;
use crate::controllers::clay_destinations;

pub(super) fn routes() -> Routes {
    Routes::new().routes(routes!(clay_destinations::list, clay_destinations::create)).routes(routes!(
        clay_destinations::get,
        clay_destinations::update,
        clay_destinations::delete
    ))
}
