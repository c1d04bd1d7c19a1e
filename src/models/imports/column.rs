//! What a column becomes.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use super::LeadField;
use crate::{models::input::MAX_CUSTOM_NAME, utils::text};

/// What stands before a custom field's name.
const CUSTOM: &str = "custom_fields.";

/// What a column becomes. Its text is a field's name (`email`), or `custom_fields.` and the name of a custom field; a column that is
/// left out has none.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Target {
    /// A field of the lead.
    Field(LeadField),
    /// A custom field of this name.
    Custom(String),
    /// Nothing.
    Ignored,
}

impl Target {
    /// What this text says.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let Some(key) = name.strip_prefix(CUSTOM) else { return LeadField::named(name).map(Self::Field) };
        let fits = (1..=MAX_CUSTOM_NAME).contains(&text::length(key)) && !key.chars().any(char::is_control);
        fits.then(|| Self::Custom(key.to_owned()))
    }

    /// The text that says this.
    #[must_use]
    pub fn name(&self) -> Option<String> {
        match self {
            Self::Field(field) => Some(field.as_str().to_owned()),
            Self::Custom(key) => Some(format!("{CUSTOM}{key}")),
            Self::Ignored => None,
        }
    }
}

/// As it is kept: its text, or null.
impl Serialize for Target {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.name().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Target {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Option::<String>::deserialize(deserializer)? {
            None => Ok(Self::Ignored),
            Some(name) => Self::named(&name).ok_or_else(|| D::Error::custom("no target of a column")),
        }
    }
}
