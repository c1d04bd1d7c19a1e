//! How callers show who they are, in the OpenAPI document.

use serde_json::{Value, json};

use super::Zone;

/// The ways there are, in the order of their names, in which the page shows them: first a person's. A key may stand there too.
pub(super) fn schemes() -> Value {
    json!({
        "session": {
            "type": "http", "scheme": "bearer", "bearerFormat": "JWT",
            "description": "A Clerk session token. An API key may stand here too, if the operation takes one.",
        },
        "x_api_key": {
            "type": "apiKey", "in": "header", "name": "X-API-Key",
            "description": "An API key of the organization, `clento_sk_…`. Each operation that takes one names the scope that it needs.",
        },
    })
}

/// Names the ways that an operation takes, and the scope that a key needs for it.
pub(super) fn stamp(method: &str, operation: &mut Value, zone: Zone) {
    let Some(resource) = zone.resource() else {
        operation["security"] = json!([{"session": []}]);
        return;
    };
    let scope = resource.scope(method == "get");
    operation["security"] = json!([{"session": []}, {"x_api_key": [scope]}]);
    let description = operation["description"].as_str().unwrap_or_default();
    let told = format!("{description}\n\nAPI keys need the scope `{scope}`.");
    operation["description"] = told.trim_start().into();
}
