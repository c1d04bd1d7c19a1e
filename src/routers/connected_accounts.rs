//! Sending accounts: what programs may do too, and what only people may.

use utoipa_axum::routes;

use super::Routes;
use crate::controllers::{connect_links, connected_accounts};

pub(super) fn routes() -> Routes {
    Routes::new().routes(routes!(connected_accounts::list)).routes(routes!(
        connected_accounts::get,
        connected_accounts::update,
        connected_accounts::delete
    ))
}

pub(super) fn person_routes() -> Routes {
    Routes::new()
        .routes(routes!(connected_accounts::create))
        .routes(routes!(connected_accounts::usage))
        .routes(routes!(connected_accounts::sync))
        .routes(routes!(connected_accounts::sending_domain))
        .routes(routes!(connect_links::create_link))
        .routes(routes!(connect_links::create_link_again))
}
