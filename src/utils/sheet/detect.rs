//! What kind of file it is, by its first bytes.

use super::{SheetFault, TextEncoding};

/// So many bytes of a file are looked at to tell what it is.
pub const SAMPLE: usize = 64 * 1024;

const ZIP: &[u8] = b"PK\x03\x04";
/// Beginnings of files that people take for tables, with what to say of each.
const OTHERS: [(&[u8], &str, &str); 8] = [
    (b"\x1f\x8b", "file_is_gzip", "The file is compressed with gzip; unpack it first."),
    (b"PK\x05\x06", "file_is_zip", "The file is an empty ZIP archive."),
    (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        "file_is_xls",
        "The file is an old .xls workbook, or one with a password; save it as .xlsx or CSV.",
    ),
    (b"%PDF-", "file_is_pdf", "The file is a PDF document."),
    (b"\x28\xb5\x2f\xfd", "file_is_compressed", "The file is compressed with zstd; unpack it first."),
    (b"\xfd7zXZ", "file_is_compressed", "The file is compressed with xz; unpack it first."),
    (b"BZh", "file_is_compressed", "The file is compressed with bzip2; unpack it first."),
    (b"7z\xbc\xaf\x27\x1c", "file_is_compressed", "The file is a 7z archive; unpack it first."),
];

/// A kind of file that can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// Separated text, for [`TextReader`](super::TextReader).
    Text,
    /// An Excel workbook, for [`xlsx`](super::xlsx).
    Xlsx,
}

impl FileKind {
    /// What the first bytes tell: [`SAMPLE`] of them, or all that there are.
    ///
    /// # Errors
    /// `file_empty`, `file_is_…` (`gzip`, `zip`, `xls`, `pdf`, `compressed`, `html`), `nul_byte`.
    pub fn of(head: &[u8]) -> Result<Self, SheetFault> {
        if let Some((_, code, detail)) = OTHERS.iter().find(|(begin, ..)| head.starts_with(begin)) {
            return Err(SheetFault::new(code, *detail));
        }
        if head.starts_with(ZIP) {
            return workbook(head);
        }
        if head.is_empty() {
            return Err(SheetFault::new("file_empty", "The file is empty."));
        }
        if is_html(head) {
            return Err(SheetFault::new("file_is_html", "The file is a web page; save it as .xlsx or CSV."));
        }
        match head.iter().position(|byte| *byte == 0) {
            Some(at) if !TextEncoding::detect(head, false).is_utf_16() => Err(nul_byte(at as u64)),
            _ => Ok(Self::Text),
        }
    }
}

/// A byte that no text has.
pub(super) fn nul_byte(offset: u64) -> SheetFault {
    SheetFault::at_byte(offset, "nul_byte", "a NUL byte, which no text has. Is this a CSV file?")
}

/// A ZIP archive with the parts of a workbook. Those that only every Office document has are enough, until it is opened.
fn workbook(head: &[u8]) -> Result<FileKind, SheetFault> {
    let names = || parts(head);
    let office = names().any(|name| name == b"[Content_Types].xml" || name.starts_with(b"_rels/"));
    let other = names().any(|name| name.starts_with(b"word/") || name.starts_with(b"ppt/"));
    if names().any(|name| name.starts_with(b"xl/")) || (office && !other) {
        return Ok(FileKind::Xlsx);
    }
    Err(SheetFault::new("file_is_zip", "The file is a ZIP archive, not a workbook; unpack it first."))
}

/// The names of the archive's parts, as far as their local headers are among these bytes.
fn parts(head: &[u8]) -> impl Iterator<Item = &[u8]> {
    let headers = head.windows(ZIP.len()).enumerate().filter(|(_, bytes)| *bytes == ZIP);
    headers.filter_map(|(at, _)| {
        let size = head.get(at + 26..at + 28)?;
        let size = usize::from(u16::from_le_bytes([size[0], size[1]]));
        head.get(at + 30..at + 30 + size)
    })
}

fn is_html(head: &[u8]) -> bool {
    let begin = head.trim_ascii_start();
    [&b"<!doctype html"[..], b"<html"]
        .iter()
        .any(|tag| begin.get(..tag.len()).is_some_and(|b| b.eq_ignore_ascii_case(tag)))
}
