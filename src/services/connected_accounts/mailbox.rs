//! Mailboxes: connected after a real sign-in to both of their servers, and looked at again when somebody asks.

use std::fmt;

use chrono::{DateTime, Utc};
use sqlx::types::Json;

use super::{
    AccountService,
    access::{MailAccess, Owner, link_domain, pointer, settle},
    facts,
};
use crate::{
    errors::{AppError, Fault, Result},
    integrations::mail::{MailError, MailFault},
    models::{
        AccountId, AccountLimits, AccountRampUp, AccountStatus, AuditEntry, Channel, ConnectedAccount, MailAuth,
        MailSecret, MailSecurity, Mailbox, OrganizationId, Provider, ProviderBound, SendingWindow, SentCopy,
        TrackingDomain, patch::Patch, version::VersionGuard, workflow::NodeType,
    },
    repositories::{BaseRepository as _, OrgMember, OrgPerson, OrgTx},
    services::{
        mailboxes::SignIns,
        unipile::{refuse_beyond_plan, refuse_beyond_plan_now},
    },
};

/// A mailbox to be connected.
#[derive(Debug)]
pub struct NewMailboxAccount {
    /// Whose mailbox it is.
    pub provider: Provider,
    /// Its address.
    pub email: String,
    /// The name that its mail comes from; its address if none.
    pub display_name: Option<String>,
    /// How it is reached and opened.
    pub access: MailAccess,
    /// Where answers are to go, if not to its own address.
    pub reply_to: Option<String>,
    /// What stands under each mail.
    pub signature: Option<String>,
    /// Who puts copies into Sent; as usual for its provider if nobody says.
    pub sent_copy: Option<SentCopy>,
    /// A domain of its own that its links are to lead through.
    pub tracking_domain: Option<String>,
    /// How much it may send.
    pub limits: AccountLimits,
    /// When it may send; none is always.
    pub sending_window: Option<SendingWindow>,
    /// The length of its slots in seconds; the channel's default if none.
    pub spacing_seconds: Option<i32>,
}

/// A merge patch of what a mailbox has beyond other accounts.
#[derive(Debug, Default)]
pub struct MailboxChanges {
    /// How it is reached and opened.
    pub access: MailAccess,
    /// Where answers are to go.
    pub reply_to: Patch<String>,
    /// What stands under each mail.
    pub signature: Patch<String>,
    /// Who puts copies into Sent.
    pub sent_copy: Option<SentCopy>,
    /// A domain of its own that its links are to lead through.
    pub tracking_domain: Patch<String>,
}

/// A mailbox as it is to be from now on, and its secret if it becomes another. Its servers have let us in.
pub(super) struct Reached {
    mailbox: Option<Mailbox>,
    secret: Option<MailSecret>,
}

impl fmt::Debug for Reached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reached").field("mailbox", &self.mailbox).finish_non_exhaustive()
    }
}

impl MailboxChanges {
    fn is_empty(&self) -> bool {
        let Self { access, reply_to, signature, sent_copy, tracking_domain } = self;
        let texts = [reply_to, signature, tracking_domain];
        access.is_empty() && texts.into_iter().all(|text| *text == Patch::Keep) && sent_copy.is_none()
    }
}

impl AccountService {
    /// Connects a mailbox, if both of its servers let us in and the plan has a seat for it.
    pub async fn create_mailbox(&self, person: &OrgPerson, mut new: NewMailboxAccount) -> Result<ConnectedAccount> {
        let owner = Owner { provider: new.provider, email: &new.email, config: &self.mail };
        let (mut mailbox, secret) = settle(&owner, None, std::mem::take(&mut new.access)).map_err(AppError::invalid)?;
        mailbox.reply_to = new.reply_to.take();
        mailbox.signature = new.signature.take();
        mailbox.sent_copy = new.sent_copy.unwrap_or(mailbox.sent_copy);
        mailbox.tracking_domain =
            self.link_domain(person, None, new.tracking_domain.take().map_or(Patch::Keep, Patch::Set))?;
        refuse_above(ProviderBound::of(new.provider, &new.email, Some(&mailbox.smtp.host)), &new.limits)?;
        let mut conn = self.context.db.read(person).await?;
        refuse_beyond_plan(&mut conn, self.context.clock.now()).await?;
        conn.give_back();
        let secret = self.verify(person.organization_id(), &mailbox, secret).await?;
        let mut tx = self.context.db.begin(person, self.context.clock.now()).await?;
        let account = connected(person, tx.now(), new, mailbox);
        refuse_beyond_plan_now(&mut tx).await?;
        self.insert(&mut tx, &account, &secret).await?;
        tx.commit().await?;
        Ok(account)
    }

    /// Looks whether an account can be used, and says so in its status: a mailbox that lets us in again is taken up again.
    pub async fn sync(&self, person: &OrgPerson, id: AccountId) -> Result<ConnectedAccount> {
        let mut tx = self.context.db.begin(person, self.context.clock.now()).await?;
        let account = tx.accounts().get(id).await?;
        if account.unipile.is_some() {
            drop(tx);
            return self.unipile.sync(person, id).await;
        }
        let Some(mailbox) = account.mailbox.as_deref() else { return Ok(account) };
        let secret = self.mailboxes.secret(&mut tx, &account).await?;
        drop(tx);
        let checked = self.sign_in(mailbox, secret).await;
        let mut tx = self.context.db.begin(person, self.context.clock.now()).await?;
        tx.executions().hold_held_for(id).await?;
        let mut now = tx.accounts().locked(id).await?;
        let at = tx.now();
        tx.accounts().look_at_link_domain(id, at).await?;
        // Somebody has changed it meanwhile, and knows better.
        if now.version == account.version {
            self.judge(&mut tx, &mut now, checked).await?;
        }
        tx.commit().await?;
        Ok(now)
    }

    /// What a sign-in says of an account.
    async fn judge(
        &self,
        tx: &mut OrgTx,
        account: &mut ConnectedAccount,
        checked: Result<Option<MailSecret>, Vec<MailError>>,
    ) -> Result<()> {
        let before = facts(account);
        match checked {
            Ok(rotated) => {
                if let Some(secret) = rotated {
                    let sealed = self.seal(account, &secret)?;
                    tx.accounts().set_credentials(account.id, &sealed).await?;
                }
                mend(account);
            }
            Err(refusals) => lapse(account, &refusals),
        }
        let after = facts(account);
        if before != after {
            let now = tx.now();
            account.version += 1;
            account.updated_at = now;
            tx.accounts().update(account).await?;
            if account.status == AccountStatus::Connected {
                tx.executions().free(&[], Some(account.id), now).await?;
                tx.guards().judge_account_from(account.id, self.context.campaign_clock.now()).await?;
            }
            let entry = AuditEntry::new("connected_account.synced", "connected_account", account.id.0);
            tx.audit(entry.change(before, after));
        }
        Ok(())
    }

    /// The mailbox as it is to be after `changes`; if they are about how it is reached or opened, its servers are asked.
    pub(super) async fn reach(
        &self,
        member: &OrgMember,
        (id, seen): (AccountId, &VersionGuard),
        changes: MailboxChanges,
    ) -> Result<Reached> {
        if changes.is_empty() {
            return Ok(Reached { mailbox: None, secret: None });
        }
        refuse_programs(member, &changes.access)?;
        let mut tx = self.context.db.begin(member, self.context.clock.now()).await?;
        let account = tx.accounts().get(id).await?;
        seen.check(account.version)?;
        let Some(present) = account.mailbox.as_deref().cloned() else {
            let detail = "Only a mailbox has servers, a signature and an address for answers.";
            return Err(AppError::conflict("account_not_a_mailbox", detail));
        };
        let MailboxChanges { access, reply_to, signature, sent_copy, tracking_domain } = changes;
        // Before anybody is asked anything.
        let tracking_domain = self.link_domain(member, present.tracking_domain.clone(), tracking_domain)?;
        let (mut mailbox, secret) = if access.is_empty() {
            drop(tx);
            (present, None)
        } else {
            let secret = self.mailboxes.secret(&mut tx, &account).await?;
            drop(tx);
            let email = account.email.as_deref().unwrap_or_default();
            let owner = Owner { provider: account.provider, email, config: &self.mail };
            let (mailbox, secret) = settle(&owner, Some((present, secret)), access).map_err(AppError::invalid)?;
            let secret = self.verify(member.organization_id(), &mailbox, secret).await?;
            (mailbox, Some(secret))
        };
        mailbox.reply_to = reply_to.apply(mailbox.reply_to);
        mailbox.signature = signature.apply(mailbox.signature);
        mailbox.sent_copy = sent_copy.unwrap_or(mailbox.sent_copy);
        mailbox.tracking_domain = tracking_domain;
        Ok(Reached { mailbox: Some(mailbox), secret })
    }

    /// The domain that links are to lead through after `change`; of another than before nothing is known yet.
    fn link_domain(
        &self,
        member: &OrgMember,
        before: Option<TrackingDomain>,
        change: Patch<String>,
    ) -> Result<Option<TrackingDomain>> {
        let name = match change {
            Patch::Keep => return Ok(before),
            Patch::Clear => return Ok(None),
            Patch::Set(name) => {
                link_domain(&name, self.mail.anywhere).map_err(|fault| AppError::invalid(vec![fault]))?
            }
        };
        let record = || self.context.links.owner_record(member.organization_id(), &name);
        Ok(before.filter(|before| before.name == name).or_else(|| Some(TrackingDomain::new(name.clone(), record()))))
    }

    /// Writes what was reached into the account; whether its secret became another. One that was shut out is taken up again.
    pub(super) async fn take_in(
        &self,
        tx: &mut OrgTx,
        account: &mut ConnectedAccount,
        reached: Reached,
    ) -> Result<bool> {
        let Reached { mailbox, secret } = reached;
        let present = account.mailbox.take();
        let known = present.as_deref().and_then(|mailbox| mailbox.tracking_domain.clone());
        account.mailbox = mailbox.map(Json).or(present);
        // What was found of its domain meanwhile.
        if let (Some(mailbox), Some(known)) = (account.mailbox.as_deref_mut(), known)
            && mailbox.tracking_domain.as_ref().is_some_and(|domain| domain.name == known.name)
        {
            mailbox.tracking_domain = Some(known);
        }
        let Some(secret) = secret else { return Ok(false) };
        let sealed = self.seal(account, &secret)?;
        tx.accounts().set_credentials(account.id, &sealed).await?;
        mend(account);
        Ok(true)
    }

    /// The secret that has opened both servers just now; else what each of them said.
    async fn verify(&self, organization: OrganizationId, mailbox: &Mailbox, secret: MailSecret) -> Result<MailSecret> {
        refuse_plain(mailbox, self.mailboxes.mail.allows_plain())?;
        let auth = secret.auth();
        let _turn = self.guesses.turn(organization, mailbox).await?;
        let rotated = self.sign_in(mailbox, secret.clone()).await.map_err(|refusals| {
            self.guesses.refused(organization, mailbox, &refusals);
            refused(&refusals, auth)
        })?;
        Ok(rotated.unwrap_or(secret))
    }

    /// Signs in to both servers; the secret if it became another by that.
    async fn sign_in(&self, mailbox: &Mailbox, secret: MailSecret) -> Result<Option<MailSecret>, Vec<MailError>> {
        let SignIns { smtp, imap, rotated, .. } = self.mailboxes.sign_ins(secret).await.map_err(|error| vec![error])?;
        self.mailboxes.mail.check(mailbox, &smtp, &imap).await?;
        Ok(rotated)
    }
}

/// A mailbox that has let us in.
fn connected(person: &OrgPerson, now: DateTime<Utc>, new: NewMailboxAccount, mailbox: Mailbox) -> ConnectedAccount {
    let NewMailboxAccount { provider, email, display_name, limits, sending_window, spacing_seconds, .. } = new;
    ConnectedAccount {
        id: AccountId::new(now),
        organization_id: person.organization_id(),
        provider,
        channel: Channel::Email,
        display_name: display_name.unwrap_or_else(|| email.clone()),
        email: Some(email),
        avatar_url: None,
        status: AccountStatus::Connected,
        status_reason: None,
        limits: Json(limits),
        ramp_up: Json(AccountRampUp::default()),
        sending_window: sending_window.map(Json),
        spacing_seconds: spacing_seconds.unwrap_or(Channel::Email.default_spacing()),
        last_act_at: None,
        rests_until: None,
        mailbox: Some(Json(mailbox)),
        unipile: None,
        version: 1,
        created_by: Some(person.user_id()),
        created_at: now,
        updated_at: now,
    }
}

/// It does not let us in. What passes by itself leaves it in use. One that is paused stays so, with the reason for that: else the next sign-in that
/// succeeds would end the pause.
fn lapse(account: &mut ConnectedAccount, refusals: &[MailError]) {
    if account.status == AccountStatus::Paused {
        return;
    }
    let passing = |error: &MailError| matches!(error.fault, MailFault::NotNow(_) | MailFault::TokenUnavailable(_));
    account.status_reason = Some(told(refusals));
    if refusals.iter().any(|error| error.fault.needs_reconnect()) {
        account.status = AccountStatus::NeedsReconnect;
    } else if !refusals.iter().all(passing) && account.status != AccountStatus::NeedsReconnect {
        account.status = AccountStatus::Error;
    }
}

/// It lets us in again.
fn mend(account: &mut ConnectedAccount) {
    if matches!(account.status, AccountStatus::NeedsReconnect | AccountStatus::Error | AccountStatus::Connecting) {
        account.status = AccountStatus::Connected;
    }
    // Why it was set aside is not mended by its letting us in.
    if account.status != AccountStatus::Paused {
        account.status_reason = None;
    }
}

/// Refuses an API key that says where a mailbox's servers are or what opens them: it could have all mail of the account sent to itself.
fn refuse_programs(member: &OrgMember, access: &MailAccess) -> Result<()> {
    if access.is_empty() || member.person().is_some() {
        return Ok(());
    }
    let detail = "Only a person, with a session token, says where a mailbox's servers are and what opens them.";
    Err(AppError::forbidden("api_key_not_allowed", detail))
}

fn refuse_plain(mailbox: &Mailbox, allowed: bool) -> Result<()> {
    let plain = [("smtp", &mailbox.smtp), ("imap", &mailbox.imap)];
    let faults: Vec<_> = plain
        .into_iter()
        .filter(|(_, server)| server.security == MailSecurity::None && !allowed)
        .map(|(field, _)| {
            let detail = "The password could be read on the way: `tls` or `starttls` is needed.";
            Fault::new(format!("/{field}/security"), "mail_not_secure", detail)
        })
        .collect();
    if faults.is_empty() { Ok(()) } else { Err(AppError::invalid(faults)) }
}

/// Refuses more than its provider lets an account send, if it is a mailbox.
pub(super) fn refuse_beyond_provider(account: &ConnectedAccount) -> Result<()> {
    refuse_above(account.provider_bound(), &account.limits)
}

/// Refuses more than the provider lets a mailbox send.
fn refuse_above(bound: Option<ProviderBound>, limits: &AccountLimits) -> Result<()> {
    let per_day = limits.get(NodeType::SendEmail).per_day;
    match bound.filter(|bound| per_day.is_some_and(|limit| i64::from(limit) > i64::from(bound.most))) {
        Some(ProviderBound { name, most, .. }) => {
            let detail = format!("{name} lets a mailbox send {most} mails in a day.");
            Err(AppError::fault("/limits/send_email/per_day", "above_provider_limit", detail))
        }
        None => Ok(()),
    }
}

fn refused(refusals: &[MailError], auth: MailAuth) -> AppError {
    let faults = refusals.iter().map(|error| {
        let field = error.at.as_ref().map_or("smtp", |(protocol, _)| protocol.field());
        let code = error.fault.code();
        Fault::new(pointer(field, code, auth), code, error.told())
    });
    AppError::invalid(faults.collect())
}

fn told(refusals: &[MailError]) -> String {
    refusals.iter().map(MailError::told).collect::<Vec<_>>().join(" ").chars().take(1_000).collect()
}
