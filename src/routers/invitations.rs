//! Invitations, which are an administrator's.

use utoipa_axum::routes;

use super::Routes;
use crate::controllers::invitations;

pub(super) fn routes() -> Routes {
    Routes::new().routes(routes!(invitations::list, invitations::create)).routes(routes!(invitations::delete))
}
