//! Separated text to rows, piece by piece.

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};

use super::{Delimiter, Limits, Record, SheetFault};

/// Takes text as it comes, however it is cut, and gives rows: RFC 4180, with any line ends. Blank lines are counted as lines only.
#[derive(Debug)]
pub struct CsvParser {
    reader: Reader,
    limits: Limits,
    /// The cells of the row that is being read, and where they end.
    cells: Vec<u8>,
    filled: usize,
    ends: Vec<usize>,
    ended: usize,
    /// Whether the row has begun, and where.
    begun: bool,
    begins: u64,
    /// The line that is being read.
    line: LineCount,
}

impl CsvParser {
    /// A parser that is at the beginning of `line`.
    #[must_use]
    pub fn new(delimiter: Delimiter, line: u64, limits: Limits) -> Self {
        Self {
            reader: ReaderBuilder::new().delimiter(delimiter.byte()).build(),
            limits,
            cells: vec![0; 4096.min(limits.max_record_bytes + 1)],
            filled: 0,
            ends: vec![0; limits.max_columns],
            ended: 0,
            begun: false,
            begins: line,
            line: LineCount { line, after_return: false },
        }
    }

    /// Adds the rows that end in this text.
    ///
    /// # Errors
    /// `row_too_large`, `too_many_columns`, `cell_too_long`.
    pub fn feed(&mut self, text: &str, rows: &mut Vec<Record>) -> Result<(), SheetFault> {
        let mut rest = text.as_bytes();
        loop {
            if !self.begun {
                let blank = rest.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
                self.line.pass(&rest[..blank]);
                rest = &rest[blank..];
                self.begins = self.line.line;
            }
            if rest.is_empty() {
                return Ok(());
            }
            self.begun = true;
            let (result, read) = self.read(rest);
            rest = &rest[read..];
            self.settle(&result, rows)?;
        }
    }

    /// There is no more text.
    ///
    /// # Errors
    /// `quote_not_closed`, and those of [`Self::feed`].
    pub fn finish(&mut self, rows: &mut Vec<Record>) -> Result<(), SheetFault> {
        while self.begun {
            // A line break ends a row, unless it is inside quotation marks, where it becomes part of the cell.
            let filled = self.filled;
            let (result, read) = self.read(b"\n");
            if read == 1 && self.filled > filled {
                return Err(self.quote_not_closed());
            }
            // It takes a byte order mark for the beginning of a row, though no row has begun.
            self.begun = read == 0 || !matches!(result, ReadRecordResult::InputEmpty);
            self.settle(&result, rows)?;
        }
        Ok(())
    }

    fn read(&mut self, text: &[u8]) -> (ReadRecordResult, usize) {
        let (result, read, filled, ended) =
            self.reader.read_record(text, &mut self.cells[self.filled..], &mut self.ends[self.ended..]);
        self.line.pass(&text[..read]);
        self.filled += filled;
        self.ended += ended;
        (result, read)
    }

    fn settle(&mut self, result: &ReadRecordResult, rows: &mut Vec<Record>) -> Result<(), SheetFault> {
        match result {
            ReadRecordResult::Record => {
                rows.push(self.record()?);
                (self.begun, self.filled, self.ended) = (false, 0, 0);
            }
            ReadRecordResult::OutputFull if self.cells.len() > self.limits.max_record_bytes => {
                return Err(self.limits.row_too_large(self.begins));
            }
            ReadRecordResult::OutputFull => {
                let size = (self.cells.len() * 2).min(self.limits.max_record_bytes + 1);
                self.cells.resize(size, 0);
            }
            ReadRecordResult::OutputEndsFull => return Err(self.limits.too_many_columns(self.begins)),
            ReadRecordResult::InputEmpty | ReadRecordResult::End => {}
        }
        Ok(())
    }

    fn record(&self) -> Result<Record, SheetFault> {
        if self.filled > self.limits.max_record_bytes {
            return Err(self.limits.row_too_large(self.begins));
        }
        let cells = self.cells[..self.filled].to_vec();
        // Cells are parted at ASCII characters, so that text stays text.
        let text = String::from_utf8(cells)
            .map_err(|_| SheetFault::at_line(self.begins, "malformed_encoding", "this is not UTF-8."))?;
        let mut ends = Vec::with_capacity(self.ended);
        let mut begin = 0;
        for end in &self.ends[..self.ended] {
            let most = self.limits.max_cell_chars;
            if end - begin > most && text.get(begin..*end).is_none_or(|cell| cell.chars().nth(most).is_some()) {
                return Err(self.limits.cell_too_long(self.begins));
            }
            begin = *end;
            ends.push(u32::try_from(*end).unwrap_or(u32::MAX));
        }
        Ok(Record::of_parts(self.begins, text, ends))
    }

    /// The mark stands before the row's last cell, behind as many lines as the cells before it have.
    fn quote_not_closed(&self) -> SheetFault {
        let mut line = LineCount { line: self.begins, after_return: false };
        line.pass(&self.cells[..self.ended.checked_sub(1).map_or(0, |last| self.ends[last])]);
        SheetFault::at_line(line.line, "quote_not_closed", "a quotation mark opens here and is never closed.")
    }
}

/// Counts lines, whichever way they end.
#[derive(Debug, Clone, Copy)]
struct LineCount {
    line: u64,
    after_return: bool,
}

impl LineCount {
    fn pass(&mut self, text: &[u8]) {
        for byte in text {
            let is_return = *byte == b'\r';
            self.line += u64::from(is_return || (*byte == b'\n' && !self.after_return));
            self.after_return = is_return;
        }
    }
}
