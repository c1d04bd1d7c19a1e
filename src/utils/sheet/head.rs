//! Where a table's header stands.

use super::{Header, Limits, Record, SheetFault};
use crate::utils::text;

/// So many rows are looked at to find the header.
const LOOKED_AT: usize = 10;

/// Takes a table's rows as they come, finds the header among the first ones and hands on what follows it. Notes before a header, as
/// LinkedIn writes them, are left out; so are blank rows.
#[derive(Debug)]
pub struct Head {
    limits: Limits,
    first: Vec<Record>,
    header: Option<Header>,
    rows: u64,
}

impl Head {
    /// Nothing read yet.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self { limits, first: Vec::new(), header: None, rows: 0 }
    }

    /// The columns' names, once they are known.
    #[must_use]
    pub fn header(&self) -> Option<&Header> {
        self.header.as_ref()
    }

    /// How many rows have been handed on.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Takes a row.
    ///
    /// # Errors
    /// `too_many_rows`.
    pub fn push(&mut self, record: Record, rows: &mut Vec<Record>) -> Result<(), SheetFault> {
        if record.is_blank() {
            return Ok(());
        }
        if self.header.is_some() {
            return self.hand_on(record, rows);
        }
        self.first.push(record);
        if self.first.len() == LOOKED_AT { self.decide(rows) } else { Ok(()) }
    }

    /// There are no more rows.
    ///
    /// # Errors
    /// `file_empty`, `too_many_rows`.
    pub fn finish(&mut self, rows: &mut Vec<Record>) -> Result<&Header, SheetFault> {
        if self.header.is_none() {
            self.decide(rows)?;
        }
        self.header.as_ref().ok_or_else(|| SheetFault::new("file_empty", "The file has no rows."))
    }

    fn decide(&mut self, rows: &mut Vec<Record>) -> Result<(), SheetFault> {
        let notes = if usual_width(&self.first) > 1 {
            self.first.iter().take_while(|record| filled(record) < 2).count() % self.first.len()
        } else {
            0
        };
        for (index, record) in std::mem::take(&mut self.first).into_iter().enumerate().skip(notes) {
            if index == notes {
                self.header = Some(Header::of(&record));
            } else {
                self.hand_on(record, rows)?;
            }
        }
        Ok(())
    }

    fn hand_on(&mut self, record: Record, rows: &mut Vec<Record>) -> Result<(), SheetFault> {
        self.rows += 1;
        if self.rows > self.limits.max_rows {
            return Err(self.limits.too_many_rows(record.line()));
        }
        rows.push(record);
        Ok(())
    }
}

fn filled(record: &Record) -> usize {
    record.cells().filter(|cell| !text::trim(cell).is_empty()).count()
}

/// The number of cells that most rows have; of two that are as usual, the greater.
fn usual_width(records: &[Record]) -> usize {
    let times = |width: usize| records.iter().filter(|record| record.len() == width).count();
    records.iter().map(Record::len).max_by_key(|width| (times(*width), *width)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(table: &[&[&str]], limits: Limits) -> Result<(Vec<String>, Vec<u64>), SheetFault> {
        let (mut head, mut rows) = (Head::new(limits), Vec::new());
        for (index, cells) in table.iter().enumerate() {
            head.push(Record::of(index as u64 + 1, cells.iter().copied()), &mut rows)?;
        }
        let columns = head.finish(&mut rows)?.columns.clone();
        assert_eq!(head.rows(), rows.len() as u64);
        Ok((columns, rows.iter().map(Record::line).collect()))
    }

    #[test]
    fn the_header_is_the_first_row_but_for_notes() {
        let limits = Limits::default();
        let read = |table: &[&[&str]]| read(table, limits).unwrap();
        assert_eq!(read(&[&["a", "b"], &["1", "2"], &["", " "], &["3"]]), (vec!["a".into(), "b".into()], vec![2, 4]));
        let linkedin = [&["Notes:"][..], &["Some are missing."], &["First Name", "URL"], &["Jane", ""], &["Joe", "x"]];
        assert_eq!(read(&linkedin), (vec!["First Name".into(), "URL".into()], vec![4, 5]));
        assert_eq!(read(&[&["Title", ""], &["a", "b"], &["1", "2"]]), (vec!["a".into(), "b".into()], vec![3]));
        assert_eq!(read(&[&["email"], &["1"], &["2"]]), (vec!["email".into()], vec![2, 3]), "one column");
        assert_eq!(read(&[&["email"]]), (vec!["email".into()], vec![]));
        let long: Vec<&[&str]> = vec![&["email"]; 25];
        assert_eq!(read(&long).1.len(), 24);
    }

    #[test]
    fn a_table_has_something_in_it_and_not_too_much() {
        assert_eq!(read(&[], Limits::default()).unwrap_err().code, "file_empty");
        assert_eq!(read(&[&[""]], Limits::default()).unwrap_err().code, "file_empty");
        let limits = Limits { max_rows: 2, ..Limits::default() };
        assert!(read(&[&["a"], &["1"], &["2"]], limits).is_ok());
        let fault = read(&[&["a"], &["1"], &[""], &["2"], &["3"]], limits).unwrap_err();
        assert_eq!((fault.code, fault.line), ("too_many_rows", Some(5)));
    }
}
