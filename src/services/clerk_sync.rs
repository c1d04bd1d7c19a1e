//! What Clerk's webhooks tell, added to what is known.

use std::time::Duration;

use super::Context;
use crate::{
    errors::{Kind, Result},
    integrations::clerk::{ClerkEvent, Envelope},
    models::clerk_sync::EventOutcome,
    repositories::{RequestContext, SyncTx},
};

/// How often news that met a deadlock or a busy row are tried, and how long to wait in between. Clerk waits 15 s for an answer.
const TRIES: u32 = 3;
const PAUSE: Duration = Duration::from_millis(50);

/// What Clerk's webhooks tell.
#[derive(Clone)]
pub struct ClerkSyncService(pub Context);

impl ClerkSyncService {
    /// Acts on the event `id`, once. Nothing has happened if this fails, and the sender should try again.
    pub async fn apply(&self, id: &str, envelope: &Envelope, request: &RequestContext) -> Result<EventOutcome> {
        let mut tries = 1;
        loop {
            match self.try_to_apply(id, envelope, request.clone()).await {
                Err(error) if error.kind() == Kind::Unavailable && error.code() == "database_busy" && tries < TRIES => {
                    tracing::warn!(event = id, tries, "an event met a busy row");
                    tokio::time::sleep(PAUSE * tries).await;
                    tries += 1;
                }
                outcome => return outcome,
            }
        }
    }

    async fn try_to_apply(&self, id: &str, envelope: &Envelope, request: RequestContext) -> Result<EventOutcome> {
        let mut tx = self.0.db.begin_sync(request, self.0.clock.now()).await?;
        if !tx.note_event(id, &envelope.kind).await? {
            return Ok(EventOutcome::Duplicate);
        }
        let outcome = match hear(&mut tx, envelope).await? {
            Some(true) => EventOutcome::Applied,
            Some(false) => EventOutcome::Stale,
            None => EventOutcome::Ignored,
        };
        tx.note_outcome(id, outcome).await?;
        tx.commit().await?;
        Ok(outcome)
    }
}

/// Whether an event told anything new; nothing if it does not concern us.
async fn hear(tx: &mut SyncTx, envelope: &Envelope) -> Result<Option<bool>> {
    let at = envelope.happened_at;
    let heard = match envelope.event.clone() {
        ClerkEvent::UserUpserted(user) => tx.hear_user(user.told(at)).await?,
        ClerkEvent::UserDeleted(user) => tx.hear_user(user.told()).await?,
        ClerkEvent::OrganizationUpserted(organization) => tx.hear_organization(organization.told(at)).await?,
        ClerkEvent::OrganizationDeleted(organization) => tx.hear_organization(organization.told()).await?,
        ClerkEvent::MembershipUpserted(membership) => tx.hear_membership(membership.told(at)).await?,
        ClerkEvent::MembershipDeleted(membership) => tx.hear_membership(membership.told_of_end(at)).await?,
        ClerkEvent::Other => return Ok(None),
    };
    Ok(Some(heard))
}
