//! Which leads are meant, in a query string.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use utoipa::IntoParams;
use validator::Validate;

use crate::{
    dto::{extract::ShortText, tags::MAX_TAG},
    models::{LeadFilter, LeadListId, LeadStatus},
};

/// Which leads are wanted; all conditions must hold.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct LeadFilterParams {
    /// Leads on this list.
    pub lead_list_id: Option<LeadListId>,
    /// Leads with this status.
    #[param(inline)]
    pub status: Option<LeadStatus>,
    /// Leads whose name, company, e-mail address or title contains this, in any case of letters. Every character stands for itself.
    #[param(max_length = 200, value_type = Option<String>)]
    pub search: Option<ShortText<200>>,
    /// Leads with this label.
    #[param(max_length = 100, value_type = Option<String>)]
    pub tag: Option<ShortText<MAX_TAG>>,
    /// Leads of this company, in any case of letters.
    #[param(max_length = 300, value_type = Option<String>)]
    pub company: Option<ShortText<300>>,
    /// Leads made at this time or later.
    pub created_after: Option<DateTime<Utc>>,
    /// Leads made before this time.
    pub created_before: Option<DateTime<Utc>>,
}

impl From<LeadFilterParams> for LeadFilter {
    fn from(params: LeadFilterParams) -> Self {
        let LeadFilterParams { lead_list_id, status, search, tag, company, created_after, created_before } = params;
        let (search, tag, company) = (search.map(|it| it.0), tag.map(|it| it.0), company.map(|it| it.0));
        Self { lead_list_id, status, search, tag, company, created_after, created_before }
    }
}
