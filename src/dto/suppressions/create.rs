//! A suppression to be made.

use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    dto::extract::Checked,
    errors::Fault,
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
    /// How it comes about; unless said otherwise `manual`, or `api` by an API key.
    pub source: Option<SuppressionSource>,
}

impl Checked for CreateSuppressionRequest {
    type Read = NewSuppression;

    fn check(self) -> Result<NewSuppression, Vec<Fault>> {
        let Self { kind, value, reason, source } = self;
        let to_be_said = match source {
            Some(SuppressionSource::Import | SuppressionSource::Erasure) => Err(NOT_TO_BE_SAID),
            _ => Ok(()),
        };
        let fault = |at: &'static str, refusal: Refusal| Fault::new(at, refusal.code, refusal.detail);
        match (SuppressionTarget::parse(kind, &value), to_be_said) {
            (Ok(target), Ok(())) => Ok(NewSuppression { target, reason, source }),
            (target, to_be_said) => {
                let target = target.err().map(|refusal| fault("/value", refusal));
                let source = to_be_said.err().map(|refusal| fault("/source", refusal));
                Err(target.into_iter().chain(source).collect())
            }
        }
    }
}
