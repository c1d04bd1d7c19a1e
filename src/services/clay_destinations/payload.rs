//! A lead as Clay's table takes it: one flat object, whose fields become columns.

use serde_json::{Map, Value, json};

use crate::models::{Lead, LeadListId};

/// What the name of a column begins with that holds a custom field.
const CUSTOM: &str = "custom_";

/// The lead, flat: every field is there, so that a table's columns do not depend on its first rows. Labels are joined by commas; a custom
/// field that is an object or a list is written as JSON. `lead_id` lets the table tell a lead that comes twice.
pub(super) fn payload(lead: &Lead, list: LeadListId) -> Map<String, Value> {
    let fields = json!({
        "lead_id": lead.id, "lead_list_id": list, "external_id": lead.external_id, "first_name": lead.first_name,
        "last_name": lead.last_name, "full_name": lead.full_name, "email": lead.email, "phone": lead.phone, "title": lead.title,
        "company": lead.company, "company_domain": lead.company_domain, "industry": lead.industry, "location": lead.location,
        "country": lead.country, "linkedin_url": lead.linkedin_url, "timezone": lead.timezone, "status": lead.status,
        "source": lead.source, "tags": lead.tags.join(", "), "created_at": lead.created_at, "updated_at": lead.updated_at,
    });
    let Value::Object(mut record) = fields else { return Map::new() };
    record.extend(lead.custom_fields.iter().map(|(name, value)| (format!("{CUSTOM}{name}"), flat(value))));
    record
}

fn flat(value: &Value) -> Value {
    match value {
        Value::Array(_) | Value::Object(_) => Value::String(value.to_string()),
        scalar => scalar.clone(),
    }
}
