//! What a batch does to each person, decided without asking anybody.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, TimeDelta, Utc};

use super::{LeadBatch, SeenLeads};
use crate::{
    errors::Fault,
    models::{
        Lead, LeadId, LeadListId, LeadSource, NewLead, OnDuplicate, OrganizationId, RowOutcome, RowVerdict,
        SuppressionKind, input::custom_field_faults,
    },
    services::leads::facts::difference,
};

/// What a batch does.
#[derive(Debug, Default)]
pub(in crate::services) struct Plan {
    /// People who become leads.
    pub(in crate::services) created: Vec<Lead>,
    /// Leads that change: before and after.
    pub(in crate::services) updated: Vec<(Lead, Lead)>,
    /// What became of each row, in the rows' order.
    pub(in crate::services) verdicts: Vec<RowVerdict>,
    /// By what else rows have named a lead than by what the leads have.
    pub(in crate::services) other_keys: Vec<(Identity, LeadId)>,
}

/// What tells a person from another.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(in crate::services) enum Identity {
    Email(String),
    Linkedin(String),
    External(String),
}

/// What rows before these were about, of a table that comes in pieces.
#[derive(Debug, Clone, Copy)]
pub(in crate::services) struct Before<'e> {
    /// The leads.
    pub(in crate::services) leads: &'e SeenLeads,
    /// By what else these were named than by what they have.
    pub(in crate::services) other_keys: &'e [(Identity, LeadId)],
}

struct Planner<'b> {
    on_duplicate: OnDuplicate,
    source: LeadSource,
    lists: &'b HashSet<LeadListId>,
    before: Before<'b>,
    organization_id: OrganizationId,
    now: DateTime<Utc>,
    present: HashMap<LeadId, Lead>,
    /// Whose an identity is: a present lead's, or an earlier row's.
    owners: HashMap<Identity, LeadId>,
    /// Leads that an earlier row is about.
    claimed: HashSet<LeadId>,
    plan: Plan,
}

impl Plan {
    /// Goes through the rows in order, each with the reason, if there is one, why nobody may write to its person.
    pub(super) fn of(
        batch: &LeadBatch,
        barred: &[Option<SuppressionKind>],
        present: Vec<Lead>,
        (lists, before): (&HashSet<LeadListId>, Before<'_>),
        (organization_id, now): (OrganizationId, DateTime<Utc>),
    ) -> Self {
        // What a lead has comes after what it was only named by, and so overrides it.
        let named = before.other_keys.iter().cloned();
        let owners = named.chain(present.iter().flat_map(|lead| of_lead(lead).map(|identity| (identity, lead.id))));
        let mut planner = Planner {
            on_duplicate: batch.on_duplicate,
            source: batch.source,
            lists,
            before,
            organization_id,
            now,
            owners: owners.collect(),
            present: present.into_iter().map(|lead| (lead.id, lead)).collect(),
            claimed: HashSet::new(),
            plan: Self::default(),
        };
        for (row, barred) in batch.rows.iter().zip(barred) {
            let verdict = match (row, barred) {
                (Ok(_), Some(kind)) => RowVerdict::suppressed(*kind),
                (Ok(row), None) => planner.place(row.clone(), batch.lead_list_id),
                (Err(faults), _) => RowVerdict::rejected("validation_failed", faults.clone()),
            };
            planner.plan.verdicts.push(verdict);
        }
        planner.plan
    }
}

impl Planner<'_> {
    fn place(&mut self, mut row: NewLead, list: Option<LeadListId>) -> RowVerdict {
        let faults = row.lists.faults(|id| self.lists.contains(&id));
        if !faults.is_empty() {
            return RowVerdict::rejected("validation_failed", faults);
        }
        row.lists.many.extend(list);
        let identities: Vec<Identity> = of_row(&row).collect();
        let mut owners: Vec<LeadId> =
            identities.iter().filter_map(|identity| self.owners.get(identity).copied()).collect();
        owners.sort_unstable();
        owners.dedup();
        let verdict = match owners.as_slice() {
            [] => self.create(row),
            [owner] if self.claimed.contains(owner) || self.before.leads.contains(*owner) => {
                RowVerdict::used(RowOutcome::DuplicateInRequest, *owner)
            }
            [owner] => self.merge(*owner, row),
            _ => RowVerdict::rejected("ambiguous", Vec::new()),
        };
        if let Some(owner) = verdict.lead_id {
            self.claim(owner, identities, verdict.outcome);
        }
        verdict
    }

    /// From here on these identities are that lead's, whether it has come to have them or was only named by them.
    fn claim(&mut self, owner: LeadId, identities: Vec<Identity>, outcome: RowOutcome) {
        self.claimed.insert(owner);
        let after = self.plan.updated.last().filter(|_| outcome == RowOutcome::Updated).map(|(_, after)| after);
        for identity in identities {
            let has_it =
                outcome == RowOutcome::Created || after.is_some_and(|lead| of_lead(lead).any(|its| its == identity));
            if self.owners.insert(identity.clone(), owner).is_none() && !has_it {
                self.plan.other_keys.push((identity, owner));
            }
        }
    }

    /// Each new lead is a microsecond younger than the one before, so that they are listed in the rows' order.
    fn create(&mut self, row: NewLead) -> RowVerdict {
        let place = i64::try_from(self.plan.created.len()).unwrap_or_default();
        let now = self.now + TimeDelta::microseconds(place);
        let lead = row.into_lead(LeadId::new(now), self.organization_id, self.source, now);
        let verdict = RowVerdict::used(RowOutcome::Created, lead.id);
        self.plan.created.push(lead);
        verdict
    }

    fn merge(&mut self, owner: LeadId, row: NewLead) -> RowVerdict {
        let unchanged = RowVerdict::used(RowOutcome::Unchanged, owner);
        let Some(before) = self.present.get(&owner) else { return unchanged };
        let changes = match self.on_duplicate {
            OnDuplicate::Skip => return RowVerdict { reason: Some("lead_exists"), ..unchanged },
            OnDuplicate::UpdateEmpty => row.under(before),
            OnDuplicate::Overwrite => row.over(before),
        };
        let mut after = before.clone();
        changes.apply(&mut after);
        let refusals = custom_field_faults(&after.custom_fields);
        if !refusals.is_empty() {
            let fault =
                |refusal: crate::utils::refusal::Refusal| Fault::new("/custom_fields", refusal.code, refusal.detail);
            return RowVerdict::rejected("validation_failed", refusals.into_iter().map(fault).collect());
        }
        if difference(before, &after).is_none() {
            return unchanged;
        }
        after.version += 1;
        after.updated_at = self.now;
        let before = before.clone();
        for identity in of_lead(&before).filter(|old| of_lead(&after).all(|new| new != *old)) {
            self.let_go(&identity);
        }
        self.plan.updated.push((before, after));
        RowVerdict::used(RowOutcome::Updated, owner)
    }

    /// What a lead has no longer is free for whoever comes with it next, as it is when the same rows come once more.
    fn let_go(&mut self, identity: &Identity) {
        match self.before.other_keys.iter().find(|(named, _)| named == identity) {
            Some((_, named)) => drop(self.owners.insert(identity.clone(), *named)),
            None => drop(self.owners.remove(identity)),
        }
    }
}

/// Everything that a row names its person by.
pub(in crate::services) fn of_row(row: &NewLead) -> impl Iterator<Item = Identity> + use<> {
    all(row.email.as_ref(), row.linkedin_url.as_ref(), row.external_id.as_ref())
}

pub(super) fn of_lead(lead: &Lead) -> impl Iterator<Item = Identity> + use<> {
    all(lead.email.as_ref(), lead.linkedin_url.as_ref(), lead.external_id.as_ref())
}

fn all(
    email: Option<&String>,
    linkedin: Option<&String>,
    external: Option<&String>,
) -> impl Iterator<Item = Identity> + use<> {
    let email = email.cloned().map(Identity::Email);
    let linkedin = linkedin.cloned().map(Identity::Linkedin);
    email.into_iter().chain(linkedin).chain(external.cloned().map(Identity::External))
}
