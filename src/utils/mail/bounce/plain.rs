//! Reports in words: Exim, qmail, sendmail, Exchange, Lotus, Gmail and Yahoo without the standard form, and the many that write alike. All name
//! the addresses, each at the beginning of a line and followed by what the refusing server said, and put the mail itself behind.

use super::{Action, FailedRecipient, MOST_RECIPIENTS, cut, status};
use crate::utils::mail::Read;

/// Who writes reports: what stands before the `@`.
const DAEMONS: [&str; 6] = [
    "mailer-daemon",
    "postmaster",
    "mail-daemon",
    "mailerdaemon",
    "mailsystem",
    "microsoftexchange329e71ec88ae4615bbc36ab6ce41109e",
];
/// Words of the subjects of reports.
const SUBJECTS: [&str; 22] = [
    "undeliver",
    "undelivered",
    "delivery status notification",
    "delivery failure",
    "delivery has failed",
    "delivery notification",
    "delivery delay",
    "delayed mail",
    "failure notice",
    "failed delivery",
    "returned mail",
    "mail delivery",
    "message delivery",
    "non remis",
    "échec de la remise",
    "unzustellbar",
    "nicht zustellbar",
    "unbestellbar",
    "no entregado",
    "non recapitabile",
    "onbestelbaar",
    "não entregue",
];
/// Where the copy of the mail begins.
const COPIES: [&str; 11] = [
    "--- below this line is a copy",
    "--- the header of the original",
    "this is a copy of the message",
    "----- original message",
    "-----original message",
    "--- original message",
    "--- enclosed is a copy",
    "original message headers",
    "ursprüngliche nachrichtenkopfzeilen",
    "diagnostic information for administrators",
    "the body of the message is",
];
/// Words that say that a mail is late and not lost.
const DELAYS: [&str; 6] = [
    "delayed",
    "will be retried",
    "will keep trying",
    "still trying",
    "do not need to resend",
    "has not yet been delivered",
];

/// Whom the mail did not reach, if the mail says so.
pub(super) fn recipients(mail: &Read<'_>) -> Option<Vec<FailedRecipient>> {
    let named: Vec<String> = mail.headers.texts("X-Failed-Recipients").flat_map(|list| addresses(&list)).collect();
    if named.is_empty() && !is_written_by_a_daemon(mail) {
        return None;
    }
    let text = report(mail.text);
    let told = failures(&text);
    let delayed = named.is_empty() && speaks_of_delay(mail.subject, &text);
    let recipient = |address: Option<&str>, words: &str| {
        let words = if words.trim().is_empty() { &text } else { words };
        let status = status::enhanced(words);
        let action = if delayed { Action::Delayed } else { Action::Failed };
        FailedRecipient {
            address: address.map(str::to_owned),
            permanent: action == Action::Failed && status::is_permanent(status.as_deref(), words),
            diagnostic: cut(words),
            status,
            action,
        }
    };
    let words_of = |address: &str| {
        told.iter().find(|(named, _)| named.eq_ignore_ascii_case(address)).map_or("", |(_, words)| words.as_str())
    };
    let recipients: Vec<_> = if !named.is_empty() {
        named.iter().map(|address| recipient(Some(address), words_of(address))).collect()
    } else if told.is_empty() {
        vec![recipient(None, &text)]
    } else {
        told.iter().map(|(address, words)| recipient(Some(address), words)).collect()
    };
    Some(recipients)
}

/// Whether whoever has this name before the `@`, in small letters, writes reports.
pub(in crate::utils::mail) fn is_a_daemon(local: &str) -> bool {
    DAEMONS.contains(&local)
}

/// Daemons write other mail, and people write about mail that came back: both must fit.
fn is_written_by_a_daemon(mail: &Read<'_>) -> bool {
    let subject = mail.subject.unwrap_or_default().to_lowercase();
    let about_delivery = SUBJECTS.iter().any(|words| subject.contains(words));
    about_delivery && (is_from_a_daemon(mail) || returns_to_nobody(mail) == Some(true))
}

/// Whether a report has the marks of a server's own.
pub(super) fn looks_genuine(mail: &Read<'_>) -> bool {
    returns_to_nobody(mail).unwrap_or_else(|| is_from_a_daemon(mail))
}

fn is_from_a_daemon(mail: &Read<'_>) -> bool {
    let sender = mail.from.map(|from| from.address.to_lowercase()).unwrap_or_default();
    is_a_daemon(sender.split('@').next().unwrap_or_default())
}

/// Whether there is nobody to whom the mail would be returned; none if it does not say so.
fn returns_to_nobody(mail: &Read<'_>) -> Option<bool> {
    let told = mail.headers.has("Return-Path");
    told.then(|| mail.headers.ids(&mail_parser::HeaderName::ReturnPath).is_empty())
}

/// What stands before the copy of the mail.
fn report(text: &str) -> String {
    let mut report = String::new();
    for line in text.lines().take(1_000) {
        let lower = line.to_lowercase();
        if COPIES.iter().any(|begin| lower.trim_start_matches(['>', ' ', '*']).starts_with(begin)) {
            break;
        }
        report.push_str(line);
        report.push('\n');
    }
    report
}

/// Each address that a line begins with, and the words behind it up to the next.
fn failures(report: &str) -> Vec<(String, String)> {
    let mut failures: Vec<(String, String)> = Vec::new();
    for line in report.lines() {
        let begins =
            line.trim_start_matches([' ', '\t', '<', '\'', '"', '*', '-', '(', '[']).trim_start_matches("mailto:");
        let first = begins.split([' ', '\t', '<', '>', ':', ',', '\'', '"', '(', ')']).next().unwrap_or_default();
        if looks_like_an_address(first) {
            if failures.len() == MOST_RECIPIENTS {
                break;
            }
            let words = begins[first.len()..].trim_start_matches(['>', ':', '\'', '"', ' ', ')']).to_owned();
            match failures.iter_mut().find(|(address, _)| address.eq_ignore_ascii_case(first)) {
                Some((_, known)) => add(known, &words),
                None => failures.push((first.to_owned(), words)),
            }
        } else if let Some((_, words)) = failures.last_mut() {
            add(words, line);
        }
    }
    failures
}

fn add(words: &mut String, more: &str) {
    if words.len() < 4_000 {
        words.push(' ');
        words.push_str(more);
    }
}

fn addresses(list: &str) -> Vec<String> {
    let entries = list.split([',', ' ']).map(|entry| entry.trim_matches(['<', '>', ' ']));
    entries.filter(|entry| looks_like_an_address(entry)).take(MOST_RECIPIENTS).map(str::to_owned).collect()
}

fn looks_like_an_address(text: &str) -> bool {
    let parts = text.split_once('@');
    parts.is_some_and(|(local, domain)| {
        !local.is_empty()
            && text.len() <= 320
            && domain.contains('.')
            && !domain.contains('@')
            && !domain.ends_with('.')
    })
}

fn speaks_of_delay(subject: Option<&str>, report: &str) -> bool {
    let told = format!("{} {report}", subject.unwrap_or_default()).to_lowercase();
    DELAYS.iter().any(|words| told.contains(words))
}
