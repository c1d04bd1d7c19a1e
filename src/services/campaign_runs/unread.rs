//! Unread answers go first: nobody is approached while it is not known whether they have answered, to the account that is to write or to another that
//! has written to them before.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};

use super::fate::Judge;
use crate::{
    errors::Result,
    models::{AccountId, Channel, ConnectedAccount, LeadId, Rule, Walk, workflow::NodeType},
    repositories::{OrgTx, ReadWithin},
};

/// No mail of a campaign leaves a mailbox whose answers were not read within this time, by the database's clock: nobody is written to who has
/// answered before that. Mailboxes are looked into three times as often.
const MAILBOX_READ_WITHIN: Duration = Duration::from_mins(3);

/// The same of whom a LinkedIn account approaches. Its chats are looked through about every ten minutes, at the latest after twelve and a half
/// (`services::unipile`), so that one look may fail, and the next be late.
const LINKEDIN_READ_WITHIN: Duration = Duration::from_mins(30);

/// For how long a lead is held for an account that does not write to it now, once that is out or cannot be read: whoever signed it out may never come
/// back, and other accounts go on without it. One that is merely not read yet, as after an outage of ours, holds until it is.
const HELD_FOR: Duration = Duration::from_hours(24);

/// For how long a webhook of a message that could not be followed yet holds whoever has written it. It is followed within seconds; what Unipile
/// still does not show then is found when chats are looked through.
const HINT_HOLDS_FOR: TimeDelta = TimeDelta::minutes(10);

/// How long a step waits at a time until its account has been read.
const UNTIL_READ: TimeDelta = TimeDelta::minutes(1);

/// Of whom nobody knows whether they have answered lately.
#[derive(Debug, Clone, Default)]
pub(super) struct Unread {
    /// Accounts that are to do something and have not been read lately.
    pub(super) accounts: HashSet<AccountId>,
    /// Leads that another account has written to which has not been read lately, and that rule.
    pub(super) leads: HashMap<LeadId, Rule>,
}

impl Unread {
    /// Of those whose instant has come.
    pub(super) async fn among(tx: &mut OrgTx, walks: &[Walk]) -> Result<Self> {
        let acting: HashSet<_> = walks.iter().filter_map(|walk| walk.account_id).collect();
        let acting: Vec<_> = acting.into_iter().collect();
        let mut accounts = tx.mailbox_watches().not_read_lately(&acting, MAILBOX_READ_WITHIN).await?;
        accounts.extend(tx.unipile().not_read_lately(&acting, LINKEDIN_READ_WITHIN).await?);
        Ok(Self { accounts: accounts.into_iter().collect(), leads: leads(tx, walks).await? })
    }
}

/// Leads that have just written, or that an account has written to, in whichever campaign, which is not read. Most often there is no such account.
async fn leads(tx: &mut OrgTx, walks: &[Walk]) -> Result<HashMap<LeadId, Rule>> {
    let now = tx.now();
    let within = ReadWithin { mailbox: MAILBOX_READ_WITHIN, linkedin: LINKEDIN_READ_WITHIN, held_for: HELD_FOR };
    let leads: Vec<_> = walks.iter().map(|walk| walk.lead_id).collect();
    let hinted_at = tx.unipile().hinted_at(&leads, now - HINT_HOLDS_FOR).await?;
    let mut held: HashMap<_, _> = hinted_at.into_iter().map(|lead| (lead, Rule::LinkedinUnread)).collect();
    // Of them a mail has come that could not be taken in yet.
    let written = tx.kept_mails().leads_among(&leads).await?;
    held.extend(written.into_iter().map(|lead| (lead, Rule::MailboxUnread)));
    // While a step of theirs is out, what they answer is not taken in: another campaign does not write to them meanwhile.
    let out = tx.executions().out_to(&leads).await?;
    held.extend(out.into_iter().filter_map(|(lead, action)| Some((lead, rule(action.channel()?)))));
    let unread: HashMap<_, _> = tx.unipile().unread_accounts(within, now).await?.into_iter().collect();
    if unread.is_empty() {
        return Ok(held);
    }
    let accounts: Vec<_> = unread.keys().copied().collect();
    let written_to = tx.executions().begun_by(&leads, &accounts).await?;
    held.extend(
        written_to.into_iter().filter_map(|(lead, account)| Some((lead, unread.get(&account).copied().map(rule)?))),
    );
    Ok(held)
}

/// What keeps whoever may have answered on this channel from being written to.
fn rule(channel: Channel) -> Rule {
    match channel {
        Channel::Email => Rule::MailboxUnread,
        Channel::Linkedin => Rule::LinkedinUnread,
    }
}

impl Judge<'_> {
    /// Whether the account itself must wait, whatever the hours and limits are.
    pub(super) fn account_waits(
        &self,
        walk: &Walk,
        account: &ConnectedAccount,
        action: NodeType,
    ) -> Result<(), (Rule, DateTime<Utc>)> {
        let now = self.tx.now();
        if let Some(until) = account.rests_until.filter(|until| *until > now) {
            return Err((Rule::AccountRests, until));
        }
        if !action.approaches() {
            return Ok(());
        }
        if self.unread.accounts.contains(&account.id) {
            return Err((rule(account.channel), now + UNTIL_READ));
        }
        self.unread.leads.get(&walk.lead_id).map_or(Ok(()), |why| Err((*why, now + UNTIL_READ)))
    }
}
