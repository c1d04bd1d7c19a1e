//! Excel workbooks, row by row.
//!
//! A workbook is an archive, so it is read from a file, and everything in it is looked over before calamine opens it (`guard`). Rows are
//! read one by one. The texts that cells share cannot be: calamine keeps all of them in memory, so they are bounded more closely than
//! the rest (64 MiB, a million texts); a table that has more is to be saved as CSV.

mod cell;
mod guard;
#[cfg(test)]
mod tests;
mod xml;

use std::{
    error::Error,
    fs::File,
    io::{BufReader, Seek as _},
    panic::{AssertUnwindSafe, catch_unwind},
};

use calamine::{DataRef, Reader as _, SheetType, SheetVisible, Xlsx};

use self::guard::Budget;
use super::{Limits, Record, SheetFault};

type Workbook = Xlsx<BufReader<File>>;

/// A sheet that has been read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sheet {
    /// Its name.
    pub name: String,
    /// The names of all sheets that can be seen, in their order.
    pub names: Vec<String>,
}

/// Gives the rows of a sheet to `each`, until that has a fault: of the sheet of this name, or of the first that can be seen and is not
/// empty. It reads a file and computes, so it is to run where blocking is allowed. A caller who wants a header set apart hands the rows
/// to a [`Head`](super::Head).
///
/// # Errors
/// `xlsx_…` (`unreadable`, `too_large`, `too_many_texts`, `no_such_sheet`), `file_empty`, those of the limits, and what `each` says.
pub fn read(
    mut file: File,
    sheet: Option<&str>,
    limits: &Limits,
    mut each: impl FnMut(Record) -> Result<(), SheetFault>,
) -> Result<Sheet, SheetFault> {
    guard::check(&mut file, Budget::USUAL)?;
    file.rewind().map_err(unreadable)?;
    let read = || read_sheet(Xlsx::new(BufReader::new(file)).map_err(unreadable)?, sheet, limits, &mut each);
    // A workbook that is wrong in a way that its reader does not expect must not look like a fault of ours.
    catch_unwind(AssertUnwindSafe(read)).unwrap_or_else(|_| Err(unreadable("the reader gave up")))
}

fn read_sheet(
    mut workbook: Workbook,
    wanted: Option<&str>,
    limits: &Limits,
    each: &mut impl FnMut(Record) -> Result<(), SheetFault>,
) -> Result<Sheet, SheetFault> {
    let sheets = workbook.sheets_metadata().iter();
    let seen = sheets.filter(|sheet| sheet.typ == SheetType::WorkSheet && sheet.visible == SheetVisible::Visible);
    let names: Vec<String> = seen.map(|sheet| sheet.name.clone()).collect();
    if let Some(wanted) = wanted {
        let name = names.iter().find(|name| *name == wanted).cloned().ok_or_else(no_such_sheet)?;
        read_rows(&mut workbook, &name, limits, each)?;
        return Ok(Sheet { name, names });
    }
    for name in &names {
        if read_rows(&mut workbook, name, limits, each)? {
            return Ok(Sheet { name: name.clone(), names });
        }
    }
    Err(SheetFault::new("file_empty", "The workbook has no visible sheet with anything in it."))
}

/// Whether there were any rows.
fn read_rows(
    workbook: &mut Workbook,
    name: &str,
    limits: &Limits,
    each: &mut impl FnMut(Record) -> Result<(), SheetFault>,
) -> Result<bool, SheetFault> {
    let mut cells = workbook.worksheet_cells_reader(name).map_err(unreadable)?;
    let mut row = Row::default();
    let mut any = false;
    while let Some(cell) = cells.next_cell().map_err(unreadable)? {
        if matches!(cell.get_value(), DataRef::Empty) {
            continue;
        }
        let (number, column) = cell.get_position();
        if row.number != Some(number) {
            if row.number.is_some_and(|before| before > number) {
                return Err(unreadable("rows out of order"));
            }
            if let Some(record) = row.take() {
                each(record)?;
            }
            row.number = Some(number);
            any = true;
        }
        row.put(column, cell.get_value(), limits)?;
    }
    row.take().map_or(Ok(()), each)?;
    Ok(any)
}

/// The row that is being read.
#[derive(Default)]
struct Row {
    number: Option<u32>,
    cells: Vec<String>,
    bytes: usize,
}

impl Row {
    fn put(&mut self, column: u32, value: &DataRef<'_>, limits: &Limits) -> Result<(), SheetFault> {
        let text = cell::text(value);
        let line = self.line();
        let column = column as usize;
        if text.is_empty() {
            return Ok(());
        }
        if column >= limits.max_columns {
            return Err(limits.too_many_columns(line));
        }
        if text.len() > limits.max_cell_chars && text.chars().nth(limits.max_cell_chars).is_some() {
            return Err(limits.cell_too_long(line));
        }
        self.bytes += text.len();
        if self.bytes > limits.max_record_bytes {
            return Err(limits.row_too_large(line));
        }
        if text.contains('\0') {
            return Err(SheetFault::at_line(line, "nul_byte", "a cell holds a NUL character, which no text has."));
        }
        self.cells.resize_with(self.cells.len().max(column + 1), String::new);
        self.cells[column] = text.into_owned();
        Ok(())
    }

    fn line(&self) -> u64 {
        u64::from(self.number.unwrap_or_default()) + 1
    }

    fn take(&mut self) -> Option<Record> {
        let line = self.line();
        self.number.take()?;
        self.bytes = 0;
        let record = Record::of(line, self.cells.iter().map(String::as_str));
        self.cells.clear();
        Some(record)
    }
}

fn no_such_sheet() -> SheetFault {
    SheetFault::new("xlsx_no_such_sheet", "The workbook has no visible sheet of this name.")
}

/// The reader's own words are for us: they may repeat what is in the file.
fn unreadable(error: impl Into<Box<dyn Error + Send + Sync>>) -> SheetFault {
    let error = error.into();
    tracing::debug!(%error, "a workbook cannot be read");
    SheetFault::new(
        "xlsx_unreadable",
        "The workbook is damaged, or not one that Excel would write; save it anew or as CSV.",
    )
}
