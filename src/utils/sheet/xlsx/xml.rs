//! A workbook's XML, looked over before it is read.
//!
//! A reader gathers a tag, a text and a cell whole, so each is bounded here. That holds only if both agree where they end: so tags must
//! match, and whatever readers may see differently (comments, document types, other encodings) is refused. Excel writes none of it.

use super::{super::SheetFault, unreadable};

/// The deepest nesting.
const MAX_DEPTH: usize = 100;
/// The longest name of a tag.
const MAX_NAME: usize = 100;
/// Texts that cells share.
const MAX_TEXTS: u64 = 1_000_000;
/// Formats of cells, of each of which a reader keeps a copy.
const MAX_FORMATS: u64 = 20_000;
/// Sheets, and the longest path of one, in bytes.
const MAX_SHEETS: u64 = 1_000;
const MAX_PATH: usize = 1_024;

/// The tags that a reader gathers everything within.
const GATHERED: [&[u8]; 2] = [b"c", b"si"];
/// An attribute by which a reader makes room.
const COUNT: &[u8] = b"uniqueCount";

/// What may stand in a part.
#[derive(Debug, Clone, Copy)]
pub(super) struct XmlBounds {
    /// The longest tag, text or cell, in bytes: Excel allows 32,767 characters in a cell, and as many in a formula.
    pub(super) span: usize,
    /// Tags.
    pub(super) tags: u64,
}

/// Looks XML over as it comes, however it is cut.
#[derive(Debug)]
pub(super) struct XmlGuard {
    bounds: XmlBounds,
    at: At,
    /// The bytes of the tag or text that is being read.
    span: usize,
    /// The tag that is being read.
    tag: Vec<u8>,
    /// The names of the tags that are open.
    open: Vec<Vec<u8>>,
    /// How many bytes there are since a gathered tag opened, and at which depth that was.
    gathered: Option<(usize, usize)>,
    tags: u64,
    texts: u64,
    formats: u64,
    sheets: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    Text,
    Tag,
    /// In an attribute's value, which ends with this mark.
    Value(u8),
}

impl XmlGuard {
    pub(super) fn new(bounds: XmlBounds) -> Self {
        Self {
            bounds,
            at: At::Text,
            span: 0,
            tag: Vec::new(),
            open: Vec::new(),
            gathered: None,
            tags: 0,
            texts: 0,
            formats: 0,
            sheets: 0,
        }
    }

    /// Looks at the next bytes.
    ///
    /// # Errors
    /// `xlsx_unreadable`, `xlsx_too_many_texts`.
    pub(super) fn pass(&mut self, mut bytes: &[u8]) -> Result<(), SheetFault> {
        while !bytes.is_empty() {
            let end = match self.at {
                At::Text => bytes.iter().position(|byte| *byte == b'<'),
                // In an instruction quotation marks mean nothing.
                At::Tag if self.tag.first().or(bytes.first()) == Some(&b'?') => {
                    bytes.iter().position(|byte| *byte == b'>')
                }
                At::Tag => bytes.iter().position(|byte| matches!(byte, b'>' | b'"' | b'\'')),
                At::Value(mark) => bytes.iter().position(|byte| *byte == mark),
            };
            let (seen, rest) = bytes.split_at(end.map_or(bytes.len(), |end| end + 1));
            self.count(seen)?;
            if let (Some(_), Some(last)) = (end, seen.last()) {
                self.turn(*last)?;
            }
            bytes = rest;
        }
        Ok(())
    }

    /// There are no more bytes.
    ///
    /// # Errors
    /// `xlsx_unreadable`: something is still open.
    pub(super) fn finish(self) -> Result<(), SheetFault> {
        if self.at == At::Text && self.open.is_empty() { Ok(()) } else { Err(unreadable("the XML ends too early")) }
    }

    fn count(&mut self, seen: &[u8]) -> Result<(), SheetFault> {
        self.span += seen.len();
        if let Some((bytes, _)) = &mut self.gathered {
            *bytes += seen.len();
        }
        if self.span.max(self.gathered.map_or(0, |(bytes, _)| bytes)) > self.bounds.span {
            return Err(unreadable("too long a tag, text or cell"));
        }
        if seen.contains(&0) {
            return Err(unreadable("a NUL byte"));
        }
        if self.at != At::Text {
            self.tag.extend_from_slice(seen);
        }
        Ok(())
    }

    /// What the byte that ended the last span begins.
    fn turn(&mut self, byte: u8) -> Result<(), SheetFault> {
        self.at = match (self.at, byte) {
            (At::Text, _) => {
                self.span = 0;
                self.tag.clear();
                At::Tag
            }
            (At::Tag, b'>') => {
                self.span = 0;
                let mut tag = std::mem::take(&mut self.tag);
                self.end_tag(&tag[..tag.len() - 1])?;
                tag.clear();
                self.tag = tag;
                At::Text
            }
            (At::Tag, mark) => At::Value(mark),
            (At::Value(_), _) => At::Tag,
        };
        Ok(())
    }

    /// A whole tag, without its angle brackets.
    fn end_tag(&mut self, tag: &[u8]) -> Result<(), SheetFault> {
        match tag {
            [b'!', ..] => Err(unreadable("a comment, CDATA or a document type")),
            [b'?', ..] => declaration(tag),
            [b'/', name @ ..] => self.close(name.trim_ascii_end()),
            tag => {
                let (tag, empty) = tag.strip_suffix(b"/").map_or((tag, false), |tag| (tag, true));
                let name = tag.split(u8::is_ascii_whitespace).next().unwrap_or_default();
                self.begin(name, &tag[name.len()..], empty)
            }
        }
    }

    fn begin(&mut self, name: &[u8], attributes: &[u8], empty: bool) -> Result<(), SheetFault> {
        let local = name.rsplit(|byte| *byte == b':').next().unwrap_or_default();
        if name.is_empty() || name.len() > MAX_NAME || self.open.len() >= MAX_DEPTH {
            return Err(unreadable("a tag of no use"));
        }
        self.number(local, attributes)?;
        if !empty {
            if self.gathered.is_none() && GATHERED.contains(&local) {
                self.gathered = Some((0, self.open.len()));
            }
            self.open.push(name.to_owned());
        }
        Ok(())
    }

    /// Counts what a reader keeps, and looks at where it is led.
    fn number(&mut self, local: &[u8], attributes: &[u8]) -> Result<(), SheetFault> {
        self.tags += 1;
        match local {
            b"si" => self.texts += 1,
            b"xf" => self.formats += 1,
            b"sheet" => self.sheets += 1,
            b"Relationship" => check_path(attributes)?,
            _ => {}
        }
        if self.texts > MAX_TEXTS || claims_too_many(attributes) {
            let detail = "The workbook has more than a million different texts; save the sheet as CSV.";
            return Err(SheetFault::new("xlsx_too_many_texts", detail));
        }
        if self.tags > self.bounds.tags || self.formats > MAX_FORMATS || self.sheets > MAX_SHEETS {
            let detail = "The workbook has too many styles, links or sheets; save the sheet as CSV.";
            return Err(SheetFault::new("xlsx_too_large", detail));
        }
        Ok(())
    }

    fn close(&mut self, name: &[u8]) -> Result<(), SheetFault> {
        if self.open.pop().as_deref() != Some(name) {
            return Err(unreadable("a tag is closed that is not open"));
        }
        self.gathered = self.gathered.filter(|(_, depth)| *depth < self.open.len());
        Ok(())
    }
}

/// The one encoding in which the marks that are looked for stand for themselves.
fn declaration(tag: &[u8]) -> Result<(), SheetFault> {
    let tag = tag.to_ascii_lowercase();
    let said = tag.windows(8).position(|word| word == b"encoding").map(|at| &tag[at + 8..]);
    let utf_8 = said.is_none_or(|said| said.windows(5).any(|name| name == b"utf-8"));
    if tag.ends_with(b"?") && utf_8 { Ok(()) } else { Err(unreadable("XML in an encoding of its own")) }
}

/// A relation to the list of sheets or to a sheet leads to a part that is looked over.
fn check_path(attributes: &[u8]) -> Result<(), SheetFault> {
    let wrong = || unreadable("a relation to a part that is not looked over");
    let values = |name: &'static [u8]| Values(attributes).filter(move |(key, _)| *key == name).map(|(_, value)| value);
    let ends =
        |value: &[u8], ending: &[u8]| value.len().checked_sub(ending.len()).is_some_and(|at| value[at..] == *ending);
    let led = values(b"Type").any(|value| ends(value, b"/officeDocument") || ends(value, b"worksheet"));
    let looked_over = |path: &[u8]| {
        let path = path.to_ascii_lowercase();
        let holds = |text: &[u8]| path.windows(text.len()).any(|word| word == text);
        path.len() <= MAX_PATH && ends(&path, b".xml") && !holds(b"&") && !holds(b"customxml") && !holds(b"docprops")
    };
    if led && !values(b"Target").all(looked_over) { Err(wrong()) } else { Ok(()) }
}

/// A tag's attributes, each with its value, up to what is none.
struct Values<'t>(&'t [u8]);

impl<'t> Iterator for Values<'t> {
    type Item = (&'t [u8], &'t [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.0.trim_ascii_start();
        let (key, rest) = rest.split_at(rest.iter().position(|byte| *byte == b'=' || byte.is_ascii_whitespace())?);
        let rest = rest.trim_ascii_start().strip_prefix(b"=")?.trim_ascii_start();
        let (mark, rest) = rest.split_first().filter(|(mark, _)| matches!(mark, b'"' | b'\''))?;
        let (value, rest) = rest.split_at(rest.iter().position(|byte| byte == mark)?);
        self.0 = &rest[1..];
        Some((key, value))
    }
}

fn claims_too_many(attributes: &[u8]) -> bool {
    let named = attributes.windows(COUNT.len()).enumerate().filter(|(_, name)| *name == COUNT);
    named.map(|(at, _)| number(&attributes[at + COUNT.len()..])).any(|count| count > MAX_TEXTS)
}

/// The first number in a text.
fn number(text: &[u8]) -> u64 {
    let digits = text.iter().skip_while(|byte| !byte.is_ascii_digit()).map_while(|byte| char::from(*byte).to_digit(10));
    digits.fold(0_u64, |number, digit| number.saturating_mul(10).saturating_add(digit.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAX_SPAN: usize = 1024 * 1024;

    fn check(xml: &str, cut: usize) -> Result<(), &'static str> {
        let mut guard = XmlGuard::new(XmlBounds { span: MAX_SPAN, tags: 1_100_000 });
        let passed = xml.as_bytes().chunks(cut).try_for_each(|bytes| guard.pass(bytes));
        passed.and_then(|()| guard.finish()).map_err(|fault| fault.code)
    }

    #[test]
    fn plain_xml_passes_and_nothing_that_readers_may_see_differently() {
        let long = "x".repeat(MAX_SPAN);
        let cell = format!("<c><is>{}</is></c>", "<t>xxxx</t>".repeat(MAX_SPAN / 10));
        let unread = format!("<a>{}</a>", "<b>xxxx</b>".repeat(MAX_SPAN / 10));
        for (xml, passes) in [
            (r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?><a b="1>2" c='"'/>"#, true),
            ("<a>text<b/></a >\r\n", true),
            (&unread, true),
            (&cell, false),
            (&format!("<a>{long}</a>"), false),
            (&format!("<a b='{long}'/>"), false),
            ("<a><b></a></b>", false),
            ("<a>", false),
            ("<a", false),
            ("<a b='>", false),
            ("</a>", false),
            ("<?a ' ?><c> ' ?>", false),
            ("<?a > ?><a/>", false),
            ("<!-- <c> --><a/>", false),
            ("<!DOCTYPE a><a/>", false),
            ("<a><![CDATA[</c>]]></a>", false),
            (r#"<?xml version="1.0" encoding="UTF-16"?><a/>"#, false),
            ("<\0a\0>\0", false),
            (&"<a>".repeat(MAX_DEPTH + 1), false),
        ] {
            for cut in [1, 7, usize::MAX] {
                assert_eq!(check(xml, cut).is_ok(), passes, "{}", &xml[..xml.len().min(99)]);
            }
        }
    }

    #[test]
    fn texts_are_counted_whatever_is_said_of_their_number() {
        assert_eq!(check("<sst uniqueCount='18446744073709551616'/>", 5), Err("xlsx_too_many_texts"));
        assert_eq!(check("<sst count='99999999999' uniqueCount = \"1000000\" b='2'/>", 5), Ok(()));
        let texts = |number: usize| format!("<sst>{}</sst>", "<si/>".repeat(number));
        assert_eq!(check(&texts(1_000_000), 9_999), Ok(()));
        assert_eq!(check(&texts(1_000_001), 9_999), Err("xlsx_too_many_texts"));
    }

    #[test]
    fn a_reader_is_led_to_no_part_that_is_not_looked_over() {
        let relation = |kind: &str, path: &str| {
            check(&format!("<Relationship Id='a.xml' Type=\"x/{kind}\" Target = '{path}'/>"), 9)
        };
        for path in ["worksheets/sheet1.xml", "/xl/Worksheets/Sheet1.XML"] {
            assert_eq!(relation("worksheet", path), Ok(()));
        }
        let long = "x".repeat(MAX_PATH) + ".xml";
        for path in ["media/image1.png", "../customXml/item1.xml", "docProps\\app.xml", "a.xm&#108;", "", &long] {
            assert_eq!(relation("worksheet", path), Err("xlsx_unreadable"), "{path}");
            assert_eq!(relation("relationships/officeDocument", path), Err("xlsx_unreadable"), "{path}");
            assert_eq!(relation("image", path), Ok(()), "{path}");
        }
    }

    #[test]
    fn what_is_kept_in_memory_is_counted() {
        for (name, most) in [("xf", MAX_FORMATS), ("sheet", MAX_SHEETS), ("a", 1_099_999)] {
            let tags = |number| format!("<x>{}</x>", format!("<{name}/>").repeat(number));
            let most = usize::try_from(most).unwrap();
            assert_eq!(check(&tags(most), 9_999), Ok(()), "{name}");
            assert_eq!(check(&tags(most + 1), 9_999), Err("xlsx_too_large"), "{name}");
        }
    }
}
