//! How much an account has done, and how much it may.

use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    models::{ActionLimits, ActionUsage, workflow::NodeType},
    services::connected_accounts::AccountUsage,
};

/// How much an account has done lately, for each kind of step that it can carry out, by the clock of its sending window's zone, else UTC.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AccountUsage)]
pub struct AccountUsageDto {
    /// Each kind of step.
    pub actions: Vec<ActionUsageDto>,
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

impl From<AccountUsage> for AccountUsageDto {
    fn from(AccountUsage { account, today, usage }: AccountUsage) -> Self {
        let actions = NodeType::ALL.into_iter().filter(|action| action.channel() == Some(account.channel));
        let one = |action| {
            let ActionLimits { per_hour, per_day, per_week } = account.limits.get(action);
            let ramp = account.ramp_up.get(action).map(|ramp| i32::try_from(ramp.limit(today)).unwrap_or(i32::MAX));
            let per_day = per_day.into_iter().chain(ramp).min();
            let ActionUsage { in_hour, in_day, in_week } = usage.get(&action).copied().unwrap_or_default();
            ActionUsageDto {
                action,
                hour: UsageDto::of(in_hour, per_hour),
                day: UsageDto::of(in_day, per_day),
                week: UsageDto::of(in_week, per_week),
            }
        };
        Self { actions: actions.map(one).collect() }
    }
}
