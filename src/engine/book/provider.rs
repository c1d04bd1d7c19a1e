//! What a provider itself bears, whoever acts: beside it what was done by hand counts too, and nothing that is only promised.

use chrono::{DateTime, Utc};

use super::{AccountBook, tally::Tally};
use crate::{
    engine::calendar::{LocalDay, end_of_hour},
    models::{ProviderBound, workflow::NodeType},
};

/// Hours of which one lets go of what was done 24 hours before.
const HOURS: usize = 25;

impl AccountBook {
    /// From when on the provider takes another mail, if it has had all that it takes for now.
    #[must_use]
    pub fn full_until(&self, bound: ProviderBound, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let none = Tally::default();
        let done = self.acts.get(&NodeType::SendEmail).map_or(&none, |acts| &acts.done);
        if !bound.rolling {
            let day = LocalDay::at(self.zone, now);
            return (done.on_day(day.date) >= bound.most).then_some(day.end);
        }
        let mut at = now;
        for _ in 0..HOURS {
            if self.until(done, at) < bound.most {
                break;
            }
            at = end_of_hour(self.zone, at);
        }
        (at > now).then_some(at)
    }
}
