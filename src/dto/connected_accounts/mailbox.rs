//! Mailboxes on the wire: how they are reached and opened, and what is shown of that.

use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{create::limits_of, limits::AccountLimitsPatch};
use crate::{
    dto::extract::Checked,
    errors::Fault,
    models::{Channel, MailAuth, MailSecurity, MailServer, Mailbox, Provider, SendingWindow, SentCopy, TrackingDomain},
    services::connected_accounts::{MailAccess, NewMailboxAccount, OauthAccess, ServerAccess},
    utils::email::NormalizedEmail,
};

/// A mailbox to be connected. Its servers are found by its provider or the domain of its address, if that is a big one; else they must be named.
// The schema demands what is read as optional here, so that the rest can be judged where it lacks.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "provider": "mailbox", "email": "alexandra@sender.example", "display_name": "Alexandra Sender", "password": "…",
    "smtp": {"host": "mail.sender.example", "port": 465, "security": "tls"},
    "imap": {"host": "mail.sender.example", "port": 993, "security": "tls"}
}))]
pub struct CreateMailboxAccount {
    /// Whose mailbox it is: `gmail` for Gmail and Google Workspace, `outlook` for Outlook.com and Microsoft 365, `mailbox` for any other.
    pub provider: MailboxProvider,
    /// Its address, which its mail comes from.
    #[serde(default)]
    #[schema(required = true, max_length = 320)]
    pub email: String,
    /// The name that its mail comes from; the address if absent.
    #[schema(min_length = 1, max_length = 255, pattern = r"\S", nullable = false)]
    pub display_name: Option<String>,
    /// Where its mail is handed in.
    #[schema(nullable = false)]
    pub smtp: Option<MailServerRequest>,
    /// Where its mail is read.
    #[schema(nullable = false)]
    pub imap: Option<MailServerRequest>,
    /// The password for both servers; with many providers one made for this purpose ("app password").
    #[schema(value_type = Option<String>, min_length = 1, max_length = 1000, nullable = false)]
    pub password: Option<SecretString>,
    /// Instead of passwords: a refresh token (XOAUTH2).
    #[schema(nullable = false)]
    pub oauth: Option<MailOauthRequest>,
    /// Where answers are to go, if not to `email`.
    #[schema(max_length = 320)]
    pub reply_to: Option<String>,
    /// What stands under each mail, as plain text.
    #[schema(max_length = 5000)]
    pub signature: Option<String>,
    /// Who puts a copy of each mail into the mailbox's Sent folder; as usual for its provider if absent.
    #[schema(nullable = false)]
    pub sent_copy: Option<SentCopy>,
    /// A domain of its own, a name such as `go.sender.example`, that the links in its mails are to lead through: the way out, and what
    /// shows opens and clicks. It is used once it leads to this server.
    #[schema(min_length = 1, max_length = 260)]
    pub tracking_domain: Option<String>,
    /// How much it may send; the defaults where nothing is said.
    pub limits: Option<AccountLimitsPatch>,
    /// When it may send; always if absent.
    pub sending_window: Option<SendingWindow>,
    /// It sends one mail in each slot of so many seconds; 0 is no bound, absent the default, 30.
    #[schema(minimum = 0, maximum = 86_400)]
    pub spacing_seconds: Option<i32>,
}

/// Whose mailbox it is.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MailboxProvider {
    /// Any mailbox with SMTP and IMAP.
    Mailbox,
    /// Gmail and Google Workspace.
    Gmail,
    /// Outlook.com and Microsoft 365.
    Outlook,
}

/// A mailbox's server. What is absent stays as it is, or is as usual for the provider or the port.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"host": "mail.sender.example", "port": 465, "security": "tls"}))]
pub struct MailServerRequest {
    /// Its name or address. Another than before must be told the password anew.
    #[schema(min_length = 1, max_length = 253, pattern = r"^[A-Za-z0-9._:-]+$", nullable = false)]
    pub host: Option<String>,
    /// The port.
    #[schema(minimum = 1, maximum = 65_535, nullable = false)]
    pub port: Option<u16>,
    /// How the connection is secured. `none` is for development only.
    #[schema(nullable = false)]
    pub security: Option<MailSecurity>,
    /// The name to sign in with; the mailbox's address unless said.
    #[schema(min_length = 1, max_length = 320, nullable = false)]
    pub username: Option<String>,
    /// The password for this server alone. Never shown.
    #[schema(value_type = Option<String>, min_length = 1, max_length = 1000, nullable = false)]
    pub password: Option<SecretString>,
}

/// Signing in with a refresh token (XOAUTH2). Never shown.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"refresh_token": "…", "client_id": "…", "client_secret": "…"}))]
pub struct MailOauthRequest {
    /// The refresh token: of a consent that covers SMTP and IMAP, given to the client named here.
    #[schema(value_type = String, min_length = 1, max_length = 5000)]
    pub refresh_token: SecretString,
    /// The client; this server's own for Google and Microsoft, if it has one.
    #[schema(min_length = 1, max_length = 500, nullable = false)]
    pub client_id: Option<String>,
    /// The client's secret, if it has one.
    #[schema(value_type = Option<String>, min_length = 1, max_length = 500, nullable = false)]
    pub client_secret: Option<SecretString>,
    /// Where access tokens are given; known for Google and Microsoft.
    #[schema(max_length = 2000, nullable = false)]
    pub token_url: Option<String>,
}

/// How a mailbox is reached, and what its mail looks like.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Mailbox)]
pub struct MailboxDto {
    /// Where its mail is handed in.
    pub smtp: MailServer,
    /// Where its mail is read.
    pub imap: MailServer,
    /// How we sign in.
    pub auth: MailAuth,
    /// Who puts a copy of each mail into its Sent folder.
    pub sent_copy: SentCopy,
    /// Where answers are to go, if not to its own address.
    pub reply_to: Option<String>,
    /// What stands under each mail, as plain text.
    pub signature: Option<String>,
    /// A domain of its own that the links in its mails lead through, and whether it does yet.
    pub tracking_domain: Option<TrackingDomain>,
}

impl From<Mailbox> for MailboxDto {
    fn from(mailbox: Mailbox) -> Self {
        let Mailbox { smtp, imap, auth, sent_copy, reply_to, signature, tracking_domain } = mailbox;
        Self { smtp, imap, auth, sent_copy, reply_to, signature, tracking_domain }
    }
}

impl From<MailServerRequest> for ServerAccess {
    fn from(server: MailServerRequest) -> Self {
        let MailServerRequest { host, port, security, username, password } = server;
        Self { host: host.map(|host| host.to_ascii_lowercase()), port, security, username, password }
    }
}

impl MailOauthRequest {
    fn check(self) -> Result<OauthAccess, Fault> {
        let Self { refresh_token, client_id, client_secret, token_url } = self;
        let wrong = || Fault::new("/oauth/token_url", "url_invalid", "This is no web address.");
        let token_url = token_url.map(|url| url.parse().map_err(|_| wrong())).transpose()?;
        Ok(OauthAccess { token_url, client_id, client_secret, refresh_token })
    }
}

/// How a mailbox is reached and opened, of the fields that say so.
pub(super) fn access(
    smtp: Option<MailServerRequest>,
    imap: Option<MailServerRequest>,
    password: Option<SecretString>,
    oauth: Option<MailOauthRequest>,
) -> Result<MailAccess, Fault> {
    Ok(MailAccess {
        smtp: smtp.unwrap_or_default().into(),
        imap: imap.unwrap_or_default().into(),
        password,
        oauth: oauth.map(MailOauthRequest::check).transpose()?,
    })
}

/// An address in the field `pointer`, or what is wrong with it.
pub(super) fn address(pointer: &str, text: &str) -> Result<String, Fault> {
    let read = NormalizedEmail::parse(text).map_err(|refusal| Fault::new(pointer, refusal.code, refusal.detail))?;
    if read.address().is_ascii() {
        return Ok(read.address().to_owned());
    }
    let detail = "Few mail servers take an address that is not plain ASCII before the `@`.";
    Err(Fault::new(pointer, "email_not_ascii", detail))
}

impl Checked for CreateMailboxAccount {
    type Read = NewMailboxAccount;

    fn check(self) -> Result<NewMailboxAccount, Vec<Fault>> {
        let mut faults = Vec::new();
        let email = address("/email", &self.email).map_err(|fault| faults.push(fault));
        let reply_to =
            self.reply_to.map(|reply_to| address("/reply_to", &reply_to)).transpose().unwrap_or_else(|fault| {
                faults.push(fault);
                None
            });
        let sending_window = self.sending_window.map(SendingWindow::checked).transpose().unwrap_or_else(|wrong| {
            faults.extend(wrong);
            None
        });
        let limits =
            limits_of(Some(Channel::Email), self.limits.unwrap_or_default()).map_err(|wrong| faults.extend(wrong));
        let access = access(self.smtp, self.imap, self.password, self.oauth).map_err(|fault| faults.push(fault));
        let (Ok(email), Ok(limits), Ok(access), true) = (email, limits, access, faults.is_empty()) else {
            return Err(faults);
        };
        Ok(NewMailboxAccount {
            provider: self.provider.into(),
            email,
            display_name: self.display_name,
            access,
            reply_to,
            signature: self.signature,
            sent_copy: self.sent_copy,
            tracking_domain: self.tracking_domain,
            limits,
            sending_window,
            spacing_seconds: self.spacing_seconds,
        })
    }
}

impl From<MailboxProvider> for Provider {
    fn from(provider: MailboxProvider) -> Self {
        match provider {
            MailboxProvider::Mailbox => Self::Mailbox,
            MailboxProvider::Gmail => Self::Gmail,
            MailboxProvider::Outlook => Self::Outlook,
        }
    }
}
