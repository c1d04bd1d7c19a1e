//! Leads' ways through campaigns.

use utoipa_axum::routes;

use super::Routes;
use crate::controllers::campaign_executions;

pub(super) fn routes() -> Routes {
    Routes::new()
        .routes(routes!(campaign_executions::get))
        .routes(routes!(campaign_executions::retry))
        .routes(routes!(campaign_executions::skip))
        .routes(routes!(campaign_executions::stop))
}
