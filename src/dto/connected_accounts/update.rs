//! What changes a sending account.

use serde::Deserialize;
use serde_with::rust::double_option;
use utoipa::ToSchema;
use validator::Validate;

use super::{limits::AccountLimitsPatch, ramp_up::AccountRampUpPatch};
use crate::{
    dto::patch::patch,
    models::{AccountStatus, SendingWindowChanges, workflow::Weekday},
    services::connected_accounts::AccountChanges,
};

/// A merge patch of an account (RFC 7396): an absent field stays, null clears.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"status": "paused", "limits": {"send_connection_request": {"per_day": 15, "per_week": null}}, "sending_window": null}))]
pub struct UpdateConnectedAccountRequest {
    /// A new name.
    #[schema(min_length = 1, max_length = 255, pattern = r"\S", nullable = false)]
    pub display_name: Option<String>,
    /// `paused` sets the account aside: nothing is sent from it until it is `connected` again.
    #[schema(nullable = false)]
    pub status: Option<AccountSwitch>,
    /// New limits; null restores all defaults.
    #[serde(default, with = "double_option")]
    #[schema(value_type = Option<AccountLimitsPatch>)]
    pub limits: Option<Option<AccountLimitsPatch>>,
    /// Daily limits that grow from day to day, for a new account or one that has rested; null ends all ramps.
    #[serde(default, with = "double_option")]
    #[schema(value_type = Option<AccountRampUpPatch>)]
    pub ramp_up: Option<Option<AccountRampUpPatch>>,
    /// New hours; null lets the account send at any time.
    #[serde(default, with = "double_option")]
    #[schema(value_type = Option<SendingWindowPatch>)]
    pub sending_window: Option<Option<SendingWindowPatch>>,
    /// It does one thing in each slot of so many seconds; 0 is no bound, null the channel's default.
    #[serde(default, with = "double_option")]
    #[schema(minimum = 0, maximum = 86_400, value_type = Option<i32>)]
    pub spacing_seconds: Option<Option<i32>>,
}

/// Whether an account is in use or set aside.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AccountSwitch {
    /// In use.
    Connected,
    /// Set aside.
    Paused,
}

/// A merge patch of an account's hours. Onto an account that has none, all fields are needed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"end_time": "18:00"}))]
pub struct SendingWindowPatch {
    /// The IANA name of the time zone.
    #[serde(default, with = "double_option")]
    #[schema(max_length = 64, value_type = Option<String>)]
    pub timezone: Option<Option<String>>,
    /// The days of the week.
    #[serde(default, with = "double_option")]
    #[schema(max_items = 7, value_type = Option<Vec<Weekday>>)]
    pub days: Option<Option<Vec<Weekday>>>,
    /// When the window opens, `HH:MM`.
    #[serde(default, with = "double_option")]
    #[schema(pattern = "^([01][0-9]|2[0-3]):[0-5][0-9]$", value_type = Option<String>)]
    pub start_time: Option<Option<String>>,
    /// When the window closes, `HH:MM`, at most `24:00`; later than `start_time`.
    #[serde(default, with = "double_option")]
    #[schema(pattern = "^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$", value_type = Option<String>)]
    pub end_time: Option<Option<String>>,
}

impl From<UpdateConnectedAccountRequest> for AccountChanges {
    fn from(request: UpdateConnectedAccountRequest) -> Self {
        let UpdateConnectedAccountRequest { display_name, status, limits, ramp_up, sending_window, spacing_seconds } =
            request;
        Self {
            display_name,
            status: status.map(|status| match status {
                AccountSwitch::Connected => AccountStatus::Connected,
                AccountSwitch::Paused => AccountStatus::Paused,
            }),
            limits: patch(limits).map(Into::into),
            ramp_up: patch(ramp_up).map(Into::into),
            sending_window: patch(sending_window).map(Into::into),
            spacing_seconds: patch(spacing_seconds),
        }
    }
}

impl From<SendingWindowPatch> for SendingWindowChanges {
    fn from(window: SendingWindowPatch) -> Self {
        let SendingWindowPatch { timezone, days, start_time, end_time } = window;
        Self { timezone: patch(timezone), days: patch(days), start_time: patch(start_time), end_time: patch(end_time) }
    }
}
