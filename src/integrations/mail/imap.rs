//! Reading a mailbox: signing in here, the Sent folder in `folders`.

use std::fmt;

use async_imap::{Authenticator, Client, Session, error::Error as ImapError};
use secrecy::{ExposeSecret as _, SecretString};

use super::{
    MailLogin,
    error::{MailError, MailFault, is_passing, words},
    wire::Wire,
};
use crate::models::MailServer;

/// A connection that is signed in.
pub struct ImapClient {
    session: Session<Wire>,
}

impl ImapClient {
    pub(super) async fn sign_in(mut wire: Wire, server: &MailServer, login: &MailLogin) -> Result<Self, MailError> {
        wire.bounds_nesting();
        let mut client = Client::new(wire);
        match client.read_response().await? {
            Some(response) if is_greeting(response.parsed()) => {}
            Some(response) => return Err(MailFault::NotNow(words(&format!("{:?}", response.parsed()))).into()),
            None => return Err(MailFault::Broken("it hung up".into()).into()),
        }
        let username = &server.username;
        let signed_in = match login {
            // A quoted string holds ASCII only (RFC 3501); other passwords go by SASL.
            MailLogin::Password(password) if password.expose_secret().is_ascii() && username.is_ascii() => {
                client.login(username, password.expose_secret()).await
            }
            MailLogin::Password(password) => client.authenticate("PLAIN", Plain(username, password)).await,
            MailLogin::Token(token) => client.authenticate("XOAUTH2", Xoauth2 { username, token, told: false }).await,
        };
        signed_in.map(|session| Self { session }).map_err(|(error, _)| match error {
            ImapError::No(said) if is_passing(&said) => MailFault::NotNow(words(&said)).into(),
            ImapError::No(said) => MailFault::LoginRefused(words(&said)).into(),
            other => MailError::from(&other),
        })
    }

    /// The session, for all that is done with a mailbox.
    pub fn session(&mut self) -> &mut Session<Wire> {
        &mut self.session
    }

    /// The session itself, for who waits on it.
    #[must_use]
    pub fn into_session(self) -> Session<Wire> {
        self.session
    }

    /// Says goodbye, as far as anybody listens.
    pub async fn logout(mut self) {
        let _ = self.session.logout().await;
    }
}

impl From<&ImapError> for MailError {
    fn from(error: &ImapError) -> Self {
        MailFault::Broken(words(&error.to_string())).into()
    }
}

fn is_greeting(response: &async_imap::imap_proto::Response<'_>) -> bool {
    use async_imap::imap_proto::{Response, Status};
    matches!(response, Response::Data { status: Status::Ok | Status::PreAuth, .. })
}

/// `\0user\0password` (RFC 4616).
struct Plain<'a>(&'a str, &'a SecretString);

impl Authenticator for Plain<'_> {
    type Response = String;

    fn process(&mut self, _: &[u8]) -> String {
        format!("\0{}\0{}", self.0, self.1.expose_secret())
    }
}

/// Google's and Microsoft's way with access tokens. The second challenge says why it was refused, and wants an empty answer.
struct Xoauth2<'a> {
    username: &'a str,
    token: &'a SecretString,
    told: bool,
}

impl Authenticator for Xoauth2<'_> {
    type Response = String;

    fn process(&mut self, _: &[u8]) -> String {
        if std::mem::replace(&mut self.told, true) {
            return String::new();
        }
        format!("user={}\x01auth=Bearer {}\x01\x01", self.username, self.token.expose_secret())
    }
}

impl fmt::Debug for ImapClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ImapClient").finish_non_exhaustive()
    }
}
