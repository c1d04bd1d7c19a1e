//! The audit log.

use utoipa_axum::routes;

use super::Routes;
use crate::controllers::audit_logs;

pub(super) fn routes() -> Routes {
    Routes::new()
        .routes(routes!(audit_logs::list))
        .routes(routes!(audit_logs::export))
        .routes(routes!(audit_logs::verify))
}
