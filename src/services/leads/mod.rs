//! People to be written to.

pub(in crate::services) mod batch;
mod batch_delete;
mod erase;
mod facts;
mod update;
mod upsert;

pub use batch::LeadBatch;
pub use batch_delete::{BatchDelete, BatchDeleted, Doomed};
pub use upsert::LeadUpsert;

use serde_json::{Value, json};

use super::{
    Context,
    exports::{self, Rows},
};
use crate::{
    errors::{AppError, Fault, Result},
    models::{
        AuditEntry, ExportedLead, Lead, LeadFilter, LeadId, LeadSource, ListReferences, NewLead, Scope,
        SuppressionKind, TimelineEntry,
        page::{Page, PageRequest},
        version::VersionGuard,
    },
    repositories::{BaseRepository, Inserted, Need, OrgMember},
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
        let (page, conn) = if filter.is_empty() || filter.only_list().is_some() {
            let mut conn = self.0.db.read(member).await?;
            let page = match filter.lead_list_id {
                Some(list) => conn.leads().list_of(list, page).await?,
                None => conn.leads().list(page).await?,
            };
            (page, conn)
        } else {
            let mut conn = self.0.db.search(member).await?;
            (conn.leads().search(filter, page).await?, conn)
        };
        conn.give_back();
        Ok(page)
    }

    /// One lead.
    pub async fn get(&self, member: &OrgMember, id: LeadId) -> Result<Lead> {
        let mut conn = self.0.db.read(member).await?;
        let lead = conn.leads().get(id).await?;
        conn.give_back();
        Ok(lead)
    }

    /// Every lead that `filter` lets through as of now, the oldest first.
    pub async fn export(&self, member: &OrgMember, filter: LeadFilter) -> Result<Rows<ExportedLead>> {
        let entry = AuditEntry::new("lead.exported", "lead", None).change(None, asked_for(&filter));
        let mut conn = self.0.db.export(member).await?;
        let (feed, rows) = exports::export_to(&self.0, member, Need::Scope(Scope::LeadsRead));
        tokio::spawn(async move { feed.pour(conn.leads().export(&filter)).await });
        exports::told(&self.0, member, rows, entry).await
    }

    /// Makes a lead. The answer is what was written, not read again.
    pub async fn create(&self, member: &OrgMember, new: NewLead) -> Result<Lead> {
        let now = self.0.clock.now();
        let lists = new.lists.clone();
        let lead = new.into_lead(LeadId::new(now), member.organization_id(), source_by_default(member), now);
        match self.insert(member, &lead).await {
            Ok(()) => Ok(lead),
            Err(error) => Err(self.explained(member, error, &lead, &lists).await),
        }
    }

    /// Deletes a lead, and with it its ways through campaigns; the audit log keeps which ones were under way.
    pub async fn delete(&self, member: &OrgMember, id: LeadId, seen: &VersionGuard) -> Result<()> {
        let mut tx = self.0.db.begin(member, self.0.clock.now()).await?;
        tx.executions().hold_of(&[id]).await?;
        let lead = tx.leads().locked(id).await?;
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
        let keys = self.0.suppression_keys.of_person(
            lead.organization_id,
            lead.email.as_deref(),
            lead.linkedin_url.as_deref(),
        );
        let statement = self.0.db.statement(member, lead.created_at).await?;
        match statement.create_lead(lead, &keys, created(lead)).await? {
            Inserted::Made => Ok(()),
            Inserted::Suppressed(kind) => Err(suppressed(kind)),
            // Without "on conflict do nothing", a lead in the way is an error of the database's.
            Inserted::Taken => Err(AppError::internal("a lead was neither written nor refused")),
        }
    }

    /// The error, with the id of the lead in the way or a pointer to each unknown list. Asked only now: a success needs neither.
    async fn explained(&self, member: &OrgMember, error: AppError, lead: &Lead, lists: &ListReferences) -> AppError {
        if error.code() != "lead_exists" {
            return self.explained_lists(member, error, lists).await;
        }
        match self.twin(member, lead).await {
            Ok(Some(id)) => error.with_member("lead_id", id.to_string()),
            Ok(None) => error,
            Err(worse) => worse,
        }
    }

    /// The error, with a pointer to each unknown list if that is what it is about.
    async fn explained_lists(&self, member: &OrgMember, error: AppError, lists: &ListReferences) -> AppError {
        if !error.faults().iter().any(|fault| fault.code == "lead_list_not_found") {
            return error;
        }
        match self.unknown_lists(member, lists).await {
            Ok(faults) if faults.is_empty() => error,
            Ok(faults) => AppError::invalid(faults).with_source(error),
            Err(worse) => worse,
        }
    }

    async fn twin(&self, member: &OrgMember, lead: &Lead) -> Result<Option<LeadId>> {
        self.0.db.read(member).await?.leads().find_twin(lead).await
    }

    async fn unknown_lists(&self, member: &OrgMember, lists: &ListReferences) -> Result<Vec<Fault>> {
        let wanted: Vec<_> = lists.all().collect();
        let known = self.0.db.read(member).await?.lead_lists().find_many(&wanted).await?;
        Ok(lists.faults(|id| known.iter().any(|list| list.id == id)))
    }
}

/// Nobody may write to the person.
fn suppressed(kind: SuppressionKind) -> AppError {
    let (at, detail) = match kind {
        SuppressionKind::Email => ("/email", "This e-mail address is suppressed: nobody may write to it."),
        SuppressionKind::Domain => {
            ("/email", "The domain of this e-mail address is suppressed: nobody may write there.")
        }
        SuppressionKind::LinkedinUrl => {
            ("/linkedin_url", "This LinkedIn profile is suppressed: nobody may write to it.")
        }
    };
    AppError::conflict("suppressed", detail)
        .with_faults(vec![Fault::new(at, "suppressed", detail)])
        .with_member("reason", kind.as_str())
}

fn created(lead: &Lead) -> AuditEntry {
    let facts = Value::Object(facts::facts(lead));
    AuditEntry::new("lead.created", "lead", lead.id.0).change(None, facts)
}

fn deleted(lead: &Lead) -> AuditEntry {
    AuditEntry::new("lead.deleted", "lead", lead.id.0).change(facts::last_facts(lead), None)
}

/// Which leads are exported, as the audit log keeps it.
fn asked_for(filter: &LeadFilter) -> Value {
    let LeadFilter { lead_list_id, status, search, tag, company, created_after, created_before } = filter;
    json!({"filter": {
        "lead_list_id": lead_list_id, "status": status, "search": search, "tag": tag, "company": company,
        "created_after": created_after, "created_before": created_before,
    }})
}
