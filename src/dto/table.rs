//! Tables on the wire: CSV as RFC 4180 has it, in UTF-8, its first line the fields' names. Text that a spreadsheet might run is marked as
//! text (`utils::spreadsheet`).

use axum::{
    BoxError,
    body::{Body, Bytes},
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use chrono::{DateTime, SecondsFormat, Utc};
use csv::{Terminator, Writer, WriterBuilder};
use futures::{StreamExt as _, stream};
use uuid::Uuid;

use crate::{services::exports::Rows, utils::spreadsheet::guard};

/// What a line of a table is made of.
pub trait CsvRow {
    /// The fields' names.
    const HEADER: &'static [&'static str];

    /// Writes the fields, in that order.
    ///
    /// # Errors
    /// What the writer's are; memory has none.
    fn write(&self, line: &mut CsvLine) -> csv::Result<()>;
}

/// A line being written.
#[derive(Debug)]
pub struct CsvLine(Writer<Vec<u8>>);

impl CsvLine {
    /// Text that somebody else wrote.
    ///
    /// # Errors
    /// The writer's.
    pub fn text(&mut self, text: Option<&str>) -> csv::Result<()> {
        self.0.write_field(guard(text.unwrap_or_default()).as_bytes())
    }

    /// A word or number of our own.
    ///
    /// # Errors
    /// The writer's.
    pub fn ours(&mut self, text: &str) -> csv::Result<()> {
        self.0.write_field(text)
    }

    /// An id.
    ///
    /// # Errors
    /// The writer's.
    pub fn id(&mut self, id: impl Into<Option<Uuid>>) -> csv::Result<()> {
        let mut buffer = Uuid::encode_buffer();
        let text = id.into().map(|id| &*id.hyphenated().encode_lower(&mut buffer));
        self.0.write_field(text.unwrap_or_default())
    }

    /// An instant.
    ///
    /// # Errors
    /// The writer's.
    pub fn time(&mut self, at: DateTime<Utc>) -> csv::Result<()> {
        self.0.write_field(at.to_rfc3339_opts(SecondsFormat::AutoSi, true))
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
        let header =
            stream::iter([table(&[T::HEADER], |header, line| header.iter().try_for_each(|name| line.ours(name)))]);
        let rows = self.rows.map(|rows| table(&rows?, T::write));
        let mut response = Body::from_stream(header.chain(rows)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8; header=present"));
        if let Ok(value) = HeaderValue::from_str(&format!("attachment; filename=\"{}\"", self.name)) {
            headers.insert(header::CONTENT_DISPOSITION, value);
        }
        response
    }
}

/// Lines of a table.
fn table<R>(rows: &[R], write: impl Fn(&R, &mut CsvLine) -> csv::Result<()>) -> Result<Bytes, BoxError> {
    let writer = WriterBuilder::new().terminator(Terminator::CRLF).from_writer(Vec::with_capacity(rows.len() * 512));
    let mut line = CsvLine(writer);
    for row in rows {
        write(row, &mut line)?;
        line.0.write_record(None::<&[u8]>)?;
    }
    Ok(line.0.into_inner()?.into())
}
