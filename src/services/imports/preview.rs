//! Looking at a file before it is imported.

use std::collections::BTreeMap;

use bytes::Bytes;
use futures::Stream;

use super::{
    ImportService,
    file::{self, FileRows, ImportFile},
    pace::paced,
    receive::{self, ImportOptions},
};
use crate::{
    errors::{Fault, Result},
    models::{
        LeadListId,
        imports::{CellFault, Mapping, Proposal, ProposalNote, RowReader, Target},
    },
    repositories::{BaseRepository as _, OrgMember},
    utils::{
        sheet::{Dialect, Header, Record},
        spreadsheet::unguard,
    },
};

/// So many of the first rows, and of the first that cannot be used, are shown.
const SHOWN: usize = 20;

/// What a file looks like, and what would become of it.
#[derive(Debug)]
pub struct ImportPreview {
    /// How large the file is.
    pub file_bytes: u64,
    /// Its rows, without the header and blank ones.
    pub rows_total: u64,
    /// How a text is read; none of a workbook.
    pub dialect: Option<Dialect>,
    /// The sheet that was read of a workbook.
    pub sheet: Option<String>,
    /// All its sheets that can be read.
    pub sheets: Vec<String>,
    /// Its columns.
    pub columns: Vec<ColumnPreview>,
    /// What keeps the file from being imported as it is.
    pub faults: Vec<Fault>,
    /// The first rows.
    pub rows: Vec<PreviewedRow>,
    /// Rows that can be read as leads.
    pub readable: u64,
    /// Rows that cannot.
    pub rejected: u64,
    /// The first of those.
    pub rejected_rows: Vec<PreviewedRow>,
    /// How many rows have each fault, by column and code.
    pub fault_counts: BTreeMap<(Option<String>, String), u64>,
}

/// A column, and what it would become.
#[derive(Debug)]
pub struct ColumnPreview {
    /// Its name.
    pub header: String,
    /// What it would become.
    pub target: Target,
    /// Why that is not the field that its name means.
    pub note: Option<ProposalNote>,
}

/// A row as it is read.
#[derive(Debug)]
pub struct PreviewedRow {
    /// The line that it begins on.
    pub line: u64,
    /// What it says.
    pub cells: Vec<String>,
    /// What is wrong with it.
    pub faults: Vec<CellFault>,
}

impl ImportService {
    /// Reads a file to its end and tells what it looks like; keeps nothing.
    ///
    /// # Errors
    /// What keeps the file from being read at all; `too_many_uploads`; `upload_too_slow`.
    pub async fn preview(
        &self,
        member: &OrgMember,
        list: LeadListId,
        file: ImportFile<impl Stream<Item = Result<Bytes>> + Unpin + Send>,
        options: &ImportOptions,
    ) -> Result<ImportPreview> {
        let _turn = self.turn(member)?;
        self.context.db.read(member).await?.lead_lists().get(list).await?;
        let mut looker = Looker { options, begun: false, reader: None, seen: Seen::default() };
        let facts =
            file::read(paced(file.bytes, self.context.clock.clone()), &options.reading, self.limits, &mut looker)
                .await?;
        let (settled, faults) = match receive::mapping(&facts, options) {
            Ok(mapping) => (Some(mapping), Vec::new()),
            Err(error) => (None, error.faults().to_vec()),
        };
        let Seen { rows, readable, rejected, rejected_rows, fault_counts } = looker.seen;
        let columns = columns(&facts.header.columns, settled.as_ref());
        let (sheet, sheets) = facts.sheet.map_or((None, Vec::new()), |sheet| (Some(sheet.name), sheet.names));
        Ok(ImportPreview {
            file_bytes: facts.bytes,
            rows_total: facts.rows,
            dialect: facts.dialect,
            sheet,
            sheets,
            columns,
            faults,
            rows,
            readable,
            rejected,
            rejected_rows,
            fault_counts,
        })
    }
}

/// What each column would become: as is settled, else as is proposed.
fn columns(headers: &[String], settled: Option<&Mapping>) -> Vec<ColumnPreview> {
    let proposed = Proposal::of(headers).columns.into_iter().enumerate();
    let each = proposed.map(|(index, column)| {
        let target = settled.and_then(|mapping| mapping.columns().get(index)).unwrap_or(&column.target).clone();
        let note = column.note.filter(|_| target == column.target);
        ColumnPreview { header: column.header, target, note }
    });
    each.collect()
}

/// Looks at every row.
struct Looker<'o> {
    options: &'o ImportOptions,
    /// Whether the header is known.
    begun: bool,
    /// Who reads the rows from then on; nobody if the columns mean nothing.
    reader: Option<RowReader>,
    seen: Seen,
}

#[derive(Default)]
struct Seen {
    rows: Vec<PreviewedRow>,
    readable: u64,
    rejected: u64,
    rejected_rows: Vec<PreviewedRow>,
    fault_counts: BTreeMap<(Option<String>, String), u64>,
}

impl FileRows for Looker<'_> {
    async fn take(&mut self, header: &Header, rows: &[Record]) -> Result<()> {
        if !std::mem::replace(&mut self.begun, true) {
            let mapping = Mapping::settle(&header.columns, &self.options.mapping).ok();
            self.reader = mapping.map(|mapping| RowReader::new(header.columns.clone(), &mapping, unguard));
        }
        for row in rows {
            let faults = self.reader.as_ref().and_then(|reader| reader.read(row).err());
            self.seen.note(row, self.reader.is_some(), faults);
        }
        Ok(())
    }
}

impl Seen {
    fn note(&mut self, row: &Record, judged: bool, faults: Option<Vec<CellFault>>) {
        let shown = |faults: &Option<Vec<CellFault>>| PreviewedRow {
            line: row.line(),
            cells: row.cells().map(str::to_owned).collect(),
            faults: faults.clone().unwrap_or_default(),
        };
        if self.rows.len() < SHOWN {
            self.rows.push(shown(&faults));
        }
        if faults.is_some() && self.rejected_rows.len() < SHOWN {
            self.rejected_rows.push(shown(&faults));
        }
        self.readable += u64::from(judged && faults.is_none());
        self.rejected += u64::from(faults.is_some());
        for fault in faults.into_iter().flatten() {
            *self.fault_counts.entry((fault.column, fault.code.into_owned())).or_default() += 1;
        }
    }
}
