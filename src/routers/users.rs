//! The signed-in user.

use utoipa_axum::routes;

use super::Routes;
use crate::controllers::users;

pub(super) fn routes() -> Routes {
    Routes::new().routes(routes!(users::get, users::update)).routes(routes!(users::organizations))
}
