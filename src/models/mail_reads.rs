//! Whether mails were read: which picture or link was fetched, when, and by whom as far as that can be told.

use chrono::{DateTime, Utc};

use super::{AccountId, CampaignId, ExecutionId, LeadId, OrganizationId, StepId};

/// What is to be seen of a mail's being read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tracking {
    pub opens: bool,
    pub clicks: bool,
}

/// What stands in a mail so that its being fetched is seen.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct MailMark {
    pub organization: OrganizationId,
    /// The attempt that sent the mail.
    pub step: StepId,
    /// 0 is the picture; else which of the mail's links, from 1.
    pub link: i16,
}

/// A picture or link that was fetched, with whose mail it is, and is not yet judged.
#[derive(Debug, Clone)]
pub struct FreshRead {
    pub step_id: StepId,
    pub link: i16,
    pub url: Option<String>,
    pub fresh_at: DateTime<Utc>,
    /// How often people have fetched it before.
    pub people: i32,
    pub campaign_id: CampaignId,
    pub execution_id: ExecutionId,
    pub lead_id: LeadId,
    pub account_id: Option<AccountId>,
    pub node_id: String,
}

/// When a link of a mail was fetched last, by each.
#[derive(Debug, Clone)]
pub struct LinkFetched {
    pub step_id: StepId,
    pub link: i16,
    pub fresh_at: Option<DateTime<Utc>>,
    pub people_at: Option<DateTime<Utc>>,
    pub machine_at: Option<DateTime<Utc>>,
}

/// How mails of a step were read, in one of the two ways.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ReadCounts {
    /// Mails that were sent so that this is seen.
    pub tracked: i64,
    /// Mails that people have read so.
    pub mails: i64,
    /// How often in all.
    pub times: i64,
    /// Mails that machines have.
    pub machine_mails: i64,
    /// How often in all.
    pub machine_times: i64,
}

/// How the mails of a step were read, in one of its wordings.
#[derive(Debug, Clone)]
pub struct NodeReads {
    pub node_id: String,
    pub variant: Option<i16>,
    pub opens: ReadCounts,
    pub clicks: ReadCounts,
}

impl std::ops::Add for ReadCounts {
    type Output = Self;

    fn add(self, more: Self) -> Self {
        Self {
            tracked: self.tracked + more.tracked,
            mails: self.mails + more.mails,
            times: self.times + more.times,
            machine_mails: self.machine_mails + more.machine_mails,
            machine_times: self.machine_times + more.machine_times,
        }
    }
}
