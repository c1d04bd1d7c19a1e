//! When an account may send, whatever its campaigns say: a document, the same on the wire and in `jsonb`.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    errors::Fault,
    models::{
        patch::Patch,
        workflow::{Weekday, minute_of_day},
    },
    utils::timezone,
};

/// The hours of an account: nothing is sent from it outside them, whatever a campaign's schedule says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"timezone": "Europe/Berlin", "days": ["mon", "tue", "wed", "thu", "fri"], "start_time": "08:00", "end_time": "19:00"}))]
pub struct SendingWindow {
    /// The IANA name of the time zone.
    #[schema(max_length = 64, example = "Europe/Berlin")]
    pub timezone: String,
    /// The days of the week.
    #[schema(min_items = 1, max_items = 7)]
    pub days: Vec<Weekday>,
    /// When the window opens, `HH:MM`.
    #[schema(pattern = "^([01][0-9]|2[0-3]):[0-5][0-9]$", example = "08:00")]
    pub start_time: String,
    /// When the window closes, `HH:MM`, at most `24:00`; later than `start_time`.
    #[schema(pattern = "^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$", example = "19:00")]
    pub end_time: String,
}

/// A merge patch of a window.
#[derive(Debug, Clone, Default)]
pub struct SendingWindowChanges {
    pub timezone: Patch<String>,
    pub days: Patch<Vec<Weekday>>,
    pub start_time: Patch<String>,
    pub end_time: Patch<String>,
}

impl SendingWindow {
    /// The window after `changes`.
    ///
    /// # Errors
    /// A fault for each field that the result lacks, and those of [`Self::checked`].
    pub fn changed(present: Option<Self>, changes: SendingWindowChanges) -> Result<Self, Vec<Fault>> {
        let SendingWindowChanges { timezone, days, start_time, end_time } = changes;
        let (had_timezone, had_days, had_start, had_end) = match present {
            Some(Self { timezone, days, start_time, end_time }) => {
                (Some(timezone), Some(days), Some(start_time), Some(end_time))
            }
            None => (None, None, None, None),
        };
        let timezone = timezone.apply(had_timezone);
        let days = days.apply(had_days);
        let start_time = start_time.apply(had_start);
        let end_time = end_time.apply(had_end);
        let lacking: Vec<Fault> = [
            ("timezone", timezone.is_none()),
            ("days", days.is_none()),
            ("start_time", start_time.is_none()),
            ("end_time", end_time.is_none()),
        ]
        .into_iter()
        .filter(|(_, lacks)| *lacks)
        .map(|(field, _)| Fault::new(format!("/sending_window/{field}"), "required", "This field is required."))
        .collect();
        match (timezone, days, start_time, end_time) {
            (Some(timezone), Some(days), Some(start_time), Some(end_time)) => {
                Self { timezone, days, start_time, end_time }.checked()
            }
            _ => Err(lacking),
        }
    }

    /// The window with the time zone by its own name.
    ///
    /// # Errors
    /// Everything that is wrong with it: `unknown_timezone`, `no_days`, `duplicate_day`, `invalid_time`, `empty_window`.
    pub fn checked(mut self) -> Result<Self, Vec<Fault>> {
        let mut faults = Vec::new();
        let mut fault =
            |field: String, code, detail| faults.push(Fault::new(format!("/sending_window/{field}"), code, detail));
        if let Some(zone) = timezone::parse(&self.timezone) {
            zone.name().clone_into(&mut self.timezone);
        } else {
            let detail = "This is no IANA time zone; they look like `Europe/Berlin`.";
            fault("timezone".into(), "unknown_timezone", detail);
        }
        if self.days.is_empty() {
            fault("days".into(), "no_days", "A window needs at least one day of the week.");
        }
        for (i, day) in self.days.iter().enumerate() {
            if self.days[..i].contains(day) {
                fault(format!("days/{i}"), "duplicate_day", "This day is listed twice.");
            }
        }
        let (start, end) = (minute_of_day(&self.start_time), minute_of_day(&self.end_time));
        for (field, minute) in [("start_time", start), ("end_time", end)] {
            if minute.is_none() {
                fault(field.into(), "invalid_time", "A time of day is written like `09:00`.");
            }
        }
        if let (Some(start), Some(end)) = (start, end)
            && start >= end
        {
            fault("end_time".into(), "empty_window", "The window must close later than it opens.");
        }
        if faults.is_empty() { Ok(self) } else { Err(faults) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window() -> SendingWindow {
        SendingWindow {
            timezone: "europe/berlin".into(),
            days: vec![Weekday::Mon, Weekday::Fri],
            start_time: "09:00".into(),
            end_time: "17:30".into(),
        }
    }

    fn told(result: Result<SendingWindow, Vec<Fault>>) -> Vec<(String, String)> {
        result.unwrap_err().into_iter().map(|fault| (fault.pointer, fault.code.into_owned())).collect()
    }

    #[test]
    fn the_time_zone_is_kept_by_its_own_name() {
        assert_eq!(window().checked().unwrap().timezone, "Europe/Berlin");
    }

    #[test]
    fn every_fault_is_told_at_once() {
        let wrong = SendingWindow {
            timezone: "Europe/Atlantis".into(),
            days: vec![Weekday::Mon, Weekday::Tue, Weekday::Mon],
            start_time: "18:00".into(),
            end_time: "08:00".into(),
        };
        let expected = [("timezone", "unknown_timezone"), ("days/2", "duplicate_day"), ("end_time", "empty_window")];
        let expected = expected.map(|(field, code)| (format!("/sending_window/{field}"), code.to_owned()));
        assert_eq!(told(wrong.checked()), expected);
    }

    #[test]
    fn a_patch_onto_nothing_needs_all_and_a_patch_onto_a_window_only_what_changes() {
        let later = || SendingWindowChanges { end_time: Patch::Set("19:00".into()), ..Default::default() };
        let lacking: Vec<_> =
            told(SendingWindow::changed(None, later())).into_iter().map(|(pointer, _)| pointer).collect();
        assert_eq!(lacking, ["/sending_window/timezone", "/sending_window/days", "/sending_window/start_time"]);
        let changed = SendingWindow::changed(Some(window()), later()).unwrap();
        assert_eq!((changed.start_time.as_str(), changed.end_time.as_str()), ("09:00", "19:00"));
        let cleared = SendingWindowChanges { days: Patch::Clear, ..Default::default() };
        assert_eq!(told(SendingWindow::changed(Some(window()), cleared))[0].0, "/sending_window/days");
    }
}
