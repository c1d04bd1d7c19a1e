//! Imports of leads from files.

use utoipa_axum::routes;

use super::Routes;
use crate::controllers::imports;

pub(super) fn routes() -> Routes {
    Routes::new()
        .routes(routes!(imports::get))
        .routes(routes!(imports::events))
        .routes(routes!(imports::rejected))
        .routes(routes!(imports::cancel))
        .routes(routes!(imports::undo))
}

/// Those that take a file of any size.
pub(super) fn upload_routes() -> Routes {
    Routes::new().routes(routes!(imports::preview_import)).routes(routes!(imports::import))
}
