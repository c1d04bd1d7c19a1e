//! All that decides about a number of leads in one campaign, read once for all of them.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, TimeDelta, Timelike as _, Utc};

use super::broken;
use crate::{
    engine::{
        book::{AccountBook, AccountTerms},
        planner::{Books, Planner, Traveller},
        workflow::ConnectedChannel,
    },
    errors::Result,
    models::{
        AccountId, AccountStatus, CampaignId, ConnectedAccount, Lead, LeadId, SuppressionKind, Usage, Walk,
        workflow::NodeType,
    },
    repositories::{BaseRepository as _, CampaignRun, OrgTx},
    services::SuppressionKeys,
    utils::timezone,
};

/// The ledger is read back so far: a week, and a day for the zones.
const LEDGER: TimeDelta = TimeDelta::days(8);
/// Promises that are overdue by more than this are not kept as they are.
pub(super) const RESERVED: TimeDelta = TimeDelta::days(1);
/// No promise is farther ahead than this: the planner looks for a place within 800 days of when a step is ready, which is a year after the one before
/// at most.
const FARTHEST: TimeDelta = TimeDelta::days(36_500);

/// Leads with whom they are written to and what their accounts have to do.
#[derive(Debug)]
pub struct Party {
    /// The leads.
    pub leads: HashMap<LeadId, Lead>,
    /// Those of them that nobody may write to.
    pub suppressed: HashMap<LeadId, SuppressionKind>,
    /// The campaign's accounts.
    pub accounts: HashMap<AccountId, ConnectedAccount>,
    /// What the accounts have done and are to do.
    pub books: Books,
}

impl Party {
    /// Reads all there is to know of `leads`, and locks the campaign's accounts.
    pub(super) async fn gather(
        tx: &mut OrgTx,
        keys: &SuppressionKeys,
        campaign: CampaignId,
        leads: &[LeadId],
    ) -> Result<Self> {
        Self::read(tx, keys, (campaign, Hold::Accounts, Promises::All), leads).await
    }

    /// The same without what the accounts have promised, of which there may be very much: see [`Self::read_promises`].
    pub(super) async fn gather_brief(
        tx: &mut OrgTx,
        keys: &SuppressionKeys,
        campaign: CampaignId,
        leads: &[LeadId],
    ) -> Result<Self> {
        Self::read(tx, keys, (campaign, Hold::Accounts, Promises::None), leads).await
    }

    /// The same, and the leads stay as they are until the transaction ends.
    pub(super) async fn gather_still(
        tx: &mut OrgTx,
        keys: &SuppressionKeys,
        campaign: CampaignId,
        leads: &[LeadId],
    ) -> Result<Self> {
        Self::read(tx, keys, (campaign, Hold::AccountsAndLeads, Promises::None), leads).await
    }

    /// The same, only to look.
    ///
    /// # Errors
    /// The database's.
    pub async fn look(tx: &mut OrgTx, keys: &SuppressionKeys, campaign: CampaignId, leads: &[LeadId]) -> Result<Self> {
        Self::read(tx, keys, (campaign, Hold::Nothing, Promises::All), leads).await
    }

    /// The same, only to look at what bears on days before `until`.
    pub(super) async fn look_until(
        tx: &mut OrgTx,
        keys: &SuppressionKeys,
        (campaign, until): (CampaignId, DateTime<Utc>),
        leads: &[LeadId],
    ) -> Result<Self> {
        Self::read(tx, keys, (campaign, Hold::Nothing, Promises::Before(until)), leads).await
    }

    async fn read(
        tx: &mut OrgTx,
        keys: &SuppressionKeys,
        (campaign, hold, promises): (CampaignId, Hold, Promises),
        leads: &[LeadId],
    ) -> Result<Self> {
        let (accounts, books) = books(tx, campaign, hold, promises).await?;
        let leads = match hold {
            Hold::AccountsAndLeads => tx.leads().plain_and_still(leads).await?,
            Hold::Nothing | Hold::Accounts => tx.leads().plain(leads).await?,
        };
        let leads: HashMap<_, _> = leads.into_iter().map(|lead| (lead.id, lead)).collect();
        let suppressed = suppressed(tx, keys, &leads).await?;
        Ok(Self { leads, suppressed, accounts, books })
    }
}

impl Party {
    /// The same accounts and books, and other leads.
    pub(super) async fn turn_to(&mut self, tx: &mut OrgTx, keys: &SuppressionKeys, leads: &[LeadId]) -> Result<()> {
        self.leads = tx.leads().plain(leads).await?.into_iter().map(|lead| (lead.id, lead)).collect();
        self.suppressed = suppressed(tx, keys, &self.leads).await?;
        Ok(())
    }

    /// An account is to rest until then: nothing is planned before.
    pub(super) fn rests(&mut self, account: AccountId, until: DateTime<Utc>) {
        if let Some(account) = self.accounts.get_mut(&account) {
            account.rests_until = account.rests_until.max(Some(until));
        }
        if let Some(book) = self.books.get_mut(account) {
            book.rest(until);
        }
    }

    /// An account has been shut out.
    pub(super) fn is_out(&mut self, account: AccountId) {
        if let Some(account) = self.accounts.get_mut(&account) {
            account.status = AccountStatus::NeedsReconnect;
        }
    }

    /// Opens the books anew, with what the accounts have promised: whoever plans must know it.
    pub(super) async fn read_promises(&mut self, tx: &mut OrgTx, promises: Promises) -> Result<()> {
        let of = |opened: &AccountBook| self.accounts.get(&opened.terms().id).map(book);
        let mut open: Vec<AccountBook> = self.books.iter().filter_map(of).collect();
        fill(tx, &mut open, promises).await?;
        self.books = Books::new(open);
        Ok(())
    }
}

/// What nobody may change until the transaction ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hold {
    Nothing,
    Accounts,
    AccountsAndLeads,
}

/// Which of their accounts' promises books hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Promises {
    None,
    /// Those of before then.
    Before(DateTime<Utc>),
    All,
}

async fn suppressed(
    tx: &mut OrgTx,
    keys: &SuppressionKeys,
    leads: &HashMap<LeadId, Lead>,
) -> Result<HashMap<LeadId, SuppressionKind>> {
    let organization = tx.organization_id();
    let keys: Vec<_> = leads
        .values()
        .map(|lead| (lead.id, keys.of_person(organization, lead.email.as_deref(), lead.linkedin_url.as_deref())))
        .collect();
    let suppressed = tx.suppressions().matching(keys.iter().flat_map(|(_, keys)| keys)).await?;
    Ok(keys.into_iter().filter_map(|(id, keys)| Some((id, suppressed.kind(&keys)?))).collect())
}

/// A campaign's accounts, in its order, with what they have done and are to do.
async fn books(
    tx: &mut OrgTx,
    campaign: CampaignId,
    hold: Hold,
    promises: Promises,
) -> Result<(HashMap<AccountId, ConnectedAccount>, Books)> {
    let (_, ids) = tx.campaigns().links(campaign).await?;
    let accounts = match hold {
        Hold::Nothing => tx.accounts().find_many(&ids).await?,
        Hold::Accounts | Hold::AccountsAndLeads => tx.accounts().lock_many(&ids).await?,
    };
    let accounts: HashMap<_, _> = accounts.into_iter().map(|account| (account.id, account)).collect();
    let mut open: Vec<AccountBook> = ids.iter().filter_map(|id| accounts.get(id)).map(book).collect();
    fill(tx, &mut open, promises).await?;
    Ok((accounts, Books::new(open)))
}

/// An account that is out of order for a time keeps its promises, and gets new ones of leads that are on their way: they are held when they are
/// due. One that is not ours any more can do nothing.
pub(in crate::services) fn book(account: &ConnectedAccount) -> AccountBook {
    let ours = account.status != AccountStatus::Disconnected;
    let capabilities = if ours { ConnectedChannel::of(account).capabilities } else { BTreeSet::new() };
    AccountBook::new(AccountTerms {
        id: account.id,
        channel: account.channel,
        in_order: account.status == AccountStatus::Connected,
        capabilities,
        limits: account.limits.0.clone(),
        window: account.sending_window.as_ref().map(|window| window.0.clone()),
        spacing: u32::try_from(account.spacing_seconds).unwrap_or(0),
        ramp_up: account.ramp_up.by_action().clone(),
        rests_until: account.rests_until,
        mails_in_24_hours: account.most_in_24_hours(),
    })
}

/// What one account has done and is to do.
pub(super) async fn book_of(tx: &mut OrgTx, account: &ConnectedAccount) -> Result<AccountBook> {
    let mut books = [book(account)];
    fill(tx, &mut books, Promises::All).await?;
    let [book] = books;
    Ok(book)
}

/// What one account has done, whether or not its own limits count it.
pub(super) async fn record_of(tx: &mut OrgTx, account: &ConnectedAccount) -> Result<AccountBook> {
    let mut book = book(account);
    let since = (tx.now() - LEDGER).date_naive();
    let usage = tx.usage().since(&[account.id], since).await?;
    write_in(&mut book, &usage);
    Ok(book)
}

fn write_in(book: &mut AccountBook, usage: &[Usage]) {
    let id = book.terms().id;
    for line in usage.iter().filter(|line| line.account_id == id) {
        let hour = u8::try_from(line.hour).unwrap_or(0);
        book.used(line.action, line.day, hour, u32::try_from(line.used).unwrap_or(0));
    }
}

/// What something that an account does now is charged as.
pub(super) fn line_of(book: &AccountBook, action: NodeType, now: DateTime<Utc>) -> Usage {
    let local = now.with_timezone(&book.zone());
    let hour = i16::try_from(local.hour()).unwrap_or(0);
    Usage { account_id: book.terms().id, action, day: local.date_naive(), hour, used: 1 }
}

/// Writes into books what their accounts have done, and what is asked for of what they have promised.
async fn fill(tx: &mut OrgTx, books: &mut [AccountBook], promises: Promises) -> Result<()> {
    // An account without bounds has nothing to count, however many wait for it.
    let counting: Vec<_> = books.iter().filter(|book| book.counts()).map(|book| book.terms().id).collect();
    if counting.is_empty() {
        return Ok(());
    }
    let now = tx.now();
    let usage = tx.usage().since(&counting, (now - LEDGER).date_naive()).await?;
    let until = match promises {
        Promises::None => None,
        Promises::Before(until) => Some(until),
        Promises::All => Some(now + FARTHEST),
    };
    let reservations = match until {
        Some(until) => tx.executions().reservations(&counting, now - RESERVED, until).await?,
        None => Vec::new(),
    };
    for book in books {
        let id = book.terms().id;
        write_in(book, &usage);
        for reservation in reservations.iter().filter(|reservation| reservation.account_id == id) {
            book.placed(reservation.action, reservation.at);
        }
    }
    Ok(())
}

/// The planner of a campaign that has been started.
pub(super) fn planner_of(run: &CampaignRun) -> Result<Planner<'_>> {
    let schedule = run.schedule.as_deref().ok_or_else(|| broken("a campaign under way has no schedule"))?;
    Planner::new(&run.workflow, schedule).ok_or_else(|| broken("a campaign under way has no walkable workflow"))
}

/// A lead as the planner sees it.
#[must_use]
pub fn traveller(walk: &Walk, lead: &Lead) -> Traveller {
    Traveller { linkedin: walk.linkedin_account_id, email: walk.email_account_id, ..newcomer(lead) }
}

/// A lead that no account has been chosen for yet.
#[must_use]
pub fn newcomer(lead: &Lead) -> Traveller {
    Traveller {
        lead: lead.id,
        zone: lead.timezone.as_deref().and_then(timezone::parse),
        linkedin: None,
        email: None,
        has_email: lead.email.is_some(),
        has_linkedin: lead.linkedin_url.is_some(),
    }
}
