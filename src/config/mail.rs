//! Mailboxes, and what leads back to us from mail.

use std::fs;

use rustls::pki_types::{CertificateDer, pem::PemObject as _};
use secrecy::SecretString;
use url::Url;

use super::{Environment, Vars};
use crate::utils::secure_url::is_secure;

/// Mailboxes, and what leads back to us from mail.
#[derive(Debug, Clone)]
pub struct MailConfig {
    /// Whether mail servers may be anywhere, on this machine and without TLS too, and not only at public addresses with it. In development
    /// only, so that there is something to try them on.
    pub anywhere: bool,
    /// `MAIL_EXTRA_CA_FILE`: authorities that mail servers' certificates may be from, beside the public ones.
    pub extra_authorities: Vec<CertificateDer<'static>>,
    /// `PUBLIC_URL`: where we are reached from the internet. Without it mail has no link to unsubscribe.
    pub public_url: Option<Url>,
    /// `GOOGLE_OAUTH_CLIENT_ID`, `GOOGLE_OAUTH_CLIENT_SECRET`: the client that refresh tokens of Gmail are given to, unless an account says its own.
    pub google: Option<OauthClient>,
    /// `MICROSOFT_OAUTH_CLIENT_ID`, `MICROSOFT_OAUTH_CLIENT_SECRET`: the same for Outlook.
    pub microsoft: Option<OauthClient>,
}

/// An OAuth client.
#[derive(Debug, Clone)]
pub struct OauthClient {
    /// Its id.
    pub id: String,
    /// Its secret, if it has one.
    pub secret: Option<SecretString>,
}

impl MailConfig {
    pub(super) fn read(vars: &mut Vars, environment: Environment) -> Self {
        Self {
            anywhere: !environment.is_production(),
            extra_authorities: extra_authorities(vars),
            public_url: public_url(vars),
            google: client(vars, "GOOGLE_OAUTH_CLIENT_ID", "GOOGLE_OAUTH_CLIENT_SECRET"),
            microsoft: client(vars, "MICROSOFT_OAUTH_CLIENT_ID", "MICROSOFT_OAUTH_CLIENT_SECRET"),
        }
    }
}

fn extra_authorities(vars: &mut Vars) -> Vec<CertificateDer<'static>> {
    const NAME: &str = "MAIL_EXTRA_CA_FILE";
    let Some(path) = vars.text(NAME) else { return Vec::new() };
    let Ok(pem) = fs::read(path) else {
        vars.fault(NAME, "cannot be read");
        return Vec::new();
    };
    let certificates: Vec<_> = CertificateDer::pem_slice_iter(&pem).flatten().collect();
    if certificates.is_empty() {
        vars.fault(NAME, "holds no certificate in PEM");
    }
    certificates
}

fn public_url(vars: &mut Vars) -> Option<Url> {
    let url: Url = vars.parsed("PUBLIC_URL", "an address such as https://api.example.com")?;
    if !is_secure(&url) || url.path() != "/" {
        vars.fault("PUBLIC_URL", "must be an https address without a path, such as https://api.example.com");
    }
    Some(url)
}

fn client(vars: &mut Vars, id: &'static str, secret: &'static str) -> Option<OauthClient> {
    let (name, value) = (id, vars.secret(secret));
    let id = vars.text(name);
    if id.is_none() && value.is_some() {
        vars.fault(name, "is required with the client's secret");
    }
    id.map(|id| OauthClient { id, secret: value })
}
