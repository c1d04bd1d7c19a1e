//! What makes a sending account.

use serde::Deserialize;
use utoipa::ToSchema;
use validator::{Validate, ValidationErrors};

use super::limits::AccountLimitsPatch;
use crate::{
    errors::{AppError, Fault, Kind},
    models::{AccountLimits, Channel, SendingWindow},
    services::connected_accounts::NewSandboxAccount,
    utils::email::NormalizedEmail,
};

/// An account to be made; `provider` says what kind it is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(untagged)]
#[schema(discriminator(property_name = "provider", mapping(
    ("sandbox" = "#/components/schemas/CreateSandboxAccount"),
    ("linkedin" = "#/components/schemas/UnavailableAccount"),
    ("gmail" = "#/components/schemas/UnavailableAccount"),
    ("outlook" = "#/components/schemas/UnavailableAccount"),
    ("mailbox" = "#/components/schemas/UnavailableAccount"),
)), example = json!({
    "provider": "sandbox", "channel": "linkedin", "display_name": "Alexandra, rehearsing", "seed": 7,
    "limits": {"send_connection_request": {"per_day": 15}}
}))]
pub enum CreateConnectedAccountRequest {
    /// An account that rehearses a channel inside this service.
    Sandbox(CreateSandboxAccount),
    /// An account of the outside world.
    Unavailable(UnavailableAccount),
}

/// An account that rehearses a channel inside this service: nothing leaves it, and who accepts or answers follows from `seed`.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"provider": "sandbox", "channel": "email", "display_name": "Rehearsal", "email": "rehearsal@sender.example"}))]
pub struct CreateSandboxAccount {
    /// The kind of account.
    pub provider: SandboxProvider,
    /// Which channel it rehearses.
    pub channel: Channel,
    /// Its name.
    #[schema(min_length = 1, max_length = 255, pattern = r"\S")]
    pub display_name: String,
    /// The address that it pretends to send from.
    #[schema(max_length = 320)]
    pub email: Option<String>,
    /// How much it may do; the defaults where nothing is said.
    pub limits: Option<AccountLimitsPatch>,
    /// When it may send; always if absent.
    pub sending_window: Option<SendingWindow>,
    /// What its people do follows from this number; drawn if absent. It is kept sealed and never shown.
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    pub seed: Option<i64>,
}

/// The sandbox.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SandboxProvider {
    /// A rehearsal inside this service.
    Sandbox,
}

/// An account of a provider that this server cannot connect yet: answered with 422 `provider_not_available`.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(example = json!({"provider": "mailbox"}))]
pub struct UnavailableAccount {
    /// The kind of account.
    pub provider: UnavailableProvider,
}

/// A provider that this server cannot connect yet.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum UnavailableProvider {
    /// LinkedIn.
    Linkedin,
    /// Gmail.
    Gmail,
    /// Outlook or Exchange Online.
    Outlook,
    /// Any mailbox with SMTP and IMAP.
    Mailbox,
}

impl Validate for CreateConnectedAccountRequest {
    fn validate(&self) -> Result<(), ValidationErrors> {
        match self {
            Self::Sandbox(account) => account.validate(),
            Self::Unavailable(_) => Ok(()),
        }
    }
}

impl TryFrom<CreateConnectedAccountRequest> for NewSandboxAccount {
    type Error = AppError;

    fn try_from(request: CreateConnectedAccountRequest) -> Result<Self, AppError> {
        match request {
            CreateConnectedAccountRequest::Sandbox(account) => account.try_into(),
            CreateConnectedAccountRequest::Unavailable(_) => {
                let (code, detail) =
                    ("provider_not_available", "This server can only connect the provider `sandbox` so far.");
                Err(AppError::new(Kind::Invalid, code, detail).with_faults(vec![Fault::new("/provider", code, detail)]))
            }
        }
    }
}

impl TryFrom<CreateSandboxAccount> for NewSandboxAccount {
    type Error = AppError;

    fn try_from(request: CreateSandboxAccount) -> Result<Self, AppError> {
        let CreateSandboxAccount {
            provider: SandboxProvider::Sandbox,
            channel,
            display_name,
            email,
            limits,
            sending_window,
            seed,
        } = request;
        let mut faults = Vec::new();
        let email = email.as_deref().map(NormalizedEmail::parse).transpose().unwrap_or_else(|refusal| {
            faults.push(Fault::new("/email", refusal.code, refusal.detail));
            None
        });
        let limits = AccountLimits::of(channel).changed(channel, limits.unwrap_or_default().into());
        let limits = limits.unwrap_or_else(|wrong| {
            faults.extend(wrong);
            AccountLimits::default()
        });
        let sending_window = sending_window.map(SendingWindow::checked).transpose().unwrap_or_else(|wrong| {
            faults.extend(wrong);
            None
        });
        if !faults.is_empty() {
            return Err(AppError::invalid(faults));
        }
        let email = email.map(|email| email.address().to_owned());
        Ok(Self { channel, display_name, email, limits, sending_window, seed })
    }
}
