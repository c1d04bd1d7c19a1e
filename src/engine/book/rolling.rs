//! What a provider counts over whatever 24 hours. The ledger knows hours, so a window reaches back to the beginning of the hour that it begins in:
//! it is never shorter than 24 hours, and by less than an hour longer.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use super::{AccountBook, tally::Tally};
use crate::{
    engine::calendar::{end_of_hour, local_day, local_hour},
    models::workflow::NodeType,
};

/// Over what it is counted, in hours.
const HOURS: i64 = 24;

impl AccountBook {
    /// How often the provider lets something still be done at `now`, going by `tally`; none if it counts nothing so.
    pub(super) fn left_in_24_hours(&self, tally: &Tally, action: NodeType, now: DateTime<Utc>) -> Option<u32> {
        let most = self.in_24_hours(action)?;
        Some(most.saturating_sub(self.until(tally, now)))
    }

    /// When there may be room, if one more at `at` would be too many in some 24 hours; `at` itself if it would not. None if that goes for all the
    /// day: then nothing around it comes near to too many.
    pub(super) fn room_in_24_hours(&self, tally: &Tally, action: NodeType, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let most = self.in_24_hours(action)?;
        let day = local_day(self.zone, at);
        let around = [day.pred_opt(), Some(day), day.succ_opt()].into_iter().flatten();
        if around.fold(0, |sum: u32, day| sum.saturating_add(tally.on_day(day))) < most {
            return None;
        }
        // What is promised after it counts too.
        let full = (0..=HOURS).any(|hours| self.until(tally, at + TimeDelta::hours(hours)) >= most);
        Some(if full { end_of_hour(self.zone, at) } else { at })
    }

    /// What bounds it at all.
    pub(super) fn in_24_hours(&self, action: NodeType) -> Option<u32> {
        self.terms.mails_in_24_hours.filter(|_| action == NodeType::SendEmail)
    }

    /// How often in the 24 hours up to the end of the hour of `end`.
    pub(super) fn until(&self, tally: &Tally, end: DateTime<Utc>) -> u32 {
        tally.between(self.hour(end - TimeDelta::hours(HOURS)), self.hour(end))
    }

    fn hour(&self, at: DateTime<Utc>) -> (NaiveDate, u8) {
        (local_day(self.zone, at), local_hour(self.zone, at))
    }
}
