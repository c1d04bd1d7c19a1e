//! The demo identity: a key pair of our own that signs session tokens like Clerk's, so that development needs no account.

use std::time::Duration;

use aws_lc_rs::{
    encoding::{AsDer as _, Pkcs8V1Der, PublicKeyX509Der},
    rsa::{KeyPair, KeySize},
    signature::KeyPair as _,
};
use chrono::{DateTime, Utc};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};

use crate::{
    config::DevelopmentMode,
    utils::{ids::uuid_at, pem},
};

/// The category of Clerk's session tokens (private header `cat`).
const SESSION: &str = "cl_B7d4PD111AAA";

/// How long before `iat` a token is already valid, in seconds, as with Clerk's.
const HEAD_START: i64 = 10;

/// Signs session tokens in place of Clerk. It cannot be made without the proof that this is development.
pub struct DemoSigner {
    issuer: String,
    key: EncodingKey,
    private_key: SecretString,
    public_key: String,
}

/// Whom a demo token is for.
#[derive(Debug, Clone)]
pub struct DemoSession {
    /// As in `user_demo`.
    pub user_id: String,
    /// The organization made active, if any.
    pub organization: Option<DemoOrganization>,
    /// The page's origin (`azp`), where one is demanded.
    pub authorized_party: Option<String>,
    /// How long the token lives.
    pub lifetime: Duration,
}

/// The organization made active in a demo token.
#[derive(Debug, Clone)]
pub struct DemoOrganization {
    /// As in `org_demo`.
    pub id: String,
    /// Slug, if any.
    pub slug: Option<String>,
    /// With its prefix, as in `org:admin`.
    pub role: String,
}

/// The demo key pair cannot be made, read or used.
#[derive(Debug, thiserror::Error)]
pub enum SigningError {
    /// The key could not be generated or encoded.
    #[error("the demo key cannot be generated")]
    Generate,
    /// The kept key is not the PKCS#8 PEM of an RSA key.
    #[error("the demo key cannot be read")]
    Read,
    /// Signing failed.
    #[error("the demo token cannot be signed")]
    Sign(#[from] jsonwebtoken::errors::Error),
}

impl DemoSigner {
    /// A signer with a fresh RSA key of 2,048 bits, which takes some 100 ms.
    ///
    /// # Errors
    /// [`SigningError::Generate`] when the machine has no randomness.
    pub fn generate(mode: DevelopmentMode, issuer: impl Into<String>) -> Result<Self, SigningError> {
        let pair = KeyPair::generate(KeySize::Rsa2048).map_err(|_| SigningError::Generate)?;
        Self::new(mode, issuer.into(), &pair)
    }

    /// A signer with a key kept from [`DemoSigner::private_key_pem`], so that tokens outlive a restart.
    ///
    /// # Errors
    /// [`SigningError::Read`] when it is not the PKCS#8 PEM of an RSA key.
    pub fn from_pem(
        mode: DevelopmentMode,
        issuer: impl Into<String>,
        pem: &SecretString,
    ) -> Result<Self, SigningError> {
        let der = pem::decode("PRIVATE KEY", pem.expose_secret()).ok_or(SigningError::Read)?;
        let pair = KeyPair::from_pkcs8(&der).map_err(|_| SigningError::Read)?;
        Self::new(mode, issuer.into(), &pair)
    }

    fn new(_: DevelopmentMode, issuer: String, pair: &KeyPair) -> Result<Self, SigningError> {
        let private: Pkcs8V1Der<'_> = pair.as_der().map_err(|_| SigningError::Generate)?;
        let public: PublicKeyX509Der<'_> = pair.public_key().as_der().map_err(|_| SigningError::Generate)?;
        let private_key = pem::encode("PRIVATE KEY", private.as_ref());
        Ok(Self {
            issuer,
            key: EncodingKey::from_rsa_pem(private_key.as_bytes())?,
            private_key: private_key.into(),
            public_key: pem::encode("PUBLIC KEY", public.as_ref()),
        })
    }

    /// The private key as PKCS#8 PEM, to be kept where only we can read it.
    pub fn private_key_pem(&self) -> &SecretString {
        &self.private_key
    }

    /// The public key as SPKI PEM, for [`JwtKey::from_pem`](crate::config::JwtKey::from_pem).
    pub fn public_key_pem(&self) -> &str {
        &self.public_key
    }

    /// A session token of version 2, issued at `now`.
    ///
    /// # Errors
    /// [`SigningError::Sign`], which a key that could be read does not cause.
    pub fn mint(&self, session: &DemoSession, now: DateTime<Utc>) -> Result<String, SigningError> {
        let mut header = Header::new(Algorithm::RS256);
        header.kid = Some("ins_demo".to_owned());
        header.extras.insert("cat", SESSION);
        Ok(jsonwebtoken::encode(&header, &self.claims(session, now), &self.key)?)
    }

    fn claims(&self, session: &DemoSession, now: DateTime<Utc>) -> Value {
        let issued = now.timestamp();
        let lifetime = i64::try_from(session.lifetime.as_secs()).unwrap_or(i64::MAX);
        let id = uuid_at(now).simple();
        let mut claims = json!({
            "v": 2,
            "iss": self.issuer,
            "sub": session.user_id,
            "sid": format!("sess_{id}"),
            "jti": format!("{id}"),
            "iat": issued,
            "nbf": issued - HEAD_START,
            "exp": issued.saturating_add(lifetime),
            "fva": [0, -1],
            "sts": "active",
        });
        if let Some(origin) = &session.authorized_party {
            claims["azp"] = json!(origin);
        }
        if let Some(DemoOrganization { id, slug, role }) = &session.organization {
            // Version 2 tells the role without the prefix that it has everywhere else.
            claims["o"] = json!({ "id": id, "rol": role.strip_prefix("org:").unwrap_or(role) });
            if let Some(slug) = slug {
                claims["o"]["slg"] = json!(slug);
            }
        }
        claims
    }
}

impl std::fmt::Debug for DemoSigner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DemoSigner").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{
        config::JwtKey,
        integrations::clerk::{KeySource, SessionVerifier, VerifierSettings, http_client},
        utils::clock::{Clock as _, SystemClock},
    };

    const ISSUER: &str = "https://demo.clento.invalid";

    fn session() -> DemoSession {
        let organization =
            DemoOrganization { id: "org_demo".into(), slug: Some("demo".into()), role: "org:admin".into() };
        DemoSession {
            user_id: "user_demo".into(),
            organization: Some(organization),
            authorized_party: None,
            lifetime: Duration::from_hours(1),
        }
    }

    #[tokio::test]
    async fn a_demo_token_passes_the_door_also_after_a_restart() {
        let first = DemoSigner::generate(DevelopmentMode::for_tests(), ISSUER).unwrap();
        let second = DemoSigner::from_pem(DevelopmentMode::for_tests(), ISSUER, first.private_key_pem()).unwrap();
        let keys = KeySource::Pem(JwtKey::from_pem(first.public_key_pem()).unwrap());
        let settings = VerifierSettings { issuer: ISSUER.into(), authorized_parties: vec![], keys };
        let clock = Arc::new(SystemClock::new());
        let verifier = SessionVerifier::new(settings, clock.clone(), http_client().unwrap()).unwrap();
        for signer in [&first, &second] {
            let token = signer.mint(&session(), clock.now()).unwrap();
            let read = verifier.verify(&token).await.unwrap();
            assert_eq!(read.user_id, "user_demo");
            let organization = read.organization.clone().unwrap();
            assert_eq!((organization.id.as_str(), organization.role.as_deref()), ("org_demo", Some("org:admin")));
            assert_eq!(organization.slug.as_deref(), Some("demo"));
        }
    }

    #[test]
    fn the_private_key_is_not_shown() {
        let signer = DemoSigner::generate(DevelopmentMode::for_tests(), ISSUER).unwrap();
        assert!(!format!("{signer:?}").contains("PRIVATE"));
    }

    #[test]
    fn a_broken_key_is_refused() {
        for text in ["", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"] {
            let signer = DemoSigner::from_pem(DevelopmentMode::for_tests(), ISSUER, &text.into());
            assert!(matches!(signer, Err(SigningError::Read)));
        }
    }
}
