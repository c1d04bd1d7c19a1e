//! How a mailbox is reached and opened, of what its owner says, what is known of its provider, and what was said before. Pure.

use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use crate::{
    config::{MailConfig, OauthClient},
    errors::Fault,
    models::{
        MailAuth, MailPreset, MailSecret, MailSecurity, MailServer, Mailbox, OauthSecret, Provider, SentCopy,
        TrackingDomain,
    },
    utils::{domain, refusal::Refusal},
};

/// What somebody says about how a mailbox is reached and opened; what is absent stays, or is as usual.
#[derive(Debug, Default)]
pub struct MailAccess {
    /// Where mail is handed in.
    pub smtp: ServerAccess,
    /// Where mail is read.
    pub imap: ServerAccess,
    /// The password for both servers.
    pub password: Option<SecretString>,
    /// Instead of passwords.
    pub oauth: Option<OauthAccess>,
}

/// What somebody says about one server.
#[derive(Debug, Default)]
pub struct ServerAccess {
    /// Its name or address.
    pub host: Option<String>,
    /// The port.
    pub port: Option<u16>,
    /// How the connection is secured.
    pub security: Option<MailSecurity>,
    /// The name to sign in with.
    pub username: Option<String>,
    /// The password.
    pub password: Option<SecretString>,
}

/// What somebody says about signing in with a refresh token.
#[derive(Debug)]
pub struct OauthAccess {
    /// Where access tokens are given.
    pub token_url: Option<Url>,
    /// The client.
    pub client_id: Option<String>,
    /// Its secret.
    pub client_secret: Option<SecretString>,
    /// The refresh token.
    pub refresh_token: SecretString,
}

impl MailAccess {
    /// Whether anything is said.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.smtp.is_empty() && self.imap.is_empty() && self.password.is_none() && self.oauth.is_none()
    }
}

impl ServerAccess {
    fn is_empty(&self) -> bool {
        let Self { host, port, security, username, password } = self;
        host.is_none() && port.is_none() && security.is_none() && username.is_none() && password.is_none()
    }
}

/// Whose mailbox it is, and what this server is set to.
pub(super) struct Owner<'a> {
    pub(super) provider: Provider,
    pub(super) email: &'a str,
    pub(super) config: &'a MailConfig,
}

/// The mailbox and what opens it, of what is said now and what was said before.
pub(super) fn settle(
    owner: &Owner<'_>,
    before: Option<(Mailbox, MailSecret)>,
    access: MailAccess,
) -> Result<(Mailbox, MailSecret), Vec<Fault>> {
    let MailAccess { smtp, imap, password, oauth } = access;
    let domain = owner.email.rsplit_once('@').map(|(_, domain)| domain.to_ascii_lowercase()).unwrap_or_default();
    let preset = MailPreset::of(owner.provider, &domain);
    let (had, had_secret) = before.unzip();
    let mut faults = Vec::new();
    // What opens one server is not told to another.
    let stays = |said: &ServerAccess, had: Option<&MailServer>| {
        had.is_some_and(|had| said.host.as_ref().is_none_or(|host| *host == had.host))
    };
    let stays = (stays(&smtp, had.as_ref().map(|had| &had.smtp)), stays(&imap, had.as_ref().map(|had| &had.imap)));
    let passwords = (smtp.password.clone().or(password.clone()), imap.password.clone().or(password));
    let smtp =
        server("smtp", (had.as_ref().map(|had| &had.smtp), preset.map(|p| p.smtp), owner.email), smtp, &mut faults);
    let imap =
        server("imap", (had.as_ref().map(|had| &had.imap), preset.map(|p| p.imap), owner.email), imap, &mut faults);
    let secret = match oauth {
        Some(oauth) => oauth_secret(owner, preset, oauth, &mut faults).map(MailSecret::Oauth),
        None => password_secret(had_secret, stays, passwords, &mut faults),
    };
    match (smtp, imap, secret) {
        (Some(smtp), Some(imap), Some(secret)) if faults.is_empty() => {
            let copies = preset.filter(|preset| preset.smtp.0 == smtp.host).map_or(SentCopy::Append, |p| p.sent_copy);
            let (auth, sent_copy) = (secret.auth(), had.as_ref().map_or(copies, |had| had.sent_copy));
            let look = had.map(|had| (had.reply_to, had.signature, had.tracking_domain));
            let (reply_to, signature, tracking_domain) = look.unwrap_or_default();
            let mailbox = Mailbox { smtp, imap, auth, sent_copy, reply_to, signature, tracking_domain };
            Ok((mailbox, secret))
        }
        _ => Err(faults),
    }
}

/// A domain that links may lead through: a name, without port and path; in development also what a service on this machine is reached at.
pub(super) fn link_domain(name: &str, anywhere: bool) -> Result<String, Fault> {
    let (host, port) = name.rsplit_once(':').map_or((name, None), |(host, port)| (host, Some(port)));
    if anywhere
        && port.is_some_and(|port| port.parse::<u16>().is_ok())
        && TrackingDomain::url(name).is_some()
        && !host.contains('/')
    {
        return Ok(name.to_ascii_lowercase());
    }
    let wrong = |refusal: Refusal| Fault::new("/tracking_domain", refusal.code, refusal.detail);
    domain::to_ascii(name).map(std::borrow::Cow::into_owned).map_err(wrong)
}

/// Host, port and security of a provider's server.
type KnownServer<'a> = (&'a str, u16, MailSecurity);

/// One server: what is said of it, else what was said before, else what its provider is known for.
fn server(
    field: &str,
    (had, preset, email): (Option<&MailServer>, Option<KnownServer<'_>>, &str),
    said: ServerAccess,
    faults: &mut Vec<Fault>,
) -> Option<MailServer> {
    let ServerAccess { host, port, security, username, password: _ } = said;
    // Another host is another server: what was known of the one before says nothing of it.
    let same = |known: &str| host.as_deref().is_none_or(|host| host == known);
    let preset = preset.filter(|(known, ..)| same(known));
    let had = had.filter(|had| same(&had.host));
    let mut lacks =
        |name: &str, why: &'static str| faults.push(Fault::new(format!("/{field}/{name}"), "required", why));
    let known_port = had.map(|had| had.port).or(preset.map(|(_, port, _)| port));
    let known_security = had.map(|had| had.security).or(preset.map(|(.., security)| security));
    let security =
        security.or_else(|| port.filter(|port| Some(*port) != known_port).and_then(usual_security)).or(known_security);
    let port = port.or(known_port).or_else(|| security.map(|security| usual_port(field, security)));
    let host = host.or_else(|| had.map(|had| had.host.clone())).or_else(|| preset.map(|(host, ..)| host.to_owned()));
    if host.is_none() {
        lacks("host", "Nothing is known of this provider: name its server.");
    }
    if port.is_none() {
        lacks("port", "The server's port is missing.");
    }
    if security.is_none() {
        lacks("security", "Say how the connection is secured: `tls` or `starttls`.");
    }
    let username = username.or_else(|| had.map(|had| had.username.clone())).unwrap_or_else(|| email.to_owned());
    Some(MailServer { host: host?, port: port?, security: security?, username })
}

/// How connections to a well-known port are secured.
fn usual_security(port: u16) -> Option<MailSecurity> {
    match port {
        465 | 993 => Some(MailSecurity::Tls),
        587 | 143 => Some(MailSecurity::Starttls),
        _ => None,
    }
}

fn usual_port(field: &str, security: MailSecurity) -> u16 {
    match (field, security) {
        ("imap", MailSecurity::Tls) => 993,
        ("imap", _) => 143,
        (_, MailSecurity::Tls) => 465,
        (_, _) => 587,
    }
}

fn password_secret(
    had: Option<MailSecret>,
    (smtp_stays, imap_stays): (bool, bool),
    (smtp, imap): (Option<SecretString>, Option<SecretString>),
    faults: &mut Vec<Fault>,
) -> Option<MailSecret> {
    let said = |password: Option<SecretString>| password.map(|password| password.expose_secret().to_owned());
    let (smtp, imap) = (said(smtp), said(imap));
    let (had_smtp, had_imap) = match had {
        Some(MailSecret::Oauth(secret)) if smtp.is_none() && imap.is_none() && smtp_stays && imap_stays => {
            return Some(MailSecret::Oauth(secret));
        }
        Some(MailSecret::Passwords { smtp, imap }) => {
            (Some(smtp).filter(|_| smtp_stays), Some(imap).filter(|_| imap_stays))
        }
        Some(MailSecret::Oauth(_)) | None => (None, None),
    };
    let (smtp, imap) = (smtp.or(had_smtp), imap.or(had_imap));
    for (field, password) in [("smtp", &smtp), ("imap", &imap)] {
        if password.is_none() {
            let detail = "A password is missing: `password` for both servers, one for each, or `oauth`.";
            faults.push(Fault::new(format!("/{field}/password"), "required", detail));
        }
    }
    Some(MailSecret::Passwords { smtp: smtp?, imap: imap? })
}

fn oauth_secret(
    owner: &Owner<'_>,
    preset: Option<&MailPreset>,
    oauth: OauthAccess,
    faults: &mut Vec<Fault>,
) -> Option<OauthSecret> {
    let OauthAccess { token_url, client_id, client_secret, refresh_token } = oauth;
    // Our own client's secret goes nowhere but to the provider that it is from.
    let ours = if token_url.is_none() { client_of(owner, preset) } else { None };
    let token_url = token_url.map(String::from).or_else(|| preset.and_then(|p| p.token_url).map(str::to_owned));
    let (client_id, client_secret) = match (client_id, ours) {
        (Some(id), _) => (Some(id), client_secret),
        (None, Some(ours)) => (Some(ours.id.clone()), client_secret.or_else(|| ours.secret.clone())),
        (None, None) => (None, client_secret),
    };
    if token_url.is_none() {
        let detail = "Nothing is known of this provider: say where it gives access tokens.";
        faults.push(Fault::new("/oauth/token_url", "required", detail));
    }
    if client_id.is_none() {
        let detail = "This server has no client of its own for this provider: say which client the token was given to.";
        faults.push(Fault::new("/oauth/client_id", "required", detail));
    }
    Some(OauthSecret {
        token_url: token_url?,
        client_id: client_id?,
        client_secret: client_secret.map(|secret| secret.expose_secret().to_owned()),
        refresh_token: refresh_token.expose_secret().to_owned(),
    })
}

/// This server's own client with a provider.
fn client_of<'a>(owner: &Owner<'a>, preset: Option<&MailPreset>) -> Option<&'a OauthClient> {
    match preset?.token_url? {
        url if url.contains("googleapis") => owner.config.google.as_ref(),
        _ => owner.config.microsoft.as_ref(),
    }
}

/// Where a refusal of a server is to be shown, of a body that says `password` for both or for each.
pub(super) fn pointer(field: &str, code: &str, auth: MailAuth) -> String {
    match (code, auth) {
        ("mail_login_refused", MailAuth::Password) => format!("/{field}/password"),
        ("mail_token_refused" | "mail_token_unavailable", _) | ("mail_login_refused", MailAuth::Oauth) => {
            "/oauth/refresh_token".to_owned()
        }
        ("mail_no_starttls" | "mail_tls_failed" | "mail_not_secure", _) => format!("/{field}/security"),
        ("mail_unreachable" | "mail_timed_out", _) => format!("/{field}/port"),
        _ => format!("/{field}/host"),
    }
}
