//! What makes a sending account.

use serde::Deserialize;
use utoipa::ToSchema;

use super::{limits::AccountLimitsPatch, mailbox::CreateMailboxAccount};
use crate::{
    dto::extract::Checked,
    errors::{AppError, Fault, Kind},
    models::{AccountLimits, Channel, SandboxBehaviour, SendingWindow},
    services::connected_accounts::{NewMailboxAccount, NewSandboxAccount},
    utils::email::NormalizedEmail,
};

/// An account to be made; `provider` says what kind it is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(untagged)]
#[schema(discriminator(property_name = "provider", mapping(
    ("sandbox" = "#/components/schemas/CreateSandboxAccount"),
    ("linkedin" = "#/components/schemas/UnavailableAccount"),
    ("gmail" = "#/components/schemas/CreateMailboxAccount"),
    ("outlook" = "#/components/schemas/CreateMailboxAccount"),
    ("mailbox" = "#/components/schemas/CreateMailboxAccount"),
)), example = json!({
    "provider": "sandbox", "channel": "linkedin", "display_name": "Alexandra, rehearsing", "seed": 7,
    "limits": {"send_connection_request": {"per_day": 15}}
}))]
pub enum CreateConnectedAccountRequest {
    /// An account that rehearses a channel inside this service.
    Sandbox(Box<CreateSandboxAccount>),
    /// A mailbox.
    Mailbox(Box<CreateMailboxAccount>),
    /// An account that cannot be connected here.
    Unavailable(UnavailableAccount),
}

/// An account that rehearses a channel inside this service: nothing leaves it, and who accepts or answers follows from `seed`.
// The schema demands what is read as optional here, so that the rest can be judged where it lacks.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"provider": "sandbox", "channel": "email", "display_name": "Rehearsal", "email": "rehearsal@sender.example"}))]
pub struct CreateSandboxAccount {
    /// The kind of account.
    pub provider: SandboxProvider,
    /// Which channel it rehearses.
    #[schema(required = true, value_type = Channel)]
    pub channel: Option<Channel>,
    /// Its name.
    #[serde(default)]
    #[schema(required = true, min_length = 1, max_length = 255, pattern = r"\S")]
    pub display_name: String,
    /// The address that it pretends to send from.
    #[schema(max_length = 320)]
    pub email: Option<String>,
    /// How much it may do; the defaults where nothing is said.
    pub limits: Option<AccountLimitsPatch>,
    /// When it may send; always if absent.
    pub sending_window: Option<SendingWindow>,
    /// It does one thing in each slot of so many seconds; 0 is no bound. The channel's default if absent.
    #[schema(minimum = 0, maximum = 86_400)]
    pub spacing_seconds: Option<i32>,
    /// What its people do follows from this number; drawn if absent. It is kept sealed and never shown.
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    pub seed: Option<i64>,
    /// How its people behave; as one meets them where nothing is said.
    pub behaviour: Option<SandboxBehaviour>,
}

/// The sandbox.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SandboxProvider {
    /// A rehearsal inside this service.
    Sandbox,
}

/// An account that is connected by signing in at its provider, by `POST /connected-accounts/connect-link`: answered here with 422
/// `provider_not_available`.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(example = json!({"provider": "linkedin"}))]
pub struct UnavailableAccount {
    /// The kind of account.
    pub provider: UnavailableProvider,
}

/// A provider whose accounts are connected by a link.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum UnavailableProvider {
    /// LinkedIn.
    Linkedin,
}

/// An account that somebody wants to connect.
#[derive(Debug)]
pub enum AskedAccount {
    /// An account that rehearses a channel inside this service.
    Sandbox(Box<NewSandboxAccount>),
    /// A mailbox.
    Mailbox(Box<NewMailboxAccount>),
    /// An account that cannot be connected here.
    Unavailable(AppError),
}

impl Checked for CreateConnectedAccountRequest {
    type Read = AskedAccount;

    fn check(self) -> Result<AskedAccount, Vec<Fault>> {
        match self {
            Self::Sandbox(account) => account.check().map(|account| AskedAccount::Sandbox(Box::new(account))),
            Self::Mailbox(account) => account.check().map(|account| AskedAccount::Mailbox(Box::new(account))),
            Self::Unavailable(_) => Ok(AskedAccount::Unavailable(unavailable())),
        }
    }
}

fn unavailable() -> AppError {
    let (code, detail) =
        ("provider_not_available", "LinkedIn accounts are connected by POST /connected-accounts/connect-link.");
    AppError::new(Kind::Invalid, code, detail).with_faults(vec![Fault::new("/provider", code, detail)])
}

impl Checked for CreateSandboxAccount {
    type Read = NewSandboxAccount;

    fn check(self) -> Result<NewSandboxAccount, Vec<Fault>> {
        let Self {
            provider: SandboxProvider::Sandbox,
            channel,
            display_name,
            email,
            limits,
            sending_window,
            spacing_seconds,
            seed,
            behaviour,
        } = self;
        let mut faults = Vec::new();
        let email = email.as_deref().map(NormalizedEmail::parse).transpose().unwrap_or_else(|refusal| {
            faults.push(Fault::new("/email", refusal.code, refusal.detail));
            None
        });
        let sending_window = sending_window.map(SendingWindow::checked).transpose().unwrap_or_else(|wrong| {
            faults.extend(wrong);
            None
        });
        let limits = limits_of(channel, limits.unwrap_or_default()).map_err(|wrong| faults.extend(wrong));
        match (channel, limits) {
            (Some(channel), Ok(limits)) if faults.is_empty() => {
                let email = email.map(|email| email.address().to_owned());
                Ok(NewSandboxAccount {
                    channel,
                    display_name,
                    email,
                    limits,
                    sending_window,
                    spacing_seconds,
                    seed,
                    behaviour: behaviour.unwrap_or_default(),
                })
            }
            _ => Err(faults),
        }
    }
}

/// The limits, which cannot be judged without the channel.
pub(super) fn limits_of(channel: Option<Channel>, limits: AccountLimitsPatch) -> Result<AccountLimits, Vec<Fault>> {
    let channel = channel.ok_or_else(Vec::new)?;
    AccountLimits::of(channel).changed(channel, limits.into())
}
