//! Whom nobody may write to.

use axum::extract::DefaultBodyLimit;
use utoipa_axum::{router::UtoipaMethodRouterExt as _, routes};

use super::{MAX_BATCH_BODY, Routes};
use crate::controllers::suppressions;

pub(super) fn routes() -> Routes {
    Routes::new()
        .routes(routes!(suppressions::list, suppressions::create))
        .routes(routes!(suppressions::get, suppressions::delete))
        .routes(routes!(suppressions::import).layer(DefaultBodyLimit::max(MAX_BATCH_BODY)))
}
