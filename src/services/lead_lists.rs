//! Lists of leads.

use std::{collections::HashMap, sync::Arc, time::Duration};

use serde_json::{Value, json};

use super::{Context, copy_name, leads::source_by_default};
use crate::{
    errors::{AppError, Result},
    models::{
        AuditEntry, LeadList, LeadListId, LeadListStatistics, LeadListStatus, LeadSource,
        page::{Page, PageRequest},
        patch::Patch,
        version::VersionGuard,
    },
    repositories::{BaseRepository, OrgConn, OrgMember, OrgTx, RequestContext},
};

/// Leads that are taken off a list in one transaction before it is deleted.
const RELEASED_AT_ONCE: i64 = 10_000;
/// After how long a deletion begins no other part.
const ENOUGH: Duration = Duration::from_secs(20);

/// Leads that are marked in one transaction before their list is copied.
const MARKED_AT_ONCE: i64 = 2_000;
/// Leads that are put on the copy of a list in one statement.
const COPIED_AT_ONCE: i64 = 5_000;
/// How long it may take to copy as many leads as are marked at once.
const COPYING: Duration = Duration::from_millis(100);
/// Leads that are marked so soon were marked before.
const SOON: Duration = Duration::from_secs(3);

/// Lists of leads.
#[derive(Clone)]
pub struct LeadListService(pub Context);

/// A list to be made.
#[derive(Debug)]
pub struct NewLeadList {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// Where its leads will come from, if the caller says so.
    pub source: Option<LeadSource>,
    /// Labels.
    pub tags: Vec<String>,
}

/// A merge patch of a list.
#[derive(Debug, Default)]
pub struct LeadListChanges {
    /// A new name.
    pub name: Option<String>,
    /// A new description, or none.
    pub description: Patch<String>,
    /// New labels.
    pub tags: Option<Vec<String>>,
}

/// A list and the number of leads on it.
#[derive(Debug)]
pub struct CountedLeadList {
    /// The list.
    pub list: LeadList,
    /// The leads on it.
    pub lead_count: i64,
}

impl LeadListService {
    /// A page of the organization's lists.
    pub async fn list(&self, member: &OrgMember, page: &PageRequest) -> Result<Page<CountedLeadList>> {
        let mut conn = self.0.db.read(member).await?;
        let lists = conn.lead_lists().list(page).await?;
        let ids: Vec<_> = lists.items.iter().map(|list| list.id).collect();
        let counts: HashMap<_, _> = conn.lead_lists().lead_counts(&ids).await?.into_iter().collect();
        Ok(lists.map(|list| CountedLeadList { lead_count: counts.get(&list.id).copied().unwrap_or(0), list }))
    }

    /// One list.
    pub async fn get(&self, member: &OrgMember, id: LeadListId) -> Result<CountedLeadList> {
        let mut conn = self.0.db.read(member).await?;
        let list = conn.lead_lists().get(id).await?;
        counted(&mut conn, list).await
    }

    /// Makes a list.
    pub async fn create(&self, member: &OrgMember, new: NewLeadList) -> Result<CountedLeadList> {
        let mut tx = self.0.db.begin(member, self.0.clock.now()).await?;
        let NewLeadList { name, description, source, tags } = new;
        let list = LeadList {
            id: LeadListId::new(tx.now()),
            organization_id: member.organization_id(),
            name,
            description,
            source: source.unwrap_or_else(|| source_by_default(member)),
            status: LeadListStatus::Active,
            tags,
            version: 1,
            created_by: member.user_id(),
            created_at: tx.now(),
            updated_at: tx.now(),
        };
        tx.lead_lists().insert(&list).await?;
        tx.audit(AuditEntry::new("lead_list.created", "lead_list", list.id.0).change(None, facts(&list)));
        tx.commit().await?;
        Ok(CountedLeadList { list, lead_count: 0 })
    }

    /// Changes a list's name, description or labels.
    pub async fn update(
        &self,
        member: &OrgMember,
        id: LeadListId,
        seen: &VersionGuard,
        changes: LeadListChanges,
    ) -> Result<CountedLeadList> {
        self.change(member, id, seen, "lead_list.updated", |list| {
            let LeadListChanges { name, description, tags } = changes;
            list.name = name.unwrap_or_else(|| std::mem::take(&mut list.name));
            list.description = description.apply(list.description.take());
            list.tags = tags.unwrap_or_else(|| std::mem::take(&mut list.tags));
        })
        .await
    }

    /// Puts a list away, or takes it out again. Doing so twice changes nothing.
    pub async fn set_status(
        &self,
        member: &OrgMember,
        id: LeadListId,
        status: LeadListStatus,
    ) -> Result<CountedLeadList> {
        let action = match status {
            LeadListStatus::Archived => "lead_list.archived",
            LeadListStatus::Active => "lead_list.unarchived",
        };
        self.change(member, id, &VersionGuard::Any, action, |list| list.status = status).await
    }

    /// Makes a list with the same leads. What must be written of each lead is written in parts first, each a transaction of its own, so that the copy,
    /// which is there as a whole or not at all, is soon made; if the time is up, the next try goes on from there.
    pub async fn duplicate(&self, member: &OrgMember, id: LeadListId, name: Option<String>) -> Result<CountedLeadList> {
        self.mark_leads(member, id).await?;
        let mut tx = self.0.db.begin(member, self.0.clock.now()).await?;
        let original = tx.lead_lists().locked(id).await?;
        let copy = LeadList {
            id: LeadListId::new(tx.now()),
            name: name.unwrap_or_else(|| copy_name(&original.name)),
            status: LeadListStatus::Active,
            version: 1,
            created_by: member.user_id(),
            created_at: tx.now(),
            updated_at: tx.now(),
            ..original
        };
        tx.lead_lists().insert(&copy).await?;
        let (mut copied, mut after, now) = (0, None, tx.now());
        while let (count, Some(last)) = tx.lead_lists().copy_members((id, copy.id), after, COPIED_AT_ONCE, now).await? {
            copied += count;
            after = Some(last);
        }
        let entry = AuditEntry::new("lead_list.duplicated", "lead_list", copy.id.0);
        tx.audit(entry.change(None, json!({"original_id": id, "leads": copied, "list": facts(&copy)})));
        tx.commit().await?;
        Ok(CountedLeadList { list: copy, lead_count: copied })
    }

    /// Marks the leads of a list as being on further lists, which is most of the work of copying it.
    async fn mark_leads(&self, member: &OrgMember, id: LeadListId) -> Result<()> {
        let began = self.0.clock.monotonic();
        // Nothing has been done yet for which a key would be used up.
        let member = member.acting_in(Arc::new(RequestContext { idempotency: None, ..member.request().clone() }));
        let (mut after, mut parts) = (None, 0);
        loop {
            let mut tx = self.0.db.begin(&member, self.0.clock.now()).await?;
            after = tx.lead_lists().mark_leads(id, after, MARKED_AT_ONCE).await?;
            tx.commit().await?;
            if after.is_none() {
                break;
            }
            parts += 1;
            if self.0.clock.monotonic().saturating_sub(began) > ENOUGH {
                return Err(not_copied_yet());
            }
        }
        // Then a repetition finds them marked, and has all of its time for the copy.
        let took = self.0.clock.monotonic().saturating_sub(began);
        if took > SOON && took + COPYING * parts > ENOUGH { Err(not_copied_yet()) } else { Ok(()) }
    }

    /// Deletes a list; its leads stay. A large list is emptied in parts first, each a transaction of its own, so that no statement takes
    /// long; if the time is up, what is left goes with the next try.
    pub async fn delete(&self, member: &OrgMember, id: LeadListId, seen: &VersionGuard) -> Result<()> {
        let began = self.0.clock.monotonic();
        loop {
            let mut tx = self.0.db.begin(member, self.0.clock.now()).await?;
            tx.imports().lock_onto_list(id).await?;
            let list = tx.lead_lists().locked(id).await?;
            seen.check(list.version)?;
            if tx.lead_lists().in_use(id).await? {
                return Err(AppError::conflict("lead_list_in_use", "A campaign draws on this lead list."));
            }
            if tx.lead_lists().release_leads(id, RELEASED_AT_ONCE).await? < RELEASED_AT_ONCE {
                return delete(tx, &list).await;
            }
            tx.commit().await?;
            if self.0.clock.monotonic().saturating_sub(began) > ENOUGH {
                let detail = "The list is large and not yet empty. Repeat the request: it goes on where it stopped.";
                return Err(AppError::unavailable("lead_list_not_empty_yet", detail));
            }
        }
    }

    /// How many leads of a list are in which state.
    pub async fn statistics(&self, member: &OrgMember, id: LeadListId) -> Result<LeadListStatistics> {
        let mut conn = self.0.db.read(member).await?;
        if !conn.lead_lists().exists(id).await? {
            return Err(AppError::not_found("lead list"));
        }
        conn.lead_lists().statistics(id).await
    }

    async fn change(
        &self,
        member: &OrgMember,
        id: LeadListId,
        seen: &VersionGuard,
        action: &'static str,
        change: impl FnOnce(&mut LeadList) + Send,
    ) -> Result<CountedLeadList> {
        let mut tx = self.0.db.begin(member, self.0.clock.now()).await?;
        let mut list = tx.lead_lists().locked(id).await?;
        seen.check(list.version)?;
        let before = facts(&list);
        change(&mut list);
        if facts(&list) != before {
            list.version += 1;
            list.updated_at = tx.now();
            tx.lead_lists().update(&list).await?;
            tx.audit(AuditEntry::new(action, "lead_list", id.0).change(before, facts(&list)));
        }
        let lead_count = tx.lead_lists().lead_counts(&[id]).await?.first().map_or(0, |(_, count)| *count);
        tx.commit().await?;
        Ok(CountedLeadList { list, lead_count })
    }
}

async fn delete(mut tx: OrgTx, list: &LeadList) -> Result<()> {
    tx.lead_lists().delete(list.id).await?;
    tx.audit(AuditEntry::new("lead_list.deleted", "lead_list", list.id.0).change(facts(list), None));
    tx.commit().await
}

async fn counted(conn: &mut OrgConn, list: LeadList) -> Result<CountedLeadList> {
    let lead_count = conn.lead_lists().lead_counts(&[list.id]).await?.first().map_or(0, |(_, count)| *count);
    Ok(CountedLeadList { list, lead_count })
}

/// What the audit log keeps of a list.
fn facts(list: &LeadList) -> Value {
    json!({"name": list.name, "description": list.description, "source": list.source, "status": list.status, "tags": list.tags})
}

/// Nothing of a copy is there before all of it is.
fn not_copied_yet() -> AppError {
    let detail = "The list is large and its copy not yet made. Repeat the request: it goes on where it stopped.";
    AppError::unavailable("lead_list_not_copied_yet", detail)
}
