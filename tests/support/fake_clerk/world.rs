//! What the fake knows: the objects as Clerk would answer with them.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Trouble, errors::Refused};

/// The fake's time at the start, in milliseconds; every change takes one second.
const START: i64 = 1_795_348_800_000;

/// A request as it came.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Request {
    /// As in `PATCH /v1/organizations/org_1`, with the query.
    pub(crate) line: String,
    /// The JSON body, or null.
    pub(crate) body: Value,
    /// `Clerk-API-Version`.
    pub(crate) api_version: Option<String>,
}

/// Everything the fake knows.
#[derive(Debug, Default)]
pub(crate) struct World {
    users: BTreeMap<String, Value>,
    organizations: BTreeMap<String, Value>,
    /// By organization and user.
    memberships: BTreeMap<(String, String), Value>,
    /// In order of creation.
    invitations: Vec<Value>,
    hidden: Option<(String, String)>,
    count: i64,
    pub(super) trouble: Option<Trouble>,
    pub(super) requests: Vec<Request>,
    pub(super) events: Vec<Value>,
}

/// What most of Clerk's answers are.
pub(super) type Answer = Result<Value, Refused>;

impl World {
    pub(crate) fn add_user(&mut self, id: &str, email: &str, first_name: &str, last_name: &str) {
        let now = self.tick();
        let address = format!("idn_{}", self.count);
        let user = json!({
            "id": id, "object": "user", "first_name": first_name, "last_name": last_name, "username": null,
            "image_url": "https://img.clerk.example/u", "has_image": false, "primary_email_address_id": address,
            "email_addresses": [{ "id": address, "object": "email_address", "email_address": email,
                "verification": { "status": "verified", "strategy": "email_code" }, "linked_to": [] }],
            "phone_numbers": [], "external_accounts": [], "external_id": null, "public_metadata": {},
            "private_metadata": {}, "unsafe_metadata": {}, "banned": false, "locked": false, "two_factor_enabled": false,
            "last_sign_in_at": null, "created_at": now, "updated_at": now,
        });
        self.event("user.created", &user);
        self.users.insert(id.to_owned(), user);
    }

    pub(crate) fn add_organization(&mut self, id: &str, name: &str) {
        let now = self.tick();
        let organization = json!({
            "id": id, "object": "organization", "name": name, "slug": name.to_lowercase().replace(' ', "-"),
            "image_url": "https://img.clerk.example/o", "has_image": false, "max_allowed_memberships": 5,
            "admin_delete_enabled": true, "public_metadata": {}, "private_metadata": {}, "created_at": now,
            "updated_at": now,
        });
        self.event("organization.created", &organization);
        self.organizations.insert(id.to_owned(), organization);
    }

    /// Makes a known user a member of a known organization.
    pub(crate) fn add_member(&mut self, organization: &str, user: &str, role: &str) {
        let now = self.tick();
        let profile = &self.users[user];
        let membership = json!({
            "id": format!("orgmem_{}", self.count), "object": "organization_membership", "role": role, "permissions": [],
            "public_metadata": {}, "private_metadata": {}, "created_at": now, "updated_at": now,
            "organization": self.organizations[organization],
            "public_user_data": {
                "user_id": user, "identifier": profile["email_addresses"][0]["email_address"],
                "first_name": profile["first_name"], "last_name": profile["last_name"],
                "image_url": profile["image_url"], "has_image": false,
            },
        });
        self.event("organizationMembership.created", &membership);
        self.memberships.insert((organization.to_owned(), user.to_owned()), membership);
    }

    pub(super) fn rename(&mut self, organization: &str, name: &str) -> Answer {
        self.require_organization(organization)?;
        if name.is_empty() || name.len() > 256 {
            return Err(Refused::parameter(
                "form_param_value_invalid",
                "name",
                "name must be 1 to 256 characters long.",
            ));
        }
        let now = self.tick();
        let record = self.organizations.get_mut(organization).unwrap();
        record["name"] = json!(name);
        record["updated_at"] = json!(now);
        let record = record.clone();
        self.event("organization.updated", &record);
        Ok(record)
    }

    pub(super) fn change_role(&mut self, organization: &str, user: &str, role: &str) -> Answer {
        self.require_organization(organization)?;
        self.require_membership(organization, user)?;
        require_role(role)?;
        if role != "org:admin" {
            self.keep_an_admin(organization, user)?;
        }
        let now = self.tick();
        let current = self.organizations[organization].clone();
        let record = self.memberships.get_mut(&(organization.to_owned(), user.to_owned())).unwrap();
        record["role"] = json!(role);
        record["updated_at"] = json!(now);
        record["organization"] = current;
        let record = record.clone();
        self.event("organizationMembership.updated", &record);
        Ok(record)
    }

    pub(super) fn remove(&mut self, organization: &str, user: &str) -> Answer {
        self.require_organization(organization)?;
        self.require_membership(organization, user)?;
        self.keep_an_admin(organization, user)?;
        self.tick();
        let record = self.memberships.remove(&(organization.to_owned(), user.to_owned())).unwrap();
        self.event("organizationMembership.deleted", &record);
        Ok(record)
    }

    /// Leaves somebody out of the organization's list, as paging does when another leaves meanwhile.
    pub(crate) fn hide_from_lists(&mut self, organization: &str, user: &str) {
        self.hidden = Some((organization.to_owned(), user.to_owned()));
    }

    pub(super) fn members_of(&self, organization: &str) -> Result<Vec<Value>, Refused> {
        self.require_organization(organization)?;
        let listed = |key: &(String, String)| key.0 == organization && Some(key) != self.hidden.as_ref();
        let of = self.memberships.iter().filter(|(key, _)| listed(key));
        Ok(of.map(|(_, membership)| membership.clone()).collect())
    }

    pub(super) fn memberships_of(&self, user: &str) -> Result<Vec<Value>, Refused> {
        if !self.users.contains_key(user) {
            return Err(Refused::not_found("user", user));
        }
        let of = self.memberships.iter().filter(|((_, id), _)| id == user);
        Ok(of.map(|(_, membership)| membership.clone()).collect())
    }

    /// Somebody leaves, as in Clerk's own dashboard.
    pub(crate) fn leave(&mut self, organization: &str, user: &str) {
        self.remove(organization, user).unwrap_or_else(|_| panic!("{user} cannot leave"));
    }

    /// Somebody becomes an administrator, as in Clerk's own dashboard.
    pub(crate) fn promote(&mut self, organization: &str, user: &str) {
        self.change_role(organization, user, "org:admin").unwrap_or_else(|_| panic!("{user} cannot be promoted"));
    }

    pub(super) fn pending(&self, organization: &str, limit: usize, offset: usize) -> Answer {
        self.require_organization(organization)?;
        let pending: Vec<&Value> = self.invitations.iter().rev().filter(|one| is_pending(one, organization)).collect();
        let page: Vec<&&Value> = pending.iter().skip(offset).take(limit).collect();
        Ok(json!({ "data": page, "total_count": pending.len() }))
    }

    pub(super) fn invite(&mut self, organization: &str, email: &str, role: &str, inviter: &str) -> Answer {
        self.require_organization(organization)?;
        if !email.contains('@') {
            let sentence = "email_address must be a valid email address.";
            return Err(Refused::parameter("form_param_format_invalid", "email_address", sentence));
        }
        require_role(role)?;
        self.require_admin(organization, inviter)?;
        if self.invitations.iter().any(|one| is_pending(one, organization) && one["email_address"] == email) {
            let sentence = format!("There are already pending invitations for the following email addresses: {email}");
            return Err(Refused::new(400, "duplicate_record", sentence));
        }
        let now = self.tick();
        let invitation = json!({
            "id": format!("orginv_{}", self.count), "object": "organization_invitation", "email_address": email,
            "role": role, "role_name": "Member", "organization_id": organization, "status": "pending", "url": null,
            "public_metadata": {}, "private_metadata": {}, "created_at": now, "updated_at": now,
            "expires_at": now + 2_592_000_000,
        });
        self.event("organizationInvitation.created", &invitation);
        self.invitations.push(invitation.clone());
        Ok(invitation)
    }

    pub(super) fn revoke(&mut self, organization: &str, invitation: &str, by: &str) -> Answer {
        self.require_organization(organization)?;
        self.require_admin(organization, by)?;
        let now = self.tick();
        let mine = |one: &&mut Value| one["id"] == invitation && one["organization_id"] == organization;
        let record = self.invitations.iter_mut().find(mine);
        let record = record.ok_or_else(|| Refused::not_found("invitation", invitation))?;
        if record["status"] != "pending" {
            let sentence = "This invitation is not pending and cannot be revoked.";
            return Err(Refused::new(400, "organization_invitation_not_pending", sentence));
        }
        record["status"] = json!("revoked");
        record["updated_at"] = json!(now);
        let record = record.clone();
        self.event("organizationInvitation.revoked", &record);
        Ok(record)
    }

    fn require_organization(&self, id: &str) -> Result<(), Refused> {
        if self.organizations.contains_key(id) { Ok(()) } else { Err(Refused::not_found("organization", id)) }
    }

    fn require_membership(&self, organization: &str, user: &str) -> Result<(), Refused> {
        let key = (organization.to_owned(), user.to_owned());
        if self.memberships.contains_key(&key) { Ok(()) } else { Err(Refused::not_found("membership", user)) }
    }

    fn require_admin(&self, organization: &str, user: &str) -> Result<(), Refused> {
        let membership = self.memberships.get(&(organization.to_owned(), user.to_owned()));
        if membership.is_some_and(|membership| membership["role"] == "org:admin") {
            return Ok(());
        }
        let sentence = "Current user is not an administrator in the organization. Only administrators can do this.";
        Err(Refused::new(403, "not_an_admin_in_organization", sentence))
    }

    /// Clerk refuses to leave an organization without an administrator.
    fn keep_an_admin(&self, organization: &str, leaving: &str) -> Result<(), Refused> {
        let mut here = self.memberships.iter().filter(|((id, _), _)| id == organization);
        if here.any(|((_, user), membership)| user != leaving && membership["role"] == "org:admin") {
            return Ok(());
        }
        let sentence = "There has to be at least one organization member with the minimum required permissions";
        Err(Refused::new(400, "organization_minimum_permissions_needed", sentence))
    }

    fn tick(&mut self) -> i64 {
        self.count += 1;
        START + self.count * 1_000
    }

    fn event(&mut self, kind: &str, data: &Value) {
        self.events.push(json!({
            "type": kind, "object": "event", "data": data, "timestamp": START + self.count * 1_000,
            "instance_id": "ins_fake",
            "event_attributes": { "http_request": { "client_ip": "192.0.2.1", "user_agent": "fake" } },
        }));
    }
}

fn is_pending(invitation: &Value, organization: &str) -> bool {
    invitation["status"] == "pending" && invitation["organization_id"] == organization
}

fn require_role(role: &str) -> Result<(), Refused> {
    if matches!(role, "org:admin" | "org:member") {
        return Ok(());
    }
    Err(Refused::parameter("form_param_value_invalid", "role", "role must be one of the organization's roles."))
}
