//! What a sandbox account knows of its people: a document, the same on the wire and, sealed, in the database.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How often the sandbox's people and machines do what they may do, from 0 (never) to 1 (always); as one meets them where nothing is said.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(example = json!({"acceptance": 0.5, "reply": 0.1, "rate_error": 0}))]
pub struct SandboxBehaviour {
    /// An invitation is accepted.
    #[schema(minimum = 0, maximum = 1)]
    pub acceptance: Option<f64>,
    /// A message, a mail or an accepted invitation is answered.
    #[schema(minimum = 0, maximum = 1)]
    pub reply: Option<f64>,
    /// A machine answers a mail.
    #[schema(minimum = 0, maximum = 1)]
    pub auto_reply: Option<f64>,
    /// A lead cannot be reached: mail comes back, and on LinkedIn there is no such person.
    #[schema(minimum = 0, maximum = 1)]
    pub bounce: Option<f64>,
    /// A mail makes its reader unsubscribe.
    #[schema(minimum = 0, maximum = 1)]
    pub unsubscribe: Option<f64>,
    /// An attempt is refused for the time being.
    #[schema(minimum = 0, maximum = 1)]
    pub rate_error: Option<f64>,
    /// An attempt is not answered before the time-out, or not so that one could tell whether it was taken.
    #[schema(minimum = 0, maximum = 1)]
    pub silence: Option<f64>,
}

/// By what a sandbox account's people are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct SandboxSecret {
    /// The number that everything is drawn from.
    pub seed: i64,
    /// How they behave.
    #[serde(default)]
    pub behaviour: SandboxBehaviour,
}
