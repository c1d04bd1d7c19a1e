//! People to be written to.

mod batch;
mod batch_delete;
mod facts;
mod update;

pub use batch::LeadBatch;
pub use batch_delete::{BatchDelete, BatchDeleted, Doomed};

use super::Context;
use crate::{
    errors::{AppError, Result},
    models::{
        AuditEntry, Lead, LeadFilter, LeadId, LeadSource, ListReferences, NewLead, TimelineEntry,
        page::{Page, PageRequest},
        version::VersionGuard,
    },
    repositories::{BaseRepository, OrgMember, OrgTx},
};

/// People to be written to.
#[derive(Clone)]
pub struct LeadService(pub Context);

/// Where a lead or a list comes from, unless its caller says: from a person's hand, or from a program.
#[must_use]
pub fn source_by_default(member: &OrgMember) -> LeadSource {
    if member.api_key_id().is_some() { LeadSource::Api } else { LeadSource::Manual }
}

impl LeadService {
    /// A page of the leads that `filter` lets through.
    pub async fn list(&self, member: &OrgMember, filter: &LeadFilter, page: &PageRequest) -> Result<Page<Lead>> {
        if let Some(list) = filter.only_list() {
            return self.0.db.read(member).await?.leads().list_of(list, page).await;
        }
        if filter.is_empty() {
            return self.0.db.read(member).await?.leads().list(page).await;
        }
        self.0.db.search(member).await?.leads().search(filter, page).await
    }

    /// One lead.
    pub async fn get(&self, member: &OrgMember, id: LeadId) -> Result<Lead> {
        self.0.db.read(member).await?.leads().get(id).await
    }

    /// Makes a lead. The answer is what was written, not read again.
    pub async fn create(&self, member: &OrgMember, new: NewLead) -> Result<Lead> {
        let now = self.0.clock.now();
        let lists = new.lists.clone();
        let lead = new.into_lead(LeadId::new(now), member.organization_id(), now);
        match self.insert(member, &lead).await {
            Ok(()) => Ok(lead),
            Err(error) => Err(self.explained(member, error, &lead, &lists).await),
        }
    }

    /// Deletes a lead, and with it its ways through campaigns; the audit log keeps which ones were under way.
    pub async fn delete(&self, member: &OrgMember, id: LeadId, seen: &VersionGuard) -> Result<()> {
        let mut tx = self.0.db.begin(member, self.0.clock.now()).await?;
        let lead = lock(&mut tx, id).await?;
        seen.check(lead.version)?;
        tx.leads().delete(id).await?;
        tx.audit(deleted(&lead));
        tx.commit().await
    }

    /// A page of what happened to a lead and who changed it.
    pub async fn timeline(&self, member: &OrgMember, id: LeadId, page: &PageRequest) -> Result<Page<TimelineEntry>> {
        let mut conn = self.0.db.read(member).await?;
        if !conn.leads().exists(id).await? {
            return Err(AppError::not_found("lead"));
        }
        conn.activities().timeline(id, page).await
    }

    async fn insert(&self, member: &OrgMember, lead: &Lead) -> Result<()> {
        let mut tx = self.0.db.begin(member, lead.created_at).await?;
        tx.leads().insert(lead).await?;
        tx.audit(created(lead));
        tx.commit().await
    }

    /// The error, with the id of the lead in the way or a pointer to each unknown list. Asked only now: a success needs neither.
    async fn explained(&self, member: &OrgMember, error: AppError, lead: &Lead, lists: &ListReferences) -> AppError {
        let explanation = match error.code() {
            "lead_exists" => self.twin(member, lead).await,
            _ if error.faults().iter().any(|fault| fault.code == "lead_list_not_found") => {
                self.unknown_lists(member, lists).await
            }
            _ => return error,
        };
        match explanation {
            Ok(Some(Explanation::Twin(id))) => error.with_member("lead_id", id.to_string()),
            Ok(Some(Explanation::Lists(unknown))) => unknown.with_source(error),
            Ok(None) => error,
            Err(worse) => worse,
        }
    }

    async fn twin(&self, member: &OrgMember, lead: &Lead) -> Result<Option<Explanation>> {
        Ok(self.0.db.read(member).await?.leads().find_twin(lead).await?.map(Explanation::Twin))
    }

    async fn unknown_lists(&self, member: &OrgMember, lists: &ListReferences) -> Result<Option<Explanation>> {
        let wanted: Vec<_> = lists.all().collect();
        let known = self.0.db.read(member).await?.lead_lists().find_many(&wanted).await?;
        let faults = lists.faults(|id| known.iter().any(|list| list.id == id));
        Ok((!faults.is_empty()).then(|| Explanation::Lists(AppError::invalid(faults))))
    }
}

/// Why a lead cannot be written.
enum Explanation {
    Twin(LeadId),
    Lists(AppError),
}

async fn lock(tx: &mut OrgTx, id: LeadId) -> Result<Lead> {
    tx.leads().lock(id).await?.ok_or_else(|| AppError::not_found("lead"))
}

fn created(lead: &Lead) -> AuditEntry {
    let facts = serde_json::Value::Object(facts::facts(lead));
    AuditEntry::new("lead.created", "lead", lead.id.0).change(None, facts)
}

fn deleted(lead: &Lead) -> AuditEntry {
    AuditEntry::new("lead.deleted", "lead", lead.id.0).change(facts::last_facts(lead), None)
}
