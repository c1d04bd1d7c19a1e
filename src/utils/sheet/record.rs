//! One row of a table.

use crate::utils::text;

/// One row: its cells, and the line of the file that it begins on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Record {
    line: u64,
    /// The cells, one behind the other.
    text: String,
    /// Where each cell ends in `text`.
    ends: Vec<u32>,
}

impl Record {
    /// A row that begins on `line`, without cells.
    #[must_use]
    pub fn new(line: u64) -> Self {
        Self { line, ..Self::default() }
    }

    /// A row of these cells.
    #[must_use]
    pub fn of<'c>(line: u64, cells: impl IntoIterator<Item = &'c str>) -> Self {
        let mut record = Self::new(line);
        for cell in cells {
            record.push(cell);
        }
        record
    }

    /// A row whose cells' ends are at the beginnings of characters in `text`, in order, the last at its end.
    pub(super) fn of_parts(line: u64, text: String, ends: Vec<u32>) -> Self {
        Self { line, text, ends }
    }

    /// Adds a cell.
    pub fn push(&mut self, cell: &str) {
        self.text.push_str(cell);
        self.ends.push(u32::try_from(self.text.len()).unwrap_or(u32::MAX));
    }

    /// The line of the file that the row begins on, counted from 1; of a workbook, the row's number.
    #[must_use]
    pub fn line(&self) -> u64 {
        self.line
    }

    /// How many cells there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are no cells.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// How many bytes the cells have together.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.text.len()
    }

    /// A cell. One that a short row does not have is empty.
    #[must_use]
    pub fn cell(&self, index: usize) -> &str {
        let end = |index: usize| self.ends.get(index).map(|end| *end as usize);
        let begin = index.checked_sub(1).map_or(Some(0), end);
        begin.zip(end(index)).and_then(|(begin, end)| self.text.get(begin..end)).unwrap_or_default()
    }

    /// The cells.
    pub fn cells(&self) -> impl ExactSizeIterator<Item = &str> {
        (0..self.len()).map(|index| self.cell(index))
    }

    /// Whether there is nothing in any cell.
    #[must_use]
    pub fn is_blank(&self) -> bool {
        text::trim(&self.text).is_empty()
    }

    /// Whether there is something in a cell beyond the table's columns.
    #[must_use]
    pub fn exceeds(&self, columns: usize) -> bool {
        (columns..self.len()).any(|index| !text::trim(self.cell(index)).is_empty())
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn ends(&self) -> &[u32] {
        &self.ends
    }
}
