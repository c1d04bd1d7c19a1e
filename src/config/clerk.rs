//! Who may sign in.

use secrecy::SecretString;
use url::Url;

use super::{DevelopmentMode, Environment, Vars, publishable_key::PublishableKey};

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
    pub webhook_secrets: Vec<SecretString>,
}

/// What tokens are verified with.
#[derive(Debug, Clone)]
pub enum TokenKeys {
    /// `CLERK_JWT_KEY`: a PEM public key; no network is needed.
    Pem(String),
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
    let keys = keys(vars, &issuer);
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
            secret_key: vars.secret("CLERK_SECRET_KEY"),
            api_url: https_url(vars, "CLERK_API_URL", environment).unwrap_or_else(|| CLERK_API.clone()),
            webhook_secrets: webhook_secrets(vars),
        };
        if environment.is_production() && settings.secret_key.is_none() {
            vars.fault("CLERK_SECRET_KEY", "is required in production: sk_live_… from Clerk's dashboard");
        }
        if environment.is_production() && settings.webhook_secrets.is_empty() {
            vars.fault("CLERK_WEBHOOK_SIGNING_SECRET", "is required in production: whsec_… of the webhook endpoint");
        }
        settings
    }
}

static CLERK_API: std::sync::LazyLock<Url> = std::sync::LazyLock::new(|| {
    #[expect(clippy::expect_used, reason = "a constant that parses, read at start-up")]
    Url::parse("https://api.clerk.com").expect("a valid URL")
});

fn issuer(vars: &mut Vars, environment: Environment) -> String {
    let from_key = vars.text("CLERK_PUBLISHABLE_KEY").and_then(|key| {
        let issuer = PublishableKey::parse(&key).ok().map(|key| key.issuer);
        if issuer.is_none() {
            vars.fault("CLERK_PUBLISHABLE_KEY", "must be a key such as pk_live_…, as Clerk's dashboard shows it");
        }
        issuer
    });
    let given = https_url(vars, "CLERK_ISSUER", environment).map(|url| url.as_str().trim_end_matches('/').to_owned());
    if given.as_deref() == Some(DEMO_ISSUER) {
        vars.fault("CLERK_ISSUER", "is the demo issuer, which is not for this");
    }
    if let (Some(given), Some(from_key)) = (&given, &from_key)
        && given != from_key
    {
        vars.fault("CLERK_ISSUER", "differs from the issuer that CLERK_PUBLISHABLE_KEY names");
    }
    given.or(from_key).unwrap_or_else(|| {
        vars.fault(
            "CLERK_ISSUER",
            "is required (or CLERK_PUBLISHABLE_KEY, which names it), such as https://clerk.example.com",
        );
        String::new()
    })
}

fn keys(vars: &mut Vars, issuer: &str) -> TokenKeys {
    if let Some(pem) = vars.text("CLERK_JWT_KEY") {
        if !pem.contains("BEGIN PUBLIC KEY") {
            vars.fault("CLERK_JWT_KEY", "must be a PEM public key (-----BEGIN PUBLIC KEY-----)");
        }
        return TokenKeys::Pem(pem);
    }
    let url =
        vars.parsed("CLERK_JWKS_URL", "a URL").or_else(|| Url::parse(&format!("{issuer}/.well-known/jwks.json")).ok());
    TokenKeys::Jwks(url.unwrap_or_else(|| CLERK_API.clone()))
}

fn webhook_secrets(vars: &mut Vars) -> Vec<SecretString> {
    let secrets = vars.list("CLERK_WEBHOOK_SIGNING_SECRET");
    if secrets.iter().any(|secret| !secret.starts_with("whsec_")) {
        vars.fault("CLERK_WEBHOOK_SIGNING_SECRET", "must begin with whsec_, as Clerk's dashboard shows it");
    }
    secrets.into_iter().map(SecretString::from).collect()
}

fn https_url(vars: &mut Vars, name: &'static str, environment: Environment) -> Option<Url> {
    let url: Url = vars.parsed(name, "a URL")?;
    let allowed = url.scheme() == "https" || (url.scheme() == "http" && !environment.is_production());
    if !allowed {
        vars.fault(name, "must begin with https://");
    }
    Some(url)
}
