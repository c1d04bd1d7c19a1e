//! Who may sign in.

use secrecy::SecretString;
use url::Url;

use super::{DevelopmentMode, Environment, JwtKey, Vars, WebhookSecret, publishable_key::PublishableKey};
use crate::utils::secure_url::is_secure;

/// Whose tokens are believed.
#[derive(Debug, Clone)]
pub enum IdentitySettings {
    /// A Clerk instance's.
    Clerk(TokenSettings),
    /// Our own demo issuer's: only if no Clerk instance is named, and never in production.
    Demo(DevelopmentMode),
}

/// How a Clerk instance's tokens are told.
#[derive(Debug, Clone)]
pub struct TokenSettings {
    /// `CLERK_ISSUER`, or what `CLERK_PUBLISHABLE_KEY` says.
    pub issuer: String,
    /// `CLERK_AUTHORIZED_PARTIES`: the origins a token may have been made for; empty means any.
    pub authorized_parties: Vec<String>,
    /// What tokens are verified with.
    pub keys: TokenKeys,
}

/// What else passes between Clerk and us.
#[derive(Debug, Clone)]
pub struct ClerkSettings {
    /// `CLERK_SECRET_KEY`; without it, changes that Clerk owns are refused.
    pub secret_key: Option<SecretString>,
    /// `CLERK_API_URL`.
    pub api_url: Url,
    /// `CLERK_WEBHOOK_SIGNING_SECRET`, several while one is being replaced; without any, webhooks are refused.
    pub webhook_secrets: Vec<WebhookSecret>,
}

/// What tokens are verified with.
#[derive(Debug, Clone)]
pub enum TokenKeys {
    /// `CLERK_JWT_KEY`; no network is needed.
    Pem(JwtKey),
    /// `CLERK_JWKS_URL`, or the issuer's own.
    Jwks(Url),
}

/// The demo issuer. No Clerk instance can have this name: `.invalid` never resolves (RFC 2606).
pub const DEMO_ISSUER: &str = "https://demo.clento.invalid";

/// Any of these names an instance.
const INSTANCE: &[&str] = &["CLERK_PUBLISHABLE_KEY", "CLERK_JWT_KEY", "CLERK_JWKS_URL", "CLERK_ISSUER"];

pub(super) fn read_identity(vars: &mut Vars, environment: Environment) -> IdentitySettings {
    if let Some(development) = environment.development()
        && INSTANCE.iter().all(|name| vars.text(name).is_none())
    {
        return IdentitySettings::Demo(development);
    }
    let issuer = issuer(vars, environment);
    let keys = keys(vars, &issuer, environment);
    let authorized_parties = vars.list("CLERK_AUTHORIZED_PARTIES");
    if environment.is_production() && authorized_parties.is_empty() {
        vars.fault(
            "CLERK_AUTHORIZED_PARTIES",
            "is required in production: the origins of the front end, comma-separated",
        );
    }
    IdentitySettings::Clerk(TokenSettings { issuer, authorized_parties, keys })
}

impl ClerkSettings {
    pub(super) fn read(vars: &mut Vars, environment: Environment) -> Self {
        let settings = Self {
            secret_key: secret_key(vars, environment),
            api_url: secure_url(vars, "CLERK_API_URL", environment).unwrap_or_else(|| CLERK_API.clone()),
            webhook_secrets: webhook_secrets(vars),
        };
        if environment.is_production() && settings.secret_key.is_none() {
            vars.fault("CLERK_SECRET_KEY", "is required in production: sk_live_… from Clerk's dashboard");
        }
        if environment.is_production() && vars.list("CLERK_WEBHOOK_SIGNING_SECRET").is_empty() {
            vars.fault("CLERK_WEBHOOK_SIGNING_SECRET", "is required in production: whsec_… of the webhook endpoint");
        }
        settings
    }
}

static CLERK_API: std::sync::LazyLock<Url> = std::sync::LazyLock::new(|| {
    #[expect(clippy::expect_used, reason = "a constant that parses, read at start-up")]
    Url::parse("https://api.clerk.com").expect("a valid URL")
});

/// Whether one of its keys is a live instance's, whose users are real.
pub(super) fn is_live(vars: &Vars) -> bool {
    let live = [("CLERK_PUBLISHABLE_KEY", "pk_live_"), ("CLERK_SECRET_KEY", "sk_live_")];
    live.into_iter().any(|(name, start)| vars.text(name).is_some_and(|key| key.starts_with(start)))
}

fn issuer(vars: &mut Vars, environment: Environment) -> String {
    let from_key = publishable_key(vars, environment).map(|key| key.issuer);
    let given = secure_url(vars, "CLERK_ISSUER", environment).map(|url| url.as_str().trim_end_matches('/').to_owned());
    if given.as_deref() == Some(DEMO_ISSUER) {
        vars.fault("CLERK_ISSUER", "is the demo issuer, which is not for this");
    }
    if let (Some(given), Some(from_key)) = (&given, &from_key)
        && given != from_key
    {
        vars.fault("CLERK_ISSUER", "differs from the issuer that CLERK_PUBLISHABLE_KEY names");
    }
    let named = ["CLERK_ISSUER", "CLERK_PUBLISHABLE_KEY"].iter().any(|name| vars.text(name).is_some());
    if !named {
        vars.fault(
            "CLERK_ISSUER",
            "is required (or CLERK_PUBLISHABLE_KEY, which names it), such as https://clerk.example.com",
        );
    }
    given.or(from_key).unwrap_or_default()
}

fn publishable_key(vars: &mut Vars, environment: Environment) -> Option<PublishableKey> {
    let key = PublishableKey::parse(&vars.text("CLERK_PUBLISHABLE_KEY")?);
    match key {
        Err(_) => vars.fault("CLERK_PUBLISHABLE_KEY", "must be a key such as pk_live_…, as Clerk's dashboard shows it"),
        Ok(PublishableKey { live: false, .. }) if environment.is_production() => {
            vars.fault("CLERK_PUBLISHABLE_KEY", "is a development instance's (pk_test_): production needs pk_live_…");
        }
        Ok(_) => {}
    }
    key.ok()
}

fn secret_key(vars: &mut Vars, environment: Environment) -> Option<SecretString> {
    let key = vars.text("CLERK_SECRET_KEY")?;
    if !key.starts_with("sk_") || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
        vars.fault("CLERK_SECRET_KEY", "must be a key such as sk_live_…, as Clerk's dashboard shows it");
    } else if environment.is_production() && key.starts_with("sk_test_") {
        vars.fault("CLERK_SECRET_KEY", "is a development instance's (sk_test_): production needs sk_live_…");
    }
    Some(key.into())
}

/// Both settings are read, so that what is wrong with the one that is not used is told too.
fn keys(vars: &mut Vars, issuer: &str, environment: Environment) -> TokenKeys {
    let key = vars.text("CLERK_JWT_KEY").and_then(|pem| {
        let key = JwtKey::from_pem(&pem).ok();
        if key.is_none() {
            vars.fault(
                "CLERK_JWT_KEY",
                "must be a PEM public key (-----BEGIN PUBLIC KEY-----) of RSA, 2048 bits or more",
            );
        }
        key
    });
    let given = secure_url(vars, "CLERK_JWKS_URL", environment);
    let url = given.or_else(|| Url::parse(&format!("{issuer}/.well-known/jwks.json")).ok());
    key.map_or_else(|| TokenKeys::Jwks(url.unwrap_or_else(|| CLERK_API.clone())), TokenKeys::Pem)
}

fn webhook_secrets(vars: &mut Vars) -> Vec<WebhookSecret> {
    let mut secrets = Vec::new();
    for (index, text) in vars.list("CLERK_WEBHOOK_SIGNING_SECRET").iter().enumerate() {
        if let Ok(secret) = WebhookSecret::parse(text) {
            secrets.push(secret);
        } else {
            let reason = "must be whsec_ and base64, as Clerk's dashboard shows it";
            vars.fault("CLERK_WEBHOOK_SIGNING_SECRET", format!("{reason} (number {} is not)", index + 1));
        }
    }
    secrets
}

/// The address, which production wants to be https; in development this very machine will do without.
fn secure_url(vars: &mut Vars, name: &'static str, environment: Environment) -> Option<Url> {
    let url: Url = vars.parsed(name, "a URL")?;
    if !is_secure(&url) || (environment.is_production() && url.scheme() != "https") {
        vars.fault(name, "must begin with https:// and hold no user, query or fragment");
    }
    Some(url)
}
