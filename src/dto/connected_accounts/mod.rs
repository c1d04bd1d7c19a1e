//! Sending accounts on the wire. What makes one is in `create`, what changes one in `update`.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    engine::workflow::ConnectedChannel,
    models::{
        AccountId, AccountLimits, AccountRampUp, AccountRef, AccountStatus, Channel, ConnectedAccount, Provider,
        SendingWindow, UserId, workflow::NodeType,
    },
};

mod create;
mod limits;
mod linkedin;
mod mailbox;
mod ramp_up;
mod sending_domain;
mod unread;
mod update;
mod usage;

pub use create::{
    AskedAccount, CreateConnectedAccountRequest, CreateSandboxAccount, SandboxProvider, UnavailableAccount,
    UnavailableProvider,
};
pub use limits::{AccountLimitsPatch, ActionLimitsPatch};
pub use linkedin::LinkedinProfileDto;
pub use mailbox::{CreateMailboxAccount, MailOauthRequest, MailServerRequest, MailboxDto, MailboxProvider};
pub use ramp_up::{AccountRampUpPatch, ActionRampUpPatch};
pub use sending_domain::SendingDomainParams;
pub use unread::{ConnectionsUnreadDto, MessagesUnreadDto};
pub use update::{AccountSwitch, SendingWindowPatch, UpdateConnectedAccountRequest};
pub use usage::AccountUsageDto;

/// A LinkedIn profile or mailbox that sends. Its credentials are never shown.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ConnectedAccount)]
pub struct ConnectedAccountDto {
    /// The account's id.
    pub id: AccountId,
    /// Who carries its messages.
    pub provider: Provider,
    /// By which way it reaches people.
    pub channel: Channel,
    /// Its name.
    #[schema(example = "Alexandra on LinkedIn")]
    pub display_name: String,
    /// The address that it sends from.
    #[schema(example = "alexandra@sender.example")]
    pub email: Option<String>,
    /// Its picture.
    pub avatar_url: Option<String>,
    /// Whether it can be used, and when it was.
    #[serde(flatten)]
    pub standing: AccountStandingDto,
    /// How much it may do, and when.
    #[serde(flatten)]
    pub terms: AccountTermsDto,
    /// How it is reached and what its mail looks like, if it is a mailbox.
    pub mailbox: Option<MailboxDto>,
    /// Whose profile it is, if it is a LinkedIn account.
    pub linkedin: Option<LinkedinProfileDto>,
    /// The kinds of steps that it can carry out.
    #[schema(example = json!(["profile_visit", "send_connection_request", "send_followup"]))]
    pub capabilities: Vec<NodeType>,
    /// Counts every change; also the `ETag`.
    #[schema(example = 1)]
    pub version: i64,
    /// Who made it.
    pub created_by: Option<UserId>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

/// How much an account may do, and when.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ConnectedAccountTerms)]
pub struct AccountTermsDto {
    /// How much it may do.
    pub limits: AccountLimits,
    /// Daily limits that still grow; the smaller of both holds.
    pub ramp_up: AccountRampUp,
    /// When it may send, whatever a campaign's schedule says; null is always.
    pub sending_window: Option<SendingWindow>,
    /// It does one thing in each slot of so many seconds; 0 is no bound.
    #[schema(example = 60)]
    pub spacing_seconds: i32,
}

impl AccountTermsDto {
    fn of(limits: AccountLimits, ramp_up: AccountRampUp, window: Option<SendingWindow>, spacing_seconds: i32) -> Self {
        Self { limits, ramp_up, sending_window: window, spacing_seconds }
    }
}

/// Whether an account can be used, and when it was.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ConnectedAccountStanding)]
pub struct AccountStandingDto {
    /// Whether it can be used.
    pub status: AccountStatus,
    /// Why it cannot be used.
    pub status_reason: Option<String>,
    /// When it last did something.
    pub last_act_at: Option<DateTime<Utc>>,
    /// The provider wants it left alone until then.
    pub rests_until: Option<DateTime<Utc>>,
}

impl From<ConnectedAccount> for ConnectedAccountDto {
    fn from(account: ConnectedAccount) -> Self {
        let capabilities = ConnectedChannel::of(&account).capabilities.into_iter().collect();
        Self::of(account, capabilities)
    }
}

impl ConnectedAccountDto {
    fn of(account: ConnectedAccount, capabilities: Vec<NodeType>) -> Self {
        #[rustfmt::skip] // one name a line would make this longer than a function may be
        let ConnectedAccount {
            id, organization_id: _, provider, channel, display_name, email, avatar_url, status, status_reason, limits, ramp_up, sending_window,
            spacing_seconds, last_act_at, rests_until, mailbox, unipile, version, created_by, created_at, updated_at,
        } = account;
        Self {
            id,
            provider,
            channel,
            display_name,
            email,
            avatar_url,
            standing: AccountStandingDto { status, status_reason, last_act_at, rests_until },
            terms: AccountTermsDto::of(limits.0, ramp_up.0, sending_window.map(|window| window.0), spacing_seconds),
            mailbox: mailbox.map(|mailbox| mailbox.0.into()),
            linkedin: unipile.filter(|_| channel == Channel::Linkedin).map(|unipile| unipile.0.into()),
            capabilities,
            version,
            created_by,
            created_at,
            updated_at,
        }
    }
}

/// A sending account, as what sends from it shows it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ConnectedAccountRef)]
pub struct AccountRefDto {
    /// The account's id.
    pub id: AccountId,
    /// Its name.
    #[schema(example = "Alexandra on LinkedIn")]
    pub display_name: String,
    /// Who carries its messages.
    pub provider: Provider,
    /// Its picture.
    pub avatar_url: Option<String>,
    /// Whether it can be used.
    pub status: AccountStatus,
}

impl From<AccountRef> for AccountRefDto {
    fn from(account: AccountRef) -> Self {
        let AccountRef { id, display_name, provider, avatar_url, status } = account;
        Self { id, display_name, provider, avatar_url, status }
    }
}
