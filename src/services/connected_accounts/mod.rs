//! Sending accounts: the LinkedIn profiles and mailboxes that campaigns send from.

mod access;
mod departure;
mod guesses;
mod ledger;
mod mailbox;
mod usage;

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use serde::Serialize;
use serde_json::{Value, json};
use sqlx::types::Json;

pub use self::{
    access::{MailAccess, OauthAccess, ServerAccess},
    mailbox::{MailboxChanges, NewMailboxAccount},
    usage::{AccountUsage, NearCap, Rates},
};

use self::guesses::Guesses;
use super::{Context, Mailboxes, UnipileService};
use crate::{
    config::{LikelyCaps, MailConfig},
    errors::{AppError, Fault, Result},
    models::{
        AccountId, AccountLimits, AccountLimitsChanges, AccountRampUp, AccountRampUpChanges, AccountStatus, AuditEntry,
        Channel, ConnectedAccount, MASKED, OrganizationId, Provider, SandboxBehaviour, SandboxSecret, SendingWindow,
        SendingWindowChanges,
        page::{Page, PageRequest},
        patch::Patch,
        version::VersionGuard,
    },
    repositories::{BaseRepository, OrgMember, OrgPerson, OrgTx},
    utils::{
        crypto::{Cipher, Place, Sealed},
        timezone,
    },
};

/// Sending accounts.
#[derive(Clone)]
pub struct AccountService {
    context: Context,
    cipher: Cipher,
    mailboxes: Mailboxes,
    unipile: UnipileService,
    mail: MailConfig,
    likely: LikelyCaps,
    guesses: Guesses,
}

/// A sandbox account to be made: it rehearses a channel inside our own process.
#[derive(Debug)]
pub struct NewSandboxAccount {
    /// Which channel it rehearses.
    pub channel: Channel,
    /// Its name.
    pub display_name: String,
    /// The address that it pretends to send from.
    pub email: Option<String>,
    /// How much it may do.
    pub limits: AccountLimits,
    /// When it may send; none is always.
    pub sending_window: Option<SendingWindow>,
    /// The length of its slots in seconds; the channel's default if none.
    pub spacing_seconds: Option<i32>,
    /// What its people do follows from this number; drawn if absent.
    pub seed: Option<i64>,
    /// How its people behave.
    pub behaviour: SandboxBehaviour,
}

/// A merge patch of an account.
#[derive(Debug, Default)]
pub struct AccountChanges {
    /// A new name.
    pub display_name: Option<String>,
    /// In use, or set aside.
    pub status: Option<AccountStatus>,
    /// New limits; what is cleared falls back to the default.
    pub limits: Patch<AccountLimitsChanges>,
    /// Daily limits that grow; what is cleared has grown up.
    pub ramp_up: Patch<AccountRampUpChanges>,
    /// New hours, or none.
    pub sending_window: Patch<SendingWindowChanges>,
    /// Another length of its slots, or the channel's default.
    pub spacing_seconds: Patch<i32>,
    /// How it is reached and what its mail looks like, if it is a mailbox.
    pub mailbox: MailboxChanges,
}

impl AccountService {
    /// A service that seals credentials with `cipher`, opens `mailboxes` as `mail` says, asks `unipile` about accounts
    /// that are there, and warns of what LinkedIn is `likely` to stop.
    #[must_use]
    pub fn new(
        context: Context,
        cipher: Cipher,
        mailboxes: Mailboxes,
        unipile: UnipileService,
        (mail, likely): (MailConfig, LikelyCaps),
    ) -> Self {
        let guesses = Guesses::new(context.clock.clone());
        Self { context, cipher, mailboxes, unipile, mail, likely, guesses }
    }

    /// A page of the organization's accounts.
    pub async fn list(&self, member: &OrgMember, page: &PageRequest) -> Result<Page<ConnectedAccount>> {
        self.context.db.read(member).await?.accounts().list(page).await
    }

    /// One account.
    pub async fn get(&self, member: &OrgMember, id: AccountId) -> Result<ConnectedAccount> {
        self.context.db.read(member).await?.accounts().get(id).await
    }

    /// Makes a sandbox account.
    pub async fn create_sandbox(&self, person: &OrgPerson, new: NewSandboxAccount) -> Result<ConnectedAccount> {
        let mut tx = self.context.db.begin(person, self.context.clock.now()).await?;
        let (account, secret) = sandbox(person, tx.now(), new);
        self.insert(&mut tx, &account, &secret).await?;
        tx.commit().await?;
        Ok(account)
    }

    /// Writes a new account with its secret.
    async fn insert(&self, tx: &mut OrgTx, account: &ConnectedAccount, secret: &impl Serialize) -> Result<()> {
        tx.accounts().insert(account, Some(&self.seal(account, secret)?)).await?;
        let now = tx.now();
        tx.accounts().look_at_link_domain(account.id, now).await?;
        let mut after = facts(account);
        after["credentials"] = MASKED.into();
        tx.audit(AuditEntry::new("connected_account.created", "connected_account", account.id.0).change(None, after));
        Ok(())
    }

    fn seal(&self, account: &ConnectedAccount, secret: &impl Serialize) -> Result<Sealed> {
        let secret = serde_json::to_vec(secret).map_err(AppError::internal)?;
        self.cipher.seal(credentials_of(account.organization_id, account.id), &secret).map_err(AppError::internal)
    }

    /// Changes an account's name, limits and hours, sets it aside or takes it up again.
    pub async fn update(
        &self,
        member: &OrgMember,
        id: AccountId,
        seen: &VersionGuard,
        mut changes: AccountChanges,
    ) -> Result<ConnectedAccount> {
        let AccountChanges { mailbox, .. } = &mut changes;
        let mailbox = std::mem::take(mailbox);
        let reached = self.reach(member, (id, seen), mailbox).await?;
        let mut tx = self.context.db.begin(member, self.context.clock.now()).await?;
        tx.executions().hold_held_for(id).await?;
        let mut account = tx.accounts().locked(id).await?;
        seen.check(account.version)?;
        let (before, was) = (facts(&account), account.status);
        let (clock, campaigns_now) = (zone(&account), self.context.campaign_clock.now());
        let today = campaigns_now.with_timezone(&clock).date_naive();
        let resealed = self.take_in(&mut tx, &mut account, reached).await?;
        change(&mut account, changes, today)?;
        mailbox::refuse_beyond_provider(&account)?;
        let taken_up = account.status == AccountStatus::Connected && was != account.status;
        if resealed || facts(&account) != before {
            account.version += 1;
            account.updated_at = tx.now();
            tx.accounts().update(&account).await?;
            ledger::carry_over(&mut tx, id, (clock, zone(&account)), campaigns_now).await?;
            let now = tx.now();
            tx.accounts().look_at_link_domain(id, now).await?;
            if taken_up {
                self.take_up(&mut tx, &account).await?;
            }
            let entry = AuditEntry::new("connected_account.updated", "connected_account", id.0);
            let mut after = facts(&account);
            after["credentials_changed"] = resealed.into();
            tx.audit(entry.change(before, after));
        }
        tx.commit().await?;
        Ok(account)
    }

    /// What waits for an account goes on.
    async fn take_up(&self, tx: &mut OrgTx, account: &ConnectedAccount) -> Result<()> {
        let now = tx.now();
        tx.executions().free(&[], Some(account.id), now).await?;
        tx.guards().judge_account_from(account.id, self.context.campaign_clock.now()).await?;
        if account.unipile.is_some() {
            tx.unipile().watch(account.id, now).await?;
        }
        Ok(())
    }

    /// Deletes an account and its credentials, at Unipile too if it is there; `account_in_use` if a campaign that is not over sends from it,
    /// `step_in_flight`.
    pub async fn delete(&self, member: &OrgMember, id: AccountId, seen: &VersionGuard) -> Result<()> {
        let mut tx = self.context.db.begin(member, self.context.clock.now()).await?;
        // Ways before accounts, as everybody locks them.
        tx.executions().lock_open_by(id).await?;
        let account = tx.accounts().locked(id).await?;
        seen.check(account.version)?;
        departure::let_go(&mut tx, &account).await?;
        tx.accounts().delete(id).await?;
        if let Some(unipile) = &account.unipile {
            let now = tx.now();
            tx.unipile().depart(&unipile.account_id, now).await?;
        }
        let entry = AuditEntry::new("connected_account.deleted", "connected_account", id.0);
        tx.audit(entry.change(facts(&account), None));
        tx.commit().await
    }
}

/// A sandbox account, and by what its people are drawn.
fn sandbox(person: &OrgPerson, now: DateTime<Utc>, new: NewSandboxAccount) -> (ConnectedAccount, SandboxSecret) {
    let NewSandboxAccount { channel, display_name, email, limits, sending_window, spacing_seconds, seed, behaviour } =
        new;
    let account = ConnectedAccount {
        id: AccountId::new(now),
        organization_id: person.organization_id(),
        provider: Provider::Sandbox,
        channel,
        display_name,
        email,
        avatar_url: None,
        status: AccountStatus::Connected,
        status_reason: None,
        limits: Json(limits),
        ramp_up: Json(AccountRampUp::default()),
        sending_window: sending_window.map(Json),
        spacing_seconds: spacing_seconds.unwrap_or(channel.default_spacing()),
        last_act_at: None,
        rests_until: None,
        mailbox: None,
        unipile: None,
        version: 1,
        created_by: Some(person.user_id()),
        created_at: now,
        updated_at: now,
    };
    let seed = seed.unwrap_or_else(|| rand::random::<u32>().into());
    (account, SandboxSecret { seed, behaviour })
}

fn change(account: &mut ConnectedAccount, changes: AccountChanges, today: NaiveDate) -> Result<()> {
    let AccountChanges { display_name, status, limits, ramp_up, sending_window, spacing_seconds, mailbox: _ } = changes;
    if let Some(next) = status.filter(|next| *next != account.status) {
        if !account.status.may_be_switched_to(next) {
            let detail = "Only an account that is connected or paused can be paused and taken up again.";
            return Err(
                AppError::conflict("account_not_connected", detail).with_member("state", account.status.as_str())
            );
        }
        account.status = next;
        account.status_reason = None;
    }
    account.display_name = display_name.unwrap_or_else(|| std::mem::take(&mut account.display_name));
    let default = account.channel.default_spacing();
    account.spacing_seconds = spacing_seconds.apply(Some(account.spacing_seconds)).unwrap_or(default);
    let mut faults = Vec::new();
    match changed_limits(account, limits) {
        Ok(limits) => account.limits = Json(limits),
        Err(wrong) => faults.extend(wrong),
    }
    match changed_ramp_up(account, ramp_up, today) {
        Ok(ramp_up) => account.ramp_up = Json(ramp_up),
        Err(wrong) => faults.extend(wrong),
    }
    match changed_window(account, sending_window) {
        Ok(window) => account.sending_window = window.map(Json),
        Err(wrong) => faults.extend(wrong),
    }
    if faults.is_empty() { Ok(()) } else { Err(AppError::invalid(faults)) }
}

fn changed_limits(
    account: &ConnectedAccount,
    limits: Patch<AccountLimitsChanges>,
) -> Result<AccountLimits, Vec<Fault>> {
    match limits {
        Patch::Keep => Ok(account.limits.0.clone()),
        Patch::Clear => Ok(AccountLimits::of(account.channel)),
        Patch::Set(changes) => account.limits.changed(account.channel, changes),
    }
}

fn changed_ramp_up(
    account: &ConnectedAccount,
    ramp_up: Patch<AccountRampUpChanges>,
    today: NaiveDate,
) -> Result<AccountRampUp, Vec<Fault>> {
    match ramp_up {
        Patch::Keep => Ok(account.ramp_up.0.clone()),
        Patch::Clear => Ok(AccountRampUp::default()),
        Patch::Set(changes) => account.ramp_up.changed(account.channel, changes, today),
    }
}

/// By whose clock an account's days are counted: its window's, else UTC.
fn zone(account: &ConnectedAccount) -> Tz {
    let window = account.sending_window.as_ref();
    window.and_then(|window| timezone::parse(&window.timezone)).unwrap_or(Tz::UTC)
}

fn changed_window(
    account: &ConnectedAccount,
    window: Patch<SendingWindowChanges>,
) -> Result<Option<SendingWindow>, Vec<Fault>> {
    let present = account.sending_window.as_ref().map(|window| window.0.clone());
    match window {
        Patch::Keep => Ok(present),
        Patch::Clear => Ok(None),
        Patch::Set(changes) => SendingWindow::changed(present, changes).map(Some),
    }
}

/// Where an account's credentials are sealed for.
pub(super) fn credentials_of(organization: OrganizationId, account: AccountId) -> Place {
    Place { organization: organization.0, table: "connected_accounts", row: account.0, column: "credentials" }
}

/// What the audit log keeps of an account.
fn facts(account: &ConnectedAccount) -> Value {
    json!({
        "provider": account.provider, "channel": account.channel, "display_name": account.display_name, "email": account.email,
        "status": account.status, "limits": account.limits.0, "ramp_up": account.ramp_up.0, "sending_window": account.sending_window.as_ref().map(|window| &window.0),
        "spacing_seconds": account.spacing_seconds, "mailbox": account.mailbox.as_ref().map(|mailbox| &mailbox.0),
    })
}
