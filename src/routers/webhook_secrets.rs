//! What webhook steps of campaigns are signed with.

use utoipa_axum::routes;

use super::Routes;
use crate::controllers::webhook_secrets;

pub(super) fn routes() -> Routes {
    Routes::new().routes(routes!(webhook_secrets::get)).routes(routes!(webhook_secrets::rotate))
}
