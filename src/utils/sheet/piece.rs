//! Rows as bytes, to be kept until they are worked on.
//!
//! A byte that names the form, then of each row its line, its number of cells, each cell's length in bytes, and the cells' text. All
//! numbers are LEB128.

use super::Record;

const FORM: u8 = 1;

/// The rows as bytes. [`unpack`] gives back the same ones.
#[must_use]
pub fn pack(records: &[Record]) -> Vec<u8> {
    let size = records.iter().map(|record| record.bytes() + 2 * record.len() + 8).sum::<usize>();
    let mut bytes = Vec::with_capacity(size + 1);
    bytes.push(FORM);
    for record in records {
        write(&mut bytes, record.line());
        write(&mut bytes, record.len() as u64);
        let mut begin = 0;
        for end in record.ends() {
            write(&mut bytes, u64::from(end - begin));
            begin = *end;
        }
        bytes.extend_from_slice(record.text().as_bytes());
    }
    bytes
}

/// The rows that [`pack`] was given; none if these bytes are not from it.
#[must_use]
pub fn unpack(bytes: &[u8]) -> Option<Vec<Record>> {
    let (form, mut rest) = bytes.split_first()?;
    let mut records = Vec::new();
    while !rest.is_empty() {
        records.push(record(&mut rest)?);
    }
    (*form == FORM).then_some(records)
}

fn record(rest: &mut &[u8]) -> Option<Record> {
    let line = read(rest)?;
    let cells = usize::try_from(read(rest)?).ok()?;
    // Each length takes a byte at least, so that a wrong number asks for no more memory than the bytes themselves.
    let mut ends = Vec::with_capacity(cells.min(rest.len()));
    let mut end = 0_u32;
    for _ in 0..cells {
        end = end.checked_add(u32::try_from(read(rest)?).ok()?)?;
        ends.push(end);
    }
    let (cells, others) = rest.split_at_checked(end as usize)?;
    let text = std::str::from_utf8(cells).ok()?;
    *rest = others;
    ends.iter().all(|end| text.is_char_boundary(*end as usize)).then(|| Record::of_parts(line, text.to_owned(), ends))
}

fn write(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    bytes.push((number & 0x7f) as u8);
}

fn read(rest: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (byte, others) = rest.split_first()?;
        *rest = others;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn packing_is_undone_exactly(
            rows in prop::collection::vec((any::<u64>(), prop::collection::vec(r"\PC{0,200}", 0..5)), 0..9),
        ) {
            let rows: Vec<_> =
                rows.iter().map(|(line, cells)| Record::of(*line, cells.iter().map(String::as_str))).collect();
            prop_assert_eq!(unpack(&pack(&rows)), Some(rows));
        }

        #[test]
        fn nothing_makes_unpacking_panic(mut bytes in prop::collection::vec(any::<u8>(), 0..60)) {
            let _ = unpack(&bytes);
            if let Some(form) = bytes.first_mut() {
                *form = FORM;
                if let Some(records) = unpack(&bytes) {
                    prop_assert_eq!(unpack(&pack(&records)), Some(records));
                }
            }
        }
    }
}
