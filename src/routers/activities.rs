//! What happened to leads.

use utoipa_axum::routes;

use super::Routes;
use crate::controllers::activities;

pub(super) fn routes() -> Routes {
    Routes::new().routes(routes!(activities::list)).routes(routes!(activities::export))
}
