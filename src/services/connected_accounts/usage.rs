//! What an account has done and may do, what came of it, and how near it is to what its provider bears.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, TimeDelta, Timelike as _, Utc};
use chrono_tz::Tz;

use super::{AccountService, zone};
use crate::{
    config::LikelyCaps,
    errors::Result,
    models::{
        AccountId, ActionUsage, Channel, ConnectedAccount, FailedLooks, HistoryReading, Share, Usage, WatchKind,
        workflow::NodeType,
    },
    repositories::{BaseRepository as _, OrgMember},
};

/// How far back acceptances and answers are counted.
const RATED: TimeDelta = TimeDelta::days(30);
/// An account is warned about that has done so many percent of what LinkedIn is likely to bear.
const NEAR: i64 = 80;

/// How often an account has done what lately, and what came of it.
#[derive(Debug)]
pub struct AccountUsage {
    /// The account.
    pub account: ConnectedAccount,
    /// What day it is by its clock.
    pub today: NaiveDate,
    /// What it has done.
    pub usage: BTreeMap<NodeType, ActionUsage>,
    /// What came of it.
    pub rates: Rates,
    /// Until when it rests, and why if that is known; none if it does not.
    pub rest: Option<(DateTime<Utc>, Option<String>)>,
    /// What it is near to being stopped for.
    pub near: Vec<NearCap>,
    /// Where answers to its mails are to go, if no mailbox with that address is read here.
    pub reply_to_unread: Option<String>,
    /// How reading back what was written before it was connected stands; none if that is done, or was never to be.
    pub history: Option<HistoryReading>,
    /// That its connections are asked for in vain; none if they are not.
    pub connections_unread: Option<FailedLooks>,
    /// The same of its messages.
    pub messages_unread: Option<FailedLooks>,
}

/// What came of what an account did.
#[derive(Debug, Clone, Copy)]
pub struct Rates {
    /// Since when it is counted.
    pub since: DateTime<Utc>,
    /// Those who accepted, of those whom it invited.
    pub accepted: Share,
    /// Those who answered, of those to whom it wrote.
    pub answered: Share,
}

/// An account is near to what LinkedIn is likely to bear.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NearCap {
    /// What it has done.
    pub action: NodeType,
    /// Whether in a week, or on a day.
    pub weekly: bool,
    /// How often.
    pub used: i64,
    /// How often LinkedIn is likely to bear it.
    pub cap: i64,
}

impl AccountService {
    /// How often an account has done what lately, what came of it, and how near it is to what its provider bears.
    pub async fn usage(&self, member: &OrgMember, id: AccountId) -> Result<AccountUsage> {
        let mut conn = self.context.db.read(member).await?;
        let account = conn.accounts().get(id).await?;
        let instant = self.context.campaign_clock.now();
        let now = instant.with_timezone(&zone(&account));
        let today = now.date_naive();
        let usage = used(&conn.usage().since(&[id], today - chrono::Days::new(6)).await?, now);
        let since = instant - RATED;
        let accepted = conn.usage().accepted(id, since).await?;
        let rates = Rates { since, accepted, answered: conn.usage().answered(id, since).await? };
        let rest = match account.rests_until.filter(|until| *until > instant) {
            Some(until) => Some((until, conn.accounts().rest_reason(id).await?)),
            None => None,
        };
        let near = near(self.likely, &account, &usage);
        let history = conn.unipile().history(id).await?;
        let connections_unread = conn.unipile().failing(id, WatchKind::Relations).await?;
        let messages_unread = conn.unipile().failing(id, WatchKind::Messages).await?;
        let reply_to = account.mailbox.as_ref().and_then(|mailbox| mailbox.reply_to.clone());
        let reply_to_unread = match reply_to {
            Some(address) => conn.accounts().unread(&[address]).await?.pop(),
            None => None,
        };
        Ok(AccountUsage {
            account,
            today,
            usage,
            rates,
            rest,
            near,
            reply_to_unread,
            history,
            connections_unread,
            messages_unread,
        })
    }
}

/// How often what was done within an hour, a day and a week of `now`, by lines of the ledger of that week.
fn used(lines: &[Usage], now: DateTime<Tz>) -> BTreeMap<NodeType, ActionUsage> {
    let mut usage: BTreeMap<NodeType, ActionUsage> = BTreeMap::new();
    for line in lines {
        let usage = usage.entry(line.action).or_default();
        let used = i64::from(line.used);
        usage.in_week += used;
        if line.day == now.date_naive() {
            usage.in_day += used;
            usage.in_hour += if u32::try_from(line.hour).is_ok_and(|hour| hour == now.hour()) { used } else { 0 };
        }
    }
    usage
}

/// What an account of LinkedIn's is near to being stopped for.
fn near(likely: LikelyCaps, account: &ConnectedAccount, usage: &BTreeMap<NodeType, ActionUsage>) -> Vec<NearCap> {
    if account.channel != Channel::Linkedin {
        return Vec::new();
    }
    let paid = account.unipile.as_ref().is_some_and(|unipile| unipile.tier.is_paid());
    let invitations = if paid { likely.paid_invitations_per_week } else { likely.invitations_per_week };
    let caps = [
        (NodeType::SendConnectionRequest, true, invitations),
        (NodeType::SendFollowup, false, likely.messages_per_day),
        (NodeType::SendInmail, false, likely.inmails_per_day),
        (NodeType::ProfileVisit, false, likely.visits_per_day),
    ];
    let near = caps.into_iter().map(|(action, weekly, cap)| {
        let done = usage.get(&action).copied().unwrap_or_default();
        NearCap { action, weekly, used: if weekly { done.in_week } else { done.in_day }, cap }
    });
    near.filter(|it| it.used * 100 >= it.cap * NEAR).collect()
}
