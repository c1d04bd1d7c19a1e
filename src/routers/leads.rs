//! Leads.

use axum::extract::DefaultBodyLimit;
use utoipa_axum::{router::UtoipaMethodRouterExt as _, routes};

use super::{MAX_BATCH_BODY, Routes};
use crate::controllers::leads;

pub(super) fn routes() -> Routes {
    Routes::new()
        .routes(routes!(leads::list, leads::create))
        .routes(routes!(leads::get, leads::update, leads::delete))
        .routes(routes!(leads::export))
        .routes(routes!(leads::timeline))
        .routes(routes!(leads::upsert))
        .routes(routes!(leads::batch).layer(DefaultBodyLimit::max(MAX_BATCH_BODY)))
        .routes(routes!(leads::batch_delete))
}
