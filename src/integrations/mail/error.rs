//! Why a mailbox could not be used, in words for whoever set it up.

use std::{borrow::Cow, fmt, io};

use crate::models::MailServer;

/// The longest answer of a server that is passed on, in characters.
const LONGEST: usize = 300;

/// Which of a mailbox's servers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailProtocol {
    /// Where mail is handed in.
    Smtp,
    /// Where mail is read.
    Imap,
}

impl MailProtocol {
    /// Its name in the API.
    #[must_use]
    pub fn field(self) -> &'static str {
        match self {
            Self::Smtp => "smtp",
            Self::Imap => "imap",
        }
    }
}

impl fmt::Display for MailProtocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Smtp => "SMTP",
            Self::Imap => "IMAP",
        })
    }
}

/// What a mail server, or the way to it, refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MailFault {
    /// The host's name leads nowhere.
    UnknownHost,
    /// It leads into a network that is not the internet.
    NotPublic,
    /// Passwords are not sent without TLS here.
    NotSecure,
    /// Nobody takes the connection.
    Unreachable,
    /// It takes too long.
    TimedOut,
    /// The server offers no `STARTTLS`.
    NoStarttls,
    /// TLS did not come about; why, as the TLS library says it.
    Tls(String),
    /// The server does not let us in; its own words.
    LoginRefused(String),
    /// The server does not know this way of signing in.
    NoMechanism(&'static str),
    /// The server lets nobody in right now, or not so often; its own words.
    NotNow(String),
    /// No access token is given for the refresh token; the token server's own words.
    TokenRefused(String),
    /// The token server cannot be asked right now, or gives none for now; its own words if it has any.
    TokenUnavailable(Option<String>),
    /// The server speaks otherwise than the protocol, or broke off.
    Broken(String),
}

impl MailFault {
    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::UnknownHost => "mail_host_unknown",
            Self::NotPublic => "mail_host_not_public",
            Self::NotSecure => "mail_not_secure",
            Self::Unreachable => "mail_unreachable",
            Self::TimedOut => "mail_timed_out",
            Self::NoStarttls => "mail_no_starttls",
            Self::Tls(_) => "mail_tls_failed",
            Self::LoginRefused(_) => "mail_login_refused",
            Self::NoMechanism(_) => "mail_no_mechanism",
            Self::NotNow(_) => "mail_not_now",
            Self::TokenRefused(_) => "mail_token_refused",
            Self::TokenUnavailable(_) => "mail_token_unavailable",
            Self::Broken(_) => "mail_broken",
        }
    }

    /// Whether only somebody with other credentials can mend it.
    #[must_use]
    pub fn needs_reconnect(&self) -> bool {
        matches!(self, Self::LoginRefused(_) | Self::TokenRefused(_))
    }

    fn told(&self) -> Cow<'static, str> {
        match self {
            Self::UnknownHost => "its name leads nowhere".into(),
            Self::NotPublic => "its name does not lead to a public address".into(),
            Self::NotSecure => "it is to be reached without TLS, which this server does not do".into(),
            Self::Unreachable => "nobody takes the connection".into(),
            Self::TimedOut => "it did not answer in time".into(),
            Self::NoStarttls => "it offers no STARTTLS".into(),
            Self::Tls(why) => format!("TLS did not come about: {why}").into(),
            Self::LoginRefused(words) => format!("it does not let us in: {words}").into(),
            Self::NoMechanism(mechanism) => format!("it does not take {mechanism}").into(),
            Self::NotNow(words) => format!("it lets us in at another time only: {words}").into(),
            Self::TokenRefused(words) => format!("no access token is given for the refresh token: {words}").into(),
            Self::TokenUnavailable(None) => "the token server does not answer".into(),
            Self::TokenUnavailable(Some(words)) => {
                format!("the token server gives no access token now: {words}").into()
            }
            Self::Broken(words) => format!("it broke off: {words}").into(),
        }
    }
}

/// Why a mailbox could not be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.told())]
pub struct MailError {
    /// What happened.
    pub fault: MailFault,
    /// At which server, as far as it matters.
    pub at: Option<(MailProtocol, String)>,
}

impl MailError {
    /// The same, at `server`.
    pub(super) fn at(mut self, protocol: MailProtocol, server: &MailServer) -> Self {
        self.at.get_or_insert_with(|| (protocol, format!("{}:{}", server.host, server.port)));
        self
    }

    /// A sentence that names the server.
    #[must_use]
    pub fn told(&self) -> String {
        let told = self.fault.told();
        match &self.at {
            Some((protocol, server)) => format!("The {protocol} server {server} cannot be used: {told}."),
            None => format!("The mailbox cannot be used: {told}."),
        }
    }
}

impl From<MailFault> for MailError {
    fn from(fault: MailFault) -> Self {
        Self { fault, at: None }
    }
}

impl From<io::Error> for MailError {
    fn from(error: io::Error) -> Self {
        MailFault::Broken(words(&error.to_string())).into()
    }
}

/// Whether a refusal is about the moment and not about who we are: RFC 5530's codes, and how the big providers say it.
pub(super) fn is_passing(said: &str) -> bool {
    let said = said.to_ascii_lowercase();
    ["unavailable", "inuse", "too many", "try again", "temporar", "limit"].iter().any(|sign| said.contains(sign))
}

/// A server's words as they can be shown: one line, of characters that can be read.
pub(super) fn words(text: &str) -> String {
    let spaced: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let joined = spaced.split_whitespace().collect::<Vec<_>>().join(" ");
    let short: String = joined.chars().take(LONGEST).collect();
    short.trim_end_matches('.').to_owned()
}
