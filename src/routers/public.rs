//! What anybody may ask: signs of life and measurements.

use utoipa_axum::routes;

use super::Routes;
use crate::controllers::service;

pub(super) fn routes() -> Routes {
    Routes::new().routes(routes!(service::health)).routes(routes!(service::ready)).routes(routes!(service::metrics))
}
