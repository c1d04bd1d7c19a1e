//! Three-state fields of a merge patch.

use crate::models::patch::Patch;

/// A field read with `serde_with::rust::double_option`: absent, null, or a value.
pub fn patch<T>(field: Option<Option<T>>) -> Patch<T> {
    match field {
        None => Patch::Keep,
        Some(None) => Patch::Clear,
        Some(Some(value)) => Patch::Set(value),
    }
}
