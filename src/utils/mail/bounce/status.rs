//! What a status says of an address.

/// The first status of RFC 3463 in a text, as in `550 5.1.1 User unknown` or Exchange's `#5.1.1`.
pub(super) fn enhanced(text: &str) -> Option<String> {
    tokens(text).find_map(|token| {
        let mut numbers = token.split('.');
        let class = numbers.next().filter(|class| matches!(*class, "2" | "4" | "5"))?;
        let [subject, detail] = [numbers.next()?, numbers.next()?];
        let fits = |number: &str| (1..=3).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit());
        (numbers.next().is_none() && fits(subject) && fits(detail)).then(|| format!("{class}.{subject}.{detail}"))
    })
}

/// The first reply code of SMTP that refuses something, in a text.
pub(super) fn reply_code(text: &str) -> Option<u16> {
    let code = |token: &str| token.parse::<u16>().ok().filter(|code| token.len() == 3 && (400..600).contains(code));
    tokens(text).find_map(code)
}

fn tokens(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_ascii_digit() && c != '.')
        .map(|token| token.trim_matches('.'))
        .filter(|token| !token.is_empty())
}

/// Whether an address with this status will not take mail another day either. A class of 5 alone does not say so: a full mailbox, a mail that
/// is too large and a refusal by policy are about that mail or about its sender.
pub(super) fn is_permanent(status: Option<&str>, diagnostic: &str) -> bool {
    // RFC 3463: 2.2 mailbox full, 2.3 and 3.4 message too large, 3.x the server, 4.x the way there, 6.x the content, 7.x policy.
    const PASSING: [&str; 8] = ["5.2.2", "5.2.3", "5.3.", "5.4.5", "5.4.7", "5.5.", "5.6.", "5.7."];
    if speaks_of_a_full_mailbox(diagnostic) {
        return false;
    }
    match status {
        // A server's general answer says less than its words.
        Some("5.0.0") | None => match reply_code(diagnostic) {
            Some(code) => code >= 500 && !speaks_of_policy(diagnostic),
            None => !speaks_of_passing(diagnostic),
        },
        Some(status) if speaks_of_nobody(diagnostic) => status.starts_with('5'),
        Some(status) => status.starts_with('5') && !PASSING.iter().any(|passing| status.starts_with(passing)),
    }
}

fn speaks(text: &str, of: &[&str]) -> bool {
    let text = text.to_lowercase();
    of.iter().any(|words| text.contains(words))
}

fn speaks_of_a_full_mailbox(text: &str) -> bool {
    speaks(
        text,
        &[
            "mailbox full",
            "mailbox is full",
            "over quota",
            "overquota",
            "quota exceeded",
            "out of storage",
            "exceeded storage",
        ],
    )
}

fn speaks_of_policy(text: &str) -> bool {
    speaks(text, &["spam", "blocked", "blacklist", "blocklist", "policy", "reputation", "rate limit", "too many"])
}

fn speaks_of_nobody(text: &str) -> bool {
    speaks(
        text,
        &["user unknown", "unknown user", "no such user", "does not exist", "no mailbox here", "recipient not found"],
    )
}

/// Whether the words say that it may get through another time.
pub(super) fn speaks_of_passing(text: &str) -> bool {
    speaks(
        text,
        &[
            "temporar",
            "try again",
            "will be retried",
            "keep trying",
            "timed out",
            "timeout",
            "greylist",
            "connection refused",
        ],
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_and_codes_are_found_among_other_numbers() {
        let exchange = "server42.example #550 5.1.10 RESOLVER.ADR.RecipientNotFound ##";
        assert_eq!((enhanced(exchange).as_deref(), reply_code(exchange)), (Some("5.1.10"), Some(550)));
        assert_eq!(enhanced("host mx.example[192.0.2.1] said: 450 4.2.1 busy").as_deref(), Some("4.2.1"));
        assert_eq!((enhanced("10.5.1.1 and 5.1 and 2026"), reply_code("port 2525, 5501, 354")), (None, None));
    }

    #[test]
    fn what_is_wrong_with_the_mail_is_not_held_against_the_address() {
        let permanent = |status, words| is_permanent(status, words);
        assert!(permanent(Some("5.1.1"), "") && permanent(Some("5.1.10"), "") && permanent(Some("5.2.1"), "disabled"));
        assert!(permanent(Some("5.4.4"), "domain has no mail server"));
        assert!(permanent(None, "550 no such user here") && permanent(Some("5.5.0"), "550 user unknown"));
        assert!(!permanent(Some("4.4.1"), "") && !permanent(Some("5.2.2"), "") && !permanent(None, "452 try again"));
        assert!(!permanent(Some("5.7.1"), "blocked by policy") && !permanent(None, "554 rejected as spam"));
        assert!(
            !permanent(Some("5.1.1"), "the mailbox is full"),
            "words that are plain count more than a wrong status"
        );
    }
}
