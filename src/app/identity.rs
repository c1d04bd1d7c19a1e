//! Who may sign in, and who tells us of it.

use std::{fs, io::Write as _, os::unix::fs::OpenOptionsExt as _, path::Path, sync::Arc};

use anyhow::Context as _;
use secrecy::{ExposeSecret as _, SecretString};

use super::database::data_dir;
use crate::{
    config::{ClerkSettings, Config, DEMO_ISSUER, DevelopmentMode, IdentitySettings, JwtKey, TokenKeys},
    integrations::clerk::{
        BackendSettings, ClerkApi, ClerkBackend, DemoSigner, KeySource, SessionVerifier, VerifierSettings,
        WebhookVerifier, http_client,
    },
    state::ClerkParts,
    utils::clock::SharedClock,
};

/// What connects us with Clerk, and who signs the demo's tokens.
pub(super) struct Identity {
    pub(super) clerk: ClerkParts,
    pub(super) demo: Option<DemoSigner>,
}

impl Identity {
    /// Clerk's, or our own demo issuer's.
    pub(super) fn of(config: &Config, clock: SharedClock) -> anyhow::Result<Self> {
        let (settings, demo) = match &config.identity {
            IdentitySettings::Demo(development) => {
                let signer = demo_signer(config, *development)?;
                let keys = KeySource::Pem(JwtKey::from_pem(signer.public_key_pem())?);
                (VerifierSettings { issuer: DEMO_ISSUER.to_owned(), authorized_parties: vec![], keys }, Some(signer))
            }
            IdentitySettings::Clerk(clerk) => {
                let keys = match &clerk.keys {
                    TokenKeys::Pem(key) => KeySource::Pem(key.clone()),
                    TokenKeys::Jwks(url) => KeySource::Jwks(url.clone()),
                };
                let authorized_parties = clerk.authorized_parties.clone();
                (VerifierSettings { issuer: clerk.issuer.clone(), authorized_parties, keys }, None)
            }
        };
        let verifier = SessionVerifier::new(settings, Arc::clone(&clock), http_client()?)
            .context("the token keys cannot be used")?;
        let clerk = ClerkParts {
            verifier: Some(verifier),
            webhooks: Some(webhooks(&config.clerk, clock)),
            api: backend(&config.clerk)?,
        };
        Ok(Self { clerk, demo })
    }
}

/// What a process needs of Clerk in which nobody signs in: members are compared with Clerk's there.
pub(super) fn of_workers(config: &Config) -> anyhow::Result<ClerkParts> {
    Ok(ClerkParts { verifier: None, webhooks: None, api: backend(&config.clerk)? })
}

fn webhooks(clerk: &ClerkSettings, clock: SharedClock) -> WebhookVerifier {
    if clerk.webhook_secrets.is_empty() {
        tracing::warn!("no CLERK_WEBHOOK_SIGNING_SECRET: Clerk's webhooks are refused with 503");
    }
    WebhookVerifier::new(clerk.webhook_secrets.clone(), clock)
}

fn backend(clerk: &ClerkSettings) -> anyhow::Result<Option<Arc<dyn ClerkApi>>> {
    let Some(secret_key) = clerk.secret_key.clone() else {
        tracing::warn!("no CLERK_SECRET_KEY: names, roles, members and invitations cannot be changed here");
        return Ok(None);
    };
    let settings = BackendSettings { api_url: clerk.api_url.clone(), secret_key };
    let backend = ClerkBackend::new(settings, http_client()?).context("CLERK_API_URL or CLERK_SECRET_KEY")?;
    Ok(Some(Arc::new(backend)))
}

/// The demo issuer's key, made once and kept, so that a token outlives a restart.
pub(super) fn demo_signer(config: &Config, development: DevelopmentMode) -> anyhow::Result<DemoSigner> {
    let dir = data_dir(config)?;
    let path = dir.join("demo-key.pem");
    match fs::read_to_string(&path) {
        Ok(pem) => Ok(DemoSigner::from_pem(development, DEMO_ISSUER, &SecretString::from(pem))?),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let signer = DemoSigner::generate(development, DEMO_ISSUER)?;
            fs::create_dir_all(&dir).with_context(|| format!("cannot create {}", dir.display()))?;
            let kept = keep(&path, signer.private_key_pem());
            if kept.with_context(|| format!("cannot write {}", path.display()))? {
                return Ok(signer);
            }
            // Another process was faster.
            demo_signer(config, development)
        }
        Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
    }
}

/// Puts a secret at its place, whole or not at all, wherever the process is killed; answers whether it did, since the place may be taken.
fn keep(path: &Path, secret: &SecretString) -> std::io::Result<bool> {
    let draft = path.with_extension(uuid::Uuid::new_v4().to_string());
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
    let placed = file
        .write_all(secret.expose_secret().as_bytes())
        .and_then(|()| file.sync_all())
        .and_then(|()| fs::hard_link(&draft, path));
    fs::remove_file(&draft)?;
    match placed {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error),
    }
}
