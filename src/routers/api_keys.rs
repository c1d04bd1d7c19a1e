//! Keys by which programs call, which are an administrator's.

use utoipa_axum::routes;

use super::Routes;
use crate::controllers::api_keys;

pub(super) fn routes() -> Routes {
    Routes::new()
        .routes(routes!(api_keys::list, api_keys::create))
        .routes(routes!(api_keys::get, api_keys::update, api_keys::delete))
        .routes(routes!(api_keys::rotate))
}
