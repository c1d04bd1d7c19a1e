//! The headers of a mail or of a part of one, read once.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use mail_parser::{Header, HeaderName, HeaderValue, MessageParser, parsers::MessageStream};

/// How far headers are read, in bytes.
const MOST_BYTES: usize = 256 * 1024;
/// Message-IDs or addresses of one header that are looked at: of a thread, its newest.
const MOST_ENTRIES: usize = 100;
/// The longest Message-ID that is one (RFC 5322, 2.1.1: a line has 998 characters at the most).
const LONGEST_ID: usize = 998;

/// The headers of a mail or of a part of one, in their order.
#[derive(Default)]
pub(super) struct Headers<'m>(Vec<Header<'m>>);

/// An address with the name beside it.
#[derive(Debug, Clone)]
pub(super) struct Mailbox {
    pub(super) name: Option<String>,
    pub(super) address: String,
}

impl<'m> Headers<'m> {
    /// Reads what stands before the first empty line; answers it with what stands behind.
    pub(super) fn split(raw: &'m [u8]) -> (Self, &'m [u8]) {
        let mut headers = Vec::new();
        let mut stream = MessageStream::new(raw.get(..MOST_BYTES).unwrap_or(raw));
        stream.parse_headers(&MessageParser::default(), &mut headers);
        let end = stream.offset().min(raw.len());
        (Self(headers), raw.get(end..).unwrap_or_default())
    }

    /// The first header of a name.
    pub(super) fn first(&self, name: &HeaderName<'_>) -> Option<&HeaderValue<'m>> {
        self.0.iter().find(|header| same(&header.name, name)).map(|header| &header.value)
    }

    /// Whether there is a header of this name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|header| header.name.as_str().eq_ignore_ascii_case(name))
    }

    /// The text of the first header of this name, as one line.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.texts(name).next()
    }

    /// The text of every header of this name, each as one line.
    pub(super) fn texts<'s>(&'s self, name: &'s str) -> impl Iterator<Item = String> + 's {
        let named = self.0.iter().filter(move |header| header.name.as_str().eq_ignore_ascii_case(name));
        named.filter_map(|header| Some(one_line(header.value.as_text()?)))
    }

    /// The first word of the first header of this name, in small letters.
    pub(super) fn word(&self, name: &str) -> Option<String> {
        let text = self.text(name)?;
        let word = text.split([' ', ';', ',', '(']).find(|word| !word.is_empty())?;
        Some(word.to_ascii_lowercase())
    }

    /// The subject, as one line.
    pub(super) fn subject(&self) -> Option<String> {
        let subject = one_line(self.first(&HeaderName::Subject)?.as_text()?);
        let subject: String = subject.chars().filter(|c| !c.is_control()).take(1_000).collect();
        (!subject.is_empty()).then_some(subject)
    }

    /// When the mail says to have been written, if that is an instant of our calendar.
    pub(super) fn date(&self) -> Option<DateTime<Utc>> {
        let seconds = self.first(&HeaderName::Date)?.as_datetime()?.to_timestamp();
        DateTime::from_timestamp(seconds, 0).filter(|at| (1970..=9999).contains(&chrono::Datelike::year(at)))
    }

    /// The Message-IDs of a header, without their brackets.
    pub(super) fn ids(&self, name: &HeaderName<'_>) -> Vec<String> {
        let texts: Vec<&str> = match self.first(name) {
            Some(HeaderValue::Text(text)) => vec![text],
            Some(HeaderValue::TextList(texts)) => {
                let from = texts.len().saturating_sub(MOST_ENTRIES);
                texts[from..].iter().map(Cow::as_ref).collect()
            }
            _ => Vec::new(),
        };
        texts.into_iter().filter_map(id).collect()
    }

    /// The first address of a header.
    pub(super) fn mailbox(&self, name: &HeaderName<'_>) -> Option<Mailbox> {
        let addresses = self.first(name)?.as_address()?;
        addresses.iter().find_map(|entry| {
            let address = entry.address()?.trim();
            let name = entry.name().map(one_line).filter(|name| !name.is_empty());
            (!address.is_empty()).then(|| Mailbox {
                name: name.map(|name| name.chars().filter(|c| !c.is_control()).take(200).collect()),
                address: address.chars().filter(|c| !c.is_control()).take(320).collect(),
            })
        })
    }

    /// The addresses of a header.
    pub(super) fn addresses(&self, name: &HeaderName<'_>) -> Vec<String> {
        let Some(addresses) = self.first(name).and_then(HeaderValue::as_address) else { return Vec::new() };
        let addresses = addresses.iter().take(MOST_ENTRIES).filter_map(|entry| entry.address());
        addresses.map(|address| address.chars().filter(|c| !c.is_control()).take(320).collect()).collect()
    }
}

/// A Message-ID, if it looks like one.
pub(super) fn id(text: &str) -> Option<String> {
    let id = text.trim().trim_start_matches('<').trim_end_matches('>').trim();
    let fits = !id.is_empty() && id.len() <= LONGEST_ID && !id.chars().any(|c| c.is_whitespace() || c.is_control());
    fits.then(|| id.to_owned())
}

fn same(one: &HeaderName<'_>, other: &HeaderName<'_>) -> bool {
    one.as_str().eq_ignore_ascii_case(other.as_str())
}

/// A header's text without its folds.
fn one_line(text: &str) -> String {
    crate::utils::text::collapse(text).into_owned()
}
