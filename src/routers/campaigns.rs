//! Campaigns.

use utoipa_axum::routes;

use super::Routes;
use crate::controllers::campaigns;

pub(super) fn routes() -> Routes {
    Routes::new()
        .routes(routes!(campaigns::list, campaigns::create))
        .routes(routes!(campaigns::get, campaigns::update, campaigns::delete))
        .routes(routes!(campaigns::duplicate))
        .routes(routes!(campaigns::validate))
        .routes(routes!(campaigns::executions))
}
