//! Which key is calling, remembered for a moment.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::sync::OwnedMutexGuard;

use super::ApiKeyService;
use crate::{
    errors::{AppError, Kind, Result},
    models::{ApiKeyHash, KeyUse},
    repositories::IdentifiedApiKey,
};

/// How a request by a key whose time is over is answered (RFC 9110, 15.5.2).
const EXPIRED: u16 = 401;

/// How long whoever comes later waits for the one who asks.
const LONGEST_TURN: Duration = Duration::from_secs(1);

/// Others who present the same secret wait as long as this is held.
#[derive(Debug)]
pub struct Turn(#[expect(dead_code, reason = "it is held")] Option<OwnedMutexGuard<()>>);

/// What the database knew of a secret a moment ago.
pub(super) struct Known {
    key: Option<Arc<IdentifiedApiKey>>,
    /// Whether its use has been noted since.
    noted: AtomicBool,
}

impl ApiKeyService {
    /// The key that a secret belongs to, and that it may be used now.
    ///
    /// # Errors
    /// 401 if there is no such key, or its time is over, which is told to the audit log; 503 while the database is away.
    pub async fn identify(&self, hash: ApiKeyHash, used_for: &KeyUse) -> Result<Arc<IdentifiedApiKey>> {
        let known = match self.remembered.recall(&hash) {
            Some(known) => known,
            None => self.ask(hash).await?,
        };
        let key = known.key.as_ref().ok_or_else(unknown)?;
        if key.is_expired(self.context.clock.now()) {
            self.using(key, used_for.clone()).answered(EXPIRED);
            return Err(expired());
        }
        self.note_use(&known, key);
        Ok(Arc::clone(key))
    }

    /// Whether nothing is known of a secret: the database would have to be asked, and it has not worked here within the last day.
    #[must_use]
    pub fn is_strange(&self, hash: &ApiKeyHash) -> bool {
        !self.proven.contains_key(hash) && self.remembered.recall(hash).is_none()
    }

    /// Has those who present the same secret wait for who came first with it, whose answer is theirs too. If that does not come soon, they ask for
    /// themselves.
    pub async fn turn(&self, hash: &ApiKeyHash) -> Turn {
        let turn = self.turns.get_with(*hash, Arc::default).lock_owned();
        Turn(tokio::time::timeout(LONGEST_TURN, turn).await.ok())
    }

    /// Waits until every use that was noted is written.
    pub async fn settle(&self) {
        self.notes.close();
        self.notes.wait().await;
    }

    async fn ask(&self, hash: ApiKeyHash) -> Result<Arc<Known>> {
        let asked = self.remembered.asking();
        let key = self.context.db.identify_api_key(hash).await?.map(Arc::new);
        if key.is_some() {
            self.proven.insert(hash, ());
        }
        let known = Arc::new(Known { key, noted: AtomicBool::new(false) });
        self.remembered.keep(hash, Arc::clone(&known), asked);
        Ok(known)
    }

    /// Notes the use beside the request: it neither waits for the note nor fails with it.
    fn note_use(&self, known: &Known, key: &Arc<IdentifiedApiKey>) {
        let now = self.context.clock.now();
        if !key.wants_note_of_use(now) || known.noted.swap(true, Ordering::Relaxed) {
            return;
        }
        let (db, key) = (self.context.db.clone(), Arc::clone(key));
        self.notes.spawn(async move {
            if let Err(error) = db.note_api_key_use(&key, now).await {
                tracing::warn!(code = error.code(), cause = error.causes(), "the use of an API key was not noted");
            }
        });
    }
}

fn unknown() -> AppError {
    AppError::new(Kind::Unauthenticated, "api_key_invalid", "There is no such API key, or it was revoked.")
}

fn expired() -> AppError {
    AppError::new(Kind::Unauthenticated, "api_key_expired", "The API key has expired, or was replaced by a rotation.")
}
