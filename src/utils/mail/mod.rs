//! What a mail that came in is: somebody's answer, a machine's, a mail that came back, a complaint, or none of our business. No input is too
//! broken, too long or too deep: what cannot be read is left out, and the work is bounded by [`MOST_BYTES`] whatever is in it.
//!
//! RFC 5322 and 2045 (the form), 3834 (answers of machines), 3464 and 3463 (mails that come back), 5965 (complaints), 3798 (receipts). Headers,
//! addresses, encodings and character sets are read by `mail-parser`; no library of this language that is kept up recognises the rest.

mod auto_reply;
mod bounce;
mod complaint;
mod glance;
mod headers;
mod html;
mod mime;
mod opt_out;
mod quotation;
mod resume;
#[cfg(test)]
mod tests;

use chrono::{DateTime, NaiveDate, Utc};
use mail_parser::HeaderName;

pub use self::{
    bounce::{Action, Bounce, FailedRecipient},
    complaint::Complaint,
    glance::{GLANCE, Glance, UNSUBSCRIBE},
};
use self::{
    headers::{Headers, Mailbox},
    mime::Part,
};

/// How much of a mail is read, in bytes. What people write stands at its beginning; behind that are attachments.
pub const MOST_BYTES: usize = 1024 * 1024;
/// How much of what somebody wrote is kept, in characters.
pub const MOST_TEXT: usize = 64 * 1024;
/// Attachments that are noted.
const MOST_ATTACHMENTS: usize = 50;
/// Characters of a name that are noted.
const LONGEST_NAME: usize = 200;

/// A mail that came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// Its own Message-ID, without the brackets.
    pub message_id: Option<String>,
    /// The Message-IDs that it answers or follows, the nearest first, each once: `In-Reply-To`, then `References` from its end.
    pub answers: Vec<String>,
    /// Who says to have written it.
    pub from: Option<Sender>,
    /// To whom it is addressed, `Cc` included.
    pub to: Vec<String>,
    /// Its subject, as one line.
    pub subject: Option<String>,
    /// When it says to have been written.
    pub sent_at: Option<DateTime<Utc>>,
    /// What was written, without what it quotes.
    pub text: String,
    /// Whether it came as HTML, alone or beside plain text.
    pub has_html: bool,
    /// What is attached.
    pub attachments: Vec<Attachment>,
    /// What it is.
    pub verdict: Verdict,
    /// Whether a person plainly asks not to get any more mail.
    pub asks_to_stop: bool,
}

/// Who wrote a mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sender {
    /// The name beside the address.
    pub name: Option<String>,
    /// The address, as it was given.
    pub address: String,
}

/// Something attached; what is in it is not kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// The file's name.
    pub name: Option<String>,
    /// Its media type.
    pub media_type: String,
    /// Its size in bytes; about that if it was not read to its end.
    pub bytes: usize,
}

/// What a mail is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// A person wrote it.
    Reply,
    /// A machine answered for a person, or confirms that it has got something.
    AutoReply {
        /// The last day that the text plainly gives for the absence or the return.
        until: Option<NaiveDate>,
    },
    /// A mail came back, or will come back unless it gets through at last.
    Bounce(Bounce),
    /// Somebody declared a mail to be spam.
    Complaint(Complaint),
    /// A receipt, a report that nothing is wrong, a newsletter.
    Other,
}

/// Reads a mail, at most [`MOST_BYTES`] of it, that came in at `received_at`.
#[must_use]
pub fn read(raw: &[u8], received_at: DateTime<Utc>) -> Mail {
    read_beginning(raw, raw.len(), received_at)
}

/// Reads the beginning of a mail that has `whole` bytes.
#[must_use]
pub fn read_beginning(raw: &[u8], whole: usize, received_at: DateTime<Utc>) -> Mail {
    let raw = raw.get(..MOST_BYTES).unwrap_or(raw);
    // What is not there belongs to the part at whose middle it breaks off, as far as anybody can tell.
    let missing = |part: &Part<'_>| if part.reaches_end_of(raw) { whole.saturating_sub(raw.len()) } else { 0 };
    let parts = mime::parts(raw);
    let none = Headers::default();
    let headers = parts.first().map_or(&none, |part| &part.headers);
    let from = headers.mailbox(&HeaderName::From);
    let subject = headers.subject();
    let (whole, has_html) = body(&parts);
    let written = quotation::without(&whole);
    let mail = Read { parts: &parts, headers, from: from.as_ref(), subject: subject.as_deref(), text: &whole };
    let verdict = mail.verdict(&written, received_at);
    let asks_to_stop = verdict == Verdict::Reply && opt_out::asks(subject.as_deref(), &written);
    Mail {
        message_id: headers.ids(&HeaderName::MessageId).pop(),
        answers: answers(headers),
        to: [HeaderName::To, HeaderName::Cc].iter().flat_map(|name| headers.addresses(name)).collect(),
        sent_at: headers.date(),
        attachments: parts.iter().filter_map(|part| attachment(part, missing(part))).take(MOST_ATTACHMENTS).collect(),
        from: from.map(|Mailbox { name, address }| Sender { name, address }),
        text: cut(&written, MOST_TEXT),
        subject,
        has_html,
        verdict,
        asks_to_stop,
    }
}

/// Whether somebody who wrote this plainly asks not to get any more.
#[must_use]
pub fn asks_to_stop(text: &str) -> bool {
    opt_out::asks(None, text)
}

/// The last day that an answering machine plainly gives for the absence or the return, seen from `today`.
#[must_use]
pub fn away_until(text: &str, today: NaiveDate) -> Option<NaiveDate> {
    resume::day(None, text, today)
}

/// HTML as text, with a line for each block.
#[must_use]
pub fn text_of_html(html: &str) -> String {
    html::text(html).trim().to_owned()
}

/// A mail as the rules see it.
#[derive(Clone, Copy)]
struct Read<'r> {
    parts: &'r [Part<'r>],
    headers: &'r Headers<'r>,
    from: Option<&'r Mailbox>,
    subject: Option<&'r str>,
    /// All that is written in it, quotations included.
    text: &'r str,
}

impl Read<'_> {
    fn verdict(&self, written: &str, received_at: DateTime<Utc>) -> Verdict {
        if let Some(reported) = complaint::of(self).or_else(|| bounce::of(self)) {
            return reported;
        }
        if self.has("message/disposition-notification") {
            return Verdict::Other;
        }
        if auto_reply::is_one(self) {
            return Verdict::AutoReply { until: resume::day(self.subject, written, received_at.date_naive()) };
        }
        // A person's answer may come by way of a mailing list; a list's own mails answer nothing.
        let listed = ["List-Id", "List-Unsubscribe"].into_iter().any(|name| self.headers.has(name));
        let sent_in_bulk = matches!(self.headers.word("Precedence").as_deref(), Some("bulk" | "junk" | "list"));
        if (listed || sent_in_bulk) && answers(self.headers).is_empty() { Verdict::Other } else { Verdict::Reply }
    }

    fn has(&self, media_type: &str) -> bool {
        self.parts.iter().any(|part| part.media_type == media_type)
    }
}

/// The Message-IDs that a mail answers, the nearest first.
fn answers(headers: &Headers<'_>) -> Vec<String> {
    const MOST: usize = 50;
    let mut answers: Vec<String> = Vec::new();
    let before = headers.ids(&HeaderName::References).into_iter().rev();
    for id in headers.ids(&HeaderName::InReplyTo).into_iter().chain(before).take(MOST) {
        if !answers.contains(&id) {
            answers.push(id);
        }
    }
    answers
}

/// All that is written in a mail's body, and whether there is HTML in it.
fn body(parts: &[Part<'_>]) -> (String, bool) {
    let of =
        |media_type: &'static str| parts.iter().filter(move |part| part.media_type == media_type && !part.attached);
    let html = of("text/html").next();
    let mut texts = of("text/plain").map(Part::text).filter(|text| !text.trim().is_empty());
    let whole = match (texts.next(), html) {
        (Some(first), _) => texts.fold(first, |all, text| all + "\n" + &text),
        (None, Some(html)) => html::written(&html.text()),
        (None, None) => String::new(),
    };
    (whole, html.is_some())
}

fn attachment(part: &Part<'_>, missing: usize) -> Option<Attachment> {
    part.attached.then(|| Attachment {
        name: part.name.as_deref().map(|name| cut(name, LONGEST_NAME)),
        media_type: cut(&part.media_type, LONGEST_NAME),
        bytes: part.size(missing),
    })
}

/// So many characters of a text at the most, without what no database stores.
fn cut(text: &str, most: usize) -> String {
    text.chars().filter(|c| *c != '\0').take(most).collect()
}
