//! How much an account has done, and how much it may.

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::{ConnectionsUnreadDto, MessagesUnreadDto};
use crate::{
    models::{ActionLimits, ActionUsage, Channel, ConnectedAccount, HistoryReading, Share, workflow::NodeType},
    services::connected_accounts::{AccountUsage, NearCap, Rates},
};

/// How much an account has done lately, for each kind of step that it can carry out, by the clock of its sending window's zone, else UTC.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AccountUsage)]
pub struct AccountUsageDto {
    /// Each kind of step.
    pub actions: Vec<ActionUsageDto>,
    /// Until when the account rests, and why; null if it does not.
    pub cooling_down: Option<CoolingDownDto>,
    /// What came of what it did.
    pub rates: AccountRatesDto,
    /// What LinkedIn is likely to stop it for before long. Its own limits are not meant: those are kept.
    pub warnings: Vec<CapWarningDto>,
    /// Of a mailbox: the `reply_to` that its mails name, if that is the address of no mailbox that is read here; else null. Unless what is sent there is
    /// delivered to one that is, nobody here sees who answers, and no campaign stops for it.
    #[schema(example = "team@sender.example")]
    pub reply_to_unread: Option<String>,
    /// How reading back what was written before the account was connected stands; null if that is done, or was never to be.
    pub history: Option<HistoryReadingDto>,
    /// That the account's connections are asked for in vain, so that nobody knows who accepts its invitations; null if they are not.
    pub connections_unread: Option<ConnectionsUnreadDto>,
    /// That the account's messages are asked of Unipile in vain, so that nobody knows who answers; null if they are not.
    pub messages_unread: Option<MessagesUnreadDto>,
}

/// How reading back what was written before an account was connected stands.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = HistoryReading)]
pub struct HistoryReadingDto {
    /// `reading`, or `given_up` after two days and a half on which it failed each time.
    #[schema(example = "given_up")]
    pub status: &'static str,
    /// Why it was given up. `POST /connected-accounts/{id}/sync` has it tried again.
    #[schema(example = "It cannot be taken in (internal_error).")]
    pub reason: Option<String>,
}

impl From<HistoryReading> for HistoryReadingDto {
    fn from(reading: HistoryReading) -> Self {
        match reading {
            HistoryReading::UnderWay => Self { status: "reading", reason: None },
            HistoryReading::GivenUp(why) => Self { status: "given_up", reason: Some(why) },
        }
    }
}

/// An account that rests.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CoolingDown)]
pub struct CoolingDownDto {
    /// When it goes on.
    pub until: DateTime<Utc>,
    /// Why, in a word: the one that the attempt has after which it was sent to rest. Null of rests from before reasons were kept.
    #[schema(example = "limit_exceeded")]
    pub reason: Option<String>,
    /// Why, in a sentence.
    #[schema(example = "LinkedIn says that the account has reached a limit of its.")]
    pub detail: Option<&'static str>,
}

/// What came of what an account did.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AccountRates)]
pub struct AccountRatesDto {
    /// Since when it is counted: thirty days.
    pub since: DateTime<Utc>,
    /// Of the invitations sent since then, how many were accepted; null of mailboxes. Those of the last days may still be.
    pub acceptance: Option<RateDto>,
    /// Of the people to whom campaigns have written since then, by message, `InMail` or mail, how many have answered on that channel.
    pub reply: RateDto,
}

/// How many of a sample.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Rate)]
pub struct RateDto {
    /// How many there are in all: a rate of a few says little.
    #[schema(example = 80)]
    pub sample: i64,
    /// Of how many it is true.
    #[schema(example = 24)]
    pub count: i64,
    /// Their share, from 0 to 1; null of none.
    #[schema(example = 0.3)]
    pub rate: Option<f64>,
}

/// What LinkedIn is likely to stop an account for.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CapWarning)]
pub struct CapWarningDto {
    /// The kind of step.
    pub action: NodeType,
    /// In which time: `day` is today, `week` the last seven days.
    #[schema(example = "week")]
    pub window: &'static str,
    /// How often it was done.
    #[schema(example = 84)]
    pub used: i64,
    /// How often LinkedIn is likely to bear it; it publishes no number (`LINKEDIN_LIKELY_…` of the server's settings).
    #[schema(example = 100)]
    pub likely_cap: i64,
    /// What that means.
    pub detail: String,
}

/// How much of one thing.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ActionUsage)]
pub struct ActionUsageDto {
    /// The kind of step.
    pub action: NodeType,
    /// In this hour.
    pub hour: UsageDto,
    /// Today. While it is ramped up, the limit is that of the day.
    pub day: UsageDto,
    /// In the last seven days, today included.
    pub week: UsageDto,
}

/// How much was done and is left.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Usage)]
pub struct UsageDto {
    /// Done, or on its way out.
    #[schema(example = 12)]
    pub used: i64,
    /// The limit; null is none.
    #[schema(example = 20)]
    pub limit: Option<i32>,
    /// What is left of it; null if there is no limit.
    #[schema(example = 8)]
    pub left: Option<i64>,
}

impl UsageDto {
    fn of(used: i64, limit: Option<i32>) -> Self {
        Self { used, limit, left: limit.map(|limit| (i64::from(limit) - used).max(0)) }
    }
}

impl ActionUsageDto {
    /// How much of `action` an account has done, and may do today.
    fn of(account: &ConnectedAccount, today: NaiveDate, action: NodeType, usage: ActionUsage) -> Self {
        let ActionLimits { per_hour, per_day, per_week, per_domain_per_day: _ } = account.limits.get(action);
        let ramp = account.ramp_up.get(action).map(|ramp| i32::try_from(ramp.limit(today)).unwrap_or(i32::MAX));
        let per_day = per_day.into_iter().chain(ramp).min();
        let ActionUsage { in_hour, in_day, in_week } = usage;
        Self {
            action,
            hour: UsageDto::of(in_hour, per_hour),
            day: UsageDto::of(in_day, per_day),
            week: UsageDto::of(in_week, per_week),
        }
    }
}

impl From<AccountUsage> for AccountUsageDto {
    fn from(of: AccountUsage) -> Self {
        let AccountUsage {
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
        } = of;
        let actions = NodeType::ALL.into_iter().filter(|action| action.channel() == Some(account.channel));
        let one = |action| ActionUsageDto::of(&account, today, action, usage.get(&action).copied().unwrap_or_default());
        let actions = actions.map(one).collect();
        let cooling_down = rest.map(|(until, reason)| {
            let detail = reason.as_deref().and_then(told);
            CoolingDownDto { until, reason, detail }
        });
        let Rates { since, accepted, answered } = rates;
        let acceptance = (account.channel == Channel::Linkedin).then(|| accepted.into());
        let rates = AccountRatesDto { since, acceptance, reply: answered.into() };
        let warnings = near.into_iter().map(Into::into).collect();
        let (history, messages_unread) = (history.map(Into::into), messages_unread.map(Into::into));
        let connections_unread = connections_unread.map(Into::into);
        Self { actions, cooling_down, rates, warnings, reply_to_unread, history, connections_unread, messages_unread }
    }
}

impl From<Share> for RateDto {
    fn from(Share { sample, count }: Share) -> Self {
        let part = |of: i64| f64::from(i32::try_from(of).unwrap_or(i32::MAX));
        Self { sample, count, rate: (sample > 0).then(|| part(count) / part(sample)) }
    }
}

impl From<NearCap> for CapWarningDto {
    fn from(NearCap { action, weekly, used, cap }: NearCap) -> Self {
        let (window, time) = if weekly { ("week", "in the last seven days") } else { ("day", "today") };
        let detail = format!(
            "{used} {time}: LinkedIn is likely to stop an account at about {cap}, whatever its limits here say, and often for a week."
        );
        Self { action, window, used, likely_cap: cap, detail }
    }
}

/// Why an account rests, in a sentence.
fn told(reason: &str) -> Option<&'static str> {
    Some(match reason {
        "limit_exceeded" | "cannot_resend_yet" | "cannot_resend_within_24hrs" => {
            "LinkedIn says that the account has reached a limit of its."
        }
        "too_many_requests" | "account_cools_down" => "LinkedIn or Unipile asks to be left alone for a while.",
        "provider_unreachable" => "The provider could not be reached, and is tried again soon.",
        "provider_no_answer" | "provider_slow" => "Unipile does not answer, and is asked again soon.",
        "account_not_let_in" => {
            "Unipile did not let the account in, though it says that it is in order. It is tried again soon."
        }
        "unipile_key_refused" => "Unipile refuses this server's key. Whoever runs the server must put that right.",
        "rate_limited" => "The mail server wants less mail at a time, or has had as much as it takes for now.",
        "mail_server_busy" => "The mail server is busy.",
        _ => return None,
    })
}
