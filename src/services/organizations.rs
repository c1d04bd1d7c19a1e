//! The organization itself: its name is Clerk's, its settings are ours.

use chrono::{DateTime, Datelike, TimeZone, Utc};
use serde_json::json;

use super::{Clerk, Context};
use crate::{
    errors::Result,
    models::{AuditEntry, Organization, OrganizationUsage, Role, patch::Patch, version::VersionGuard},
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
    pub async fn update(
        &self,
        admin: &OrgAdmin,
        seen: &VersionGuard,
        changes: OrganizationChanges,
    ) -> Result<OrganizationDetails> {
        let organization = self.context.db.read(admin).await?.organization().get().await?;
        seen.check(organization.version)?;
        let name = changes.name.as_deref().filter(|name| *name != organization.name);
        let renamed = match name {
            Some(name) => {
                let clerk = self.clerk.api()?;
                Some(clerk.rename_organization(&organization.clerk_organization_id, name).await?)
            }
            None => None,
        };
        let now = self.context.clock.now();
        let mut tx = self.context.db.begin(admin, now).await?;
        match renamed {
            Some(renamed) => tx.hear_organization(renamed.told_by_answer()).await?,
            // What Clerk has done cannot be taken back; anything else still can.
            None => seen.check(tx.organization().lock().await?.version)?,
        }
        let organization = change_settings(&mut tx, changes).await?;
        let month = month_of(now);
        let usage = tx.organization().usage(month).await?;
        tx.commit().await?;
        Ok(OrganizationDetails { organization, role: admin.role(), usage, month })
    }
}

async fn change_settings(tx: &mut OrgTx, changes: OrganizationChanges) -> Result<Organization> {
    let OrganizationChanges { name: _, timezone, just_in_time_members } = changes;
    let mut organization = tx.organization().lock().await?;
    let before = organization.settings.0.clone();
    let settings = &mut organization.settings.0;
    settings.timezone = timezone.apply(settings.timezone.take());
    settings.just_in_time_members = just_in_time_members.unwrap_or(settings.just_in_time_members);
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
