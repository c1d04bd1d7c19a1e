//! Leads from a file: what its columns mean, and what its rows become.

mod column;
mod field;
mod import;
mod mapping;
mod placeholder;
mod proposal;
mod row;
mod synonyms;
#[cfg(test)]
mod tests;

pub use column::Target;
pub use field::LeadField;
pub use import::{Import, ImportCounts, ImportStatus, NewImport, Rejection, UndoCounts, outcome_letter};
pub use mapping::{ChosenMapping, Mapping};
pub use placeholder::says_nothing;
pub use proposal::{ColumnProposal, Proposal, ProposalNote};
pub use row::{CellFault, RowReader};
