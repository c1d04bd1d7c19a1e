//! Mailboxes, and what leads back to us from mail.

use std::{
    fs,
    net::{IpAddr, SocketAddr},
    time::Duration,
};

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
    /// `MAIL_POLL_SECONDS`: how often a mailbox is looked into, whatever its server tells by itself: a line may be dead and say nothing, and not every
    /// server tells anything. From 10 to 120, a minute unless set: nothing is sent from a mailbox that was not read within three.
    pub poll: Duration,
    /// `MAIL_EXTRA_CA_FILE`: authorities that mail servers' certificates may be from, beside the public ones.
    pub extra_authorities: Vec<CertificateDer<'static>>,
    /// `DNS_SERVERS`: the name servers that are asked about domains that we send from; those of the system if none are named.
    pub dns_servers: Vec<SocketAddr>,
    /// `PUBLIC_URL`: where we are reached from the internet. Without it mail has no link to unsubscribe by one click, unless through a mailbox's own domain.
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
            poll: poll(vars),
            extra_authorities: extra_authorities(vars),
            dns_servers: dns_servers(vars),
            public_url: public_url(vars),
            google: client(vars, "GOOGLE_OAUTH_CLIENT_ID", "GOOGLE_OAUTH_CLIENT_SECRET"),
            microsoft: client(vars, "MICROSOFT_OAUTH_CLIENT_ID", "MICROSOFT_OAUTH_CLIENT_SECRET"),
        }
    }
}

fn poll(vars: &mut Vars) -> Duration {
    const NAME: &str = "MAIL_POLL_SECONDS";
    let seconds = vars.parsed::<u64>(NAME, "a number of seconds from 10 to 120").unwrap_or(60);
    if !(10..=120).contains(&seconds) {
        vars.fault(NAME, "must be a number of seconds from 10 to 120");
    }
    Duration::from_secs(seconds)
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

/// Port 53 unless they say another.
fn dns_servers(vars: &mut Vars) -> Vec<SocketAddr> {
    const NAME: &str = "DNS_SERVERS";
    let parsed = |text: &String| text.parse().or_else(|_| text.parse::<IpAddr>().map(|address| (address, 53).into()));
    let servers: Result<Vec<_>, _> = vars.list(NAME).iter().map(parsed).collect();
    servers.unwrap_or_else(|_| {
        vars.fault(NAME, "must be addresses such as 192.0.2.53 or 192.0.2.53:5353, separated by commas");
        Vec::new()
    })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_servers_have_a_port_or_the_usual_one() {
        let mut vars = Vars::given([("DNS_SERVERS", "192.0.2.53, 192.0.2.54:5353,[2001:db8::53]:54, 2001:db8::54")]);
        let servers: Vec<_> = dns_servers(&mut vars).iter().map(ToString::to_string).collect();
        assert_eq!(servers, ["192.0.2.53:53", "192.0.2.54:5353", "[2001:db8::53]:54", "[2001:db8::54]:53"]);
        let mut vars = Vars::given([("DNS_SERVERS", "192.0.2.53,resolver.example")]);
        assert!(dns_servers(&mut vars).is_empty());
        assert_eq!(vars.finish(()).unwrap_err().0[0].variable, "DNS_SERVERS");
    }
}
