//! The organization itself: its name is Clerk's, its settings are ours.

use chrono::{DateTime, Datelike, TimeZone, Utc};
use serde_json::json;

use super::{Clerk, Context};
use crate::{
    errors::{AppError, Kind, Result},
    models::{AuditEntry, Guardrails, Organization, OrganizationUsage, Role, patch::Patch, version::VersionGuard},
    repositories::{OrgAdmin, OrgPerson, OrgTx},
};

/// The organization itself.
#[derive(Clone)]
pub struct OrganizationService {
    /// What every service stands on.
    pub context: Context,
    /// Who owns the name.
    pub clerk: Clerk,
}

/// A merge patch of an organization.
#[derive(Debug, Default)]
pub struct OrganizationChanges {
    /// A new name.
    pub name: Option<String>,
    /// An IANA zone, or none.
    pub timezone: Patch<String>,
    /// Whether session tokens may introduce members.
    pub just_in_time_members: Option<bool>,
    /// Whether whoever asks for it in an answer is suppressed.
    pub suppress_on_request: Option<bool>,
    /// When it is paused, and how much is sent.
    pub guardrails: GuardrailsChanges,
}

/// A merge patch of an organization's guardrails.
#[derive(Debug, Default)]
pub struct GuardrailsChanges {
    /// At how many bounces in a thousand it is paused.
    pub pause_at_bounces_per_thousand: Patch<i32>,
    /// The same of complaints.
    pub pause_at_complaints_per_thousand: Patch<i32>,
    /// How many mails say something.
    pub pause_sample: Option<i32>,
    /// Messages on a day in all.
    pub messages_per_day: Patch<i32>,
    /// Mails on a day to one domain.
    pub mails_per_domain_per_day: Patch<i32>,
    /// Messages on a day to one company.
    pub messages_per_company_per_day: Patch<i32>,
}

impl GuardrailsChanges {
    fn apply(self, present: Guardrails) -> Guardrails {
        Guardrails {
            pause_at_bounces_per_thousand: self
                .pause_at_bounces_per_thousand
                .apply(present.pause_at_bounces_per_thousand),
            pause_at_complaints_per_thousand: self
                .pause_at_complaints_per_thousand
                .apply(present.pause_at_complaints_per_thousand),
            pause_sample: self.pause_sample.unwrap_or(present.pause_sample),
            messages_per_day: self.messages_per_day.apply(present.messages_per_day),
            mails_per_domain_per_day: self.mails_per_domain_per_day.apply(present.mails_per_domain_per_day),
            messages_per_company_per_day: self.messages_per_company_per_day.apply(present.messages_per_company_per_day),
        }
    }
}

/// An organization with what it uses.
#[derive(Debug)]
pub struct OrganizationDetails {
    /// The organization.
    pub organization: Organization,
    /// What the caller may do there.
    pub role: Role,
    /// What is used.
    pub usage: OrganizationUsage,
    /// Since when the month is counted.
    pub month: DateTime<Utc>,
}

impl OrganizationService {
    /// The organization.
    pub async fn get(&self, person: &OrgPerson) -> Result<OrganizationDetails> {
        let month = month_of(self.context.clock.now());
        let mut conn = self.context.db.read(person).await?;
        let organization = conn.organization().get().await?;
        let usage = conn.organization().usage(month).await?;
        Ok(OrganizationDetails { organization, role: person.role(), usage, month })
    }

    /// Changes the name at Clerk and the settings here.
    ///
    /// # Errors
    /// 412 if another change came between. If that was seen only after Clerk had changed the name, the name stays changed.
    pub async fn update(
        &self,
        admin: &OrgAdmin,
        seen: &VersionGuard,
        changes: OrganizationChanges,
    ) -> Result<OrganizationDetails> {
        let organization = self.context.db.read(admin).await?.organization().get().await?;
        seen.check(organization.version)?;
        let (service, admin, seen) = (self.clone(), admin.clone(), seen.clone());
        if let Some(name) = changes.name.clone().filter(|name| *name != organization.name) {
            let change = async move { service.rename(&admin, &seen, &organization, &name, changes).await };
            return self.clerk.change(change).await;
        }
        let mut tx = self.context.db.begin(&admin, self.context.clock.now()).await?;
        seen.check(tx.organization().lock().await?.version)?;
        finish(tx, &admin, changes).await
    }

    async fn rename(
        &self,
        admin: &OrgAdmin,
        seen: &VersionGuard,
        before: &Organization,
        name: &str,
        changes: OrganizationChanges,
    ) -> Result<OrganizationDetails> {
        let clerk = self.clerk.api()?;
        let entry = |action| {
            let change = (json!({"name": before.name}), json!({"name": name}));
            AuditEntry::new(action, "organization", before.id.0).change(change.0, change.1)
        };
        self.context.intend(admin, entry("organization.rename_requested")).await?;
        let answer = clerk.rename_organization(&before.clerk_organization_id, name).await;
        let renamed = self.context.heard(admin, answer, entry("organization.rename_refused")).await?;
        let mut tx = self.context.db.begin(admin, self.context.clock.now()).await?;
        let present = tx.organization().lock().await?;
        tx.hear_organization(renamed.told_by_answer()).await?;
        // The webhook may have told of the new name already: that is no other's change.
        let is_ours = present.settings.0 == before.settings.0 && (present.name == before.name || present.name == name);
        let version = tx.organization().lock().await?.version;
        if !is_ours && seen.check(version).is_err() {
            // What Clerk has done cannot be taken back; the settings still can.
            tx.commit().await?;
            return Err(only_renamed(version));
        }
        finish(tx, admin, changes).await
    }
}

fn only_renamed(version: i64) -> AppError {
    let detail = "The name was changed, and nothing else: the rest has changed since the version that If-Match names. Read it again.";
    AppError::new(Kind::PreconditionFailed, "version_mismatch", detail).with_member("version", version)
}

async fn finish(mut tx: OrgTx, admin: &OrgAdmin, changes: OrganizationChanges) -> Result<OrganizationDetails> {
    let organization = change_settings(&mut tx, changes).await?;
    let month = month_of(tx.now());
    let usage = tx.organization().usage(month).await?;
    tx.commit().await?;
    Ok(OrganizationDetails { organization, role: admin.role(), usage, month })
}

async fn change_settings(tx: &mut OrgTx, changes: OrganizationChanges) -> Result<Organization> {
    let OrganizationChanges { name: _, timezone, just_in_time_members, suppress_on_request, guardrails } = changes;
    let mut organization = tx.organization().lock().await?;
    let before = organization.settings.0.clone();
    let settings = &mut organization.settings.0;
    settings.timezone = timezone.apply(settings.timezone.take());
    settings.just_in_time_members = just_in_time_members.unwrap_or(settings.just_in_time_members);
    settings.suppress_on_request = suppress_on_request.unwrap_or(settings.suppress_on_request);
    settings.guardrails = guardrails.apply(settings.guardrails);
    if *settings != before {
        let after = json!({"settings": settings});
        organization.version += 1;
        organization.updated_at = tx.now();
        tx.organization().update(&organization).await?;
        let entry = AuditEntry::new("organization.settings_changed", "organization", organization.id.0);
        tx.audit(entry.change(json!({"settings": before}), after));
    }
    Ok(organization)
}

/// The first instant of the month, in UTC.
fn month_of(now: DateTime<Utc>) -> DateTime<Utc> {
    Utc.with_ymd_and_hms(now.year(), now.month(), 1, 0, 0, 0).single().unwrap_or(now)
}
