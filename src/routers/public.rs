//! What anybody may ask: signs of life, measurements, the way out of a mail, and what follows signing in elsewhere.

use utoipa_axum::routes;

use super::Routes;
use crate::controllers::{connect_links, service, unsubscribe};

/// What a process is asked that does nothing but work, too.
pub(super) fn signs_of_life() -> Routes {
    Routes::new().routes(routes!(service::health)).routes(routes!(service::ready)).routes(routes!(service::metrics))
}

pub(super) fn routes() -> Routes {
    signs_of_life()
        .routes(routes!(unsubscribe::show, unsubscribe::leave))
        .routes(routes!(connect_links::report))
        .routes(routes!(connect_links::connected))
        .routes(routes!(connect_links::not_connected))
}
