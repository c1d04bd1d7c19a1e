//! A file as it comes: from its bytes to batches of rows, with no more of it in memory than that. A workbook is put on disk first, for its
//! table of contents is at its end.

use std::{
    fs::File,
    io::{Seek as _, Write as _},
};

use bytes::Bytes;
use futures::{Stream, StreamExt as _};
use tokio::sync::mpsc;

use crate::{
    errors::{AppError, Result},
    utils::sheet::{
        Dialect, DialectChoice, FileKind, Head, Header, Limits, Record, SAMPLE, SheetFault, TextEncoding, TextReader,
        xlsx,
    },
};

/// Rows that are handed over together, and kept and worked on as one piece: so many at the most.
pub(super) const BATCH: usize = 1000;
/// The text in them, in bytes, from which on they are fewer: a piece is held in memory whole.
const BATCH_BYTES: usize = 2 * 1024 * 1024;
/// Batches of a workbook that may wait to be taken.
const WAITING: usize = 2;

/// A file on its way.
pub struct ImportFile<S> {
    /// What its sender calls it.
    pub name: Option<String>,
    /// Its bytes; an error if they break off.
    pub bytes: S,
}

/// Who takes the rows of a file.
pub(super) trait FileRows: Send {
    /// Takes up to [`BATCH`] of them. The names of their columns come with the first.
    fn take(&mut self, header: &Header, rows: &[Record]) -> impl Future<Output = Result<()>> + Send;
}

/// What a file turned out to be.
#[derive(Debug, Clone)]
pub(super) struct FileFacts {
    pub(super) bytes: u64,
    pub(super) rows: u64,
    pub(super) header: Header,
    /// How a text is read; none of a workbook.
    pub(super) dialect: Option<Dialect>,
    /// The sheet that was read of a workbook, and all that can be.
    pub(super) sheet: Option<xlsx::Sheet>,
}

/// How a file is to be read; what is not said is detected.
#[derive(Debug, Clone, Default)]
pub struct Reading {
    /// A text's encoding and delimiter.
    pub dialect: DialectChoice,
    /// A workbook's sheet, by its name.
    pub sheet: Option<String>,
}

/// Reads a file to its end, and hands its rows on.
///
/// # Errors
/// Whatever is wrong with the file, as faults of `/file`; what `rows` says.
pub(super) async fn read(
    mut bytes: impl Stream<Item = Result<Bytes>> + Unpin + Send,
    reading: &Reading,
    limits: Limits,
    rows: &mut impl FileRows,
) -> Result<FileFacts> {
    let mut sample = Vec::new();
    while sample.len() < SAMPLE {
        match bytes.next().await {
            Some(part) => sample.extend_from_slice(&part?),
            None => break,
        }
    }
    let is_text = reading.dialect.encoding.is_some_and(TextEncoding::is_utf_16);
    let kind =
        if is_text { FileKind::Text } else { FileKind::of(&sample[..sample.len().min(SAMPLE)]).map_err(fault)? };
    match kind {
        FileKind::Text => read_text(sample, bytes, reading.dialect, limits, rows).await,
        FileKind::Xlsx => read_workbook(sample, bytes, reading.sheet.clone(), limits, rows).await,
    }
}

async fn read_text(
    sample: Vec<u8>,
    mut bytes: impl Stream<Item = Result<Bytes>> + Unpin + Send,
    choice: DialectChoice,
    limits: Limits,
    to: &mut impl FileRows,
) -> Result<FileFacts> {
    let mut reader = TextReader::new(choice, limits);
    let mut rows = Vec::new();
    let mut length = 0;
    let mut next = Some(Bytes::from(sample));
    while let Some(part) = next {
        length += part.len() as u64;
        // A part may be as large as its sender likes; what it becomes takes a multiple of that.
        for slice in part.chunks(SAMPLE) {
            reader.feed(slice, &mut rows).map_err(fault)?;
            hand_on(reader.header(), &mut rows, to, false).await?;
        }
        next = bytes.next().await.transpose()?;
    }
    let header = reader.finish(&mut rows).map_err(fault)?.clone();
    hand_on(Some(&header), &mut rows, to, true).await?;
    Ok(FileFacts { bytes: length, rows: reader.rows(), header, dialect: reader.dialect(), sheet: None })
}

/// Hands on whole batches, or with `all` everything that there is.
async fn hand_on(header: Option<&Header>, rows: &mut Vec<Record>, to: &mut impl FileRows, all: bool) -> Result<()> {
    let Some(header) = header else { return Ok(()) };
    while let Some(length) = batch(rows).or_else(|| (all && !rows.is_empty()).then_some(rows.len())) {
        let rest = rows.split_off(length);
        to.take(header, rows).await?;
        *rows = rest;
    }
    Ok(())
}

/// How many of the rows make a batch; none if they are too few.
fn batch(rows: &[Record]) -> Option<usize> {
    let mut bytes = 0;
    let is_full = |(index, row): (usize, &Record)| {
        bytes += row.bytes();
        index + 1 == BATCH || bytes >= BATCH_BYTES
    };
    rows.iter().enumerate().position(is_full).map(|last| last + 1)
}

async fn read_workbook(
    sample: Vec<u8>,
    mut bytes: impl Stream<Item = Result<Bytes>> + Unpin + Send,
    sheet: Option<String>,
    limits: Limits,
    to: &mut impl FileRows,
) -> Result<FileFacts> {
    // Without a name, it is gone with the process, however that ends.
    let mut spool = tempfile::tempfile().map_err(AppError::internal)?;
    let mut length = 0;
    let mut next = Some(Bytes::from(sample));
    while let Some(part) = next {
        length += part.len() as u64;
        if length > limits.max_bytes {
            return Err(fault(limits.file_too_large()));
        }
        spool = tokio::task::spawn_blocking(move || spool.write_all(&part).map(|()| spool))
            .await
            .map_err(AppError::internal)?
            .map_err(AppError::internal)?;
        next = bytes.next().await.transpose()?;
    }
    spool.rewind().map_err(AppError::internal)?;
    let (sender, mut batches) = mpsc::channel(WAITING);
    let reading = tokio::task::spawn_blocking(move || read_sheet(spool, sheet.as_deref(), &limits, &sender));
    while let Some((header, rows)) = batches.recv().await {
        to.take(&header, &rows).await?;
    }
    let (header, rows, sheet) = reading.await.map_err(AppError::internal)?.map_err(fault)?;
    Ok(FileFacts { bytes: length, rows, header, dialect: None, sheet: Some(sheet) })
}

/// Reads a sheet to its end or until nobody takes its rows any more.
fn read_sheet(
    spool: File,
    sheet: Option<&str>,
    limits: &Limits,
    to: &mpsc::Sender<(Header, Vec<Record>)>,
) -> Result<(Header, u64, xlsx::Sheet), SheetFault> {
    let mut head = Head::new(*limits);
    let mut rows = Vec::new();
    let send = |header: &Header, rows: &mut Vec<Record>| {
        let batch = std::mem::take(rows);
        to.blocking_send((header.clone(), batch)).map_err(|_| SheetFault::abandoned())
    };
    let sheet = xlsx::read(spool, sheet, limits, |record| {
        head.push(record, &mut rows)?;
        match head.header() {
            Some(header) if batch(&rows).is_some() => send(header, &mut rows),
            _ => Ok(()),
        }
    })?;
    let header = head.finish(&mut rows)?.clone();
    if !rows.is_empty() {
        send(&header, &mut rows)?;
    }
    Ok((header, head.rows(), sheet))
}

fn fault(fault: SheetFault) -> AppError {
    AppError::invalid(vec![fault.into()])
}
