//! Mailboxes: handing mail in by SMTP, reading by IMAP, signing in by password or OAuth. Servers are named by callers, so they are
//! resolved once, checked, and connected to at just the addresses that were checked (`connect`).

mod connect;
mod error;
mod folders;
mod html;
mod ids;
mod imap;
mod message;
mod nesting;
mod oauth;
mod reading;
mod smtp;
mod wire;

use std::{sync::Arc, time::Duration};

use rustls::{ClientConfig, RootCertStore};
use secrecy::SecretString;
use tokio_rustls::TlsConnector;

pub use self::{
    error::{MailError, MailFault, MailProtocol},
    ids::only_id,
    imap::ImapClient,
    message::{Draft, Marks, Unwritable, Written},
    oauth::AccessToken,
    reading::{FolderState, MailHead, Survey},
    smtp::{Reply, SmtpClient, Stage},
    wire::Wire,
};
use crate::{
    config::MailConfig,
    integrations::outbound::Outbound,
    models::{MailServer, Mailbox},
};

/// How long connecting and signing in may take, all together.
const SIGN_IN: Duration = Duration::from_secs(15);

/// Connects to mail servers.
#[derive(Clone)]
pub struct Mail {
    tls: TlsConnector,
    /// Whether servers may be anywhere, on this machine and without TLS too: in development.
    anywhere: bool,
    /// How often a mailbox is looked into whatever its server tells by itself.
    poll: Duration,
    http: Outbound,
}

/// What signs in.
#[derive(Debug, Clone)]
pub enum MailLogin {
    /// A password.
    Password(SecretString),
    /// An access token, by XOAUTH2.
    Token(SecretString),
}

impl Mail {
    /// Connects as `config` says: trusting the authorities that Mozilla does, and those in addition.
    ///
    /// # Errors
    /// TLS cannot be set up, or an additional authority's certificate is none.
    pub fn new(config: &MailConfig) -> anyhow::Result<Self> {
        let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        for certificate in &config.extra_authorities {
            roots.add(certificate.clone())?;
        }
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let http = Outbound::new(config.anywhere)?;
        Ok(Self { tls: TlsConnector::from(Arc::new(tls)), anywhere: config.anywhere, poll: config.poll, http })
    }

    /// How often a mailbox is looked into whatever its server tells by itself.
    #[must_use]
    pub fn poll(&self) -> Duration {
        self.poll
    }

    /// Whether `security: none` is let through.
    #[must_use]
    pub fn allows_plain(&self) -> bool {
        self.anywhere
    }

    /// Connects to an SMTP server and signs in.
    ///
    /// # Errors
    /// Why that did not succeed. Nothing was sent.
    pub async fn smtp(&self, server: &MailServer, login: &MailLogin) -> Result<SmtpClient, MailError> {
        let signed_in = tokio::time::timeout(SIGN_IN, async {
            let wire = self.connect(server, MailProtocol::Smtp).await?;
            SmtpClient::sign_in(wire, server, login).await
        });
        signed_in
            .await
            .unwrap_or_else(|_| Err(MailFault::TimedOut.into()))
            .map_err(|error| error.at(MailProtocol::Smtp, server))
    }

    /// Connects to an IMAP server and signs in.
    ///
    /// # Errors
    /// Why that did not succeed.
    pub async fn imap(&self, server: &MailServer, login: &MailLogin) -> Result<ImapClient, MailError> {
        let signed_in = tokio::time::timeout(SIGN_IN, async {
            let wire = self.connect(server, MailProtocol::Imap).await?;
            ImapClient::sign_in(wire, server, login).await
        });
        signed_in
            .await
            .unwrap_or_else(|_| Err(MailFault::TimedOut.into()))
            .map_err(|error| error.at(MailProtocol::Imap, server))
    }

    /// Signs in to both servers of a mailbox, and out again.
    ///
    /// # Errors
    /// Why each of them does not let us in.
    pub async fn check(&self, mailbox: &Mailbox, smtp: &MailLogin, imap: &MailLogin) -> Result<(), Vec<MailError>> {
        let smtp = async {
            self.smtp(&mailbox.smtp, smtp).await?.quit().await;
            Ok(())
        };
        let imap = async {
            self.imap(&mailbox.imap, imap).await?.logout().await;
            Ok(())
        };
        let (smtp, imap): (Result<(), MailError>, Result<(), MailError>) = tokio::join!(smtp, imap);
        let refusals: Vec<_> = [smtp.err(), imap.err()].into_iter().flatten().collect();
        if refusals.is_empty() { Ok(()) } else { Err(refusals) }
    }
}
