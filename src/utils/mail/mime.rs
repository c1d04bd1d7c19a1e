//! The parts of a mail. Only multiparts are opened, so that no mail within a mail is mistaken for the mail itself, and nesting cannot grow:
//! `mail-parser` opens mails within mails as deep as they go.

use std::borrow::Cow;

use mail_parser::{
    HeaderName, HeaderValue,
    decoders::{base64::base64_decode, charsets::map::charset_decoder, quoted_printable::quoted_printable_decode},
};

use super::headers::Headers;

/// Multiparts within each other that are opened: clients nest four or five.
const DEEPEST: usize = 8;
/// Parts that are looked at.
const MOST_PARTS: usize = 100;
/// How much text of a part is looked at, in bytes.
const MOST_TEXT: usize = 256 * 1024;

/// The mail itself, or a part of it.
pub(super) struct Part<'m> {
    pub(super) headers: Headers<'m>,
    /// Its media type in small letters, `text/plain` if it gives none.
    pub(super) media_type: String,
    /// Whether it is to be shown as a file.
    pub(super) attached: bool,
    /// Its name as a file.
    pub(super) name: Option<String>,
    body: &'m [u8],
}

/// The mail, and then every part of it, in the order in which they come.
pub(super) fn parts(raw: &[u8]) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    open(raw, 0, &mut parts);
    parts
}

fn open<'m>(raw: &'m [u8], depth: usize, parts: &mut Vec<Part<'m>>) {
    if parts.len() == MOST_PARTS {
        return;
    }
    let (headers, body) = Headers::split(raw);
    let part = Part::new(headers, body);
    let boundary = part.boundary().filter(|_| depth < DEEPEST);
    parts.push(part);
    if let Some(boundary) = boundary {
        for inner in between(body, boundary.as_bytes()) {
            open(inner, depth + 1, parts);
        }
    }
}

/// What stands between the lines that begin with a boundary.
fn between<'m>(body: &'m [u8], boundary: &[u8]) -> Vec<&'m [u8]> {
    let (mut found, mut begin, mut at) = (Vec::new(), None, 0);
    for line in body.split_inclusive(|byte| *byte == b'\n') {
        let end = at + line.len();
        if let Some(rest) = line.strip_prefix(b"--").and_then(|line| line.strip_prefix(boundary)) {
            found.extend(begin.and_then(|begin| body.get(begin..at)));
            begin = (!rest.starts_with(b"--")).then_some(end);
            if begin.is_none() || found.len() == MOST_PARTS {
                return found;
            }
        }
        at = end;
    }
    // The mail breaks off, or was cut.
    found.extend(begin.and_then(|begin| body.get(begin..)));
    found
}

impl<'m> Part<'m> {
    fn new(headers: Headers<'m>, body: &'m [u8]) -> Self {
        let content_type = headers.first(&HeaderName::ContentType).and_then(HeaderValue::as_content_type);
        let media_type = content_type.map_or_else(
            || "text/plain".to_owned(),
            |of| format!("{}/{}", of.ctype(), of.subtype().unwrap_or_default()).to_ascii_lowercase(),
        );
        let disposition = headers.first(&HeaderName::ContentDisposition).and_then(HeaderValue::as_content_type);
        let name = disposition
            .and_then(|of| of.attribute("filename"))
            .or_else(|| content_type.and_then(|of| of.attribute("name")))
            .map(|name| name.chars().filter(|c| !c.is_control()).collect());
        let structural = media_type.starts_with("multipart/") || media_type.starts_with("message/");
        let text = matches!(media_type.as_str(), "text/plain" | "text/html");
        let attached =
            !structural && (disposition.is_some_and(|of| of.ctype().eq_ignore_ascii_case("attachment")) || !text);
        Self { headers, media_type, attached, name, body }
    }

    fn boundary(&self) -> Option<String> {
        let of = self.headers.first(&HeaderName::ContentType)?.as_content_type()?;
        let is_multipart = self.media_type.starts_with("multipart/");
        of.attribute("boundary").filter(|boundary| is_multipart && !boundary.is_empty()).map(str::to_owned)
    }

    /// A parameter of its media type, in small letters.
    pub(super) fn parameter(&self, name: &str) -> Option<String> {
        let of = self.headers.first(&HeaderName::ContentType)?.as_content_type()?;
        of.attribute(name).map(str::to_ascii_lowercase)
    }

    /// What is in it, decoded; as it came if its encoding is broken.
    pub(super) fn bytes(&self) -> Cow<'m, [u8]> {
        let decoded = match self.headers.word("Content-Transfer-Encoding").as_deref() {
            Some("base64") => base64_decode(self.body),
            Some("quoted-printable") => quoted_printable_decode(self.body),
            _ => None,
        };
        decoded.map_or(Cow::Borrowed(self.body), Cow::Owned)
    }

    /// Whether it ends where what was read of the mail does.
    pub(super) fn reaches_end_of(&self, raw: &[u8]) -> bool {
        self.body.as_ptr_range().end == raw.as_ptr_range().end
    }

    /// How many bytes are in it, decoded: about that if so many of it as it comes are missing.
    pub(super) fn size(&self, missing: usize) -> usize {
        if missing == 0 || self.body.is_empty() {
            return self.bytes().len();
        }
        let read = match self.headers.word("Content-Transfer-Encoding").as_deref() {
            Some("base64") => self.body.iter().filter(|byte| !byte.is_ascii_whitespace()).count() * 3 / 4,
            _ => self.bytes().len(),
        };
        read.saturating_add(missing.saturating_mul(read) / self.body.len())
    }

    /// What is in it, as text: by its character set, else as UTF-8, else as what most others use.
    pub(super) fn text(&self) -> String {
        let bytes = self.bytes();
        let bytes = bytes.get(..MOST_TEXT).unwrap_or(&bytes);
        let given = self.parameter("charset").filter(|name| name != "utf-8" && name != "us-ascii");
        if let Some(decode) = given.and_then(|name| charset_decoder(name.as_bytes())) {
            return decode(bytes);
        }
        match std::str::from_utf8(bytes) {
            Ok(text) => text.to_owned(),
            // Cut in the middle of a character.
            Err(error) if error.valid_up_to() + 4 > bytes.len() => String::from_utf8_lossy(bytes).into_owned(),
            Err(_) => charset_decoder(b"windows-1252")
                .map_or_else(|| String::from_utf8_lossy(bytes).into_owned(), |decode| decode(bytes)),
        }
    }
}
