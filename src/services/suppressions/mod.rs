//! Whom nobody may write to. Nothing of a value gets into the audit log: that is never rewritten, and the value may have to be forgotten.

mod by_itself;
mod erasure;
mod import;
mod keys;
mod leads;
mod unsubscribe;

pub(super) use by_itself::suppress_by_itself;
pub(super) use erasure::keep_objection;
pub use import::SuppressionImport;
pub(super) use keys::email_target;
pub use keys::{HashedAddress, SuppressionKeys};
pub(super) use unsubscribe::keep_unsubscribe;

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::Context;
use crate::{
    errors::{AppError, Fault, Result},
    models::{
        AuditEntry, Lead, LeadId, Suppression, SuppressionFilter, SuppressionId, SuppressionKind, SuppressionSource,
        SuppressionTarget,
        page::{Page, PageRequest},
        version::VersionGuard,
    },
    repositories::{BaseRepository, OrgMember, OrgTx},
};

/// Whom nobody may write to.
#[derive(Clone)]
pub struct SuppressionService(pub Context);

/// A suppression to be made.
#[derive(Debug)]
pub struct NewSuppression {
    /// What is suppressed.
    pub target: SuppressionTarget,
    /// Why.
    pub reason: Option<String>,
    /// How it comes about, if the caller says so.
    pub source: Option<SuppressionSource>,
}

/// Which suppressions are wanted; all conditions must hold.
#[derive(Debug, Default)]
pub struct SuppressionQuery {
    /// Those of this kind.
    pub kind: Option<SuppressionKind>,
    /// Those that came about so.
    pub source: Option<SuppressionSource>,
    /// The one of just this, be it erased.
    pub target: Option<SuppressionTarget>,
}

impl SuppressionService {
    /// A page of the organization's suppressions.
    pub async fn list(
        &self,
        member: &OrgMember,
        query: SuppressionQuery,
        page: &PageRequest,
    ) -> Result<Page<Suppression>> {
        let SuppressionQuery { kind, source, target } = query;
        let hashes = target.map(|target| self.0.suppression_keys.of_target(member.organization_id(), &target));
        let hashes = hashes.map(|hashes| hashes.iter().map(|hash| hash.to_vec()).collect());
        let filter = SuppressionFilter { kind, source, hashes };
        let mut conn = self.0.db.search(member).await?;
        let page = conn.suppressions().search(&filter, page).await?;
        conn.give_back();
        Ok(page)
    }

    /// One suppression.
    pub async fn get(&self, member: &OrgMember, id: SuppressionId) -> Result<Suppression> {
        let mut conn = self.0.db.read(member).await?;
        let suppression = conn.suppressions().get(id).await?;
        conn.give_back();
        Ok(suppression)
    }

    /// Suppresses an address or a domain, and marks the leads it concerns.
    pub async fn create(&self, member: &OrgMember, new: NewSuppression) -> Result<Suppression> {
        let NewSuppression { target, reason, source } = new;
        let by_program = member.api_key_id().is_some();
        let source = source.unwrap_or(if by_program { SuppressionSource::Api } else { SuppressionSource::Manual });
        let mut tx = self.0.db.begin_search(member, self.0.clock.now()).await?;
        tx.suppressions().lock().await?;
        let hashes = self.0.suppression_keys.of_target(member.organization_id(), &target);
        if let Some(present) = tx.suppressions().find_hashed(&hashes).await?.first() {
            return Err(AppError::conflict("suppression_exists", "This is suppressed already.")
                .with_faults(vec![Fault::new("/value", "suppression_exists", "This is suppressed already.")])
                .with_member("suppression_id", present.id.to_string()));
        }
        let shape = Shape { reason, source, member, keys: &self.0.suppression_keys, now: tx.now() };
        let suppression = shape.suppression(&target, 0);
        add(&mut tx, &self.0.suppression_keys, std::slice::from_ref(&suppression)).await?;
        leads::bar(&mut tx, member, &[&target]).await?;
        tx.commit().await?;
        Ok(suppression)
    }

    /// Lifts a suppression: the person may be written to again. Leads keep the status that it gave them.
    pub async fn delete(
        &self,
        member: &OrgMember,
        id: SuppressionId,
        seen: &VersionGuard,
        reason: Option<String>,
    ) -> Result<()> {
        // A suppression never changes, so that it has no version that anybody could have seen.
        seen.check(0)?;
        let mut tx = self.0.db.begin(member, self.0.clock.now()).await?;
        let suppression = tx.suppressions().get(id).await?;
        if !tx.suppressions().delete(id).await? {
            return Err(AppError::not_found("suppression"));
        }
        let why = reason.map(|reason| json!({ "reason": reason }));
        tx.audit(AuditEntry::new("suppression.deleted", "suppression", id.0).change(facts(&suppression), why));
        tx.commit().await
    }
}

/// What suppressions that are made together have in common.
struct Shape<'s> {
    reason: Option<String>,
    source: SuppressionSource,
    member: &'s OrgMember,
    keys: &'s SuppressionKeys,
    now: DateTime<Utc>,
}

impl Shape<'_> {
    /// A suppression of `target`. Each is a microsecond younger than the one before, so that they are listed in the order in which they
    /// were given.
    fn suppression(&self, target: &SuppressionTarget, place: usize) -> Suppression {
        let organization_id = self.member.organization_id();
        let now = self.now + TimeDelta::microseconds(i64::try_from(place).unwrap_or_default());
        let (key_id, hash) = self.keys.newest(organization_id, target);
        Suppression {
            id: SuppressionId::new(now),
            organization_id,
            kind: target.kind,
            value: Some(target.value.clone()),
            value_hash: hash.to_vec(),
            key_id,
            reason: self.reason.clone(),
            source: self.source,
            created_by: self.member.user_id(),
            created_at: now,
            erased_at: None,
        }
    }
}

/// Writes new suppressions, each with its line in the audit log. What campaigns were about to send to whom they concern is recalled.
async fn add(tx: &mut OrgTx, keys: &SuppressionKeys, suppressions: &[Suppression]) -> Result<()> {
    tx.suppressions().insert_many(suppressions).await?;
    for suppression in suppressions {
        let entry = AuditEntry::new("suppression.created", "suppression", suppression.id.0);
        tx.audit(entry.change(None, facts(suppression)));
    }
    recall(tx, keys).await
}

/// Has nothing begin any more that was claimed before and is to go to somebody who is suppressed, on whichever channel. What has begun cannot
/// be called back.
async fn recall(tx: &mut OrgTx, keys: &SuppressionKeys) -> Result<()> {
    let steps = tx.steps().on_their_way().await?;
    if steps.is_empty() {
        return Ok(());
    }
    let organization = tx.organization_id();
    let leads: Vec<LeadId> = steps.iter().map(|(_, lead, _)| *lead).collect();
    let leads = tx.leads().plain(&leads).await?;
    let of = |lead: &Lead| keys.of_person(organization, lead.email.as_deref(), lead.linkedin_url.as_deref());
    let leads: HashMap<_, _> = leads.iter().map(|lead| (lead.id, of(lead))).collect();
    let suppressed = tx.suppressions().matching(leads.values().flatten()).await?;
    let barred = |lead: &LeadId| leads.get(lead).is_some_and(|keys| suppressed.kind(keys).is_some());
    let recalled: Vec<_> =
        steps.iter().filter(|(_, lead, _)| barred(lead)).map(|(step, _, token)| (*step, *token)).collect();
    tx.steps().recall(&recalled).await
}

/// What the audit log keeps of a suppression.
fn facts(suppression: &Suppression) -> Value {
    json!({"kind": suppression.kind, "source": suppression.source, "reason": suppression.reason})
}
