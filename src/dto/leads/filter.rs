//! Which leads are meant, in a query string.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::{
    dto::{extract::bad_parameter, tags::MAX_TAG},
    errors::Result,
    models::{LeadFilter, LeadListId, LeadStatus},
    utils::text,
};

/// The longest search term, in characters.
const MAX_SEARCH: usize = 200;
/// The longest name of a company.
const MAX_COMPANY: usize = 300;

/// Which leads are wanted; all conditions must hold.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct LeadFilterParams {
    /// Leads on this list.
    pub lead_list_id: Option<LeadListId>,
    /// Leads with this status.
    #[param(inline)]
    pub status: Option<LeadStatus>,
    /// Leads whose name, company, e-mail address or title contains this, in any case of letters. Every character stands for itself.
    #[param(max_length = 200)]
    pub search: Option<String>,
    /// Leads with this label.
    #[param(max_length = 100)]
    pub tag: Option<String>,
    /// Leads of this company, in any case of letters.
    #[param(max_length = 300)]
    pub company: Option<String>,
    /// Leads made at this time or later.
    pub created_after: Option<DateTime<Utc>>,
    /// Leads made before this time.
    pub created_before: Option<DateTime<Utc>>,
}

impl TryFrom<LeadFilterParams> for LeadFilter {
    type Error = crate::errors::AppError;

    fn try_from(params: LeadFilterParams) -> Result<Self> {
        let LeadFilterParams { lead_list_id, status, search, tag, company, created_after, created_before } = params;
        let texts = [("search", &search, MAX_SEARCH), ("tag", &tag, MAX_TAG), ("company", &company, MAX_COMPANY)];
        for (name, value, max) in texts {
            if value.as_ref().is_some_and(|value| text::length(value) > max) {
                return Err(bad_parameter(name, "too_long", "This parameter is too long."));
            }
        }
        Ok(Self { lead_list_id, status, search, tag, company, created_after, created_before })
    }
}
