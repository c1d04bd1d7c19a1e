//! Why nothing can be sent to a lead.

use crate::engine::template::{TemplateFault, quoted};

/// Why nothing can be sent to a lead; until the lead or the campaign is changed, it is held with this reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unfit {
    /// The lead lacks something that the text asks for without a default.
    MissingVariable {
        /// Its name with dots, such as `custom_fields.seniority`.
        path: String,
    },
    /// Filled in, the text is longer than what takes it.
    TooLong {
        /// `message`, `subject`, `text` or `html`.
        field: &'static str,
        /// How long it is, in characters.
        length: usize,
        /// How long it may be, in characters.
        limit: usize,
    },
    /// Filled in, nothing is left of the text.
    Empty {
        /// `message`, `subject`, `text` or `html`.
        field: &'static str,
    },
    /// The text cannot be filled in with this lead's values, or there is no wording to choose from.
    Broken {
        /// A [`TemplateFault`]'s code, or `no_weight`.
        code: &'static str,
    },
}

impl Unfit {
    /// The stable machine-readable kind.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::MissingVariable { .. } => "missing_variable",
            Self::TooLong { .. } => "too_long",
            Self::Empty { .. } => "empty_message",
            Self::Broken { code } => code,
        }
    }

    /// What is wrong, in English, in a whole sentence. It holds nothing of the lead.
    #[must_use]
    pub fn detail(&self) -> String {
        match self {
            Self::MissingVariable { path } => {
                format!(
                    "The message uses the variable {}, which this lead does not have, without a default.",
                    quoted(path)
                )
            }
            Self::TooLong { field, length, limit } => {
                format!("Filled in for this lead, the {field} has {length} characters; {limit} are allowed here.")
            }
            Self::Empty { field } => format!("Filled in for this lead, the {field} is empty."),
            Self::Broken { code: "no_weight" } => "None of the wordings has a weight above 0.".into(),
            Self::Broken { .. } => "The message cannot be filled in with the values of this lead.".into(),
        }
    }
}

impl From<TemplateFault> for Unfit {
    fn from(fault: TemplateFault) -> Self {
        match fault.missing {
            Some(path) => Self::MissingVariable { path },
            None => Self::Broken { code: fault.code },
        }
    }
}
