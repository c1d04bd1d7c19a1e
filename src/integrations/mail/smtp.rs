//! Handing mail in, one command at a time, so that it is known of each refusal and of each broken connection what it was an answer to.

use std::{error::Error as _, fmt};

use lettre::{
    Address,
    transport::smtp::{
        Error as SmtpError,
        authentication::{Credentials, Mechanism},
        client::AsyncSmtpConnection,
        commands::{Data, Mail, Rcpt},
        extension::{ClientId, Extension, MailBodyParameter, MailParameter},
    },
};
use secrecy::ExposeSecret as _;

use super::{
    MailLogin,
    error::{MailError, MailFault, is_passing, words},
    wire::{Ended, Wire},
};
use crate::models::MailServer;

/// How we introduce ourselves. The name proves nothing to a server that we sign in to, and that of this machine is nobody's business.
const HELLO: &str = "localhost.localdomain";

/// A connection that is signed in.
pub struct SmtpClient {
    connection: AsyncSmtpConnection,
    ended: Ended,
}

/// How far a mail had come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// The sender was being told.
    Sender,
    /// The recipient was being told.
    Recipient,
    /// The message was announced or on its way; its end had not been written. No server delivers such a one (RFC 5321, 4.1.1.4).
    Message,
    /// The end of the message was written, and it was the server's turn.
    Verdict,
}

/// What a server said, or that it said nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// It has the mail; its own words.
    Taken(String),
    /// It refused.
    Refused {
        /// What it refused.
        stage: Stage,
        /// Its three digits.
        code: u16,
        /// Its words, an enhanced status (RFC 3463) first if there is one.
        text: String,
    },
    /// The connection broke, or what was said makes no sense.
    Broken {
        /// While what was under way.
        stage: Stage,
        /// What is known of it.
        text: String,
    },
}

impl fmt::Debug for SmtpClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SmtpClient").finish_non_exhaustive()
    }
}

impl SmtpClient {
    pub(super) async fn sign_in(wire: Wire, server: &MailServer, login: &MailLogin) -> Result<Self, MailError> {
        let ended = wire.ended();
        let hello = ClientId::Domain(HELLO.to_owned());
        let connected = AsyncSmtpConnection::connect_with_transport(Box::new(wire), &hello).await;
        let mut connection = connected.map_err(|error| fault(&error))?;
        let (mechanisms, secret): (&[_], _) = match login {
            MailLogin::Password(password) => (&[Mechanism::Plain, Mechanism::Login], password),
            MailLogin::Token(token) => (&[Mechanism::Xoauth2], token),
        };
        if connection.server_info().get_auth_mechanism(mechanisms).is_none() {
            return Err(MailFault::NoMechanism(told(mechanisms)).into());
        }
        let credentials = Credentials::new(server.username.clone(), secret.expose_secret().to_owned());
        match connection.auth(mechanisms, &credentials).await {
            Ok(_) => Ok(Self { connection, ended }),
            // A server that refuses a token first says why, in a form that lettre does not expect.
            Err(error) if error.is_client() => {
                Err(MailFault::LoginRefused("the access token was refused".into()).into())
            }
            Err(error) if error.is_permanent() => {
                Err(not_let_in(error.status().map(u16::from), server_words(&error)).into())
            }
            Err(error) => Err(fault(&error).into()),
        }
    }

    /// Hands a mail in. `may_begin` is asked right before; if it says no, nothing was sent, and there is no reply.
    pub async fn send(
        &mut self,
        from: &Address,
        to: &Address,
        message: &[u8],
        may_begin: impl Fn() -> bool,
    ) -> Option<Reply> {
        self.ended.reset();
        if !may_begin() {
            return None;
        }
        let mut stage = Stage::Sender;
        let sent = self.hand_in(from, to, message, &mut stage).await;
        let stage = if self.ended.is() { Stage::Verdict } else { stage };
        Some(match sent {
            Ok(text) => Reply::Taken(text),
            Err(error) => match error.status() {
                Some(code) => Reply::Refused { stage, code: code.into(), text: server_words(&error) },
                None => Reply::Broken { stage, text: words(&error.to_string()) },
            },
        })
    }

    async fn hand_in(
        &mut self,
        from: &Address,
        to: &Address,
        message: &[u8],
        stage: &mut Stage,
    ) -> Result<String, SmtpError> {
        let eight_bit = !message.is_ascii() && self.connection.server_info().supports_feature(Extension::EightBitMime);
        let parameters = if eight_bit { vec![MailParameter::Body(MailBodyParameter::EightBitMime)] } else { vec![] };
        self.connection.command(Mail::new(Some(from.clone()), parameters)).await?;
        *stage = Stage::Recipient;
        self.connection.command(Rcpt::new(to.clone(), vec![])).await?;
        *stage = Stage::Message;
        self.connection.command(Data).await?;
        let taken = self.connection.message(message).await?;
        Ok(words(&taken.message().collect::<Vec<_>>().join(" ")))
    }

    /// What tells whether the end of the present message may be on the wire, should [`Self::send`] be given up.
    pub fn may_have_sent(&self) -> impl Fn() -> bool + Send + Sync + use<> {
        let ended = self.ended.clone();
        move || ended.is()
    }

    /// Makes ready for another mail; false if the connection is of no more use.
    pub async fn reset(&mut self) -> bool {
        self.connection.command(lettre::transport::smtp::commands::Rset).await.is_ok()
    }

    /// Says goodbye, as far as anybody listens.
    pub async fn quit(mut self) {
        let _ = self.connection.quit().await;
    }
}

fn told(mechanisms: &[Mechanism]) -> &'static str {
    if mechanisms == [Mechanism::Xoauth2] { "XOAUTH2" } else { "passwords (AUTH PLAIN or LOGIN)" }
}

/// What a refusal for good, while signing in, is about. These codes say that the credentials are (RFC 4954, 6; RFC 3463 and 5248: 5.7.8, 5.7.9),
/// unless the words say otherwise; others, such as `554 too many connections`, may pass.
fn not_let_in(code: Option<u16>, said: String) -> MailFault {
    let about_us = matches!(code, Some(530 | 534 | 535))
        || said.split_whitespace().take(2).any(|word| matches!(word, "5.7.8" | "5.7.9"));
    match said {
        said if is_passing(&said) => MailFault::NotNow(said),
        said if about_us => MailFault::LoginRefused(said),
        said => MailFault::Broken(said),
    }
}

/// What went wrong before or while signing in.
fn fault(error: &SmtpError) -> MailFault {
    if error.is_transient() { MailFault::NotNow(server_words(error)) } else { MailFault::Broken(server_words(error)) }
}

/// What a server said; else what the library says.
fn server_words(error: &SmtpError) -> String {
    let said = error.source().map(ToString::to_string).filter(|text| !text.trim().is_empty());
    match (error.status(), said) {
        (Some(code), Some(said)) => words(&format!("{code} {said}")),
        (Some(code), None) => code.to_string(),
        (None, said) => words(&said.unwrap_or_else(|| error.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_about_the_credentials_shuts_an_account_out() {
        for (said, out) in [
            ("535 5.7.8 Username and Password not accepted", true),
            ("535 5.7.139 Authentication unsuccessful, the user credentials were incorrect", true),
            ("534 5.7.9 Application-specific password required", true),
            ("530 5.7.57 Client not authenticated to send mail", true),
            ("554 5.7.8 Bad credentials", true),
            ("500 5.7.9 Mechanism too weak", true),
            ("554 too many login attempts", false),
            ("535 5.7.0 Too many bad auth attempts, try again later", false),
            ("554 5.7.0 Service refused", false),
            ("550 Server busy", false),
        ] {
            let fault = not_let_in(said[..3].parse().ok(), said.to_owned());
            assert_eq!(fault.needs_reconnect(), out, "{said}: {fault:?}");
        }
    }
}
