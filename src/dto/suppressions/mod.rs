//! Whom nobody may write to, on the wire.

mod create;
mod import;

pub use create::CreateSuppressionRequest;
pub use import::{ImportParams, ImportSuppressionsDto, ImportSuppressionsRequest, SuppressionEntries};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use super::extract::{Checked, ShortText};
use crate::{
    errors::Fault,
    models::{Suppression, SuppressionId, SuppressionKind, SuppressionSource, SuppressionTarget, UserId},
    services::suppressions::SuppressionQuery,
};

/// An address, or all addresses of a domain, that nobody may write to.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Suppression)]
pub struct SuppressionDto {
    /// The suppression's id.
    pub id: SuppressionId,
    /// What is suppressed.
    pub kind: SuppressionKind,
    /// The address or domain, in its normal form; null once the person was erased. It is then still in force, and still found by its value.
    #[schema(example = "jane@acme.com")]
    pub value: Option<String>,
    /// Why.
    #[schema(example = "Asked not to be written to")]
    pub reason: Option<String>,
    /// How it came about.
    pub source: SuppressionSource,
    /// Who made it.
    pub created_by: Option<UserId>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When the person was erased.
    pub erased_at: Option<DateTime<Utc>>,
}

impl From<Suppression> for SuppressionDto {
    fn from(suppression: Suppression) -> Self {
        let Suppression {
            id,
            organization_id: _,
            kind,
            value,
            value_hash: _,
            key_id: _,
            reason,
            source,
            created_by,
            created_at,
            erased_at,
        } = suppression;
        Self { id, kind, value, reason, source, created_by, created_at, erased_at }
    }
}

/// Which suppressions are wanted; all conditions must hold.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct SuppressionFilterParams {
    /// Suppressions of this kind.
    #[param(inline)]
    pub kind: Option<SuppressionKind>,
    /// The suppression of just this address or domain, in any spelling; found also when it was erased.
    #[param(example = "jane@acme.com")]
    pub value: Option<String>,
    /// Suppressions that came about so.
    #[param(inline)]
    pub source: Option<SuppressionSource>,
}

impl Checked for SuppressionFilterParams {
    type Read = SuppressionQuery;

    fn check(self) -> Result<SuppressionQuery, Vec<Fault>> {
        let Self { kind, value, source } = self;
        let target = value.map(|value| SuppressionTarget::parse(kind, &value)).transpose();
        let target = target.map_err(|refusal| vec![Fault::new("value", refusal.code, refusal.detail)])?;
        Ok(SuppressionQuery { kind, source, target })
    }
}

/// Why something is done to a suppression.
#[derive(Debug, Default, Deserialize, Validate, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ReasonParams {
    /// Why it is lifted, for the audit log.
    #[param(max_length = 500, value_type = Option<String>, example = "Has subscribed again")]
    pub reason: Option<ShortText<500>>,
}
