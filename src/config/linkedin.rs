//! What LinkedIn bears. It publishes no numbers: these are the careful end of what its help pages and its users say.

use chrono::TimeDelta;

use super::Vars;

/// What LinkedIn bears of an account, beyond the limits that each account has of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LinkedinConfig {
    /// `LINKEDIN_FREE_NOTES_PER_MONTH`: invitations with a note that an account may send in a month for which nothing is paid.
    pub free_notes: i64,
    /// `LINKEDIN_REINVITE_DAYS`: how long a person cannot be invited again after an invitation was taken back.
    pub reinvite_after: TimeDelta,
    /// `LINKEDIN_COOLDOWN_HOURS`: how long an account is left alone, at least, that has reached a limit of LinkedIn's.
    pub cooldown: TimeDelta,
}

impl LinkedinConfig {
    pub(super) fn read(vars: &mut Vars) -> Self {
        Self {
            free_notes: whole(vars, "LINKEDIN_FREE_NOTES_PER_MONTH", (0, 1_000), 3),
            reinvite_after: TimeDelta::days(whole(vars, "LINKEDIN_REINVITE_DAYS", (0, 365), 21)),
            cooldown: TimeDelta::hours(whole(vars, "LINKEDIN_COOLDOWN_HOURS", (1, 720), 24)),
        }
    }
}

fn whole(vars: &mut Vars, name: &'static str, (least, most): (i64, i64), usual: i64) -> i64 {
    let expected = format!("a whole number from {least} to {most}");
    let value = vars.parsed(name, &expected).unwrap_or(usual);
    if !(least..=most).contains(&value) {
        vars.fault(name, format!("must be {expected}"));
        return usual;
    }
    value
}
