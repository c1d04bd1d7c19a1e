//! The issuer's published keys, fetched when needed and never more often than is decent.
//!
//! - One fetch at a time, whoever asks; it runs on when the one who asked goes away.
//! - Keys are fresh for 5 minutes. After that the first to need one fetches; the others use the old one meanwhile.
//! - An unknown key id may mean that keys were rotated, so it causes a fetch, but not more than one in 10 s in all, and
//!   not again for the same id for 30 s: tokens with random key ids must not make us a weapon against the issuer.
//! - Keys that were once had are kept while the issuer is away.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use jsonwebtoken::DecodingKey;
use moka::future::Cache;
use reqwest::StatusCode;
use tokio::sync::{Mutex, OwnedMutexGuard};
use url::Url;

use super::{
    super::http::{read_capped, require_secure},
    error::{JwksError, TokenError},
    key_source::{VerifierError, decoding_keys_from_jwks},
};
use crate::utils::clock::SharedClock;

/// How long fetched keys are used without asking again.
const FRESH: Duration = Duration::from_mins(5);
/// The least time between two fetches while there are keys to go on with.
const REST: Duration = Duration::from_secs(10);
/// The least time between two fetches while there is no key at all.
const REST_EMPTY: Duration = Duration::from_secs(1);
/// How long an unknown key id stays unknown without asking again.
const UNKNOWN: Duration = Duration::from_secs(30);
/// How many unknown key ids are remembered.
const UNKNOWN_CAPACITY: u64 = 1_024;
/// How long one fetch may take.
const FETCH: Duration = Duration::from_secs(5);
/// The largest key set that is read; Clerk's is below 2 KiB.
const LARGEST: usize = 128 * 1024;

/// The keys of one issuer. Never shared between issuers: a key id is only unique within one.
pub(super) struct KeyRing {
    http: reqwest::Client,
    url: Url,
    clock: SharedClock,
    keys: RwLock<Option<Fetched>>,
    /// Held while fetching.
    attempts: Arc<Mutex<Attempts>>,
    unknown: Cache<String, Duration>,
}

#[derive(Debug, Clone)]
struct Fetched {
    keys: Arc<HashMap<String, DecodingKey>>,
    at: Duration,
}

/// What is remembered of the last fetch.
#[derive(Debug, Default)]
struct Attempts {
    last: Option<Duration>,
    failure: Option<Arc<JwksError>>,
}

/// What the ring knows of a key id without asking.
enum Known {
    Fresh(DecodingKey),
    Stale(DecodingKey),
    No,
}

impl KeyRing {
    pub(super) fn new(url: Url, clock: SharedClock, http: reqwest::Client) -> Result<Arc<Self>, VerifierError> {
        require_secure(&url, "the address of the key set")?;
        Ok(Arc::new(Self {
            http,
            url,
            clock,
            keys: RwLock::default(),
            attempts: Arc::default(),
            unknown: Cache::builder().max_capacity(UNKNOWN_CAPACITY).time_to_live(UNKNOWN).build(),
        }))
    }

    /// The key named `kid`.
    pub(super) async fn find(self: &Arc<Self>, kid: &str) -> Result<DecodingKey, TokenError> {
        match self.look_up(kid) {
            Known::Fresh(key) => Ok(key),
            Known::Stale(key) => self.renew(kid, key).await,
            Known::No => self.discover(kid).await,
        }
    }

    /// Fetches unless somebody is at it, and goes on with the old key where that fails. A key that the issuer has
    /// withdrawn meanwhile is refused.
    async fn renew(self: &Arc<Self>, kid: &str, old: DecodingKey) -> Result<DecodingKey, TokenError> {
        let Ok(attempts) = Arc::clone(&self.attempts).try_lock_owned() else { return Ok(old) };
        if self.is_resting(&attempts) || self.refresh(attempts).await.is_err() {
            return Ok(old);
        }
        match self.look_up(kid) {
            Known::Fresh(key) | Known::Stale(key) => Ok(key),
            Known::No => Err(TokenError::UnknownKey),
        }
    }

    /// Fetches to find a key id that is unknown so far, within the limits.
    async fn discover(self: &Arc<Self>, kid: &str) -> Result<DecodingKey, TokenError> {
        if self.is_known_to_be_unknown(kid).await {
            return Err(TokenError::UnknownKey);
        }
        let attempts = Arc::clone(&self.attempts).lock_owned().await;
        // Whoever held the lock may have brought what is wanted.
        if let Known::Fresh(key) | Known::Stale(key) = self.look_up(kid) {
            return Ok(key);
        }
        if self.is_resting(&attempts) {
            return Err(match &attempts.failure {
                Some(failure) => TokenError::KeysUnavailable(Arc::clone(failure)),
                None => TokenError::UnknownKey,
            });
        }
        self.refresh(attempts).await.map_err(TokenError::KeysUnavailable)?;
        if let Known::Fresh(key) | Known::Stale(key) = self.look_up(kid) {
            return Ok(key);
        }
        self.unknown.insert(kid.to_owned(), self.clock.monotonic()).await;
        Err(TokenError::UnknownKey)
    }

    fn look_up(&self, kid: &str) -> Known {
        let fetched = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        match fetched.as_ref().and_then(|fetched| Some((fetched.keys.get(kid)?.clone(), fetched.at))) {
            Some((key, at)) if self.clock.monotonic().saturating_sub(at) < FRESH => Known::Fresh(key),
            Some((key, _)) => Known::Stale(key),
            None => Known::No,
        }
    }

    async fn is_known_to_be_unknown(&self, kid: &str) -> bool {
        let since = self.unknown.get(kid).await;
        since.is_some_and(|since| self.clock.monotonic().saturating_sub(since) < UNKNOWN)
    }

    fn is_resting(&self, attempts: &Attempts) -> bool {
        let has_keys = self.keys.read().unwrap_or_else(PoisonError::into_inner).is_some();
        let rest = if has_keys { REST } else { REST_EMPTY };
        attempts.last.is_some_and(|last| self.clock.monotonic().saturating_sub(last) < rest)
    }

    /// Fetches in a task of its own, so that a caller who hangs up does not undo the fetch that others wait for.
    async fn refresh(self: &Arc<Self>, mut attempts: OwnedMutexGuard<Attempts>) -> Result<(), Arc<JwksError>> {
        let ring = Arc::clone(self);
        let task = tokio::spawn(async move {
            attempts.last = Some(ring.clock.monotonic());
            let outcome = ring.fetch().await.map_err(Arc::new);
            attempts.failure = outcome.as_ref().err().map(Arc::clone);
            match &outcome {
                Ok(()) => tracing::debug!(url = %ring.url, "fetched the issuer's keys"),
                Err(error) => tracing::warn!(url = %ring.url, error = %error, "cannot fetch the issuer's keys"),
            }
            outcome
        });
        task.await.unwrap_or_else(|_| Err(Arc::new(JwksError::Interrupted)))
    }

    async fn fetch(&self) -> Result<(), JwksError> {
        let response = self.http.get(self.url.clone()).timeout(FETCH).send().await?;
        // A client that follows redirects would end elsewhere than at the address that was asked.
        if response.status() != StatusCode::OK || *response.url() != self.url {
            return Err(JwksError::Status(response.status()));
        }
        let body = read_capped(response, LARGEST).await?.ok_or(JwksError::TooLong)?;
        let keys = Arc::new(decoding_keys_from_jwks(&body)?);
        let fetched = Fetched { keys, at: self.clock.monotonic() };
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = Some(fetched);
        Ok(())
    }
}
