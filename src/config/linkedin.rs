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
    /// Where LinkedIn is likely to stop an account.
    pub likely: LikelyCaps,
}

/// Where LinkedIn is likely to stop an account, however much its own limits allow. It says nothing of that; these are what its users and Unipile tell,
/// at the careful end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LikelyCaps {
    /// `LINKEDIN_LIKELY_INVITATIONS_PER_WEEK`: of an account for which nothing is paid (its users tell of a wall between 100 and 200).
    pub invitations_per_week: i64,
    /// `LINKEDIN_LIKELY_PAID_INVITATIONS_PER_WEEK`: of one that is paid for (Unipile: about 200).
    pub paid_invitations_per_week: i64,
    /// `LINKEDIN_LIKELY_MESSAGES_PER_DAY` (Unipile: 100 to 150).
    pub messages_per_day: i64,
    /// `LINKEDIN_LIKELY_INMAILS_PER_DAY` (30 to 50).
    pub inmails_per_day: i64,
    /// `LINKEDIN_LIKELY_VISITS_PER_DAY` (Unipile: 80 to 100).
    pub visits_per_day: i64,
}

impl LikelyCaps {
    fn read(vars: &mut Vars) -> Self {
        let mut cap = |name, usual| whole(vars, name, (1, 100_000), usual);
        Self {
            invitations_per_week: cap("LINKEDIN_LIKELY_INVITATIONS_PER_WEEK", 100),
            paid_invitations_per_week: cap("LINKEDIN_LIKELY_PAID_INVITATIONS_PER_WEEK", 200),
            messages_per_day: cap("LINKEDIN_LIKELY_MESSAGES_PER_DAY", 100),
            inmails_per_day: cap("LINKEDIN_LIKELY_INMAILS_PER_DAY", 30),
            visits_per_day: cap("LINKEDIN_LIKELY_VISITS_PER_DAY", 80),
        }
    }
}

impl LinkedinConfig {
    pub(super) fn read(vars: &mut Vars) -> Self {
        Self {
            free_notes: whole(vars, "LINKEDIN_FREE_NOTES_PER_MONTH", (0, 1_000), 3),
            reinvite_after: TimeDelta::days(whole(vars, "LINKEDIN_REINVITE_DAYS", (0, 365), 21)),
            cooldown: TimeDelta::hours(whole(vars, "LINKEDIN_COOLDOWN_HOURS", (1, 720), 24)),
            likely: LikelyCaps::read(vars),
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
