//! What changes a sending account.

use secrecy::SecretString;
use serde::Deserialize;
use serde_with::rust::double_option;
use utoipa::ToSchema;

use super::{
    limits::AccountLimitsPatch,
    mailbox::{MailOauthRequest, MailServerRequest, access, address},
    ramp_up::AccountRampUpPatch,
};
use crate::{
    dto::{extract::Checked, patch::patch},
    errors::Fault,
    models::{AccountStatus, SendingWindowChanges, SentCopy, workflow::Weekday},
    services::connected_accounts::{AccountChanges, MailboxChanges},
};

/// A merge patch of an account (RFC 7396): an absent field stays, null clears.
#[derive(Debug, Deserialize, ToSchema)]
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
    /// Of a mailbox: where its mail is handed in. Its servers are signed in to before anything is changed.
    #[schema(nullable = false)]
    pub smtp: Option<MailServerRequest>,
    /// Of a mailbox: where its mail is read.
    #[schema(nullable = false)]
    pub imap: Option<MailServerRequest>,
    /// Of a mailbox: another password for both servers.
    #[schema(value_type = Option<String>, min_length = 1, max_length = 1000, nullable = false)]
    pub password: Option<SecretString>,
    /// Of a mailbox: another refresh token.
    #[schema(nullable = false)]
    pub oauth: Option<MailOauthRequest>,
    /// Of a mailbox: where answers are to go; null is to its own address.
    #[serde(default, with = "double_option")]
    #[schema(max_length = 320, value_type = Option<String>)]
    pub reply_to: Option<Option<String>>,
    /// Of a mailbox: what stands under each mail; null is nothing.
    #[serde(default, with = "double_option")]
    #[schema(max_length = 5000, value_type = Option<String>)]
    pub signature: Option<Option<String>>,
    /// Of a mailbox: who puts a copy of each mail into its Sent folder.
    #[schema(nullable = false)]
    pub sent_copy: Option<SentCopy>,
    /// Of a mailbox: a domain of its own that the links in its mails are to lead through; null is this server's address.
    #[serde(default, with = "double_option")]
    #[schema(min_length = 1, max_length = 260, value_type = Option<String>)]
    pub tracking_domain: Option<Option<String>>,
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

impl Checked for UpdateConnectedAccountRequest {
    type Read = AccountChanges;

    fn check(self) -> Result<AccountChanges, Vec<Fault>> {
        let reply_to = match self.reply_to {
            Some(Some(reply_to)) => Some(Some(address("/reply_to", &reply_to).map_err(|fault| vec![fault])?)),
            other => other,
        };
        Ok(AccountChanges {
            display_name: self.display_name,
            status: self.status.map(|status| match status {
                AccountSwitch::Connected => AccountStatus::Connected,
                AccountSwitch::Paused => AccountStatus::Paused,
            }),
            limits: patch(self.limits).map(Into::into),
            ramp_up: patch(self.ramp_up).map(Into::into),
            sending_window: patch(self.sending_window).map(Into::into),
            spacing_seconds: patch(self.spacing_seconds),
            mailbox: MailboxChanges {
                access: access(self.smtp, self.imap, self.password, self.oauth).map_err(|fault| vec![fault])?,
                reply_to: patch(reply_to),
                signature: patch(self.signature),
                sent_copy: self.sent_copy,
                tracking_domain: patch(self.tracking_domain),
            },
        })
    }
}

impl From<SendingWindowPatch> for SendingWindowChanges {
    fn from(window: SendingWindowPatch) -> Self {
        let SendingWindowPatch { timezone, days, start_time, end_time } = window;
        Self { timezone: patch(timezone), days: patch(days), start_time: patch(start_time), end_time: patch(end_time) }
    }
}
