//! The ledger of an account whose clock is changed. It is kept by local days and hours, so that it is carried over to the new clock; else a day's
//! limit would begin anew.

use chrono::{DateTime, TimeDelta, TimeZone as _, Timelike as _, Utc};
use chrono_tz::Tz;

use crate::{
    engine::calendar::local_day,
    errors::Result,
    models::{AccountId, Usage},
    repositories::OrgTx,
};

/// Limits look back a week; a day more for each of the two clocks.
const KEPT: TimeDelta = TimeDelta::days(9);

/// Carries an account's ledger over from one clock to another, if that is another. The account must be locked.
pub(super) async fn carry_over(
    tx: &mut OrgTx,
    account: AccountId,
    (from, to): (Tz, Tz),
    now: DateTime<Utc>,
) -> Result<()> {
    if from == to {
        return Ok(());
    }
    let since = local_day(from, now - KEPT);
    let lines = tx.usage().since(&[account], since).await?;
    let carried: Vec<_> = lines.iter().map(|line| carried_over(line, (from, to), now)).collect();
    // What may yet be given back, or charged again, is so on the day on which it counts from now on. Steps come before the ledger, as elsewhere.
    let hours: Vec<_> =
        lines.iter().zip(&carried).map(|(line, to)| ((line.day, line.hour), (to.day, to.hour))).collect();
    tx.steps().carry_over(account, now - KEPT - TimeDelta::days(1), &hours).await?;
    tx.usage().forget_since(account, since).await?;
    tx.usage().charge(&carried).await
}

/// What was done in an hour, by the new clock. What was done on the day at hand stays on the day at hand, whatever the new clock says of it: no limit
/// is opened by changing the clock. Hours that lie across two of the new clock count as the later one.
fn carried_over(line: &Usage, (from, to): (Tz, Tz), now: DateTime<Utc>) -> Usage {
    let today = local_day(to, now);
    let hour = u32::try_from(line.hour).unwrap_or(0);
    let last = line.day.and_hms_opt(hour, 59, 59).and_then(|last| from.from_local_datetime(&last).latest());
    let at = last.map_or(now, |last| last.with_timezone(&Utc).min(now)).with_timezone(&to);
    let (day, hour) = match at.date_naive() {
        day if day != today && line.day == local_day(from, now) => (today, 0),
        day => (day, at.hour()),
    };
    Usage { day, hour: i16::try_from(hour).unwrap_or(0), ..*line }
}

#[cfg(test)]
mod tests {
    use chrono_tz::{
        Asia::{Kolkata, Tokyo},
        Europe::Berlin,
        UTC,
    };

    use super::*;
    use crate::models::workflow::NodeType;

    fn carried(day: &str, hour: i16, zones: (Tz, Tz), now: &str) -> (String, i16) {
        let account_id = AccountId(uuid::Uuid::nil());
        let line = Usage { account_id, action: NodeType::SendEmail, day: day.parse().unwrap(), hour, used: 3 };
        let Usage { day, hour, used, .. } = carried_over(&line, zones, now.parse().unwrap());
        assert_eq!(used, 3);
        (day.to_string(), hour)
    }

    #[test]
    fn what_was_done_counts_by_the_new_clock_and_today_stays_today() {
        let late = "2026-11-23T23:30:00Z";
        for (day, hour, zones, now, expected) in [
            ("2026-11-22", 9, (UTC, Tokyo), late, ("2026-11-22", 18)),
            ("2026-11-22", 20, (UTC, Tokyo), late, ("2026-11-23", 5)),
            // It is the morning of the 24th in Tokyo, where this was the evening of the 23rd.
            ("2026-11-23", 9, (UTC, Tokyo), late, ("2026-11-24", 0)),
            ("2026-11-23", 20, (UTC, Tokyo), late, ("2026-11-24", 5)),
            // And back again.
            ("2026-11-24", 5, (Tokyo, UTC), late, ("2026-11-23", 20)),
            ("2026-11-23", 5, (Tokyo, UTC), late, ("2026-11-22", 20)),
            // The hour from half past seven to half past eight by the clock of India.
            ("2026-11-22", 2, (UTC, Kolkata), late, ("2026-11-22", 8)),
            // The hour that was there twice.
            ("2026-10-25", 2, (Berlin, UTC), "2026-10-26T12:00:00Z", ("2026-10-25", 1)),
            // Nothing was done later than now.
            ("2026-11-23", 23, (UTC, Kolkata), late, ("2026-11-24", 5)),
        ] {
            assert_eq!(carried(day, hour, zones, now), (expected.0.to_owned(), expected.1), "{day} {hour} {zones:?}");
        }
    }
}
