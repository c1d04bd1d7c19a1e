//! Separated text from its bytes to its rows.

use super::{
    CsvParser, Decoder, Delimiter, FileKind, Head, Header, Limits, Record, SAMPLE, SheetFault, TextEncoding, pack,
    unpack,
};

/// So many bytes are worked on at once.
const STEP: usize = 64 * 1024;

/// How a file is to be read; what is not said is detected.
#[derive(Debug, Clone, Copy, Default)]
pub struct DialectChoice {
    /// How it spells its letters.
    pub encoding: Option<TextEncoding>,
    /// What stands between its cells.
    pub delimiter: Option<Delimiter>,
}

/// How a file is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dialect {
    /// How it spells its letters.
    pub encoding: TextEncoding,
    /// What stands between its cells.
    pub delimiter: Delimiter,
}

/// Takes a file of separated text as it comes, however it is cut, and gives the rows below its header.
#[derive(Debug)]
pub struct TextReader {
    choice: DialectChoice,
    limits: Limits,
    taken: u64,
    /// The first bytes, until there are enough to tell how to read them.
    sample: Vec<u8>,
    reading: Option<Reading>,
    head: Head,
}

#[derive(Debug)]
struct Reading {
    decoder: Decoder,
    delimiter: Delimiter,
    parser: CsvParser,
    text: String,
    records: Vec<Record>,
}

impl TextReader {
    /// A reader at the beginning of a file.
    #[must_use]
    pub fn new(choice: DialectChoice, limits: Limits) -> Self {
        Self { choice, limits, taken: 0, sample: Vec::new(), reading: None, head: Head::new(limits) }
    }

    /// Adds the rows that end in these bytes. A caller who has many bytes at once and little memory feeds them in slices.
    ///
    /// # Errors
    /// Whatever is wrong with the file; nothing more can be read then.
    pub fn feed(&mut self, bytes: &[u8], rows: &mut Vec<Record>) -> Result<(), SheetFault> {
        self.taken += bytes.len() as u64;
        if self.taken > self.limits.max_bytes {
            return Err(self.limits.file_too_large());
        }
        let mut rest = bytes;
        if self.reading.is_none() {
            let (first, others) = rest.split_at(rest.len().min(SAMPLE - self.sample.len()));
            self.sample.extend_from_slice(first);
            rest = others;
            if self.sample.len() == SAMPLE {
                self.begin(false, rows)?;
            }
        }
        if let Some(reading) = &mut self.reading {
            for step in rest.chunks(STEP) {
                reading.step(step, &mut self.head, rows)?;
            }
        }
        Ok(())
    }

    /// There are no more bytes: adds the last rows.
    ///
    /// # Errors
    /// Whatever is wrong with the file.
    pub fn finish(&mut self, rows: &mut Vec<Record>) -> Result<&Header, SheetFault> {
        if self.reading.is_none() {
            self.begin(true, rows)?;
        }
        if let Some(reading) = &mut self.reading {
            reading.finish(&mut self.head, rows)?;
        }
        self.head.finish(rows)
    }

    /// The columns' names, once they are known.
    #[must_use]
    pub fn header(&self) -> Option<&Header> {
        self.head.header()
    }

    /// How many rows have been given.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.head.rows()
    }

    /// How the file is read, once that is known.
    #[must_use]
    pub fn dialect(&self) -> Option<Dialect> {
        let reading = self.reading.as_ref()?;
        Some(Dialect { encoding: reading.decoder.encoding(), delimiter: reading.delimiter })
    }

    fn begin(&mut self, whole: bool, rows: &mut Vec<Record>) -> Result<(), SheetFault> {
        let sample = std::mem::take(&mut self.sample);
        let kind = FileKind::of(&sample);
        // A caller who names an encoding knows what zeros are for.
        if self.choice.encoding.is_none_or(|encoding| !encoding.is_utf_16()) && kind? == FileKind::Xlsx {
            return Err(SheetFault::new("file_is_xlsx", "The file is a workbook, not separated text."));
        }
        let chosen = self.choice.encoding.filter(|_| !TextEncoding::is_marked(&sample));
        let encoding = chosen.unwrap_or_else(|| TextEncoding::detect(&sample, whole));
        let mut decoder = Decoder::new(encoding);
        let mut text = String::new();
        decoder.decode(&sample, &mut text)?;
        let declared = Delimiter::declared(&text);
        let (line, begin) = declared.map_or((1, 0), |(_, end)| (2, end));
        let declared = declared.map(|(delimiter, _)| delimiter);
        let choice = self.choice.delimiter.or(declared);
        let delimiter = choice.unwrap_or_else(|| Delimiter::detect(&text[begin..], whole));
        let parser = CsvParser::new(delimiter, line, self.limits);
        text.drain(..begin);
        let mut reading = Reading { decoder, delimiter, parser, text, records: Vec::new() };
        reading.parse(&mut self.head, rows)?;
        self.reading = Some(reading);
        Ok(())
    }
}

impl Reading {
    fn step(&mut self, bytes: &[u8], head: &mut Head, rows: &mut Vec<Record>) -> Result<(), SheetFault> {
        self.decoder.decode(bytes, &mut self.text)?;
        self.parse(head, rows)
    }

    fn finish(&mut self, head: &mut Head, rows: &mut Vec<Record>) -> Result<(), SheetFault> {
        self.decoder.finish(&mut self.text)?;
        self.parse(head, rows)?;
        self.parser.finish(&mut self.records)?;
        self.hand_on(head, rows)
    }

    fn parse(&mut self, head: &mut Head, rows: &mut Vec<Record>) -> Result<(), SheetFault> {
        let parsed = self.parser.feed(&self.text, &mut self.records);
        self.text.clear();
        parsed?;
        self.hand_on(head, rows)
    }

    fn hand_on(&mut self, head: &mut Head, rows: &mut Vec<Record>) -> Result<(), SheetFault> {
        self.records.drain(..).try_for_each(|record| head.push(record, rows))
    }
}

/// Reads a file in pieces of `cut` bytes and looks at every row. Whether they are as they should be: they always are, whatever the file.
#[must_use]
pub fn survey(file: &[u8], cut: usize) -> bool {
    let mut reader = TextReader::new(DialectChoice::default(), Limits::default());
    let mut rows = Vec::new();
    let fed = file.chunks(cut.max(1)).try_for_each(|bytes| reader.feed(bytes, &mut rows));
    let columns = fed.and_then(|()| reader.finish(&mut rows).map(|header| header.columns.len()));
    let told = columns.is_err() || reader.rows() == rows.len() as u64;
    let kept = unpack(&pack(&rows)).is_some_and(|kept| kept == rows);
    let lined = rows.is_sorted_by(|one, next| one.line() < next.line());
    told && kept && lined && rows.iter().all(|row| !row.is_blank() && row.len() <= Limits::default().max_columns)
}
