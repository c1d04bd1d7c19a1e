//! Unipile, through which LinkedIn is reached.

use secrecy::SecretString;
use url::Url;

use super::{Environment, Vars};
use crate::utils::secure_url::is_secure;

/// The shortest secret that nobody guesses.
const SHORTEST_SECRET: usize = 32;

/// Unipile. Without it LinkedIn accounts cannot act, and the rest works.
#[derive(Debug, Clone)]
pub struct UnipileConfig {
    /// `UNIPILE_DSN`: `https://apiN.unipile.com:PORT`.
    pub dsn: Url,
    /// `UNIPILE_API_KEY`.
    pub api_key: SecretString,
    /// `UNIPILE_WEBHOOK_SECRET`: what its webhooks prove themselves by. Without it no webhook is believed, and what happens is only polled.
    pub webhook_secret: Option<SecretString>,
}

impl UnipileConfig {
    /// Both of its settings, or none.
    pub(super) fn read(vars: &mut Vars, environment: Environment) -> Option<Self> {
        let dsn = dsn(vars);
        let api_key = vars.text("UNIPILE_API_KEY");
        if let Some(key) = &api_key
            && !key.bytes().all(|byte| byte.is_ascii_graphic())
        {
            vars.fault("UNIPILE_API_KEY", "must be an access token, as Unipile's dashboard shows it");
        }
        if vars.text("UNIPILE_DSN").is_some() != api_key.is_some() {
            let lacking = if api_key.is_some() { "UNIPILE_DSN" } else { "UNIPILE_API_KEY" };
            vars.fault(lacking, "is missing: Unipile is reached with both an address and a key");
        }
        let webhook_secret = webhook_secret(vars, environment, api_key.is_some());
        Some(Self { dsn: dsn?, api_key: api_key?.into(), webhook_secret })
    }
}

/// In production what webhooks are proved by, and where they are sent, is not left out by accident.
fn webhook_secret(vars: &mut Vars, environment: Environment, used: bool) -> Option<SecretString> {
    const NAME: &str = "UNIPILE_WEBHOOK_SECRET";
    let secret = vars.text(NAME);
    if let Some(secret) = &secret
        && (secret.len() < SHORTEST_SECRET || !secret.bytes().all(|byte| byte.is_ascii_graphic()))
    {
        vars.fault(NAME, "must be at least 32 letters, digits and signs: openssl rand -base64 32 makes one");
    }
    if environment.is_production() && used {
        if secret.is_none() {
            vars.fault(NAME, "is required in production with UNIPILE_API_KEY: it proves that a webhook is Unipile's");
        }
        if vars.text("PUBLIC_URL").is_none() {
            vars.fault(
                "PUBLIC_URL",
                "is required in production with UNIPILE_API_KEY: Unipile sends its webhooks there",
            );
        }
    }
    secret.map(Into::into)
}

fn dsn(vars: &mut Vars) -> Option<Url> {
    let url: Url = vars.parsed("UNIPILE_DSN", "an address such as https://api1.unipile.com:13111")?;
    if !is_secure(&url) || url.path() != "/" {
        vars.fault("UNIPILE_DSN", "must be an https address without a path, such as https://api1.unipile.com:13111");
    }
    Some(url)
}
