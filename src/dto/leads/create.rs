//! A lead to be made; also one row of a batch.

use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::faults_of;
use crate::{
    dto::{extract::Checked, tags::Tag},
    errors::Fault,
    models::{
        LeadListId, LeadSource, LeadStatus, ListReferences, NewLead,
        input::{self, FieldReader},
    },
};

/// A lead to be made. At least one of `email`, `linkedin_url` and `external_id` is needed; blank text is as good as none.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "first_name": "Jane", "last_name": "Doe", "email": "jane@acme.com", "title": "Head of Growth", "company": "Acme",
    "linkedin_url": "https://www.linkedin.com/in/jane-doe", "tags": ["berlin"], "custom_fields": {"seats": 40}
}))]
pub struct CreateLeadRequest {
    /// What friends say.
    #[schema(max_length = 200)]
    pub first_name: Option<String>,
    /// The family's name.
    #[schema(max_length = 200)]
    pub last_name: Option<String>,
    /// The whole name. A first or last name that is not given is taken from it.
    #[schema(max_length = 400)]
    pub full_name: Option<String>,
    /// An e-mail address. No other lead of the organization may have it, in any case of letters.
    #[schema(max_length = 320)]
    pub email: Option<String>,
    /// A telephone number.
    #[schema(max_length = 50)]
    pub phone: Option<String>,
    /// The job title.
    #[schema(max_length = 300)]
    pub title: Option<String>,
    /// The company's name.
    #[schema(max_length = 300)]
    pub company: Option<String>,
    /// The company's web site, or its domain.
    #[schema(max_length = 2000)]
    pub company_domain: Option<String>,
    /// The company's industry.
    #[schema(max_length = 200)]
    pub industry: Option<String>,
    /// Where the person is.
    #[schema(max_length = 300)]
    pub location: Option<String>,
    /// The country, by a name or an ISO 3166-1 code of two or three letters: kept as its English name, such as `Germany`. What names no
    /// country that is known is kept as it is.
    #[schema(max_length = 100)]
    pub country: Option<String>,
    /// A LinkedIn profile, in any form that people copy. No other lead of the organization may have it.
    #[schema(max_length = 2000)]
    pub linkedin_url: Option<String>,
    /// An IANA time zone, such as `Europe/Berlin`.
    #[schema(max_length = 100)]
    pub timezone: Option<String>,
    /// Your own id of the person. No other lead of the organization may have it.
    #[schema(max_length = 200)]
    pub external_id: Option<String>,
    /// Where we stand with the lead; `new` unless said otherwise.
    pub status: Option<LeadStatus>,
    /// Where the lead comes from; unless said otherwise `manual`, or `api` in a batch and by an API key.
    pub source: Option<LeadSource>,
    /// Labels. Each is kept once.
    #[schema(max_items = 50)]
    pub tags: Option<Vec<Tag>>,
    /// Fields of your own: at most 100, of 16 KiB and 5 levels together.
    pub custom_fields: Option<Map<String, Value>>,
    /// A list to put the lead on.
    pub lead_list_id: Option<LeadListId>,
    /// Lists to put the lead on.
    #[schema(max_items = 50)]
    pub lead_list_ids: Option<Vec<LeadListId>>,
}

impl Checked for CreateLeadRequest {
    type Read = NewLead;

    fn check(self) -> Result<NewLead, Vec<Fault>> {
        self.read()
    }
}

impl CreateLeadRequest {
    /// The lead in its normal form.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn read(self) -> Result<NewLead, Vec<Fault>> {
        let mut reader = FieldReader::default();
        let mut read = |name, value: Option<String>, rule| reader.field(name, value.as_deref(), rule);
        let mut lead = NewLead {
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
            source: self.source,
            tags: input::tags(self.tags.unwrap_or_default().into_iter().map(|tag| tag.0)),
            custom_fields: self.custom_fields.unwrap_or_default(),
            lists: ListReferences { one: self.lead_list_id, many: self.lead_list_ids.unwrap_or_default() },
        };
        reader.custom_fields(&lead.custom_fields);
        if reader.faults.is_empty() && !lead.is_identified() {
            reader.faults.push(("", input::UNIDENTIFIED));
        }
        lead.complete_name();
        reader.finish(lead).map_err(faults_of)
    }
}

#[cfg(test)]
mod tests {
    use utoipa::{
        PartialSchema as _,
        openapi::{
            RefOr, Schema,
            schema::{Object, Schema::OneOf},
        },
    };

    use super::*;
    use crate::models::LeadField;

    /// The field's form, without the null that stands for its absence.
    fn text(field: &RefOr<Schema>) -> Option<&Object> {
        match field {
            RefOr::T(Schema::Object(text)) => Some(text),
            RefOr::T(OneOf(forms)) => forms.items.iter().find_map(text),
            _ => None,
        }
    }

    #[test]
    fn a_cell_of_a_table_may_be_as_long_as_the_field_of_a_request() {
        let RefOr::T(Schema::Object(lead)) = CreateLeadRequest::schema() else { panic!("an object") };
        for field in LeadField::ALL {
            let schema = lead.properties.get(field.as_str()).and_then(text);
            assert_eq!(field.max_length(), schema.and_then(|schema| schema.max_length), "{field}");
        }
    }
}
