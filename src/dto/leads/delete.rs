//! How a lead is to be deleted, in a query string.

use serde::Deserialize;
use utoipa::IntoParams;
use validator::Validate;

/// How a lead is to be deleted.
#[derive(Debug, Default, Deserialize, Validate, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct DeleteLeadParams {
    /// Whether to erase the person: everything that names them goes too, and their address and profile are suppressed, as hashes only.
    pub erase: Option<bool>,
}
