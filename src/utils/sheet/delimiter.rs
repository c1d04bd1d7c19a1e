//! What stands between cells.

use super::{CsvParser, Limits, Record};
use crate::text_enum;

text_enum! {
    /// What stands between cells.
    Delimiter {
        /// `,`
        Comma = "comma",
        /// `;`
        Semicolon = "semicolon",
        /// A tab.
        Tab = "tab",
        /// `|`
        Pipe = "pipe",
    }
}

impl Delimiter {
    /// The character.
    #[must_use]
    pub fn char(self) -> char {
        char::from(self.byte())
    }

    pub(super) fn byte(self) -> u8 {
        match self {
            Self::Comma => b',',
            Self::Semicolon => b';',
            Self::Tab => b'\t',
            Self::Pipe => b'|',
        }
    }

    /// What the beginning of a text looks like, which may be all of it: that which parts most lines into the same number of cells, the
    /// first line among them, and into many.
    #[must_use]
    pub fn detect(sample: &str, whole: bool) -> Self {
        // The first of those that fit as well: `max_by_key` would take the last.
        let best = Self::ALL.iter().rev().max_by_key(|delimiter| fitness(**delimiter, sample, whole));
        best.copied().unwrap_or(Self::Comma)
    }

    /// What Excel's own first line says (`sep=;`), and how many bytes it takes.
    pub(super) fn declared(text: &str) -> Option<(Self, usize)> {
        let end = text.find(['\r', '\n'])?;
        let line = text[..end].trim_matches('"');
        let sign = line.get(..4).filter(|key| key.eq_ignore_ascii_case("sep=")).and_then(|_| line.get(4..))?;
        let delimiter = Self::ALL.iter().find(|delimiter| sign.chars().eq([delimiter.char()]))?;
        let ending = if text[end..].starts_with("\r\n") { 2 } else { 1 };
        Some((*delimiter, end + ending))
    }
}

fn fitness(delimiter: Delimiter, sample: &str, whole: bool) -> usize {
    let mut parser = CsvParser::new(delimiter, 1, Limits::default());
    let mut rows = Vec::new();
    // A fault is told by the reading that follows; here the rows before it have to do.
    let _ = parser.feed(sample, &mut rows);
    if whole || rows.is_empty() {
        let _ = parser.finish(&mut rows);
    }
    rows.retain(|row| !row.is_blank());
    let times = |width: usize| rows.iter().filter(|row| row.len() == width).count();
    let mut widths: Vec<usize> = rows.iter().map(Record::len).collect();
    widths.sort_unstable();
    widths.dedup();
    let Some(usual) = widths.into_iter().max_by_key(|width| times(*width)).filter(|width| *width > 1) else { return 0 };
    let first = if rows[0].len() == usual { 4 } else { 1 };
    times(usual) * (usual - 1) * first * 1_000 / rows.len()
}
