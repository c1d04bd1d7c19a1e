//! Leads.

use axum::extract::DefaultBodyLimit;
use utoipa_axum::{router::UtoipaMethodRouterExt as _, routes};

use super::Routes;
use crate::{controllers::leads, middleware::LARGEST_BODY};

pub(super) fn routes() -> Routes {
    Routes::new()
        .routes(routes!(leads::list, leads::create))
        .routes(routes!(leads::get, leads::update, leads::delete))
        .routes(routes!(leads::timeline))
        .routes(routes!(leads::batch).layer(DefaultBodyLimit::max(LARGEST_BODY)))
        .routes(routes!(leads::batch_delete))
}
