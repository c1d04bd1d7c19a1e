//! Sealing anew, under the key that seals now, what older keys have sealed. Beside running servers: what one of them stores meanwhile is left
//! alone. Killed anywhere it has done whole batches, and goes on with what is left.

use std::fmt;

use chrono::{DateTime, Utc};
use secrecy::ExposeSecret as _;
use serde_json::json;
use uuid::Uuid;

use super::{clay_destinations, connected_accounts, webhook_secrets};
use crate::{
    errors::{AppError, Result},
    models::{AuditEntry, OrganizationId, SealedColumn, SealedCount, SealedSecret},
    repositories::{Database, lost_race},
    utils::{
        clock::SharedClock,
        crypto::{Cipher, CryptoError, Place},
    },
};

/// Secrets that are sealed anew in one transaction.
const BATCH: i64 = 100;
/// Organizations that are asked for together.
const ORGANIZATIONS: i64 = 100;
/// Times that everything is gone through, should servers store secrets meanwhile.
const PASSES: usize = 3;
/// Times that a batch is tried again when another transaction was in its way.
const TRIES: usize = 5;

/// Seals secrets anew.
pub struct Reseal {
    db: Database,
    clock: SharedClock,
    cipher: Cipher,
}

impl fmt::Debug for Reseal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reseal").finish_non_exhaustive()
    }
}

/// What became of it.
#[derive(Debug, Default)]
pub struct Resealed {
    /// Secrets that were sealed anew.
    pub resealed: u64,
    /// Secrets that do not open, with the reason: nobody can use them, and nobody can seal them anew.
    pub unopened: Vec<(SealedSecret, CryptoError)>,
    /// How many secrets each key has sealed now.
    pub sealed_by: Vec<SealedCount>,
}

/// What became of a batch.
#[derive(Default)]
struct Batch {
    resealed: u64,
    /// Something else stood in their place meanwhile.
    overtaken: u64,
    unopened: Vec<(SealedSecret, CryptoError)>,
    /// Where the next begins, if there is one.
    last: Option<(SealedColumn, Uuid)>,
}

impl Reseal {
    /// Seals with the first key of `cipher` what its others have sealed.
    #[must_use]
    pub fn new(db: Database, clock: SharedClock, cipher: Cipher) -> Self {
        Self { db, clock, cipher }
    }

    /// Goes through all secrets that another key has sealed.
    ///
    /// # Errors
    /// The database is away; what was committed stays done.
    pub async fn run(&self) -> Result<Resealed> {
        let mut all = Resealed::default();
        for _ in 0..PASSES {
            let pass = self.pass().await?;
            all.resealed += pass.resealed;
            all.unopened = pass.unopened;
            if pass.overtaken == 0 {
                break;
            }
        }
        all.sealed_by = self.count().await?;
        Ok(all)
    }

    /// How many secrets each key has sealed.
    ///
    /// # Errors
    /// The database is away.
    pub async fn count(&self) -> Result<Vec<SealedCount>> {
        self.db.sealed_by_key().await
    }

    async fn pass(&self) -> Result<Batch> {
        let (mut all, mut after) = (Batch::default(), None);
        loop {
            let organizations =
                self.db.organizations_to_reseal(self.cipher.sealing_key(), after, ORGANIZATIONS).await?;
            let Some(last) = organizations.last() else { return Ok(all) };
            after = Some(*last);
            for organization in organizations {
                let mut from = None;
                loop {
                    let batch = self.batch_again(organization, from).await?;
                    all.resealed += batch.resealed;
                    all.overtaken += batch.overtaken;
                    all.unopened.extend(batch.unopened);
                    from = batch.last;
                    if from.is_none() {
                        break;
                    }
                }
            }
        }
    }

    /// A batch, again if another transaction was in its way: nothing was written then.
    async fn batch_again(&self, organization: OrganizationId, from: Option<(SealedColumn, Uuid)>) -> Result<Batch> {
        let mut tries = 1;
        loop {
            match self.batch(organization, from, self.clock.now()).await {
                Err(error) if tries < TRIES && lost_race(&error) => tries += 1,
                done => return done,
            }
        }
    }

    async fn batch(
        &self,
        organization: OrganizationId,
        from: Option<(SealedColumn, Uuid)>,
        now: DateTime<Utc>,
    ) -> Result<Batch> {
        let mut tx = self.db.begin_engine(organization, now).await?;
        let secrets = tx.sealed_secrets().sealed_by_others(self.cipher.sealing_key(), from, BATCH).await?;
        let full = i64::try_from(secrets.len()).is_ok_and(|count| count >= BATCH);
        let last = secrets.last().filter(|_| full).map(|secret| (secret.column, secret.row));
        let mut batch = Batch { last, ..Batch::default() };
        for secret in secrets {
            let place = place(&secret);
            let sealed = match self.cipher.open(place, &secret.sealed) {
                Ok(open) => self.cipher.seal(place, open.expose_secret()).map_err(AppError::internal)?,
                Err(why) => {
                    batch.unopened.push((secret, why));
                    continue;
                }
            };
            if tx.sealed_secrets().replace(&secret, &sealed).await? {
                batch.resealed += 1;
            } else {
                batch.overtaken += 1;
            }
        }
        if batch.resealed > 0 {
            let after = json!({ "key_id": self.cipher.sealing_key(), "secrets": batch.resealed });
            tx.audit(AuditEntry::new("secrets.resealed", "organization", organization.0).change(None, after));
        }
        tx.commit().await?;
        Ok(batch)
    }
}

/// Where a secret is sealed for.
fn place(secret: &SealedSecret) -> Place {
    let (organization, row) = (secret.organization, secret.row);
    match secret.column {
        SealedColumn::AccountCredentials => connected_accounts::credentials_of(organization, row.into()),
        SealedColumn::ClayToken => clay_destinations::token_of(organization, row.into()),
        SealedColumn::WebhookSecret | SealedColumn::EarlierWebhookSecret => webhook_secrets::place(organization),
    }
}
