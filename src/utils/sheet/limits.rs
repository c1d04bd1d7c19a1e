//! How large a table may be.

use super::SheetFault;

/// How large a table may be. Breaking one is a fault of the whole file.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// The file, in bytes.
    pub max_bytes: u64,
    /// Rows below the header, blank ones aside.
    pub max_rows: u64,
    /// Columns.
    pub max_columns: usize,
    /// One row's cells together, in bytes of UTF-8.
    pub max_record_bytes: usize,
    /// One cell, in characters.
    pub max_cell_chars: usize,
}

impl Default for Limits {
    /// 200 MB, a million rows of 500 columns, a MiB for a row, and for a cell what Excel allows.
    fn default() -> Self {
        Self {
            max_bytes: 200_000_000,
            max_rows: 1_000_000,
            max_columns: 500,
            max_record_bytes: 1024 * 1024,
            max_cell_chars: 32_767,
        }
    }
}

impl Limits {
    /// The file has more than `max_bytes`.
    #[must_use]
    pub fn file_too_large(&self) -> SheetFault {
        SheetFault::new("file_too_large", format!("The file has more than {} bytes.", self.max_bytes))
    }

    pub(super) fn too_many_rows(&self, line: u64) -> SheetFault {
        SheetFault::at_line(line, "too_many_rows", format_args!("the table has more than {} rows.", self.max_rows))
    }

    pub(super) fn too_many_columns(&self, line: u64) -> SheetFault {
        let detail = format_args!("the row has more than {} cells.", self.max_columns);
        SheetFault::at_line(line, "too_many_columns", detail)
    }

    pub(super) fn row_too_large(&self, line: u64) -> SheetFault {
        let detail =
            format_args!("the row has more than {} bytes; is a quotation mark not closed?", self.max_record_bytes);
        SheetFault::at_line(line, "row_too_large", detail)
    }

    pub(super) fn cell_too_long(&self, line: u64) -> SheetFault {
        let detail = format_args!("a cell has more than {} characters.", self.max_cell_chars);
        SheetFault::at_line(line, "cell_too_long", detail)
    }
}
