//! Webhook bodies in Clerk's shape.

use serde_json::{Value, json};

fn envelope(kind: &str, data: &Value, timestamp: i64) -> Value {
    json!({"type": kind, "object": "event", "data": data, "timestamp": timestamp, "instance_id": "ins_test",
           "event_attributes": {"http_request": {"client_ip": "192.0.2.1", "user_agent": "test"}}})
}

/// `user.created` or `user.updated`, told when it happened.
pub(crate) fn user(kind: &str, id: &str, first_name: &str, at: i64) -> Value {
    let data = json!({
        "id": id, "object": "user", "first_name": first_name, "last_name": "Test", "username": null, "banned": false,
        "image_url": "https://img.clerk.example/u", "primary_email_address_id": "idn_1", "created_at": 1, "updated_at": at,
        "email_addresses": [{"id": "idn_1", "email_address": format!("{id}@clerk.example")}],
    });
    envelope(kind, &data, at)
}

/// `user.deleted` or `organization.deleted`.
pub(crate) fn deleted(kind: &str, id: &str, at: i64) -> Value {
    envelope(kind, &json!({"id": id, "object": kind.split('.').next(), "deleted": true}), at)
}

fn organization_data(id: &str, name: &str, at: i64) -> Value {
    json!({"id": id, "object": "organization", "name": name, "slug": name.to_lowercase(), "image_url": null,
           "created_at": 1, "updated_at": at})
}

/// `organization.created` or `organization.updated`, told when it happened.
pub(crate) fn organization(kind: &str, id: &str, name: &str, at: i64) -> Value {
    envelope(kind, &organization_data(id, name, at), at)
}

/// A membership's story: who, where, and since when.
#[derive(Debug, Clone)]
pub(crate) struct Membership<'a> {
    pub(crate) id: &'a str,
    pub(crate) user: &'a str,
    pub(crate) organization: &'a str,
    pub(crate) created_at: i64,
}

impl Membership<'_> {
    /// `organizationMembership.…` with this role, told when it happened. The organization in it is an old state of it.
    pub(crate) fn event(&self, kind: &str, role: &str, at: i64) -> Value {
        let Self { id, user, organization, created_at } = self;
        let data = json!({
            "id": id, "object": "organization_membership", "role": role, "permissions": [], "created_at": created_at,
            "updated_at": at, "organization": organization_data(organization, "Old", 2),
            "public_user_data": {"user_id": user, "identifier": format!("{user}@old.example"), "first_name": "Old",
                "last_name": "Test", "image_url": null, "has_image": false},
        });
        envelope(&format!("organizationMembership.{kind}"), &data, at)
    }
}
