//! Mails that came back: reports in the standard form (`report`), and what servers write that do not know it or do not use it (`plain`).

mod plain;
mod report;
mod status;

use mail_parser::HeaderName;

pub(super) use self::plain::is_a_daemon;
use super::{
    Read, Verdict,
    headers::{Headers, id},
};

/// Recipients of one report that are told of.
const MOST_RECIPIENTS: usize = 100;
/// How much of what a server says is kept, in characters.
const LONGEST_DIAGNOSTIC: usize = 500;

/// A mail came back, or is delayed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bounce {
    /// Whom it did not reach; of one mail to several people, only these.
    pub recipients: Vec<FailedRecipient>,
    /// The Message-ID of the mail that came back, without the brackets.
    pub original_message_id: Option<String>,
    /// Whether it looks like a server's own report: returned to nobody (RFC 3464, 2), or if that is not told, from whom such reports come. Anybody
    /// can write one that does.
    pub looks_genuine: bool,
}

/// Somebody whom a mail did not reach.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedRecipient {
    /// The address as the sender wrote it, if the report tells; none if it is whoever the original was written to.
    pub address: Option<String>,
    /// The status of RFC 3463, such as `5.1.1`.
    pub status: Option<String>,
    /// Whether it was given up.
    pub action: Action,
    /// What the refusing server said.
    pub diagnostic: Option<String>,
    /// Whether the address will not take mail another day either.
    pub permanent: bool,
}

/// What became of a delivery (RFC 3464, 2.3.3); the others are no bounces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// It was given up.
    Failed,
    /// It will be tried again.
    Delayed,
}

/// What a mail is that is a server's report: a bounce, or no matter if it says that all went well.
pub(super) fn of(mail: &Read<'_>) -> Option<Verdict> {
    let bounce = |recipients| {
        let (original_message_id, looks_genuine) = (original(mail), plain::looks_genuine(mail));
        Verdict::Bounce(Bounce { recipients, original_message_id, looks_genuine })
    };
    if let Some(recipients) = report::recipients(mail) {
        return Some(if recipients.is_empty() { Verdict::Other } else { bounce(recipients) });
    }
    plain::recipients(mail).map(bounce)
}

/// The Message-ID of the mail that a report is about: in its copy, as a part or as text behind the report, else in what the report
/// answers.
pub(super) fn original(mail: &Read<'_>) -> Option<String> {
    const COPIES: [&str; 4] = ["message/rfc822", "message/global", "text/rfc822-headers", "message/rfc822-headers"];
    let copies = mail.parts.iter().filter(|part| COPIES.contains(&part.media_type.as_str()));
    let in_copy = copies.filter_map(|part| Headers::split(&part.bytes()).0.ids(&HeaderName::MessageId).pop());
    let in_text = || {
        let mut lines = mail.text.lines().map(|line| line.trim_start_matches(['>', ' ', '\t']));
        lines.find_map(|line| {
            let name = line.get(..11).filter(|name| name.eq_ignore_ascii_case("message-id:"))?;
            id(&line[name.len()..])
        })
    };
    let answered = || super::answers(mail.headers).into_iter().next();
    in_copy.into_iter().next().or_else(in_text).or_else(answered)
}

fn cut(text: &str) -> Option<String> {
    let text = crate::utils::text::collapse(text);
    let text: String = text.chars().filter(|c| !c.is_control()).take(LONGEST_DIAGNOSTIC).collect();
    (!text.is_empty()).then_some(text)
}
