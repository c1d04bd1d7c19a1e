//! Pushing a list's new leads to a table in Clay: its destinations here, the push itself in `push`.

mod payload;
mod push;

use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use url::Url;

use super::Context;
use crate::{
    errors::{AppError, Fault, Result},
    integrations::clay::ClayWebhooks,
    models::{
        AuditEntry, ClayDestination, ClayDestinationId, ClayDestinationStatus, ClayLimits, ClayProgress, LeadListId,
        MASKED, OrganizationId,
        page::{Page, PageRequest},
        patch::Patch,
        version::VersionGuard,
    },
    repositories::{BaseRepository, OrgConn, OrgMember, OrgPerson, OrgTx},
    utils::crypto::{Cipher, Place, Sealed},
};

/// Pushing leads to Clay.
#[derive(Clone)]
pub struct ClayDestinationService {
    context: Context,
    cipher: Cipher,
    clay: ClayWebhooks,
}

/// A destination to be made.
#[derive(Debug)]
pub struct NewClayDestination {
    /// The webhook.
    pub url: Url,
    /// The webhook's token, if it asks for one.
    pub auth_token: Option<SecretString>,
    /// Whether the leads that are on the list already are sent too.
    pub include_existing: bool,
}

/// A merge patch of a destination.
#[derive(Debug, Default)]
pub struct ClayDestinationChanges {
    /// Another webhook.
    pub url: Option<Url>,
    /// Another token, or none.
    pub auth_token: Patch<SecretString>,
    /// In use, or set aside.
    pub status: Option<ClayDestinationStatus>,
}

/// A destination and how far it is.
#[derive(Debug)]
pub struct ClayDestinationView {
    /// The destination.
    pub destination: ClayDestination,
    /// How far it is.
    pub progress: ClayProgress,
}

impl ClayDestinationService {
    /// A service that sends by `clay` and seals tokens with `cipher`.
    #[must_use]
    pub fn new(context: Context, cipher: Cipher, clay: ClayWebhooks) -> Self {
        Self { context, cipher, clay }
    }

    /// A page of a list's destinations.
    pub async fn list(
        &self,
        member: &OrgMember,
        list: LeadListId,
        page: &PageRequest,
    ) -> Result<Page<ClayDestinationView>> {
        let mut conn = self.context.db.read(member).await?;
        if !conn.lead_lists().exists(list).await? {
            return Err(AppError::not_found("lead list"));
        }
        let destinations = conn.clay_destinations().list_of(list, page).await?;
        let ids: Vec<_> = destinations.items.iter().map(|destination| destination.id).collect();
        let progress = conn.clay_destinations().progress(&ids).await?;
        Ok(destinations.map(|destination| {
            let progress = progress.get(&destination.id).copied().unwrap_or_default();
            ClayDestinationView { destination, progress }
        }))
    }

    /// One destination.
    pub async fn get(&self, member: &OrgMember, id: ClayDestinationId) -> Result<ClayDestinationView> {
        let mut conn = self.context.db.read(member).await?;
        let destination = conn.clay_destinations().get(id).await?;
        view(&mut conn, destination).await
    }

    /// Makes a destination of a list. The list is locked, so that a lead that is put on it at the same time is either there already or
    /// queued by the statement that puts it there.
    pub async fn create(
        &self,
        person: &OrgPerson,
        list: LeadListId,
        new: NewClayDestination,
    ) -> Result<ClayDestinationView> {
        let NewClayDestination { url, auth_token, include_existing } = new;
        self.check(Some(&url), auth_token.as_ref()).await?;
        let mut tx = self.context.db.begin(person, self.context.clock.now()).await?;
        tx.lead_lists().locked(list).await?;
        let destination = ClayDestination {
            id: ClayDestinationId::new(tx.now()),
            organization_id: person.organization_id(),
            lead_list_id: list,
            url: url.into(),
            has_auth_token: auth_token.is_some(),
            status: ClayDestinationStatus::Active,
            status_reason: None,
            failures: 0,
            next_attempt_at: tx.now(),
            last_sent_at: None,
            version: 1,
            created_by: Some(person.user_id()),
            created_at: tx.now(),
            updated_at: tx.now(),
        };
        let sealed = auth_token.map(|token| self.seal(&destination, &token)).transpose()?;
        tx.clay_destinations().insert(&destination, sealed.as_ref()).await?;
        if include_existing {
            let now = tx.now();
            tx.clay_destinations().queue_present(destination.id, list, now).await?;
        }
        let mut after = facts(&destination);
        after["include_existing"] = include_existing.into();
        tx.audit(AuditEntry::new("clay_destination.created", "clay_destination", destination.id.0).change(None, after));
        let progress = progress_of(&mut tx, destination.id).await?;
        tx.commit().await?;
        Ok(ClayDestinationView { destination, progress })
    }

    /// Changes a destination's webhook or token, sets it aside or takes it up again. It is tried again at once.
    pub async fn update(
        &self,
        person: &OrgPerson,
        id: ClayDestinationId,
        seen: &VersionGuard,
        changes: ClayDestinationChanges,
    ) -> Result<ClayDestinationView> {
        let ClayDestinationChanges { url, auth_token, status } = changes;
        let new_token = if let Patch::Set(token) = &auth_token { Some(token) } else { None };
        self.check(url.as_ref(), new_token).await?;
        let mut tx = self.context.db.begin(person, self.context.clock.now()).await?;
        let mut destination = tx.clay_destinations().locked(id).await?;
        seen.check(destination.version)?;
        let before = facts(&destination);
        let new_token = self.change_token(&mut tx, &mut destination, auth_token).await?;
        destination.url = url.map_or(destination.url, Url::into);
        if let Some(status) = status {
            (destination.status, destination.status_reason) = (status, None);
        }
        if new_token || facts(&destination) != before {
            destination.version += 1;
            (destination.updated_at, destination.next_attempt_at) = (tx.now(), tx.now());
            destination.failures = 0;
            tx.clay_destinations().update(&destination).await?;
            let mut after = facts(&destination);
            after["auth_token_changed"] = new_token.into();
            tx.audit(AuditEntry::new("clay_destination.updated", "clay_destination", id.0).change(before, after));
        }
        let progress = progress_of(&mut tx, id).await?;
        refuse_full(&destination, &progress)?;
        tx.commit().await?;
        Ok(ClayDestinationView { destination, progress })
    }

    /// Ends the push. What Clay has, it keeps; that the webhook has had so many records is not forgotten.
    pub async fn delete(&self, person: &OrgPerson, id: ClayDestinationId, seen: &VersionGuard) -> Result<()> {
        let mut tx = self.context.db.begin(person, self.context.clock.now()).await?;
        let destination = tx.clay_destinations().locked(id).await?;
        seen.check(destination.version)?;
        tx.clay_destinations().delete(id).await?;
        let entry = AuditEntry::new("clay_destination.deleted", "clay_destination", id.0);
        tx.audit(entry.change(facts(&destination), None));
        tx.commit().await
    }

    /// Refuses an address that may not be asked and a token that cannot be sent. Before a transaction is open, since a name may have to
    /// be resolved.
    async fn check(&self, url: Option<&Url>, token: Option<&SecretString>) -> Result<()> {
        let mut faults = Vec::new();
        if let Some(url) = url
            && let Err(refusal) = self.clay.check(url).await
        {
            faults.push(Fault::new("/url", refusal.code, refusal.detail));
        }
        if token.is_some_and(|token| !ClayWebhooks::is_token(token.expose_secret())) {
            faults.push(Fault::new("/auth_token", "wrong_form", "A token has visible ASCII characters only."));
        }
        if faults.is_empty() { Ok(()) } else { Err(AppError::invalid(faults)) }
    }

    /// Seals another token, or clears it; whether there was anything to do.
    async fn change_token(
        &self,
        tx: &mut OrgTx,
        destination: &mut ClayDestination,
        change: Patch<SecretString>,
    ) -> Result<bool> {
        let sealed = match change {
            Patch::Keep => return Ok(false),
            Patch::Clear if !destination.has_auth_token => return Ok(false),
            Patch::Clear => None,
            Patch::Set(token) => Some(self.seal(destination, &token)?),
        };
        destination.has_auth_token = sealed.is_some();
        tx.clay_destinations().set_token(destination.id, sealed.as_ref()).await?;
        Ok(true)
    }

    fn seal(&self, destination: &ClayDestination, token: &SecretString) -> Result<Sealed> {
        let place = token_of(destination.organization_id, destination.id);
        self.cipher.seal(place, token.expose_secret().as_bytes()).map_err(AppError::internal)
    }
}

/// A webhook that has had all that it takes cannot be taken up again.
fn refuse_full(destination: &ClayDestination, progress: &ClayProgress) -> Result<()> {
    if destination.status != ClayDestinationStatus::Active || progress.webhook_sent < ClayLimits::PER_WEBHOOK {
        return Ok(());
    }
    let detail =
        "This webhook has had the 50,000 records that Clay lets it take. Make a new one in Clay, and give its URL.";
    Err(AppError::conflict("clay_webhook_full", detail))
}

async fn view(conn: &mut OrgConn, destination: ClayDestination) -> Result<ClayDestinationView> {
    let progress = conn.clay_destinations().progress(&[destination.id]).await?.remove(&destination.id);
    Ok(ClayDestinationView { progress: progress.unwrap_or_default(), destination })
}

async fn progress_of(tx: &mut OrgTx, id: ClayDestinationId) -> Result<ClayProgress> {
    Ok(tx.clay_destinations().progress(&[id]).await?.remove(&id).unwrap_or_default())
}

/// Where a destination's token is sealed for.
pub(super) fn token_of(organization: OrganizationId, id: ClayDestinationId) -> Place {
    Place { organization: organization.0, table: "clay_destinations", row: id.0, column: "auth_token" }
}

/// What the audit log keeps of a destination.
fn facts(destination: &ClayDestination) -> Value {
    json!({
        "lead_list_id": destination.lead_list_id, "url": destination.url, "status": destination.status,
        "auth_token": destination.has_auth_token.then_some(MASKED),
    })
}
