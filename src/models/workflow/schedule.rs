//! When a campaign may act, and what ends it for a lead.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::text_enum;

/// The working window of a campaign: nothing is sent outside it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(example = json!({
    "timezone": "Europe/Berlin", "use_lead_timezone": true, "days": ["mon", "tue", "wed", "thu", "fri"],
    "start_time": "09:00", "end_time": "17:30", "start_at": null, "end_at": null, "new_leads_per_day": 50
}))]
pub struct Schedule {
    /// The IANA name of the campaign's time zone.
    #[schema(max_length = 64, example = "Europe/Berlin")]
    pub timezone: Option<String>,
    /// Whether the window is the lead's own where the lead's time zone is known.
    pub use_lead_timezone: bool,
    /// The days of the week on which something may be sent.
    #[schema(max_items = 7)]
    pub days: Vec<Weekday>,
    /// When the window opens, `HH:MM`.
    #[schema(pattern = "^([01][0-9]|2[0-3]):[0-5][0-9]$", example = "09:00")]
    pub start_time: Option<String>,
    /// When the window closes, `HH:MM`, at most `24:00`; later than `start_time`.
    #[schema(pattern = "^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$", example = "17:30")]
    pub end_time: Option<String>,
    /// Nothing is sent before this instant; none is no bound.
    pub start_at: Option<DateTime<Utc>>,
    /// Nothing is sent from this instant on; none is no bound.
    pub end_at: Option<DateTime<Utc>>,
    /// How many leads begin on one day; none is as many as the accounts' limits let.
    #[schema(minimum = 1, maximum = 10_000)]
    pub new_leads_per_day: Option<i64>,
}

impl Schedule {
    /// The minute of the day at which the window opens; none if missing or not a time.
    #[must_use]
    pub fn start_minute(&self) -> Option<u16> {
        self.start_time.as_deref().and_then(minute_of_day).filter(|minute| *minute < DAY)
    }

    /// The minute of the day at which the window closes, 1,440 for midnight at its end; none if missing or not a time.
    #[must_use]
    pub fn end_minute(&self) -> Option<u16> {
        self.end_time.as_deref().and_then(minute_of_day)
    }
}

const DAY: u16 = 24 * 60;

/// The minute of the day of a time as `09:30`, 1,440 for `24:00`.
pub(in crate::models) fn minute_of_day(text: &str) -> Option<u16> {
    let &[h1, h2, b':', m1, m2] = text.as_bytes() else { return None };
    let digit = |byte: u8| byte.is_ascii_digit().then(|| u16::from(byte - b'0'));
    let (hours, minutes) = (digit(h1)? * 10 + digit(h2)?, digit(m1)? * 10 + digit(m2)?);
    let minute = hours * 60 + minutes;
    (minutes < 60 && minute <= DAY).then_some(minute)
}

/// A day of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Weekday {
    /// Monday.
    Mon,
    /// Tuesday.
    Tue,
    /// Wednesday.
    Wed,
    /// Thursday.
    Thu,
    /// Friday.
    Fri,
    /// Saturday.
    Sat,
    /// Sunday.
    Sun,
}

text_enum! {
    /// What ends a campaign for a lead before its last step.
    StopOn {
        /// The lead answered; an automatic answer does not count.
        Reply = "reply",
        /// The lead asked not to get mail.
        Unsubscribe = "unsubscribe",
        /// A mail came back for good.
        Bounce = "bounce",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_to_the_minute() {
        for (text, minute) in [
            ("00:00", Some(0)),
            ("09:00", Some(540)),
            ("23:59", Some(1439)),
            ("24:00", Some(1440)),
            ("24:01", None),
            ("9:00", None),
            ("09:60", None),
            ("0900", None),
            ("aa:bb", None),
            ("", None),
            ("٠٩:٠٠", None),
        ] {
            assert_eq!(minute_of_day(text), minute, "{text}");
        }
        let late = Schedule { start_time: Some("24:00".into()), ..Schedule::default() };
        assert_eq!(late.start_minute(), None, "a window cannot open when the day is over");
    }
}
