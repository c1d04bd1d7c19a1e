//! A field of a merge patch (RFC 7396): absent, null, or a value.

use serde_json::{Map, Value};

/// What a PATCH says of one field.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Patch<T> {
    /// The field was not named: leave it.
    #[default]
    Keep,
    /// The field was null: clear it.
    Clear,
    /// The field's new value.
    Set(T),
}

impl<T> Patch<T> {
    /// The field after the patch.
    pub fn apply(self, present: Option<T>) -> Option<T> {
        match self {
            Self::Keep => present,
            Self::Clear => None,
            Self::Set(value) => Some(value),
        }
    }

    /// The same patch of something else.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Patch<U> {
        match self {
            Self::Keep => Patch::Keep,
            Self::Clear => Patch::Clear,
            Self::Set(value) => Patch::Set(f(value)),
        }
    }

    /// The same patch of something else, or the fault that the value has.
    ///
    /// # Errors
    /// What `f` answers.
    pub fn try_map<U, E>(self, f: impl FnOnce(T) -> Result<U, E>) -> Result<Patch<U>, E> {
        Ok(match self {
            Self::Keep => Patch::Keep,
            Self::Clear => Patch::Clear,
            Self::Set(value) => Patch::Set(f(value)?),
        })
    }
}

/// Merges `patch` into `target` as RFC 7396 says: null removes, an object is merged in turn, all else replaces.
pub fn merge(target: &mut Map<String, Value>, patch: Map<String, Value>) {
    for (name, value) in patch {
        match (value, target.get_mut(&name)) {
            (Value::Null, _) => {
                target.remove(&name);
            }
            (Value::Object(inner), Some(Value::Object(present))) => merge(present, inner),
            (Value::Object(inner), _) => {
                let mut made = Map::new();
                merge(&mut made, inner);
                target.insert(name, Value::Object(made));
            }
            (value, _) => {
                target.insert(name, value);
            }
        }
    }
}
