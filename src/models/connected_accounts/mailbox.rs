//! How a mailbox is reached, and what its mail looks like: a document in `jsonb`. Its secrets are apart, sealed.

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{ConnectedAccount, Provider, TrackingDomain};
use crate::text_enum;

/// A mailbox that we send from by SMTP and read by IMAP.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mailbox {
    /// Where its mail is handed in.
    pub smtp: MailServer,
    /// Where its mail is read.
    pub imap: MailServer,
    /// How we sign in.
    pub auth: MailAuth,
    /// Who puts a copy of what is sent into its Sent folder.
    pub sent_copy: SentCopy,
    /// Where answers are to go, if not to its own address.
    #[serde(default)]
    pub reply_to: Option<String>,
    /// What stands under each mail, as plain text.
    #[serde(default)]
    pub signature: Option<String>,
    /// A domain of its own that the links in its mails lead through.
    #[serde(default)]
    pub tracking_domain: Option<TrackingDomain>,
}

/// A mail server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(example = json!({"host": "mail.sender.example", "port": 465, "security": "tls", "username": "alexandra@sender.example"}))]
pub struct MailServer {
    /// Its name or address.
    pub host: String,
    /// The port.
    pub port: u16,
    /// How the connection is secured.
    pub security: MailSecurity,
    /// The name that we sign in with.
    pub username: String,
}

text_enum! {
    /// How a connection to a mail server is secured.
    MailSecurity {
        /// TLS from the first byte (ports 465 and 993).
        Tls = "tls",
        /// TLS after `STARTTLS` (ports 587 and 143); without it nothing is said.
        Starttls = "starttls",
        /// Not at all: passwords can be read on the way. Never in production.
        None = "none",
    }
}

text_enum! {
    /// How we sign in to a mailbox.
    MailAuth {
        /// With a password.
        Password = "password",
        /// With an access token, got for a refresh token (XOAUTH2).
        Oauth = "oauth",
    }
}

text_enum! {
    /// Who puts a copy of what is sent into a mailbox's Sent folder.
    SentCopy {
        /// The provider does, with every mail that it takes: what is not there was not sent.
        Provider = "provider",
        /// We do, by IMAP.
        Append = "append",
        /// Nobody.
        Off = "off",
    }
}

impl Mailbox {
    /// Whether the mailbox shows everything that was sent from it, without our doing.
    #[must_use]
    pub fn shows_all_sent(&self) -> bool {
        self.sent_copy == SentCopy::Provider
    }
}

/// The domains of Microsoft's submission servers: of the public cloud, and of the American government's and the Chinese one.
const MICROSOFTS: [&str; 4] = ["office365.com", "outlook.com", "office365.us", "outlook.cn"];

impl ConnectedAccount {
    /// Whether its mailbox's server gives every mail that it takes a Message-ID of its own. Microsoft's do: their answer to the message is `250
    /// 2.0.0 OK <the new id> [Hostname=…]`, and `X-Microsoft-Original-Message-ID` in the mail holds the one that it had. Microsoft does not document
    /// it; git's `send-email` (`--outlook-id-fix`, commit d235c468), `EmailEngine` (pull request 254) and Delta Chat (chatmail/core, pull request 2250)
    /// live with it.
    #[must_use]
    pub fn renames_mails(&self) -> bool {
        self.mailbox
            .as_ref()
            .is_some_and(|mailbox| self.provider == Provider::Outlook || is_microsofts(&mailbox.smtp.host))
    }
}

fn is_microsofts(host: &str) -> bool {
    let host = host.to_ascii_lowercase();
    MICROSOFTS.iter().any(|domain| host.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.')))
}

/// What opens a mailbox. Sealed before it is stored, and never shown.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MailSecret {
    /// A password for each server.
    Passwords {
        /// For SMTP.
        smtp: String,
        /// For IMAP.
        imap: String,
    },
    /// A refresh token, and the client that it was given to.
    Oauth(OauthSecret),
}

/// A refresh token, and the client that it was given to.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OauthSecret {
    /// Where access tokens are given for it.
    pub token_url: String,
    /// The client.
    pub client_id: String,
    /// The client's secret, if it has one.
    pub client_secret: Option<String>,
    /// The refresh token.
    pub refresh_token: String,
}

impl MailSecret {
    /// The way of signing in that it is for.
    #[must_use]
    pub fn auth(&self) -> MailAuth {
        match self {
            Self::Passwords { .. } => MailAuth::Password,
            Self::Oauth(_) => MailAuth::Oauth,
        }
    }
}

impl fmt::Debug for MailSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("MailSecret").field(&self.auth()).finish()
    }
}

impl fmt::Debug for OauthSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OauthSecret").field("token_url", &self.token_url).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn microsofts_servers_are_known_wherever_they_are() {
        for host in ["smtp.office365.com", "SMTP-MAIL.outlook.com", "outlook.office365.com", "smtp.partner.outlook.cn"]
        {
            assert!(is_microsofts(host), "{host}");
        }
        for host in ["smtp.gmail.com", "notoutlook.com", "outlook.com.mail.example", "127.0.0.1"] {
            assert!(!is_microsofts(host), "{host}");
        }
    }

    #[test]
    fn no_secret_shows_when_printed() {
        let oauth = OauthSecret {
            token_url: "https://id.example/token".into(),
            client_id: "client-4711".into(),
            client_secret: Some("hush-4712".into()),
            refresh_token: "refresh-4713".into(),
        };
        let passwords = MailSecret::Passwords { smtp: "hunter-4714".into(), imap: "hunter-4715".into() };
        let printed = format!("{oauth:?} {passwords:?} {:?}", MailSecret::Oauth(oauth.clone()));
        assert!(!printed.contains("471"), "{printed}");
    }
}
