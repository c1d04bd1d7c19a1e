//! The door through which every session token comes.

use std::{
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

use aws_lc_rs::digest::{SHA256, digest};
use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::{Algorithm, crypto};
use moka::{Expiry, future::Cache};

use super::{
    claims::{self, Expected},
    error::TokenError,
    header::{Parts, refuse_at_sight},
    key_ring::KeyRing,
    key_source::{KeySource, VerifierError},
    token::SessionToken,
};
use crate::{config::JwtKey, utils::clock::SharedClock};

/// How many verified tokens are remembered; one takes about 1 KiB.
const REMEMBERED: u64 = 10_000;

/// A token is verified anew after this time even if it lives longer, so that a key that its issuer withdraws stops
/// opening doors.
const LONGEST_MEMORY: TimeDelta = TimeDelta::minutes(5);

/// How session tokens are verified.
#[derive(Debug, Clone)]
pub struct VerifierSettings {
    /// The exact `iss` of our tokens, `https://clerk.<domain>` or `https://<slug>.clerk.accounts.dev`.
    pub issuer: String,
    /// The exact origins (`azp`) of the pages that may use the API; empty = any page of the instance's.
    pub authorized_parties: Vec<String>,
    /// Where the issuer's keys come from.
    pub keys: KeySource,
}

/// Verifies session tokens. Cheap to clone.
///
/// RS256 only, the signature before the claims, 5 s of skew. A verified token is remembered by its SHA-256 until it
/// expires, or for 5 minutes, whichever is sooner: verifying a signature costs some 30 µs, and a page sends the same
/// token with every request of its minute.
#[derive(Clone)]
pub struct SessionVerifier {
    inner: Arc<Inner>,
}

struct Inner {
    expected: Expected,
    keys: Keys,
    clock: SharedClock,
    remembered: Cache<[u8; 32], Remembered>,
}

enum Keys {
    One(JwtKey),
    Published(Arc<KeyRing>),
}

#[derive(Clone)]
struct Remembered {
    token: Arc<SessionToken>,
    until: DateTime<Utc>,
    /// Real time that it is worth keeping in memory. What is *accepted* is decided by `until` and the injected clock.
    keep: Duration,
}

struct UntilUseless;

impl Expiry<[u8; 32], Remembered> for UntilUseless {
    fn expire_after_create(&self, _: &[u8; 32], remembered: &Remembered, _: Instant) -> Option<Duration> {
        Some(remembered.keep)
    }
}

impl SessionVerifier {
    /// A verifier for one issuer. `http` should be [`http_client`](super::super::http_client): it is used for the key
    /// set only, and an answer after a redirect is refused. Nothing is fetched before the first token comes.
    ///
    /// # Errors
    /// [`VerifierError`] when the settings cannot work: to be told while starting.
    pub fn new(settings: VerifierSettings, clock: SharedClock, http: reqwest::Client) -> Result<Self, VerifierError> {
        let VerifierSettings { issuer, authorized_parties, keys } = settings;
        if issuer.is_empty() {
            return Err(VerifierError::NoIssuer);
        }
        let keys = match keys {
            KeySource::Pem(key) => Keys::One(key),
            KeySource::Jwks(url) => Keys::Published(KeyRing::new(url, Arc::clone(&clock), http)?),
        };
        let remembered = Cache::builder().max_capacity(REMEMBERED).expire_after(UntilUseless).build();
        let expected = Expected { issuer, authorized_parties };
        Ok(Self { inner: Arc::new(Inner { expected, keys, clock, remembered }) })
    }

    /// What `token` says, if it is a session token of ours that is valid now.
    ///
    /// # Errors
    /// [`TokenError`] says why not; it becomes a 401, or a 503 when the keys cannot be had.
    pub async fn verify(&self, token: &str) -> Result<Arc<SessionToken>, TokenError> {
        refuse_at_sight(token)?;
        let key = fingerprint(token);
        let now = self.inner.clock.now();
        if let Some(known) = self.inner.remembered.get(&key).await
            && now < known.until
        {
            return Ok(known.token);
        }
        let session = Arc::new(self.inner.verify_anew(token).await?);
        let until = (session.expires_at + TimeDelta::milliseconds(claims::SKEW_MILLIS)).min(now + LONGEST_MEMORY);
        let keep = (until - now).to_std().unwrap_or_default();
        self.inner.remembered.insert(key, Remembered { token: Arc::clone(&session), until, keep }).await;
        Ok(session)
    }
}

impl Inner {
    async fn verify_anew(&self, token: &str) -> Result<SessionToken, TokenError> {
        let parts = Parts::read(token)?;
        let published;
        let key = match (&self.keys, &parts.kid) {
            (Keys::One(key), _) => key.decoding_key(),
            (Keys::Published(_), None) => return Err(TokenError::UnknownKey),
            (Keys::Published(ring), Some(kid)) => {
                published = ring.find(kid).await?;
                &published
            }
        };
        match crypto::verify(parts.signature, parts.message.as_bytes(), key, Algorithm::RS256) {
            Ok(true) => claims::check(&parts.claims()?, &self.expected, self.clock.now()),
            Ok(false) | Err(_) => Err(TokenError::Signature),
        }
    }
}

/// SHA-256 of a token: what is remembered must not open a door if the memory leaks.
fn fingerprint(token: &str) -> [u8; 32] {
    let mut key = [0; 32];
    key.copy_from_slice(digest(&SHA256, token.as_bytes()).as_ref());
    key
}

impl fmt::Debug for SessionVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionVerifier").field("expected", &self.inner.expected).finish_non_exhaustive()
    }
}
