//! Campaigns: what programs may do too, and what only people may.

use utoipa_axum::routes;

use super::Routes;
use crate::controllers::{campaign_runs, campaigns};

pub(super) fn routes() -> Routes {
    Routes::new()
        .routes(routes!(campaigns::list, campaigns::create))
        .routes(routes!(campaigns::get, campaigns::update, campaigns::delete))
        .routes(routes!(campaigns::duplicate))
        .routes(routes!(campaigns::executions))
        .routes(routes!(campaign_runs::events))
        .routes(routes!(campaign_runs::statistics))
}

pub(super) fn person_routes() -> Routes {
    Routes::new()
        .routes(routes!(campaigns::validate))
        .routes(routes!(campaign_runs::simulate))
        .routes(routes!(campaign_runs::preview))
        .routes(routes!(campaign_runs::test_send))
        .routes(routes!(campaign_runs::start))
        .routes(routes!(campaign_runs::pause))
        .routes(routes!(campaign_runs::resume))
        .routes(routes!(campaign_runs::stop))
}
