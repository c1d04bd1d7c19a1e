//! What was reported of a link is looked up at Unipile, and only then is an account made of it.

use chrono::TimeDelta;
use futures::FutureExt as _;
use sqlx::types::Json;

use super::{
    CLAIM, UnipileService, backoff, facts, history, places, refuse_beyond_plan_now,
    status::{Standing, standing},
};
use crate::{
    errors::Result,
    integrations::unipile::{Account, Class, OwnProfile, WIRE_VERSION},
    models::{
        AccountId, AccountLimits, AccountRampUp, AuditEntry, Channel, ConnectLink, ConnectPurpose, ConnectedAccount,
        LinkedinTier, Provider, UnipileAccount, UnipileWire,
    },
    repositories::{BaseRepository as _, OrgTx},
    services::campaign_runs::Round,
    utils::email::NormalizedEmail,
};

/// An account may be as much older than its link: clocks differ.
const CLOCKS: TimeDelta = TimeDelta::minutes(10);
/// The pauses between looks at a report that Unipile does not answer.
const PAUSES: (TimeDelta, TimeDelta) = (TimeDelta::seconds(5), TimeDelta::minutes(5));
/// After so many looks the report is given up.
const MOST_TRIES: i32 = 60;
/// After so many looks an account is taken without its owner's profile; that is then looked up with its status.
const WITHOUT_PROFILE: i32 = 3;
/// Why a mailbox is not connected whose address nobody tells.
const NO_ADDRESS: &str = "mail_address_unknown";
/// The longest name of an account, in characters.
const LONGEST_NAME: usize = 255;

/// What Unipile says of a reported account.
struct Confirmed {
    account: Account,
    profile: Option<OwnProfile>,
}

impl UnipileService {
    /// Looks up what was reported of links.
    ///
    /// # Errors
    /// The database is away.
    pub async fn confirm_reported(&self) -> Result<Round> {
        if self.api.is_none() {
            return Ok(Round::default());
        }
        let claim = |_: Vec<String>, free| {
            let now = self.now();
            self.context.db.claim_reported_links(now, now + CLAIM, free).boxed()
        };
        let confirm = |link: ConnectLink| {
            let confirmed = async move {
                if let Err(error) = self.confirm_or_give_up(&link).await {
                    let (code, cause) = (error.code(), error.causes());
                    tracing::error!(link = %link.id, code, cause, "a link that was reported cannot be settled");
                }
            };
            confirmed.boxed()
        };
        places::fill(claim, |link| link.id.to_string(), confirm).await
    }

    /// A link that cannot be settled for a reason of ours is not tried for ever either.
    async fn confirm_or_give_up(&self, link: &ConnectLink) -> Result<()> {
        match self.confirm(link).await {
            Err(error) if link.tries >= MOST_TRIES => {
                let mut tx = self.context.db.begin_engine(link.organization_id, self.now()).await?;
                let now = tx.now();
                tx.unipile().settle_link(link.id, Err("internal_error"), now).await?;
                tx.commit().await?;
                Err(error)
            }
            settled => settled,
        }
    }

    async fn confirm(&self, link: &ConnectLink) -> Result<()> {
        let Some(reported) = link.reported_account.as_deref() else { return Ok(()) };
        let account = match self.api()?.account(reported).await {
            Ok(account) => account,
            // Whoever reported it made it up, or it is gone again.
            Err(error) if error.class() == Class::Gone => return self.reopen(link, reported).await,
            Err(error) => {
                tracing::warn!(link = %link.id, %error, "a reported account cannot be looked up");
                return self.later(link, reported).await;
            }
        };
        let profile = match self.api()?.own_profile(reported).await {
            Ok(profile) => Some(profile),
            // Whether a mailbox has a profile is not documented.
            Err(_) if account.is_linkedin() && link.tries < WITHOUT_PROFILE => return self.later(link, reported).await,
            Err(_) => None,
        };
        self.settle(link, reported, &Confirmed { account, profile }).await
    }

    async fn reopen(&self, link: &ConnectLink, reported: &str) -> Result<()> {
        let mut tx = self.context.db.begin_engine(link.organization_id, self.now()).await?;
        tx.unipile().reopen_link(link.id, reported).await?;
        tx.commit().await
    }

    async fn later(&self, link: &ConnectLink, reported: &str) -> Result<()> {
        let mut tx = self.context.db.begin_engine(link.organization_id, self.now()).await?;
        let now = tx.now();
        if link.tries >= MOST_TRIES {
            tx.unipile().settle_link(link.id, Err("unipile_unavailable"), now).await?;
        } else {
            let again = now + backoff(PAUSES.0, PAUSES.1, link.tries - 1);
            tx.unipile().look_at_link_again(link.id, reported, again).await?;
        }
        tx.commit().await
    }

    /// Makes of a report what Unipile confirms of it, all in one transaction.
    async fn settle(&self, link: &ConnectLink, reported: &str, it: &Confirmed) -> Result<()> {
        // Asked over all organizations, and again by the index under the insert.
        let owner = self.context.db.owner_of_unipile_account(reported).await?;
        let mut tx = self.context.db.begin_engine(link.organization_id, self.now()).await?;
        if !tx.unipile().lock_link(link.id, reported).await? {
            return Ok(());
        }
        let now = tx.now();
        let ours = owner.filter(|owner| owner.organization == link.organization_id).map(|owner| owner.account);
        let foreign = owner.is_some() && ours.is_none();
        let outcome = match refusal(link, reported, it, ours, foreign) {
            Some(reason) => {
                // It came by this link, and is of no use.
                if reason == NO_ADDRESS {
                    tx.unipile().depart(reported, now).await?;
                }
                Err(reason)
            }
            None => match ours {
                Some(account) => self.take_up(&mut tx, account, it).await.map(Ok)?,
                None => self.admit(&mut tx, link, reported, it).await?,
            },
        };
        if let Err(reason) = outcome {
            tracing::warn!(link = %link.id, reason, "a reported account was not connected");
        }
        tx.unipile().settle_link(link.id, outcome, now).await?;
        tx.commit().await
    }

    /// An account that is new here: of a person whom we know already it takes the place of the one before, else it needs a seat.
    async fn admit(
        &self,
        tx: &mut OrgTx,
        link: &ConnectLink,
        reported: &str,
        it: &Confirmed,
    ) -> Result<Result<AccountId, &'static str>> {
        let unipile = unipile_account(reported, it);
        if let Some(placed) = self.take_place(tx, link, (reported, &unipile), it).await? {
            return Ok(placed);
        }
        match refuse_beyond_plan_now(tx).await {
            Ok(()) => {}
            Err(error) if error.code() == "plan_limit_reached" => {
                let now = tx.now();
                tx.unipile().depart(reported, now).await?;
                return Ok(Err("plan_limit_reached"));
            }
            Err(error) => return Err(error),
        }
        let account = new_account(link, tx, unipile, it);
        tx.accounts().insert(&account, None).await?;
        let now = tx.now();
        tx.unipile().watch(account.id, now).await?;
        if account.channel == Channel::Linkedin {
            tx.unipile().watch_history(account.id, now + history::BEGINS_AFTER).await?;
        }
        let entry = AuditEntry::new("connected_account.created", "connected_account", account.id.0);
        tx.audit(entry.change(None, facts(&account)));
        Ok(Ok(account.id))
    }

    /// Somebody whom we know already, or a mailbox: it takes the place of the one before, or is not connected twice.
    async fn take_place(
        &self,
        tx: &mut OrgTx,
        link: &ConnectLink,
        (reported, unipile): (&str, &UnipileAccount),
        it: &Confirmed,
    ) -> Result<Option<Result<AccountId, &'static str>>> {
        if let Some(person) = &unipile.provider_id
            && let Some(before) = tx.unipile().account_of_person(person).await?
        {
            return self.replace(tx, before, unipile.clone(), it).await.map(|id| Some(Ok(id)));
        }
        let Some(address) = address(it).filter(|_| link.provider != Provider::Linkedin) else { return Ok(None) };
        match tx.unipile().mailbox_at(&address).await? {
            None => Ok(None),
            Some((before, true)) => self.replace(tx, before, unipile.clone(), it).await.map(|id| Some(Ok(id))),
            Some((_, false)) => {
                let now = tx.now();
                tx.unipile().depart(reported, now).await?;
                Ok(Some(Err("mailbox_exists")))
            }
        }
    }

    /// The person signed in anew instead of connecting again: the account goes on under Unipile's new id, and the old one is deleted there.
    async fn replace(
        &self,
        tx: &mut OrgTx,
        id: AccountId,
        unipile: UnipileAccount,
        it: &Confirmed,
    ) -> Result<AccountId> {
        let now = tx.now();
        tx.executions().hold_held_for(id).await?;
        let account = tx.accounts().locked(id).await?;
        if let Some(old) = &account.unipile {
            tx.unipile().depart(&old.account_id, now).await?;
        }
        tx.unipile().set_account(id, &unipile).await?;
        self.take_up(tx, id, it).await
    }

    /// An account that we have is in order again, or as Unipile says it is.
    async fn take_up(&self, tx: &mut OrgTx, id: AccountId, it: &Confirmed) -> Result<AccountId> {
        tx.executions().hold_held_for(id).await?;
        let account = tx.accounts().locked(id).await?;
        self.stand(tx, account, standing(&it.account), it.profile.as_ref()).await?;
        let now = tx.now();
        tx.unipile().watch(id, now).await?;
        self.look_back(tx, id).await?;
        Ok(id)
    }
}

/// Why nothing is made of a report, if nothing is.
fn refusal(
    link: &ConnectLink,
    reported: &str,
    it: &Confirmed,
    ours: Option<AccountId>,
    foreign: bool,
) -> Option<&'static str> {
    let other = it.account.id.as_deref().is_some_and(|id| id != reported);
    // An account of whoever it may be that was there before the link was made cannot have come by it.
    let older = it.account.created_at.is_none_or(|at| at < link.created_at - CLOCKS);
    match link.purpose {
        _ if foreign => Some("account_of_another_organization"),
        _ if link.provider == Provider::Linkedin && (other || !it.account.is_linkedin()) => {
            Some("not_a_linkedin_account")
        }
        _ if link.provider != Provider::Linkedin && (other || it.account.is_linkedin()) => Some("not_a_mailbox"),
        ConnectPurpose::Connect if ours.is_none() && older => Some("account_not_of_this_link"),
        // Without it nobody could tell the mailbox's own mails from answers.
        ConnectPurpose::Connect if ours.is_none() && link.provider != Provider::Linkedin && address(it).is_none() => {
            Some(NO_ADDRESS)
        }
        ConnectPurpose::Reconnect if ours != link.account_id => Some("another_account"),
        _ => None,
    }
}

fn unipile_account(reported: &str, it: &Confirmed) -> UnipileAccount {
    debug_assert_eq!(WIRE_VERSION, UnipileWire::V1.as_str());
    let profile = it.profile.as_ref().filter(|_| it.account.is_linkedin());
    UnipileAccount {
        account_id: reported.to_owned(),
        wire: UnipileWire::V1,
        provider_id: profile.and_then(|profile| profile.provider_id.clone()),
        public_identifier: profile.and_then(|profile| profile.public_identifier.clone()),
        tier: profile.map(tier).unwrap_or_default(),
        source_status: Some(it.account.status().as_str().to_owned()),
    }
}

/// What a profile says that its owner pays for.
pub(super) fn tier(profile: &OwnProfile) -> LinkedinTier {
    let has = |value: &Option<serde_json::Value>| {
        value.as_ref().is_some_and(|value| !matches!(value, serde_json::Value::Null | serde_json::Value::Bool(false)))
    };
    LinkedinTier {
        premium: profile.premium == Some(true),
        recruiter: has(&profile.recruiter),
        sales_navigator: has(&profile.sales_navigator),
    }
}

fn new_account(link: &ConnectLink, tx: &OrgTx, unipile: UnipileAccount, it: &Confirmed) -> ConnectedAccount {
    let now = tx.now();
    let Standing { status, reason, .. } = standing(&it.account);
    let channel = if link.provider == Provider::Linkedin { Channel::Linkedin } else { Channel::Email };
    let email = match channel {
        Channel::Linkedin => it.profile.as_ref().and_then(|profile| profile.email.clone()),
        Channel::Email => address(it),
    };
    ConnectedAccount {
        id: AccountId::new(now),
        organization_id: link.organization_id,
        provider: link.provider,
        channel,
        display_name: name(it),
        email: email.filter(|email| email.len() <= 320),
        avatar_url: None,
        status,
        status_reason: reason,
        limits: Json(AccountLimits::of(channel)),
        ramp_up: Json(AccountRampUp::default()),
        sending_window: None,
        spacing_seconds: channel.default_spacing(),
        last_act_at: None,
        rests_until: None,
        mailbox: None,
        unipile: Some(Json(unipile)),
        version: 1,
        created_by: Some(link.user_id),
        created_at: now,
        updated_at: now,
    }
}

/// The address of a mailbox: what its profile says, if it has one, or else what Unipile calls it, if that is an address.
fn address(it: &Confirmed) -> Option<String> {
    let said = it.profile.as_ref().and_then(|profile| profile.email.clone());
    let known = [said, it.account.name.clone()].into_iter().flatten().find(|text| NormalizedEmail::parse(text).is_ok());
    known.map(|text| text.trim().to_owned())
}

/// What the account is called: its owner's name, else what Unipile calls it.
fn name(it: &Confirmed) -> String {
    let profile = it.profile.as_ref();
    let names = profile.into_iter().flat_map(|profile| [&profile.first_name, &profile.last_name]).flatten();
    let own = names.map(|name| name.trim()).filter(|name| !name.is_empty()).collect::<Vec<_>>().join(" ");
    let called = it.account.name.clone().unwrap_or_default();
    let name = [own, called, if it.account.is_linkedin() { "LinkedIn" } else { "Mailbox" }.to_owned()]
        .into_iter()
        .find(|name| !name.trim().is_empty())
        .unwrap_or_default();
    name.chars().filter(|c| !c.is_control()).take(LONGEST_NAME).collect()
}
