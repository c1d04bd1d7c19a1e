//! What a mail server's refusal means for the step and for its account (RFC 5321, 4.2; RFC 3463; what the big providers say).

use chrono::TimeDelta;

use super::deliver::Delivery;
use crate::integrations::mail::Stage;

/// How long an account rests whose server wants less at a time.
const SLOWER: TimeDelta = TimeDelta::minutes(15);
/// How long one rests that has sent what it may for now: the providers count 24 hours back.
const ENOUGH: TimeDelta = TimeDelta::hours(6);

/// What follows from a refusal. The server surely does not have the mail.
pub(super) fn judged(stage: Stage, code: u16, text: &str) -> Delivery {
    let not_sent = |reason, rest| Delivery::NotSent { reason, rest, ours: false };
    let status = enhanced(text);
    let policy = status.is_some_and(|(_, subject, _)| subject == 7);
    let too_much = says_too_much(text) || matches!(status, Some((_, 4, 5)));
    match code {
        // It must be signed in, and is not any more (RFC 4954, 6).
        530 | 534 | 535 | 538 => Delivery::AccountOut,
        421 => not_sent("mail_server_busy", Some(SLOWER)),
        400..=499 if too_much || policy => not_sent("rate_limited", Some(SLOWER)),
        400..=499 => not_sent("temporary", None),
        _ if too_much => not_sent("rate_limited", Some(ENOUGH)),
        // Nothing leaves this mailbox, whoever it is for.
        _ if blames_sender(stage, status, text) => Delivery::AccountOut,
        _ if stage == Stage::Recipient && is_full(status) => not_sent("mailbox_full", None),
        _ if stage == Stage::Recipient && !policy => Delivery::NoRecipient,
        // For good, says the code, and no other attempt is any different: trying again only hurts the mailbox's name.
        _ if policy => Delivery::Refused { reason: "refused_by_policy", detail: None },
        _ => Delivery::Refused { reason: "refused", detail: None },
    }
}

/// Whether it is the mailbox that is refused, and not this mail or its recipient. It always is where the sender was named; but many servers say so
/// only when the recipient is (Postfix' `smtpd_delay_reject`), or after the message (Exchange): then by a status about the sender's address
/// (RFC 3463, X.1.7 and X.1.8; Exchange's 5.7.60 and 5.2.252), or in words.
fn blames_sender(stage: Stage, status: Option<(u16, u16, u16)>, text: &str) -> bool {
    let by_status = matches!(status, Some((_, 1, 7 | 8) | (_, 7, 60) | (_, 2, 252)));
    let text = text.to_ascii_lowercase();
    let signs = [
        // Postfix.
        "sender address rejected",
        "not owned by user",
        "relay access denied",
        // Exim.
        "relay not permitted",
        "authentication required",
        "authentication is required",
        // Exchange.
        "sendasdenied",
        "bad outbound sender",
        "does not have permissions to send as",
        // Sendmail and others.
        "relaying denied",
        "must be authenticated",
        "sign in first",
    ];
    stage == Stage::Sender || by_status || signs.iter().any(|sign| text.contains(sign))
}

/// Class, subject and detail of an enhanced status, if the server gives one behind its code.
fn enhanced(text: &str) -> Option<(u16, u16, u16)> {
    text.split_whitespace().take(2).find_map(|word| {
        let mut parts = word.split('.').map(|part| part.parse().ok());
        match (parts.next()??, parts.next()??, parts.next()??, parts.next()) {
            (class @ (2 | 4 | 5), subject, detail, None) => Some((class, subject, detail)),
            _ => None,
        }
    })
}

/// The recipient's mailbox is full: it may not be so tomorrow.
fn is_full(status: Option<(u16, u16, u16)>) -> bool {
    matches!(status, Some((_, 2, 2)))
}

/// Whether a server says that an account sends too much. There is no code of its own for that.
fn says_too_much(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    let signs = [
        "quota exceeded",
        "sending quota",
        "sending limit",
        "rate limit",
        "too many",
        "daily limit",
        "limit exceeded",
        "exceeded the limit",
        "slow down",
        "throttl",
    ];
    signs.iter().any(|sign| text.contains(sign))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(stage: Stage, text: &str) -> String {
        match judged(stage, text[..3].parse().unwrap(), text) {
            Delivery::NotSent { reason, rest, .. } => format!("{reason} {}", rest.map_or(0, |rest| rest.num_minutes())),
            Delivery::Refused { reason, .. } => format!("{reason} for good"),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn refusals_are_told_apart() {
        use Stage::{Message, Recipient, Sender, Verdict};
        for (stage, said, expected) in [
            (Recipient, "550 5.1.1 The email account that you tried to reach does not exist", "NoRecipient"),
            (Recipient, "550 No such user here", "NoRecipient"),
            (Recipient, "553 5.1.2 We weren't able to find the recipient domain", "NoRecipient"),
            (Recipient, "450 4.2.1 Mailbox busy", "temporary 0"),
            (Recipient, "451 4.7.1 Greylisting in action, please come back later", "rate_limited 15"),
            (Recipient, "552 5.2.2 The recipient's mailbox is full", "mailbox_full 0"),
            (Recipient, "550 5.7.1 Message refused: listed at dnsbl.example", "refused_by_policy for good"),
            (Recipient, "550 5.7.1 Relaying denied", "AccountOut"),
            (Recipient, "550 relay not permitted", "AccountOut"),
            (Recipient, "554 5.7.1 <ben@lead.example>: Relay access denied", "AccountOut"),
            (
                Recipient,
                "553 5.7.1 <a@b.example>: Sender address rejected: not owned by user c@d.example",
                "AccountOut",
            ),
            (Recipient, "550 5.1.8 Access denied, bad outbound sender", "AccountOut"),
            (Verdict, "550 5.1.8 Access denied, bad outbound sender", "AccountOut"),
            (
                Verdict,
                "554 5.2.252 SendAsDenied; anna@sender.example not allowed to send as bob@sender.example",
                "AccountOut",
            ),
            (Sender, "553 sender rejected", "AccountOut"),
            (Sender, "550 5.7.60 SMTP; Client does not have permissions to send as this sender", "AccountOut"),
            (Sender, "530 5.7.0 Authentication Required", "AccountOut"),
            (Sender, "535 5.7.8 Username and Password not accepted", "AccountOut"),
            (Sender, "421 4.7.0 Try again later, closing connection", "mail_server_busy 15"),
            (Sender, "550 5.4.5 Daily user sending quota exceeded", "rate_limited 360"),
            (Verdict, "554 5.2.0 SubmissionQuotaExceededException; sending limit exceeded", "rate_limited 360"),
            (Verdict, "432 4.3.2 Concurrent connections limit exceeded", "rate_limited 15"),
            (Verdict, "452 4.3.1 Insufficient system storage", "temporary 0"),
            (Verdict, "554 5.7.1 Message rejected as spam", "refused_by_policy for good"),
            (Message, "552 5.3.4 Message too big", "refused for good"),
        ] {
            assert_eq!(told(stage, said), expected, "{said}");
        }
    }
}
