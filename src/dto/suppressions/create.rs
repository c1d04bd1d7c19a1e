//! A suppression to be made.

use serde::Deserialize;
use utoipa::ToSchema;
use validator::{Validate, ValidationError, ValidationErrors};

use crate::{
    errors::AppError,
    models::{SuppressionKind, SuppressionSource, SuppressionTarget},
    services::suppressions::NewSuppression,
    utils::refusal::Refusal,
};

const NOT_TO_BE_SAID: Refusal =
    Refusal { code: "not_allowed", detail: "`import` and `erasure` are what only an import and an erasure say." };

/// A suppression to be made.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"kind": "email", "value": "jane@acme.com", "reason": "Asked not to be written to"}))]
pub struct CreateSuppressionRequest {
    /// What is suppressed; what the value looks like, unless said.
    pub kind: Option<SuppressionKind>,
    /// The e-mail address, domain or LinkedIn profile, in any form that people copy. A domain stands for every e-mail address at it or below
    /// it.
    #[schema(min_length = 1, max_length = 2000)]
    pub value: String,
    /// Why.
    #[schema(min_length = 1, max_length = 500, pattern = r"\S")]
    pub reason: Option<String>,
    /// How it comes about; `manual` unless said otherwise.
    pub source: Option<SuppressionSource>,
}

/// Every rule is in the conversion; this is a rehearsal of it.
impl Validate for CreateSuppressionRequest {
    fn validate(&self) -> Result<(), ValidationErrors> {
        let Err((field, Refusal { code, detail })) = self.clone().read() else { return Ok(()) };
        let mut errors = ValidationErrors::new();
        errors.add(field, ValidationError::new(code).with_message(detail.into()));
        Err(errors)
    }
}

impl CreateSuppressionRequest {
    fn read(self) -> Result<NewSuppression, (&'static str, Refusal)> {
        let Self { kind, value, reason, source } = self;
        let source = source.unwrap_or(SuppressionSource::Manual);
        let target = SuppressionTarget::parse(kind, &value).map_err(|refusal| ("value", refusal))?;
        match source {
            SuppressionSource::Import | SuppressionSource::Erasure => Err(("source", NOT_TO_BE_SAID)),
            _ => Ok(NewSuppression { target, reason, source }),
        }
    }
}

impl TryFrom<CreateSuppressionRequest> for NewSuppression {
    type Error = AppError;

    fn try_from(request: CreateSuppressionRequest) -> Result<Self, AppError> {
        request.read().map_err(|(field, refusal)| AppError::fault(format!("/{field}"), refusal.code, refusal.detail))
    }
}
