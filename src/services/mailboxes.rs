//! Opening mailboxes that are connected: their sealed credentials, and access tokens as long as they are good.

use std::{fmt, time::Duration};

use moka::future::Cache;
use secrecy::{ExposeSecret as _, SecretString};

use super::{Context, connected_accounts::credentials_of};
use crate::{
    errors::{AppError, Result},
    integrations::mail::{AccessToken, ImapClient, Mail, MailError, MailLogin, SmtpClient},
    models::{AccountId, ConnectedAccount, MailSecret, Mailbox, OauthSecret},
    repositories::{BaseRepository as _, OrgTx},
    utils::crypto::Cipher,
};

/// Access tokens that are remembered.
const TOKENS: u64 = 10_000;
/// A token is not used in the last minute of its life: our clock may be late.
const SPARE: Duration = Duration::from_mins(1);
/// Tokens are asked for anew at least so often.
const LONGEST: Duration = Duration::from_mins(50);

/// Opens mailboxes.
#[derive(Clone)]
pub struct Mailboxes {
    context: Context,
    cipher: Cipher,
    /// What speaks to mail servers.
    pub mail: Mail,
    tokens: Cache<(AccountId, i64), (SecretString, Duration)>,
}

/// What signs in to a mailbox's servers.
pub(super) struct SignIns {
    pub(super) smtp: MailLogin,
    pub(super) imap: MailLogin,
    /// How long they are good for.
    pub(super) lives: Duration,
    /// The mailbox's secret, if it became another by this.
    pub(super) rotated: Option<MailSecret>,
}

/// Why a mailbox is not open.
#[derive(Debug, thiserror::Error)]
pub enum Unopened {
    /// Its servers, or the way to them.
    #[error(transparent)]
    Mail(#[from] MailError),
    /// Something of ours.
    #[error(transparent)]
    Ours(#[from] AppError),
}

impl Unopened {
    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &str {
        match self {
            Self::Mail(error) => error.fault.code(),
            Self::Ours(error) => error.code(),
        }
    }
}

impl fmt::Debug for Mailboxes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mailboxes").finish_non_exhaustive()
    }
}

impl Mailboxes {
    /// Mailboxes whose credentials `cipher` opens.
    #[must_use]
    pub fn new(context: Context, cipher: Cipher, mail: Mail) -> Self {
        let tokens = Cache::builder().max_capacity(TOKENS).time_to_live(LONGEST).build();
        Self { context, cipher, mail, tokens }
    }

    /// A connection to hand mail in, signed in.
    ///
    /// # Errors
    /// Why there is none.
    pub async fn smtp(&self, account: &ConnectedAccount) -> Result<SmtpClient, Unopened> {
        let server = &mailbox_of(account)?.smtp;
        let (login, remembered) = self.login(account, |ins| &ins.smtp).await?;
        match self.mail.smtp(server, &login).await {
            Err(error) if remembered && error.fault.needs_reconnect() => {
                let login = self.fresh_login(account, |ins| &ins.smtp).await?;
                Ok(self.mail.smtp(server, &login).await?)
            }
            opened => Ok(opened?),
        }
    }

    /// A connection to read mail, signed in.
    ///
    /// # Errors
    /// Why there is none.
    pub async fn imap(&self, account: &ConnectedAccount) -> Result<ImapClient, Unopened> {
        let server = &mailbox_of(account)?.imap;
        let (login, remembered) = self.login(account, |ins| &ins.imap).await?;
        match self.mail.imap(server, &login).await {
            Err(error) if remembered && error.fault.needs_reconnect() => {
                let login = self.fresh_login(account, |ins| &ins.imap).await?;
                Ok(self.mail.imap(server, &login).await?)
            }
            opened => Ok(opened?),
        }
    }

    /// What signs in to one server, and whether it is an access token that was given earlier: that may be taken back before its time.
    async fn login(
        &self,
        account: &ConnectedAccount,
        of: fn(&SignIns) -> &MailLogin,
    ) -> Result<(MailLogin, bool), Unopened> {
        let now = self.context.clock.monotonic();
        match self.tokens.get(&(account.id, account.version)).await {
            Some((token, until)) if now < until => Ok((MailLogin::Token(token), true)),
            _ => Ok((self.fresh_login(account, of).await?, false)),
        }
    }

    /// The same, without remembering anything.
    async fn fresh_login(
        &self,
        account: &ConnectedAccount,
        of: fn(&SignIns) -> &MailLogin,
    ) -> Result<MailLogin, Unopened> {
        let mut tx = self.context.db.begin_engine(account.organization_id, self.context.clock.now()).await?;
        let secret = self.secret(&mut tx, account).await?;
        drop(tx);
        let ins = self.sign_ins(secret).await?;
        if let MailLogin::Token(token) = &ins.smtp {
            let until = self.context.clock.monotonic() + ins.lives.saturating_sub(SPARE);
            self.tokens.insert((account.id, account.version), (token.clone(), until)).await;
        }
        if let Some(rotated) = &ins.rotated {
            self.keep(account, rotated).await?;
        }
        Ok(of(&ins).clone())
    }

    /// What signs in, of a mailbox's secret.
    ///
    /// # Errors
    /// No access token is given.
    pub(super) async fn sign_ins(&self, secret: MailSecret) -> Result<SignIns, MailError> {
        match secret {
            MailSecret::Passwords { smtp, imap } => {
                let login = |password: String| MailLogin::Password(password.into());
                Ok(SignIns { smtp: login(smtp), imap: login(imap), lives: Duration::MAX, rotated: None })
            }
            MailSecret::Oauth(secret) => {
                let AccessToken { token, lives, refresh_token } = self.mail.access_token(&secret).await?;
                let rotated =
                    refresh_token.map(|refresh_token| MailSecret::Oauth(OauthSecret { refresh_token, ..secret }));
                Ok(SignIns { smtp: MailLogin::Token(token.clone()), imap: MailLogin::Token(token), lives, rotated })
            }
        }
    }

    /// A mailbox's secret.
    ///
    /// # Errors
    /// The database's; that no key opens it.
    pub(super) async fn secret(&self, tx: &mut OrgTx, account: &ConnectedAccount) -> Result<MailSecret> {
        let sealed = tx.accounts().credentials(account.id).await?;
        let sealed = sealed.ok_or_else(|| AppError::internal("a mailbox has no credentials"))?;
        let opened = self
            .cipher
            .open(credentials_of(account.organization_id, account.id), &sealed)
            .map_err(AppError::internal)?;
        serde_json::from_slice(opened.expose_secret()).map_err(AppError::internal)
    }

    /// A token server has replaced the refresh token: the old one may soon be worth nothing.
    async fn keep(&self, account: &ConnectedAccount, secret: &MailSecret) -> Result<()> {
        let bytes = serde_json::to_vec(secret).map_err(AppError::internal)?;
        let sealed = self
            .cipher
            .seal(credentials_of(account.organization_id, account.id), &bytes)
            .map_err(AppError::internal)?;
        let mut tx = self.context.db.begin_engine(account.organization_id, self.context.clock.now()).await?;
        // Unless a person has changed the credentials meanwhile.
        if tx.accounts().locked(account.id).await?.version == account.version {
            tx.accounts().set_credentials(account.id, &sealed).await?;
        }
        tx.commit().await
    }
}

fn mailbox_of(account: &ConnectedAccount) -> Result<&Mailbox, AppError> {
    account.mailbox.as_deref().ok_or_else(|| AppError::internal("the account is no mailbox"))
}
