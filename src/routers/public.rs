//! What anybody may ask: signs of life, measurements, the way out of a mail, and what follows signing in elsewhere.

use utoipa_axum::routes;

use super::Routes;
use crate::controllers::{connect_links, mail_reads, service, unsubscribe};

/// What a process is asked that does nothing but work, too.
pub(super) fn signs_of_life() -> Routes {
    Routes::new().routes(routes!(service::health)).routes(routes!(service::ready)).routes(routes!(service::metrics))
}

pub(super) fn routes() -> Routes {
    signs_of_life()
        .routes(routes!(connect_links::report))
        .routes(routes!(connect_links::connected))
        .routes(routes!(connect_links::not_connected))
}

/// Where mails lead. Whoever follows a link does not know what other programs have hung onto it, so that a query is no fault here.
pub(super) fn links_in_mails() -> Routes {
    Routes::new()
        .routes(routes!(unsubscribe::show, unsubscribe::leave))
        .routes(routes!(mail_reads::picture))
        .routes(routes!(mail_reads::link))
        .routes(routes!(mail_reads::proof))
}
