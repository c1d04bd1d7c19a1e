//! Tables on the wire: CSV as RFC 4180 has it, in UTF-8, its first line the fields' names. Text that a spreadsheet might run is marked as
//! text (`utils::spreadsheet`).

use axum::{
    body::{Body, Bytes},
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use chrono::{DateTime, SecondsFormat, Utc};
use futures::{Stream, StreamExt as _, stream};
use uuid::Uuid;

use crate::{
    errors::AppError,
    models::{Rejection, imports::CellFault},
    services::{exports::Rows, imports::RejectedRows},
    utils::spreadsheet::{guard, unguard},
};

/// What a line of a table is made of.
pub trait CsvRow {
    /// The fields' names.
    const HEADER: &'static [&'static str];

    /// Writes the fields, in that order.
    fn write(&self, line: &mut CsvLine<'_>);
}

/// A line being written.
#[derive(Debug)]
pub struct CsvLine<'t> {
    table: &'t mut Vec<u8>,
    begun: bool,
}

impl CsvLine<'_> {
    /// Text that somebody else wrote.
    pub fn text(&mut self, text: Option<&str>) {
        self.ours(&guard(text.unwrap_or_default()));
    }

    /// A word or number of our own.
    pub fn ours(&mut self, text: &str) {
        if self.begun {
            self.table.push(b',');
        }
        self.begun = true;
        if !text.bytes().any(|byte| matches!(byte, b',' | b'"' | b'\r' | b'\n')) {
            return self.table.extend_from_slice(text.as_bytes());
        }
        self.table.push(b'"');
        for (index, part) in text.split('"').enumerate() {
            if index > 0 {
                self.table.extend_from_slice(b"\"\"");
            }
            self.table.extend_from_slice(part.as_bytes());
        }
        self.table.push(b'"');
    }

    /// An id.
    pub fn id(&mut self, id: impl Into<Option<Uuid>>) {
        let mut buffer = Uuid::encode_buffer();
        let text = id.into().map(|id| &*id.hyphenated().encode_lower(&mut buffer));
        self.ours(text.unwrap_or_default());
    }

    /// An instant.
    pub fn time(&mut self, at: DateTime<Utc>) {
        self.ours(&at.to_rfc3339_opts(SecondsFormat::AutoSi, true));
    }
}

/// A table that is sent as it is read.
#[derive(Debug)]
pub struct CsvDownload<T> {
    /// What the caller's program may call the file.
    pub name: &'static str,
    /// The rows.
    pub rows: Rows<T>,
}

impl<T: CsvRow + Send + Unpin + 'static> IntoResponse for CsvDownload<T> {
    fn into_response(self) -> Response {
        let header = table(&[T::HEADER], |header, line| header.iter().for_each(|name| line.ours(name)));
        let rows = self.rows.map(|rows| rows.map(|rows| table(&rows, T::write)));
        download(self.name, header, rows)
    }
}

/// Rows of a file that could not be used, as that file had them, with why.
#[derive(Debug)]
pub struct RejectedDownload(pub RejectedRows);

/// What the last column of rejected rows is called; an import leaves it out.
const REASONS: &str = "rejection_reasons";

impl IntoResponse for RejectedDownload {
    fn into_response(self) -> Response {
        let Self(RejectedRows { columns, rows }) = self;
        // A file that came from here has a column of reasons already; what it says there is out of date.
        let kept: Vec<bool> = columns.iter().map(|name| name != REASONS).collect();
        let header = table(&[columns], |columns, line| {
            columns.iter().filter(|name| *name != REASONS).for_each(|name| line.text(Some(unguard(name))));
            line.ours(REASONS);
        });
        let rows = rows.map(move |rows| rows.map(|rows| table(&rows, |row, line| rejected(row, &kept, line))));
        download("rejected.csv", header, rows)
    }
}

/// A row that has more cells than the file has columns has them behind the reasons, where they cannot be taken for any.
fn rejected(row: &Rejection, kept: &[bool], line: &mut CsvLine<'_>) {
    // What is marked already is read without its mark; another one would stay in the field.
    for index in (0..kept.len()).filter(|index| kept[*index]) {
        line.text(row.cells.get(index).map(|cell| unguard(cell)));
    }
    let reason = |fault: &CellFault| match &fault.column {
        Some(column) => format!("{column}: {}", fault.detail),
        None => fault.detail.clone().into_owned(),
    };
    line.text(Some(&row.faults.iter().map(reason).collect::<Vec<_>>().join(" ")));
    row.cells.iter().skip(kept.len()).for_each(|cell| line.text(Some(unguard(cell))));
}

fn download(name: &str, header: Bytes, rows: impl Stream<Item = Result<Bytes, AppError>> + Send + 'static) -> Response {
    let table = stream::iter([Ok::<_, AppError>(header)]).chain(rows);
    let mut response = Body::from_stream(table).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8; header=present"));
    if let Ok(value) = HeaderValue::from_str(&format!("attachment; filename=\"{name}\"")) {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    response
}

/// Lines of a table.
fn table<R>(rows: &[R], write: impl Fn(&R, &mut CsvLine<'_>)) -> Bytes {
    let mut table = Vec::with_capacity(rows.len() * 512);
    for row in rows {
        write(row, &mut CsvLine { table: &mut table, begun: false });
        table.extend_from_slice(b"\r\n");
    }
    table.into()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(table: &[u8]) -> Vec<Vec<String>> {
        let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(table);
        reader.records().map(|record| record.unwrap().iter().map(str::to_owned).collect()).collect()
    }

    #[test]
    fn cells_are_quoted_where_they_must_be() {
        let cells = ["a", "", "b, c", "say \"x\"", "two\r\nlines", "'", "=1"];
        let table = table(&[cells], |cells, line| cells.iter().for_each(|cell| line.text(Some(cell))));
        assert_eq!(table, "a,,\"b, c\",\"say \"\"x\"\"\",\"two\r\nlines\",','=1\r\n");
    }

    proptest! {
        #[test]
        fn a_table_is_read_as_it_was_written(rows in prop::collection::vec(prop::array::uniform3("[=',\"\r\na ]{0,4}|\\PC{0,4}"), 1..5)) {
            let table = table(&rows, |cells: &[String; 3], line| cells.iter().for_each(|cell| line.text(Some(cell))));
            let cells = read(&table).into_iter().map(|line| line.iter().map(|cell| unguard(cell).to_owned()).collect::<Vec<_>>());
            prop_assert_eq!(cells.collect::<Vec<_>>(), rows.into_iter().map(Vec::from).collect::<Vec<_>>());
        }
    }
}
