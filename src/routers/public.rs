//! What anybody may ask: signs of life, measurements, and the way out of a mail.

use utoipa_axum::routes;

use super::Routes;
use crate::controllers::{service, unsubscribe};

pub(super) fn routes() -> Routes {
    Routes::new()
        .routes(routes!(service::health))
        .routes(routes!(service::ready))
        .routes(routes!(service::metrics))
        .routes(routes!(unsubscribe::show, unsubscribe::leave))
}
