//! One flat row, as a spreadsheet's HTTP column sends it, and its flat verdict.

mod schema;
mod verdict;

pub use verdict::{UpsertLeadDto, UpsertedLead};

use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::IntoParams;
use validator::Validate;

use self::verdict::{VALIDATION_FAILED, rejected};
use super::CreateLeadRequest;
use crate::{
    dto::extract::{Checked, fit},
    errors::{AppError, Fault, MAX_FAULTS, Result},
    models::{LeadListId, OnDuplicate, says_nothing},
    services::leads::LeadUpsert,
    utils::{json_schema::Schemas, labels, text},
};

/// The fields that are text, whatever a column sends for them.
const TEXTS: [&str; 17] = [
    "first_name",
    "last_name",
    "full_name",
    "email",
    "phone",
    "title",
    "company",
    "company_domain",
    "industry",
    "location",
    "country",
    "linkedin_url",
    "timezone",
    "external_id",
    "status",
    "source",
    "lead_list_id",
];
/// The fields that are taken as they are.
const OTHERS: [&str; 2] = ["custom_fields", "lead_list_ids"];
/// The field whose text may hold several.
const TAGS: &str = "tags";
/// The choice of the caller's that is no field of a lead.
const ON_DUPLICATE: &str = "on_duplicate";

/// A flat row, not unfolded yet.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub struct UpsertLeadRequest(Map<String, Value>);

/// Every rule is in the conversion, which knows what else the request says.
impl Checked for UpsertLeadRequest {
    type Read = Self;

    fn check(self) -> Result<Self, Vec<Fault>> {
        Ok(self)
    }
}

/// What a row's sender may say in the address instead of in the row.
#[derive(Debug, Default, Deserialize, Validate, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct UpsertParams {
    /// A list to put the lead on.
    pub lead_list_id: Option<LeadListId>,
    /// What to do if the person is a lead already; `overwrite` unless said otherwise.
    #[param(inline)]
    pub on_duplicate: Option<OnDuplicate>,
}

impl UpsertLeadRequest {
    /// The lead that the row is about, held against the schema of a single lead.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn read(self, params: &UpsertParams, schemas: &Schemas) -> Result<LeadUpsert> {
        let mut row = self.unfolded();
        let on_duplicate = row.remove(ON_DUPLICATE).map_or(Ok(params.on_duplicate), choice);
        let lead = fit(schemas, row.into(), CreateLeadRequest::read);
        match (lead, on_duplicate) {
            (Ok(mut row), Ok(on_duplicate)) => {
                row.lists.one = row.lists.one.or(params.lead_list_id);
                Ok(LeadUpsert { row, on_duplicate: on_duplicate.unwrap_or(OnDuplicate::Overwrite) })
            }
            (lead, on_duplicate) => {
                let errors = [lead.err(), on_duplicate.err()].into_iter().flatten();
                let faults = errors.flat_map(|error| error.faults().to_vec()).take(MAX_FAULTS).collect();
                Err(rejected(AppError::invalid(faults), VALIDATION_FAILED))
            }
        }
    }

    /// The row as the fields of a lead, with everything else under `custom_fields`.
    fn unfolded(self) -> Map<String, Value> {
        let (mut lead, mut others) = (Map::new(), Map::new());
        for (name, value) in self.0.into_iter().filter(|(name, value)| !is_blank(value) && !is_placeholder(name, value))
        {
            match name.as_str() {
                TAGS => lead.insert(name, list(value)),
                text if TEXTS.contains(&text) => lead.insert(name, as_text(value)),
                other if other == ON_DUPLICATE || OTHERS.contains(&other) => lead.insert(name, value),
                _ => others.insert(name, value),
            };
        }
        let custom = lead.entry("custom_fields").or_insert_with(|| Map::new().into());
        // What is no object is left for the schema to refuse.
        if let Value::Object(custom) = custom {
            custom.retain(|_, value| !is_blank(value));
            for (name, value) in others {
                custom.entry(name).or_insert(value);
            }
        }
        lead
    }
}

/// A column that has nothing to say sends null or an empty text.
fn is_blank(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text::trim(text).is_empty(),
        _ => false,
    }
}

/// Or a text that stands for nothing, as in a cell of a file.
fn is_placeholder(name: &str, value: &Value) -> bool {
    value.as_str().is_some_and(|text| says_nothing(name, text))
}

fn as_text(value: Value) -> Value {
    match value {
        Value::Number(number) => number.to_string().into(),
        Value::Bool(truth) => truth.to_string().into(),
        other => other,
    }
}

fn list(value: Value) -> Value {
    match as_text(value) {
        Value::String(text) => labels::split(&text).into(),
        other => other,
    }
}

fn choice(value: Value) -> Result<Option<OnDuplicate>> {
    serde_json::from_value(value).map(Some).map_err(|_| {
        let choices = OnDuplicate::ALL.iter().map(|choice| format!("`{choice}`")).collect::<Vec<_>>().join(", ");
        AppError::fault(format!("/{ON_DUPLICATE}"), "not_allowed", format!("This must be one of {choices}."))
    })
}

#[cfg(test)]
mod tests {
    use utoipa::{
        PartialSchema as _,
        openapi::{RefOr, Schema},
    };

    use super::*;

    #[test]
    fn every_field_of_a_lead_is_a_field_of_a_row() {
        let RefOr::T(Schema::Object(lead)) = CreateLeadRequest::schema() else { panic!("an object") };
        let mut fields: Vec<_> = lead.properties.keys().map(String::as_str).collect();
        let mut known = [&TEXTS[..], &OTHERS, &[TAGS]].concat();
        fields.sort_unstable();
        known.sort_unstable();
        assert_eq!(known, fields);
    }
}
