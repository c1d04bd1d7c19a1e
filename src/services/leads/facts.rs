//! What the audit log keeps of a lead.

use serde_json::{Map, Value, json};

use crate::models::Lead;

/// Every field that says something.
pub(super) fn facts(lead: &Lead) -> Map<String, Value> {
    let all = json!({
        "first_name": lead.first_name,
        "last_name": lead.last_name,
        "full_name": lead.full_name,
        "email": lead.email,
        "phone": lead.phone,
        "title": lead.title,
        "company": lead.company,
        "company_domain": lead.company_domain,
        "industry": lead.industry,
        "location": lead.location,
        "country": lead.country,
        "linkedin_url": lead.linkedin_url,
        "timezone": lead.timezone,
        "external_id": lead.external_id,
        "status": lead.status,
        "source": lead.source,
        "tags": lead.tags,
        "custom_fields": lead.custom_fields.0,
        "lead_list_ids": lead.lead_list_ids,
    });
    match all {
        Value::Object(fields) => fields.into_iter().filter(|(_, value)| says_something(value)).collect(),
        _ => Map::new(),
    }
}

/// What differs: the fields before, and the same fields after. None if nothing does.
pub(super) fn difference(before: &Lead, after: &Lead) -> Option<(Value, Value)> {
    let (before, after) = (facts(before), facts(after));
    let changed: Vec<&String> = before
        .keys()
        .chain(after.keys().filter(|name| !before.contains_key(*name)))
        .filter(|name| before.get(*name) != after.get(*name))
        .collect();
    let only = |fields: &Map<String, Value>| -> Value {
        let kept = changed.iter().map(|name| ((*name).clone(), fields.get(*name).cloned().unwrap_or_default()));
        Value::Object(kept.collect())
    };
    (!changed.is_empty()).then(|| (only(&before), only(&after)))
}

/// What is deleted with a lead: its facts, and the campaigns that end with it.
pub(super) fn last_facts(lead: &Lead) -> Value {
    let mut facts = facts(lead);
    if !lead.running_campaigns.is_empty() {
        let campaigns = lead.running_campaigns.iter().map(|running| json!(running.campaign_id));
        facts.insert("running_campaign_ids".to_owned(), campaigns.collect());
    }
    Value::Object(facts)
}

fn says_something(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Array(items) => !items.is_empty(),
        Value::Object(fields) => !fields.is_empty(),
        _ => true,
    }
}
