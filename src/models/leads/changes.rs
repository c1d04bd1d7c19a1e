//! New leads, and changes of present ones.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use sqlx::types::Json;

use super::{Lead, LeadStatus};
use crate::{
    errors::Fault,
    models::{
        LeadId, LeadListId, LeadSource, OrganizationId,
        patch::{Patch, merge},
    },
    utils::{names, text},
};

/// The fields of a lead that a caller may give, normalised.
#[derive(Debug, Clone)]
pub struct NewLead {
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub full_name: Option<String>,
    pub email: Option<String>,
    pub phone: Option<String>,
    pub title: Option<String>,
    pub company: Option<String>,
    pub company_domain: Option<String>,
    pub industry: Option<String>,
    pub location: Option<String>,
    pub country: Option<String>,
    pub linkedin_url: Option<String>,
    pub timezone: Option<String>,
    pub external_id: Option<String>,
    pub status: Option<LeadStatus>,
    pub source: Option<LeadSource>,
    pub tags: Vec<String>,
    pub custom_fields: Map<String, Value>,
    pub lists: ListReferences,
}

/// The lists that a caller names, where they are named.
#[derive(Debug, Clone, Default)]
pub struct ListReferences {
    /// In `lead_list_id`.
    pub one: Option<LeadListId>,
    /// In `lead_list_ids`.
    pub many: Vec<LeadListId>,
}

impl ListReferences {
    /// All of them.
    pub fn all(&self) -> impl Iterator<Item = LeadListId> {
        self.one.into_iter().chain(self.many.iter().copied())
    }

    /// A fault for each one that is not known.
    pub fn faults(&self, known: impl Fn(LeadListId) -> bool) -> Vec<Fault> {
        let many = self.many.iter().enumerate().map(|(index, id)| (format!("/lead_list_ids/{index}"), *id));
        let one = self.one.map(|id| ("/lead_list_id".to_owned(), id));
        one.into_iter()
            .chain(many)
            .filter(|(_, id)| !known(*id))
            .map(|(at, _)| Fault::new(at, "lead_list_not_found", "There is no lead list with this id."))
            .collect()
    }
}

impl NewLead {
    /// Whether anything tells this person from another.
    #[must_use]
    pub fn is_identified(&self) -> bool {
        self.email.is_some() || self.linkedin_url.is_some() || self.external_id.is_some()
    }

    /// Takes a missing first or last name from the full name.
    pub fn complete_name(&mut self) {
        let Self { first_name, last_name, full_name, .. } = self;
        if full_name.is_none() || (first_name.is_some() && last_name.is_some()) {
            return;
        }
        let names = names::complete(first_name.as_deref(), last_name.as_deref(), full_name.as_deref());
        let fits = |name: &String| text::length(name) <= 200;
        *first_name = first_name.take().or(names.first.filter(fits));
        *last_name = last_name.take().or(names.last.filter(fits));
    }

    /// The lead that this makes, from `source` unless it says otherwise.
    #[must_use]
    pub fn into_lead(
        self,
        id: LeadId,
        organization_id: OrganizationId,
        source: LeadSource,
        now: DateTime<Utc>,
    ) -> Lead {
        Lead {
            id,
            organization_id,
            first_name: self.first_name,
            last_name: self.last_name,
            full_name: self.full_name,
            email: self.email,
            phone: self.phone,
            title: self.title,
            company: self.company,
            company_domain: self.company_domain,
            industry: self.industry,
            location: self.location,
            country: self.country,
            linkedin_url: self.linkedin_url,
            timezone: self.timezone,
            external_id: self.external_id,
            status: self.status.unwrap_or(LeadStatus::New),
            source: self.source.unwrap_or(source),
            tags: self.tags,
            custom_fields: Json(self.custom_fields),
            version: 1,
            created_at: now,
            updated_at: now,
            lead_list_ids: in_order(self.lists.all().collect()),
            running_campaigns: Vec::new(),
        }
    }

    /// This, as changes of the lead that the person has already: what is absent here stays there, and lists are only added. Whoever is not
    /// to be contacted stays so, since a table that is sent again knows nothing of what the person has asked for.
    #[must_use]
    pub fn over(mut self, present: &Lead) -> LeadChanges {
        self.custom_fields.retain(|_, value| !value.is_null());
        let set = |value: Option<String>| value.map_or(Patch::Keep, Patch::Set);
        let lists = present.lead_list_ids.iter().copied().chain(self.lists.all()).collect();
        LeadChanges {
            first_name: set(self.first_name),
            last_name: set(self.last_name),
            full_name: set(self.full_name),
            email: set(self.email),
            phone: set(self.phone),
            title: set(self.title),
            company: set(self.company),
            company_domain: set(self.company_domain),
            industry: set(self.industry),
            location: set(self.location),
            country: set(self.country),
            linkedin_url: set(self.linkedin_url),
            timezone: set(self.timezone),
            external_id: set(self.external_id),
            status: self.status.filter(|_| present.status != LeadStatus::DoNotContact),
            tags: Some(self.tags).filter(|tags| !tags.is_empty()),
            custom_fields: Patch::Set(self.custom_fields),
            lead_list_ids: Some(lists),
        }
    }

    /// As [`Self::over`], but only where the present lead has nothing.
    #[must_use]
    pub fn under(mut self, present: &Lead) -> LeadChanges {
        let fill = |mine: &mut Option<String>, theirs: &Option<String>| {
            if theirs.is_some() {
                *mine = None;
            }
        };
        fill(&mut self.first_name, &present.first_name);
        fill(&mut self.last_name, &present.last_name);
        fill(&mut self.full_name, &present.full_name);
        fill(&mut self.email, &present.email);
        fill(&mut self.phone, &present.phone);
        fill(&mut self.title, &present.title);
        fill(&mut self.company, &present.company);
        fill(&mut self.company_domain, &present.company_domain);
        fill(&mut self.industry, &present.industry);
        fill(&mut self.location, &present.location);
        fill(&mut self.country, &present.country);
        fill(&mut self.linkedin_url, &present.linkedin_url);
        fill(&mut self.timezone, &present.timezone);
        fill(&mut self.external_id, &present.external_id);
        self.status = None;
        if !present.tags.is_empty() {
            self.tags.clear();
        }
        self.custom_fields.retain(|name, _| !present.custom_fields.contains_key(name));
        self.over(present)
    }
}

/// A merge patch of a lead.
#[derive(Debug, Clone, Default)]
pub struct LeadChanges {
    pub first_name: Patch<String>,
    pub last_name: Patch<String>,
    pub full_name: Patch<String>,
    pub email: Patch<String>,
    pub phone: Patch<String>,
    pub title: Patch<String>,
    pub company: Patch<String>,
    pub company_domain: Patch<String>,
    pub industry: Patch<String>,
    pub location: Patch<String>,
    pub country: Patch<String>,
    pub linkedin_url: Patch<String>,
    pub timezone: Patch<String>,
    pub external_id: Patch<String>,
    pub status: Option<LeadStatus>,
    pub tags: Option<Vec<String>>,
    /// A merge patch of its own: null removes a key.
    pub custom_fields: Patch<Map<String, Value>>,
    pub lead_list_ids: Option<Vec<LeadListId>>,
}

impl LeadChanges {
    /// Whether a suppression could be in the way: a new address, or a status that may lift the ban on contacting.
    #[must_use]
    pub fn may_be_barred(&self) -> bool {
        let sets = |patch: &Patch<String>| matches!(patch, Patch::Set(_));
        sets(&self.email) || sets(&self.linkedin_url) || self.status.is_some_and(|to| to != LeadStatus::DoNotContact)
    }

    /// Makes the changes.
    pub fn apply(self, lead: &mut Lead) {
        let change = |field: &mut Option<String>, patch: Patch<String>| *field = patch.apply(field.take());
        change(&mut lead.first_name, self.first_name);
        change(&mut lead.last_name, self.last_name);
        change(&mut lead.full_name, self.full_name);
        change(&mut lead.email, self.email);
        change(&mut lead.phone, self.phone);
        change(&mut lead.title, self.title);
        change(&mut lead.company, self.company);
        change(&mut lead.company_domain, self.company_domain);
        change(&mut lead.industry, self.industry);
        change(&mut lead.location, self.location);
        change(&mut lead.country, self.country);
        change(&mut lead.linkedin_url, self.linkedin_url);
        change(&mut lead.timezone, self.timezone);
        change(&mut lead.external_id, self.external_id);
        lead.status = self.status.unwrap_or(lead.status);
        if let Some(tags) = self.tags {
            lead.tags = tags;
        }
        match self.custom_fields {
            Patch::Keep => {}
            Patch::Clear => lead.custom_fields.clear(),
            Patch::Set(fields) => merge(&mut lead.custom_fields, fields),
        }
        if let Some(lists) = self.lead_list_ids {
            lead.lead_list_ids = in_order(lists);
        }
    }
}

/// Each list once, in the order in which a query gathers them.
fn in_order(mut lists: Vec<LeadListId>) -> Vec<LeadListId> {
    lists.sort_unstable();
    lists.dedup();
    lists
}
