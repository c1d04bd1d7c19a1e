//! What keeps an organization's name as a sender: when it is paused, and how much it sends on a day over all its accounts.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::text_enum;

/// An organization's guardrails: a document, the same on the wire and in `jsonb`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(example = json!({"pause_at_bounces_per_thousand": 50, "pause_at_complaints_per_thousand": 3, "pause_sample": 100, "mails_per_domain_per_day": 30}))]
pub struct Guardrails {
    /// A campaign or mailbox is paused as soon as so many of a thousand mails of the last seven days came back; null never. Amazon SES
    /// looks into an account at 50, and may pause it at 100.
    #[schema(minimum = 1, maximum = 1_000, default = 50)]
    pub pause_at_bounces_per_thousand: Option<i32>,
    /// The same of complaints. Gmail wants less than 1, and never 3.
    #[schema(minimum = 1, maximum = 1_000, default = 3)]
    pub pause_at_complaints_per_thousand: Option<i32>,
    /// Fewer mails than this say nothing yet.
    #[schema(minimum = 10, maximum = 100_000, default = 100)]
    pub pause_sample: i32,
    /// Messages on a day in all: invitations, messages and mails, of all campaigns and accounts; null is no cap.
    #[schema(minimum = 1, maximum = 10_000_000)]
    pub messages_per_day: Option<i32>,
    /// Mails on a day to addresses of one domain.
    #[schema(minimum = 1, maximum = 1_000_000)]
    pub mails_per_domain_per_day: Option<i32>,
    /// Messages on a day to people of one company, which is told by its domain.
    #[schema(minimum = 1, maximum = 1_000_000)]
    pub messages_per_company_per_day: Option<i32>,
}

impl Default for Guardrails {
    fn default() -> Self {
        Self {
            pause_at_bounces_per_thousand: Some(50),
            pause_at_complaints_per_thousand: Some(3),
            pause_sample: 100,
            messages_per_day: None,
            mails_per_domain_per_day: None,
            messages_per_company_per_day: None,
        }
    }
}

text_enum! {
    /// What there is too much of.
    Alarm {
        /// Mails that came back.
        Bounces = "bounces",
        /// Mails that were declared to be spam.
        Complaints = "complaints",
    }
}

/// How a campaign's or mailbox's mails of late fared.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MailFates {
    pub sent: i64,
    pub bounced: i64,
    pub complained: i64,
}

/// One alone may be chance, however small the share that is allowed.
const FEWEST: i64 = 2;

impl Guardrails {
    /// What there is too much of, if there is, and how that is said.
    #[must_use]
    pub fn alarm(&self, fates: MailFates) -> Option<(Alarm, String)> {
        if fates.sent < i64::from(self.pause_sample) {
            return None;
        }
        let kinds = [
            (Alarm::Complaints, fates.complained, self.pause_at_complaints_per_thousand, "were declared to be spam"),
            (Alarm::Bounces, fates.bounced, self.pause_at_bounces_per_thousand, "came back"),
        ];
        kinds.into_iter().find_map(|(alarm, count, limit, what)| {
            let limit = limit?;
            let too_much = count >= FEWEST && count.saturating_mul(1_000) >= fates.sent.saturating_mul(limit.into());
            let told = || {
                format!(
                    "{count} of {} mails of the last seven days {what}: the limit is {limit} of a thousand.",
                    fates.sent
                )
            };
            too_much.then(|| (alarm, told()))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alarm_needs_enough_mails_and_more_than_chance() {
        let guardrails = Guardrails::default();
        for (sent, bounced, complained, expected) in [
            (0, 0, 0, None),
            (99, 99, 99, None),
            (100, 4, 0, None),
            (100, 5, 0, Some(Alarm::Bounces)),
            (101, 5, 0, None),
            (120, 6, 0, Some(Alarm::Bounces)),
            (100, 0, 1, None),
            (100, 0, 2, Some(Alarm::Complaints)),
            (667, 0, 2, None),
            (666, 0, 2, Some(Alarm::Complaints)),
            (100, 50, 50, Some(Alarm::Complaints)),
        ] {
            let alarm = guardrails.alarm(MailFates { sent, bounced, complained });
            assert_eq!(alarm.map(|(alarm, _)| alarm), expected, "{sent} {bounced} {complained}");
        }
        let off =
            Guardrails { pause_at_bounces_per_thousand: None, pause_at_complaints_per_thousand: None, ..guardrails };
        assert_eq!(off.alarm(MailFates { sent: 1_000, bounced: 1_000, complained: 1_000 }), None);
        let (_, told) = guardrails.alarm(MailFates { sent: 100, bounced: 7, complained: 0 }).unwrap();
        assert_eq!(told, "7 of 100 mails of the last seven days came back: the limit is 50 of a thousand.");
    }
}
