//! How accounts are: looked up at Unipile when a webhook hints at it, and every now and then. What is out of order holds its leads where they
//! are; when it is in order again they go on.

use std::time::Duration;

use chrono::TimeDelta;
use futures::FutureExt as _;

use super::{CLAIM, UnipileService, about, backoff, confirm::tier, facts, places};
use crate::{
    errors::Result,
    integrations::unipile::{Account, Class, OwnProfile, SourceStatus},
    models::{AccountId, AccountStatus, AuditEntry, ConnectedAccount, OrganizationId, UnipileAccount, WatchKind},
    repositories::{BaseRepository as _, DueWatch, Looked, OrgPerson, OrgTx, Watched},
    services::campaign_runs::Round,
};

/// How often an account that is in order is looked at, though nothing hints at it.
const IN_ORDER: TimeDelta = TimeDelta::hours(1);
/// The same of one that may come right by itself.
const PASSING: TimeDelta = TimeDelta::minutes(1);
/// The same of one that waits for a person.
const WAITING: TimeDelta = TimeDelta::minutes(15);
/// The same of one that is gone.
const GONE: TimeDelta = TimeDelta::hours(24);
/// For how long an account may have been out before that was noticed. Its status is asked for every hour, but by when Unipile itself knows is not
/// documented, and until then it answers with what it knew last.
const UNNOTICED: TimeDelta = TimeDelta::days(7);
/// For how long after an account is in order again it is looked for what came meanwhile: how long Unipile takes to fetch it is not documented.
const CATCHES_UP: TimeDelta = TimeDelta::hours(1);
/// The pauses after looks that Unipile did not answer.
const PAUSES: (TimeDelta, TimeDelta) = (TimeDelta::seconds(2), TimeDelta::minutes(5));

/// How an account is, by what Unipile says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Standing {
    /// Whether it can be used.
    pub(super) status: AccountStatus,
    /// Why it cannot.
    pub(super) reason: Option<String>,
    /// Unipile's word.
    pub(super) word: Option<&'static str>,
}

/// How an account is that Unipile has.
pub(super) fn standing(account: &Account) -> Standing {
    let word = account.status();
    let place = if account.is_linkedin() { "LinkedIn" } else { "The mailbox's provider" };
    let (status, reason) = match word {
        SourceStatus::Ok => (AccountStatus::Connected, None),
        SourceStatus::Connecting => {
            (AccountStatus::Connecting, Some(format!("Unipile is connecting. {place} may take its time.")))
        }
        SourceStatus::Error => (
            AccountStatus::Error,
            Some(format!("Unipile says that the connection is out of order. {place} may be the cause.")),
        ),
        SourceStatus::Stopped => {
            (AccountStatus::NeedsReconnect, Some("The account was stopped at Unipile. Connect it again.".to_owned()))
        }
        SourceStatus::Permissions => (
            AccountStatus::NeedsReconnect,
            Some(format!("{place} no longer grants what is needed. Connect the account again.")),
        ),
        SourceStatus::Credentials => (
            AccountStatus::NeedsReconnect,
            Some(format!("{place} wants the account's owner to sign in again. Connect the account again.")),
        ),
    };
    Standing { status, reason, word: Some(word.as_str()) }
}

fn gone() -> Standing {
    let reason = "The account is no longer at Unipile. Connect it anew.";
    Standing { status: AccountStatus::Disconnected, reason: Some(reason.to_owned()), word: None }
}

impl UnipileService {
    /// Looks at the accounts whose turn it is, or that a webhook has hinted at.
    ///
    /// # Errors
    /// The database is away.
    pub async fn look_at_accounts(&self) -> Result<Round> {
        if self.api.is_none() {
            return Ok(Round::default());
        }
        // Nobody's turn comes twice at a time: an account that is looked at is not due.
        let claim = |_: Vec<String>, free| {
            let now = self.now();
            self.context.db.claim_watches(WatchKind::Status, now, now + CLAIM, free).boxed()
        };
        let look = |watch: DueWatch| {
            let looked = async move {
                if let Err(error) = self.look(&watch).await {
                    let (code, cause) = (error.code(), error.causes());
                    tracing::error!(account = %watch.account_id, code, cause, "an account cannot be looked at");
                }
            };
            looked.boxed()
        };
        places::fill(claim, |watch| watch.account_id.to_string(), look).await
    }

    async fn look(&self, watch: &DueWatch) -> Result<()> {
        let found = self.ask(watch.organization_id, watch.account_id).await?;
        let mut tx = self.context.db.begin_engine(watch.organization_id, self.now()).await?;
        let now = tx.now();
        tx.executions().hold_held_for(watch.account_id).await?;
        let Some(account) = tx.accounts().lock(watch.account_id).await? else { return Ok(()) };
        let id = account.id;
        let looked = if matches!(found, Found::Silent) { Looked::Not } else { Looked::Whole(Duration::ZERO) };
        let pause = match found {
            Found::Not => return Ok(()),
            Found::Silent => backoff(PAUSES.0, PAUSES.1, watch.failures),
            Found::As { standing, profile, of } => {
                // Somebody has connected it anew meanwhile, and what was asked was of the one before.
                if account.unipile.as_ref().is_some_and(|unipile| unipile.account_id == of) {
                    self.stand(&mut tx, account, standing.clone(), profile.as_deref()).await?;
                }
                about(pause(standing.status), id.0.as_bytes(), now)
            }
        };
        tx.unipile().watched(watch, Watched { again: now + pause, seen_until: None, looked, pass: None }, now).await?;
        tx.commit().await
    }

    /// Looks at an account at once, because a person asks for it.
    ///
    /// # Errors
    /// `connected_account_not_found`; `unipile_not_configured`, `unipile_unavailable`.
    pub async fn sync(&self, person: &OrgPerson, id: AccountId) -> Result<ConnectedAccount> {
        self.api()?;
        let found = self.ask(person.organization_id(), id).await?;
        let mut tx = self.context.db.begin(person, self.now()).await?;
        tx.executions().hold_held_for(id).await?;
        let account = tx.accounts().locked(id).await?;
        let Found::As { standing, profile, of } = found else {
            let detail = "Unipile does not say how the account is. Try again in a moment.";
            return Err(crate::errors::AppError::unavailable("unipile_unavailable", detail));
        };
        if account.unipile.as_ref().is_some_and(|unipile| unipile.account_id == of) {
            self.stand(&mut tx, account, standing, profile.as_deref()).await?;
        }
        let now = tx.now();
        tx.unipile().watch(id, now).await?;
        let account = tx.accounts().get(id).await?;
        tx.commit().await?;
        Ok(account)
    }

    /// What Unipile says of an account; of one that is in order also who its owner is.
    async fn ask(&self, organization: OrganizationId, id: AccountId) -> Result<Found> {
        let account = self.context.db.engine_conn(organization).await?.accounts().find(id).await?;
        let Some(unipile) = account.and_then(|account| account.unipile) else { return Ok(Found::Not) };
        let (api, of) = (self.api()?, unipile.0.account_id);
        match api.account(&of).await {
            Ok(account) => {
                let standing = standing(&account);
                let connected = standing.status == AccountStatus::Connected && account.is_linkedin();
                let profile = if connected { api.own_profile(&of).await.ok().map(Box::new) } else { None };
                Ok(Found::As { standing, profile, of })
            }
            Err(error) if error.class() == Class::Gone => Ok(Found::As { standing: gone(), profile: None, of }),
            Err(error) => {
                tracing::warn!(account = %id, %error, "Unipile does not say how an account is");
                Ok(Found::Silent)
            }
        }
    }

    /// Writes how an account is. One that a person has set aside stays so, and is told why it could not be used either.
    pub(super) async fn stand(
        &self,
        tx: &mut OrgTx,
        mut account: ConnectedAccount,
        standing: Standing,
        profile: Option<&OwnProfile>,
    ) -> Result<()> {
        let (before, was) = (facts(&account), account.status);
        let Standing { status, reason, word } = standing;
        let set_aside = was == AccountStatus::Paused && status != AccountStatus::Disconnected;
        account.status = if set_aside { was } else { status };
        account.status_reason = reason;
        if let Some(unipile) = &mut account.unipile {
            let is_back = word == Some(UnipileAccount::IN_ORDER) && unipile.source_status.as_deref() != word;
            unipile.source_status = word.map(str::to_owned);
            if is_back {
                self.look_back(tx, account.id).await?;
            }
            if let Some(profile) = profile {
                unipile.provider_id = profile.provider_id.clone().or(unipile.provider_id.take());
                unipile.public_identifier = profile.public_identifier.clone().or(unipile.public_identifier.take());
                unipile.tier = tier(profile);
            }
            tx.unipile().set_account(account.id, unipile).await?;
        }
        let after = facts(&account);
        if before == after {
            return Ok(());
        }
        let now = tx.now();
        account.version += 1;
        account.updated_at = now;
        tx.accounts().update(&account).await?;
        if account.status == AccountStatus::Connected && was != account.status {
            tx.executions().free(&[], Some(account.id), now).await?;
        }
        let entry = AuditEntry::new("connected_account.synced", "connected_account", account.id.0);
        tx.audit(entry.change(before, after));
        Ok(())
    }

    /// Has an account read again from before it may have been out.
    pub(super) async fn look_back(&self, tx: &mut OrgTx, id: AccountId) -> Result<()> {
        let now = tx.now();
        let unnoticed = UNNOTICED.to_std().unwrap_or_default();
        tx.unipile().look_back(id, unnoticed, (now, now + CATCHES_UP)).await
    }
}

/// What came of asking.
enum Found {
    /// It is none of Unipile's, or not here any more.
    Not,
    /// Unipile does not answer.
    Silent,
    /// It is so.
    As { standing: Standing, profile: Option<Box<OwnProfile>>, of: String },
}

fn pause(status: AccountStatus) -> TimeDelta {
    match status {
        AccountStatus::Connected | AccountStatus::Paused => IN_ORDER,
        AccountStatus::Connecting | AccountStatus::Error => PASSING,
        AccountStatus::NeedsReconnect => WAITING,
        AccountStatus::Disconnected => GONE,
    }
}
