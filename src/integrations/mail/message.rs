//! A mail as it goes over the wire (RFC 5322, MIME).

use std::{collections::BTreeMap, time::SystemTime};

use chrono::{DateTime, Utc};
use lettre::{
    Address, Message,
    message::{
        Mailbox, MultiPart, SinglePart,
        header::{HeaderName, HeaderValue},
    },
};
use url::Url;

use super::html;
use crate::utils::clean_html;

/// Message-IDs in a References header at the most: the first, which names the thread, and the last ones (RFC 5322 sets no bound, servers do).
const MOST_REFS: usize = 20;

/// A mail to be written down. Ids stand without their angle brackets.
#[derive(Debug, Clone)]
pub struct Draft<'a> {
    /// Who writes: name and address.
    pub from: (&'a str, &'a str),
    /// To whom: name, if it is known, and address.
    pub to: (Option<&'a str>, &'a str),
    /// Where answers are to go, if not to the sender.
    pub reply_to: Option<&'a str>,
    /// The subject.
    pub subject: &'a str,
    /// The body as plain text; made of the HTML if there is none.
    pub text: Option<&'a str>,
    /// The body as HTML.
    pub html: Option<&'a str>,
    /// What stands under both.
    pub signature: Option<&'a str>,
    /// What it is known by.
    pub message_id: &'a str,
    /// The mails of its thread, the oldest first; it answers the last.
    pub refs: &'a [String],
    /// When it is written.
    pub date: DateTime<Utc>,
    /// Where its reader unsubscribes.
    pub unsubscribe: Option<&'a Url>,
    /// What its HTML has so that its being read is seen.
    pub marks: Option<&'a Marks>,
}

/// What a mail's HTML has so that its being read is seen. The plain text has nothing of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Marks {
    /// The picture at its end.
    pub picture: Option<Url>,
    /// Where links lead instead, by where they lead as it is written.
    pub links: BTreeMap<String, String>,
}

/// Why a mail cannot be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unwritable {
    /// An address that no mail server takes.
    #[error("an address cannot be written to")]
    Address,
    /// Neither text nor HTML, or a part that cannot be put together.
    #[error("the mail cannot be put together")]
    Shape,
}

/// The envelope and the bytes of a mail.
#[derive(Debug, Clone)]
pub struct Written {
    /// Who sends it.
    pub from: Address,
    /// Who gets it.
    pub to: Address,
    /// The message itself.
    pub bytes: Vec<u8>,
}

impl Draft<'_> {
    /// The mail as bytes: the same draft is always the same mail.
    ///
    /// # Errors
    /// Why it cannot be written.
    pub fn write(&self) -> Result<Written, Unwritable> {
        let from: Address = self.from.1.parse().map_err(|_| Unwritable::Address)?;
        let to: Address = self.to.1.parse().map_err(|_| Unwritable::Address)?;
        let mut message = Message::builder()
            .from(Mailbox::new(name(Some(self.from.0), self.from.1), from.clone()))
            .to(Mailbox::new(name(self.to.0, self.to.1), to.clone()))
            .subject(line(self.subject))
            .date(SystemTime::from(self.date))
            .message_id(Some(format!("<{}>", self.message_id)));
        if let Some(reply_to) = self.reply_to {
            message = message.reply_to(Mailbox::new(None, reply_to.parse().map_err(|_| Unwritable::Address)?));
        }
        if let Some(parent) = self.refs.last() {
            message = message.in_reply_to(format!("<{parent}>")).references(references(self.refs));
        }
        if let Some(unsubscribe) = self.unsubscribe {
            for (header, value) in list_headers(unsubscribe) {
                message = message.raw_header(HeaderValue::dangerous_new_pre_encoded(header, value.clone(), value));
            }
        }
        let written = match self.bodies().ok_or(Unwritable::Shape)? {
            (text, None) => message.singlepart(SinglePart::plain(text)),
            (text, Some(html)) => message.multipart(
                MultiPart::alternative()
                    .boundary(boundary(self.message_id))
                    .singlepart(SinglePart::plain(text))
                    .singlepart(SinglePart::html(html)),
            ),
        };
        let bytes = written.map_err(|_| Unwritable::Shape)?.formatted();
        Ok(Written { from, to, bytes })
    }

    /// The plain text, and the HTML if there is any, each with the signature and the way out.
    fn bodies(&self) -> Option<(String, Option<String>)> {
        // It was cleaned when it was composed; what was composed by an older program was not.
        let cleaned = self.html.map(clean_html::clean);
        let text = match (self.text, &cleaned) {
            (Some(text), _) => text.to_owned(),
            (None, Some(cleaned)) => html::to_text(cleaned),
            (None, None) => return None,
        };
        let signature = self.signature.filter(|signature| !signature.trim().is_empty());
        let text = signature.map_or_else(|| text.clone(), |signature| format!("{}\n\n{signature}", text.trim_end()));
        let html = cleaned.map(|html| {
            let html = self.marks.map_or_else(|| html.clone(), |marks| marks.led_through(&html));
            let signature = signature.map(|signature| format!("<div>{}</div>", html::of_text(signature)));
            let picture = self.marks.and_then(|marks| marks.picture.as_ref());
            let picture = picture.map(|url| format!(r#"<img src="{url}" alt="" width="1" height="1">"#));
            [Some(html), signature, picture].into_iter().flatten().collect()
        });
        Some((text, html))
    }
}

impl Marks {
    fn led_through(&self, html: &str) -> String {
        if self.links.is_empty() { html.to_owned() } else { clean_html::with_links(html, self.links.clone()) }
    }
}

/// A name that says something beyond the address.
fn name(name: Option<&str>, address: &str) -> Option<String> {
    name.map(line).filter(|name| !name.is_empty() && !name.eq_ignore_ascii_case(address))
}

/// Text on one line: whatever could begin another header is a space.
fn line(text: &str) -> String {
    let spaced: String =
        text.chars().map(|c| if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') { ' ' } else { c }).collect();
    spaced.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The first of a thread and the last ones, as many as a header bears.
fn references(refs: &[String]) -> String {
    let skipped = refs.len().saturating_sub(MOST_REFS);
    let kept = refs.iter().enumerate().filter(|(i, _)| *i == 0 || *i > skipped).map(|(_, id)| format!("<{id}>"));
    kept.collect::<Vec<_>>().join(" ")
}

/// RFC 8058: a mail program may unsubscribe by a POST to an address of the web without asking anybody. To one of mail (RFC 2369) it writes.
fn list_headers(unsubscribe: &Url) -> impl Iterator<Item = (HeaderName, String)> {
    let one_click = (unsubscribe.scheme() != "mailto")
        .then(|| (HeaderName::new_from_ascii_str("List-Unsubscribe-Post"), "List-Unsubscribe=One-Click".to_owned()));
    let at = (HeaderName::new_from_ascii_str("List-Unsubscribe"), format!("<{unsubscribe}>"));
    [at].into_iter().chain(one_click)
}

/// What parts the bodies: drawn from the id, which no body holds.
fn boundary(message_id: &str) -> String {
    let id: String = message_id.chars().filter(char::is_ascii_alphanumeric).take(40).collect();
    format!("=_{id}")
}

#[cfg(test)]
mod tests {
    use mail_parser::{HeaderValue as Parsed, MessageParser};
    use proptest::prelude::*;

    use super::*;

    fn draft() -> Draft<'static> {
        Draft {
            from: ("Zoë Müller", "zoe@sender.example"),
            to: (Some("Łukasz Ćwik"), "lukasz@lead.example"),
            reply_to: None,
            subject: "Grüße aus Köln",
            text: None,
            html: None,
            signature: None,
            message_id: "0123abcd@sender.example",
            refs: &[],
            date: DateTime::UNIX_EPOCH,
            unsubscribe: None,
            marks: None,
        }
    }

    #[test]
    fn names_subject_and_text_arrive_as_they_were_written() {
        let long = "ä".repeat(3_000);
        let text = format!("Hallo Łukasz,\n\n{long}\n.\n..two dots\nfrom the end");
        let written = Draft { text: Some(&text), ..draft() }.write().unwrap();
        assert!(written.bytes.is_ascii(), "every server takes it");
        assert!(written.bytes.split(|b| *b == b'\n').all(|line| line.len() <= 998), "RFC 5322, 2.1.1");
        let read = MessageParser::default().parse(&written.bytes).unwrap();
        assert_eq!(read.subject(), Some("Grüße aus Köln"));
        let from = read.from().unwrap().first().unwrap();
        assert_eq!((from.name(), from.address()), (Some("Zoë Müller"), Some("zoe@sender.example")));
        assert_eq!(read.to().unwrap().first().unwrap().name(), Some("Łukasz Ćwik"));
        assert_eq!(read.message_id(), Some("0123abcd@sender.example"));
        assert_eq!(read.body_text(0).unwrap().replace("\r\n", "\n").trim_end(), text);
        assert_eq!(read.attachment_count(), 0);
    }

    #[test]
    fn the_plain_part_says_what_the_html_says_and_the_html_is_harmless() {
        let html = "<p>Hi <b>Ann</b>, see <a href=\"https://a.example/x?y=1\">this</a>.</p><script>alert(1)</script>\
                    <p onclick=\"x()\" style=\"color:red\">Two &amp; three</p><a href=\"javascript:x()\">no</a>";
        let draft = Draft { html: Some(html), signature: Some("Zoë <zoe>\nSender Ltd"), ..draft() };
        let written = draft.write().unwrap();
        let read = MessageParser::default().parse(&written.bytes).unwrap();
        let (text, html) = (read.body_text(0).unwrap(), read.body_html(0).unwrap());
        for said in ["Hi Ann", "https://a.example/x?y=1", "Two & three", "Zoë <zoe>", "Sender Ltd"] {
            assert!(text.contains(said), "{said}: {text}");
        }
        for gone in ["<b>", "alert", "javascript"] {
            assert!(!text.contains(gone), "{gone}: {text}");
        }
        for gone in ["<script", "alert", "onclick", "javascript:"] {
            assert!(!html.contains(gone), "{gone}: {html}");
        }
        assert!(
            html.contains("<b>Ann</b>") && html.contains("color:red") && html.contains("Zoë &lt;zoe&gt;<br>Sender Ltd"),
            "{html}"
        );
        assert_eq!(draft.write().unwrap().bytes, written.bytes, "the same draft is the same mail");
    }

    #[test]
    fn a_follow_up_names_the_whole_thread_and_the_way_out_is_one_click() {
        let refs: Vec<String> = (0..30).map(|n| format!("{n}@sender.example")).collect();
        let way_out: Url = "https://api.example/u/abc".parse().unwrap();
        let written = Draft { text: Some("x"), refs: &refs, unsubscribe: Some(&way_out), ..draft() }.write().unwrap();
        let read = MessageParser::default().parse(&written.bytes).unwrap();
        assert_eq!(read.in_reply_to().as_text(), Some("29@sender.example"));
        let Parsed::TextList(named) = read.references() else { panic!("{:?}", read.references()) };
        assert_eq!((named.len(), &*named[0], &*named[19]), (20, "0@sender.example", "29@sender.example"));
        let text = String::from_utf8(written.bytes).unwrap();
        assert!(text.contains("List-Unsubscribe: <https://api.example/u/abc>\r\n"), "{text}");
        assert!(text.contains("List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"), "{text}");
        let by_mail: Url = "mailto:anna@sender.example?subject=unsubscribe%20abc".parse().unwrap();
        let written = Draft { text: Some("x"), unsubscribe: Some(&by_mail), ..draft() }.write().unwrap();
        let text = String::from_utf8(written.bytes).unwrap();
        assert!(
            text.contains("List-Unsubscribe: <mailto:anna@sender.example?subject=unsubscribe%20abc>\r\n"),
            "{text}"
        );
        assert!(!text.contains("List-Unsubscribe-Post"), "{text}");
    }

    #[test]
    fn marks_are_in_the_html_only() {
        let html = r#"<p>See <a href="https://a.example/x">this</a> or <a href="https://b.example/">that</a>.</p>"#;
        let marks = Marks {
            picture: Some("https://t.example/o/abc".parse().unwrap()),
            links: [("https://a.example/x".to_owned(), "https://t.example/l/def".to_owned())].into(),
        };
        let draft = Draft { html: Some(html), signature: Some("Zoë"), marks: Some(&marks), ..draft() };
        let written = draft.write().unwrap();
        let read = MessageParser::default().parse(&written.bytes).unwrap();
        let expected = r#"<p>See <a href="https://t.example/l/def">this</a> or <a href="https://b.example/">that</a>.</p><div>Zoë</div><img src="https://t.example/o/abc" alt="" width="1" height="1">"#;
        assert_eq!(read.body_html(0).unwrap().trim_end(), expected);
        let text = read.body_text(0).unwrap();
        assert!(text.contains("https://a.example/x") && !text.contains("t.example"), "{text}");
        assert_eq!(draft.write().unwrap().bytes, written.bytes, "the same draft is the same mail");
        let plain = Draft { text: Some("https://a.example/x"), html: None, ..draft }.write().unwrap();
        assert!(!String::from_utf8(plain.bytes).unwrap().contains("t.example"), "nothing is made HTML for it");
    }

    proptest! {
        #[test]
        fn nothing_that_is_filled_in_becomes_a_header(name in "\\PC{0,20}|[\\s\\S]{0,40}", subject in "[\\s\\S]{0,80}", text in "[\\s\\S]{1,200}") {
            let hostile = format!("{name}\r\nBcc: eve@evil.example\r\n\r\nbody");
            let subject = format!("{subject}\r\nX-Evil: 1\n\rBcc: eve@evil.example");
            let draft = Draft { from: (&hostile, "zoe@sender.example"), to: (Some(&hostile), "a@lead.example"), subject: &subject, text: Some(&text), ..draft() };
            let written = draft.write().unwrap();
            let head = written.bytes.windows(4).position(|w| w == b"\r\n\r\n").unwrap();
            let head = String::from_utf8(written.bytes[..head].to_vec()).unwrap();
            let names: Vec<_> = head.split("\r\n").filter(|l| !l.starts_with([' ', '\t'])).map(|l| l.split(':').next().unwrap().to_ascii_lowercase()).collect();
            let allowed = ["from", "to", "subject", "date", "message-id", "mime-version", "content-type", "content-transfer-encoding"];
            prop_assert!(names.iter().all(|name| allowed.contains(&name.as_str())), "{}", head);
            prop_assert!(!head.replace("\r\n", "").contains(['\r', '\n']), "{:?}", head);
            let read = MessageParser::default().parse(&written.bytes).unwrap();
            prop_assert!(read.bcc().is_none());
        }
    }
}
