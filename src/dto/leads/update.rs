//! A merge patch of a lead.

use serde::Deserialize;
use serde_json::{Map, Value};
use serde_with::rust::double_option;
use utoipa::ToSchema;

use super::faults_of;
use crate::{
    dto::{extract::Checked, patch::patch, tags::Tag},
    errors::Fault,
    models::{
        LeadChanges, LeadListId, LeadStatus,
        input::{self, FieldReader},
    },
};

/// A merge patch of a lead (RFC 7396): an absent field stays, null clears. A lead keeps at least one of `email`, `linkedin_url` and
/// `external_id`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"title": "CEO", "phone": null, "custom_fields": {"seats": 60, "plan": null}}))]
pub struct UpdateLeadRequest {
    /// A new first name.
    #[serde(default, with = "double_option")]
    #[schema(max_length = 200, value_type = Option<String>)]
    pub first_name: Option<Option<String>>,
    /// A new last name.
    #[serde(default, with = "double_option")]
    #[schema(max_length = 200, value_type = Option<String>)]
    pub last_name: Option<Option<String>>,
    /// A new full name; null derives it from first and last name.
    #[serde(default, with = "double_option")]
    #[schema(max_length = 400, value_type = Option<String>)]
    pub full_name: Option<Option<String>>,
    /// A new e-mail address.
    #[serde(default, with = "double_option")]
    #[schema(max_length = 320, value_type = Option<String>)]
    pub email: Option<Option<String>>,
    /// A new telephone number.
    #[serde(default, with = "double_option")]
    #[schema(max_length = 50, value_type = Option<String>)]
    pub phone: Option<Option<String>>,
    /// A new job title.
    #[serde(default, with = "double_option")]
    #[schema(max_length = 300, value_type = Option<String>)]
    pub title: Option<Option<String>>,
    /// A new company.
    #[serde(default, with = "double_option")]
    #[schema(max_length = 300, value_type = Option<String>)]
    pub company: Option<Option<String>>,
    /// A new web site of the company.
    #[serde(default, with = "double_option")]
    #[schema(max_length = 2000, value_type = Option<String>)]
    pub company_domain: Option<Option<String>>,
    /// A new industry.
    #[serde(default, with = "double_option")]
    #[schema(max_length = 200, value_type = Option<String>)]
    pub industry: Option<Option<String>>,
    /// A new place.
    #[serde(default, with = "double_option")]
    #[schema(max_length = 300, value_type = Option<String>)]
    pub location: Option<Option<String>>,
    /// A new country, by a name or an ISO 3166-1 code; kept as its English name.
    #[serde(default, with = "double_option")]
    #[schema(max_length = 100, value_type = Option<String>)]
    pub country: Option<Option<String>>,
    /// A new LinkedIn profile.
    #[serde(default, with = "double_option")]
    #[schema(max_length = 2000, value_type = Option<String>)]
    pub linkedin_url: Option<Option<String>>,
    /// A new time zone.
    #[serde(default, with = "double_option")]
    #[schema(max_length = 100, value_type = Option<String>)]
    pub timezone: Option<Option<String>>,
    /// A new id of your own.
    #[serde(default, with = "double_option")]
    #[schema(max_length = 200, value_type = Option<String>)]
    pub external_id: Option<Option<String>>,
    /// A new status.
    #[schema(nullable = false)]
    pub status: Option<LeadStatus>,
    /// New labels, instead of all the present ones.
    #[schema(max_items = 50, nullable = false)]
    pub tags: Option<Vec<Tag>>,
    /// Fields of your own, merged one by one: null removes a field.
    #[serde(default, with = "double_option")]
    #[schema(value_type = Option<Object>)]
    pub custom_fields: Option<Option<Map<String, Value>>>,
    /// The lists to be on, instead of all the present ones.
    #[schema(max_items = 50, nullable = false)]
    pub lead_list_ids: Option<Vec<LeadListId>>,
}

impl Checked for UpdateLeadRequest {
    type Read = LeadChanges;

    fn check(self) -> Result<LeadChanges, Vec<Fault>> {
        let mut reader = FieldReader::default();
        let mut read = |name, value: Option<Option<String>>, rule| {
            reader.patched(name, value.as_ref().map(Option::as_deref), rule)
        };
        let changes = LeadChanges {
            first_name: read("first_name", self.first_name, input::line),
            last_name: read("last_name", self.last_name, input::line),
            full_name: read("full_name", self.full_name, input::line),
            email: read("email", self.email, input::email),
            phone: read("phone", self.phone, input::line),
            title: read("title", self.title, input::line),
            company: read("company", self.company, input::line),
            company_domain: read("company_domain", self.company_domain, input::company_domain),
            industry: read("industry", self.industry, input::line),
            location: read("location", self.location, input::line),
            country: read("country", self.country, input::country),
            linkedin_url: read("linkedin_url", self.linkedin_url, input::linkedin_url),
            timezone: read("timezone", self.timezone, input::time_zone),
            external_id: read("external_id", self.external_id, input::line),
            status: self.status,
            tags: self.tags.map(|tags| input::tags(tags.into_iter().map(|tag| tag.0))),
            custom_fields: patch(self.custom_fields),
            lead_list_ids: self.lead_list_ids,
        };
        reader.finish(changes).map_err(faults_of)
    }
}
