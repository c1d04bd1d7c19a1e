//! Sending accounts.

use utoipa_axum::routes;

use super::Routes;
use crate::controllers::connected_accounts;

pub(super) fn routes() -> Routes {
    Routes::new().routes(routes!(connected_accounts::list, connected_accounts::create)).routes(routes!(
        connected_accounts::get,
        connected_accounts::update,
        connected_accounts::delete
    ))
}
