//! Labels.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The longest label, in characters.
pub const MAX_TAG: usize = 100;

/// A label.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
#[schema(min_length = 1, max_length = 100, example = "berlin")]
pub struct Tag(pub String);
