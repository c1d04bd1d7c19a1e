//! What a file looks like, on the wire.

use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    errors::Fault,
    models::imports::{CellFault, ProposalNote},
    services::imports::{ColumnPreview, ImportPreview, PreviewedRow},
    utils::sheet::Delimiter,
};

/// Of a cell, so many characters are shown.
const SHOWN: usize = 200;

/// What a file looks like, and what would become of it. Nothing of it was kept.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ImportPreview)]
pub struct ImportPreviewDto {
    /// How large the file is.
    pub file_bytes: u64,
    /// Its rows, without the header and blank ones.
    pub rows_total: u64,
    /// How a text spells its letters; null of a workbook.
    #[schema(example = "UTF-8")]
    pub encoding: Option<String>,
    /// What stands between the cells of a text; null of a workbook.
    pub delimiter: Option<Delimiter>,
    /// The sheet of a workbook that is read.
    pub sheet: Option<String>,
    /// All sheets of a workbook that can be read.
    pub sheets: Vec<String>,
    /// The columns, and what they would become.
    pub columns: Vec<PreviewedColumn>,
    /// What keeps the file from being imported as it is.
    pub faults: Vec<PreviewedFault>,
    /// The first rows.
    pub rows: Vec<PreviewedRowDto>,
    /// Rows that can be read as leads. Whether they are new, present or suppressed is not looked up.
    pub readable: u64,
    /// Rows that cannot be used.
    pub rejected: u64,
    /// The first rows that cannot be used.
    pub rejected_rows: Vec<PreviewedRowDto>,
    /// How many rows have each fault.
    pub fault_counts: Vec<FaultCount>,
}

/// A column of a file, and what it would become.
#[derive(Debug, Serialize, ToSchema)]
pub struct PreviewedColumn {
    /// The column's name.
    #[schema(example = "Work Email")]
    pub header: String,
    /// The field of the lead, `custom_fields.` and a name, or null if the column would be left out.
    #[schema(example = "email")]
    pub field: Option<String>,
    /// Why the column is not the field that its name means.
    pub note: Option<ProposalNote>,
}

/// A row of a file.
#[derive(Debug, Serialize, ToSchema)]
pub struct PreviewedRowDto {
    /// The line of the file that it begins on; of a workbook, the row's number.
    #[schema(example = 2)]
    pub line: u64,
    /// Its cells, each cut to 200 characters.
    pub cells: Vec<String>,
    /// What is wrong with it.
    pub faults: Vec<RowFault>,
}

/// Something that is wrong with a row.
#[derive(Debug, Serialize, ToSchema)]
pub struct RowFault {
    /// The column, by its header; null if it is the row as a whole.
    #[schema(example = "Work Email")]
    pub column: Option<String>,
    /// The stable machine-readable reason.
    #[schema(example = "email_invalid")]
    pub code: String,
    /// What is wrong, in English.
    pub detail: String,
}

/// Something that keeps a file from being imported.
#[derive(Debug, Serialize, ToSchema)]
pub struct PreviewedFault {
    /// Where: `/file`, or a place in the options.
    #[schema(example = "/mapping")]
    pub pointer: String,
    /// The stable machine-readable reason.
    #[schema(example = "identity_required")]
    pub code: String,
    /// What is wrong, in English.
    pub detail: String,
}

/// How many rows have a fault.
#[derive(Debug, Serialize, ToSchema)]
pub struct FaultCount {
    /// The column, by its header; null if it is the row as a whole.
    pub column: Option<String>,
    /// The fault.
    #[schema(example = "email_invalid")]
    pub code: String,
    /// The rows.
    pub rows: u64,
}

impl From<ImportPreview> for ImportPreviewDto {
    fn from(preview: ImportPreview) -> Self {
        let ImportPreview {
            file_bytes,
            rows_total,
            dialect,
            sheet,
            sheets,
            columns,
            faults,
            rows,
            readable,
            rejected,
            rejected_rows,
            fault_counts,
        } = preview;
        let counts = fault_counts.into_iter().map(|((column, code), rows)| FaultCount { column, code, rows });
        Self {
            file_bytes,
            rows_total,
            encoding: dialect.map(|dialect| dialect.encoding.name().to_owned()),
            delimiter: dialect.map(|dialect| dialect.delimiter),
            sheet,
            sheets,
            columns: columns.into_iter().map(PreviewedColumn::from).collect(),
            faults: faults.into_iter().map(PreviewedFault::from).collect(),
            rows: rows.into_iter().map(PreviewedRowDto::from).collect(),
            readable,
            rejected,
            rejected_rows: rejected_rows.into_iter().map(PreviewedRowDto::from).collect(),
            fault_counts: counts.collect(),
        }
    }
}

impl From<ColumnPreview> for PreviewedColumn {
    fn from(column: ColumnPreview) -> Self {
        let ColumnPreview { header, target, note } = column;
        Self { header, field: target.name(), note }
    }
}

impl From<PreviewedRow> for PreviewedRowDto {
    fn from(row: PreviewedRow) -> Self {
        let PreviewedRow { line, cells, faults } = row;
        let cut = |cell: String| match cell.char_indices().nth(SHOWN) {
            Some((end, _)) => cell[..end].to_owned(),
            None => cell,
        };
        Self {
            line,
            cells: cells.into_iter().map(cut).collect(),
            faults: faults.into_iter().map(RowFault::from).collect(),
        }
    }
}

impl From<CellFault> for RowFault {
    fn from(fault: CellFault) -> Self {
        let CellFault { column, code, detail } = fault;
        Self { column, code: code.into_owned(), detail: detail.into_owned() }
    }
}

impl From<Fault> for PreviewedFault {
    fn from(fault: Fault) -> Self {
        let Fault { pointer, code, detail } = fault;
        Self { pointer, code: code.into_owned(), detail: detail.into_owned() }
    }
}
