//! Lists of leads.

use utoipa_axum::routes;

use super::Routes;
use crate::controllers::lead_lists;

pub(super) fn routes() -> Routes {
    Routes::new()
        .routes(routes!(lead_lists::list, lead_lists::create))
        .routes(routes!(lead_lists::get, lead_lists::update, lead_lists::delete))
        .routes(routes!(lead_lists::archive))
        .routes(routes!(lead_lists::unarchive))
        .routes(routes!(lead_lists::duplicate))
        .routes(routes!(lead_lists::statistics))
}
