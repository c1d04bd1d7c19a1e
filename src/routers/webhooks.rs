//! Webhooks that others send us, each signed in its sender's way.

use utoipa_axum::routes;

use super::Routes;
use crate::controllers::webhooks;

pub(super) fn routes() -> Routes {
    Routes::new().routes(routes!(webhooks::clerk))
}

/// Those that show a secret.
pub(super) fn unipile_routes() -> Routes {
    Routes::new().routes(routes!(webhooks::unipile))
}
