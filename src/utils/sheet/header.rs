//! The names of a table's columns.

use std::collections::HashSet;

use super::{Record, SheetFault};
use crate::utils::{spreadsheet::unguard, text};

/// The longest name that is kept of a column, in characters.
const MAX_NAME: usize = 200;

/// The names of a table's columns, each different from the others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// The line that they stand on.
    pub line: u64,
    /// The names, in the columns' order.
    pub columns: Vec<String>,
    /// Whether the line holds an e-mail address or nothing but numbers, as no header does.
    pub looks_like_data: bool,
}

impl Header {
    /// The names in a row: tidied, without the mark that an export of ours puts before what might be a formula; a blank one after its place (`Column 3`), and one that has come before with a number (`Email (2)`).
    #[must_use]
    pub fn of(record: &Record) -> Self {
        let mut taken = HashSet::with_capacity(record.len());
        let mut columns = Vec::with_capacity(record.len());
        for (index, cell) in record.cells().enumerate() {
            let tidy = text::collapse(unguard(text::trim(cell)));
            let name = tidy.char_indices().nth(MAX_NAME).map_or(&*tidy, |(end, _)| &tidy[..end]);
            let name = if name.is_empty() { format!("Column {}", index + 1) } else { name.to_owned() };
            columns.push(unlike(&mut taken, name));
        }
        Self { line: record.line(), columns, looks_like_data: looks_like_data(record) }
    }

    /// What is to be said against a header that looks like data.
    #[must_use]
    pub fn fault(&self) -> Option<SheetFault> {
        let detail = "the first row looks like data; the columns' names are wanted there.";
        self.looks_like_data.then(|| SheetFault::at_line(self.line, "no_header", detail))
    }
}

fn unlike(taken: &mut HashSet<String>, name: String) -> String {
    let numbered = (2..).map(|number| format!("{name} ({number})"));
    let free = std::iter::once(name.clone()).chain(numbered).find(|name| !taken.contains(name)).unwrap_or(name);
    taken.insert(free.clone());
    free
}

fn looks_like_data(record: &Record) -> bool {
    let mut cells = record.cells().map(text::trim).filter(|cell| !cell.is_empty()).peekable();
    let filled = cells.peek().is_some();
    let numbers =
        record.cells().map(text::trim).filter(|cell| !cell.is_empty()).all(|cell| cell.parse::<f64>().is_ok());
    filled && (numbers || cells.any(is_address))
}

fn is_address(cell: &str) -> bool {
    cell.split_once('@').is_some_and(|(user, host)| {
        !user.is_empty() && host.contains('.') && !host.contains('@') && !cell.contains(char::is_whitespace)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(cells: &[&str]) -> Header {
        Header::of(&Record::of(1, cells.iter().copied()))
    }

    #[test]
    fn every_column_has_a_name_of_its_own() {
        let header = header(&["\u{feff} First\n Name ", "", "Email", "Email", "email", "Email (2)", " ", "Column 2"]);
        let names =
            ["First Name", "Column 2", "Email", "Email (2)", "email", "Email (2) (2)", "Column 7", "Column 2 (2)"];
        assert_eq!(header.columns, names);
        assert_eq!(header.fault(), None);
    }

    #[test]
    fn a_header_does_not_look_like_data() {
        for (cells, data) in [
            (&["Email", "Phone"][..], false),
            (&["jane@example.com", "Jane"], true),
            (&["1", "2.5", ""], true),
            (&["2024", "Email"], false),
            (&["E-mail (@ work)"], false),
            (&["", " "], false),
        ] {
            assert_eq!(header(cells).looks_like_data, data, "{cells:?}");
        }
        let long = "x".repeat(1_000);
        assert_eq!(header(&[&long, &long]).columns, ["x".repeat(200), format!("{} (2)", "x".repeat(200))]);
    }
}
