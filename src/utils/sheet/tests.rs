//! Files as people have them, and files that nobody should have.

use encoding_rs::{Encoding, UTF_8, UTF_16LE, WINDOWS_1252};
use proptest::prelude::*;

use super::*;

type Table = (Vec<String>, Vec<(u64, Vec<String>)>);

fn read_cut(
    file: &[u8],
    choice: DialectChoice,
    limits: Limits,
    cuts: impl Iterator<Item = usize>,
) -> Result<(Table, Dialect), SheetFault> {
    let (mut reader, mut rows, mut rest) = (TextReader::new(choice, limits), Vec::new(), file);
    for cut in cuts {
        let (bytes, others) = rest.split_at(cut.min(rest.len()));
        reader.feed(bytes, &mut rows)?;
        rest = others;
        if rest.is_empty() {
            break;
        }
    }
    reader.feed(rest, &mut rows)?;
    let columns = reader.finish(&mut rows)?.columns.clone();
    assert_eq!(reader.rows(), rows.len() as u64);
    let cells = |row: &Record| (row.line(), row.cells().map(str::to_owned).collect());
    Ok(((columns, rows.iter().map(cells).collect()), reader.dialect().unwrap()))
}

fn read(file: &[u8]) -> Result<(Table, Dialect), SheetFault> {
    read_cut(file, DialectChoice::default(), Limits::default(), std::iter::empty())
}

fn refused(file: &[u8], limits: Limits) -> (&'static str, Option<u64>) {
    let fault = read_cut(file, DialectChoice::default(), limits, std::iter::empty()).unwrap_err();
    (fault.code, fault.line.or(fault.offset))
}

fn owned(cells: &[&str]) -> Vec<String> {
    cells.iter().map(|cell| (*cell).to_owned()).collect()
}

fn encoded(text: &str, name: &str) -> Vec<u8> {
    let units = |bytes: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(bytes).collect();
    match name {
        "UTF-16LE" => units(u16::to_le_bytes),
        "UTF-16BE" => units(u16::to_be_bytes),
        name => Encoding::for_label(name.as_bytes()).unwrap().encode(text).0.into_owned(),
    }
}

#[test]
fn every_usual_encoding_is_known() {
    let text = "Name;City\r\nJörg Müller;Zürich\r\nÉlodie;Besançon\r\nAndré;Nîmes\r\n";
    for (name, mark) in [
        ("UTF-8", &b""[..]),
        ("UTF-8", b"\xef\xbb\xbf"),
        ("UTF-16LE", b"\xff\xfe"),
        ("UTF-16LE", b""),
        ("UTF-16BE", b"\xfe\xff"),
        ("UTF-16BE", b""),
        ("windows-1252", b""),
    ] {
        let file = [mark, &encoded(text, name)].concat();
        let ((columns, rows), dialect) = read(&file).unwrap();
        assert_eq!((dialect.encoding.name(), dialect.delimiter), (name, Delimiter::Semicolon));
        assert_eq!(columns, ["Name", "City"], "{name}");
        assert_eq!(rows[0], (2, owned(&["Jörg Müller", "Zürich"])), "{name}");
        assert_eq!(rows.len(), 3);
    }
    let russian = "Имя,Город\r\nАнна Иванова,Санкт-Петербург\r\nПётр Сидоров,Москва\r\n".repeat(9);
    assert_eq!(read(&encoded(&russian, "windows-1251")).unwrap().1.encoding.name(), "windows-1251");
}

#[test]
fn the_first_letter_beyond_ascii_decides_however_late_it_comes() {
    let plain = "name,city\n".to_owned() + &"Jane,Leeds\n".repeat(9_000);
    for name in ["UTF-8", "windows-1252"] {
        let file = encoded(&format!("{plain}Jörg,Köln\nÅsa,Malmö"), name);
        let ((_, rows), dialect) = read(&file).unwrap();
        assert_eq!(dialect.encoding.name(), name);
        assert_eq!(rows.last().unwrap().1, owned(&["Åsa", "Malmö"]));
    }
    let file = [plain.as_bytes(), "Jörg,".as_bytes(), b"K\xf6ln\n"].concat();
    let begin = plain.len() as u64 + 7;
    assert_eq!(refused(&file, Limits::default()), ("malformed_encoding", Some(begin)));
    let file = [plain.as_bytes(), b"J\xc3"].concat();
    assert_eq!(read(&file).unwrap().1.encoding.name(), "windows-1252", "half a letter of UTF-8 is a whole one there");
}

#[test]
fn what_a_caller_says_comes_first() {
    let choice = DialectChoice { encoding: TextEncoding::named("latin2"), delimiter: Some(Delimiter::Pipe) };
    let file = encoded("a,b|c\nŁódź|x\n", "iso-8859-2");
    let ((columns, rows), _) = read_cut(&file, choice, Limits::default(), std::iter::empty()).unwrap();
    assert_eq!((columns, rows[0].1.clone()), (owned(&["a,b", "c"]), owned(&["Łódź", "x"])));
    let utf_8 = DialectChoice { encoding: TextEncoding::named("utf-8"), delimiter: None };
    let file = [&b"\xff\xfe"[..], &encoded("a,b\n1,2", "UTF-16LE")].concat();
    let read = read_cut(&file, utf_8, Limits::default(), std::iter::empty()).unwrap();
    assert_eq!(read.1.encoding.name(), "UTF-16LE", "but for a byte order mark");
    for name in ["klingon", "replacement", ""] {
        assert_eq!(TextEncoding::named(name), None);
    }
}

#[test]
fn every_usual_delimiter_is_known() {
    for (file, delimiter, columns) in [
        ("a,b,c\n1,2,3\n", Delimiter::Comma, 3),
        ("a;b;c\n1,5;2,5;3\n1,5;2;3\n", Delimiter::Semicolon, 3),
        ("a\tb\n1,2\t3\n", Delimiter::Tab, 2),
        ("a|b\n1|2;3\n", Delimiter::Pipe, 2),
        ("name,email,tags\nJane,j@x.com,a;b;c;d\nJoe,k@x.com,a;b;c;d\nJim,l@x.com,a;b;c;d\n", Delimiter::Comma, 3),
        ("name;email\n\"Doe, Jane\";a\n\"Roe, Joe\";b\n", Delimiter::Semicolon, 2),
        ("name;email\nDoe, Jane;a\nRoe, Joe;b\n", Delimiter::Semicolon, 2),
        ("a,b\n\"x;y;z\n;;;\",1\n", Delimiter::Comma, 2),
        ("email\nj@x.com\n", Delimiter::Comma, 1),
        ("sep=;\r\na,b;c\r\n1;2\r\n", Delimiter::Semicolon, 2),
        ("\"sep=|\"\na,b\n1,2\n", Delimiter::Pipe, 1),
        ("SEP=\t\na,b\n1,2\n", Delimiter::Tab, 1),
        ("a;b;c\n1;2\n1;2;3\n1;2;3;4\n1;2;3\n", Delimiter::Semicolon, 3),
    ] {
        let ((header, _), dialect) = read(file.as_bytes()).unwrap();
        assert_eq!((dialect.delimiter, header.len()), (delimiter, columns), "{file}");
    }
    let ((_, rows), _) = read(b"\xef\xbb\xbfsep=;\r\na;b\r\n1;2").unwrap();
    assert_eq!(rows, [(3, owned(&["1", "2"]))]);
}

#[test]
fn rows_know_their_lines() {
    for end in ["\n", "\r\n", "\r"] {
        let file = ["a,b", "", "1,\"x", "y\"", "", "", " , ", "2,z", "3"].join(end);
        let ((_, rows), _) = read(file.as_bytes()).unwrap();
        let broken = format!("x{end}y");
        let wanted = [(3, owned(&["1", &broken])), (8, owned(&["2", "z"])), (9, owned(&["3"]))];
        assert_eq!(rows, wanted, "{end:?}");
    }
    let ((_, rows), _) = read(b"a,b\n\"say \"\"hi\"\"\",x\"y\n\"\",\"\"\n").unwrap();
    assert_eq!(rows, [(2, owned(&["say \"hi\"", "x\"y"]))]);
}

#[test]
fn a_file_that_is_no_table_is_refused_with_a_reason() {
    let size = |name: &str| u32::try_from(name.len()).unwrap().to_le_bytes();
    let zip = |name: &str| [b"PK\x03\x04", &[0; 22][..], &size(name), name.as_bytes()].concat();
    for (file, code) in [
        (&b""[..], "file_empty"),
        (b"\r\n \n,,,\n", "file_empty"),
        (b"\xef\xbb\xbf", "file_empty"),
        (b"\x1f\x8b\x08\0", "file_is_gzip"),
        (&zip("leads.csv"), "file_is_zip"),
        (&zip("word/document.xml"), "file_is_zip"),
        (&zip("xl/workbook.xml"), "file_is_xlsx"),
        (&zip("[Content_Types].xml"), "file_is_xlsx"),
        (b"PK\x03\x04", "file_is_zip"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0", "file_is_xls"),
        (b"%PDF-1.7", "file_is_pdf"),
        (b"BZh9", "file_is_compressed"),
        (b"\n<!DocType HTML><table>", "file_is_html"),
        (b"a,b\n1,\0\n", "nul_byte"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "nul_byte"),
    ] {
        assert_eq!(refused(file, Limits::default()).0, code, "{file:?}");
    }
    let late = ["a,b\n".to_owned(), "1,2\n".repeat(20_000), "3,\0".into()].concat();
    assert_eq!(refused(late.as_bytes(), Limits::default()), ("nul_byte", Some(late.len() as u64 - 1)));
    let utf_16 = encoded("a,b\n1,\0\n", "UTF-16LE");
    assert_eq!(refused(&utf_16, Limits::default()).0, "nul_byte");
}

/// Found by fuzzing: the reader of rows took the second mark for the beginning of a row, and waited for its end for ever.
#[test]
fn a_second_byte_order_mark_is_no_row() {
    let limits = Limits::default();
    for file in
        [&b"\xfe\xff\xfe\xff"[..], b"\xff\xfe\xff\xfe", b"\xef\xbb\xbf\xef\xbb\xbf", b"\xef\xbb\xbf\xef\xbb\xbf\n\n"]
    {
        assert_eq!(refused(file, limits).0, "file_empty", "{file:x?}");
    }
    let (table, _) = read(b"\xfe\xff\xfe\xff\0a\0\n\0b").unwrap();
    assert_eq!(table, (owned(&["a"]), vec![(2, owned(&["b"]))]));
}

#[test]
fn each_limit_tells_the_line() {
    let limits = Limits { max_bytes: 100_000, max_rows: 3, max_columns: 3, max_record_bytes: 100, max_cell_chars: 30 };
    let long = |row: &str| format!("a,b\n\n1,2\n{row}\n");
    for (file, wanted) in [
        (long("1,2,3"), None),
        (long("1,2,3,"), Some(("too_many_columns", Some(4)))),
        (long(&"ä".repeat(30)), None),
        (long(&"ä".repeat(31)), Some(("cell_too_long", Some(4)))),
        (long(&["ä".repeat(25), "ä".repeat(24)].join(",")), None),
        (long(&["ä".repeat(26), "ä".repeat(25)].join(",")), Some(("row_too_large", Some(4)))),
        (long(&"x".repeat(90_000)), Some(("row_too_large", Some(4)))),
        (long("1\n2"), None),
        (long("1\n2\n3"), Some(("too_many_rows", Some(6)))),
        (long("x,\"y"), Some(("quote_not_closed", Some(4)))),
        (long("\"x\ny\",\"\n\""), None),
        (long("\"x\ny\",\"\n"), Some(("quote_not_closed", Some(5)))),
        ("x".repeat(100_001), Some(("file_too_large", None))),
    ] {
        let read = read_cut(file.as_bytes(), DialectChoice::default(), limits, std::iter::empty());
        assert_eq!(read.err().map(|fault| (fault.code, fault.line)), wanted, "{}", &file[..file.len().min(80)]);
    }
}

#[test]
fn memory_holds_what_is_being_read() {
    let mut reader = TextReader::new(DialectChoice::default(), Limits::default());
    let mut rows = Vec::new();
    reader.feed(b"a,b\n\"", &mut rows).unwrap();
    let mut fed = 0;
    let fault = loop {
        fed += 4_096;
        if let Err(fault) = reader.feed(&[b'x'; 4_096], &mut rows) {
            break fault;
        }
    };
    assert_eq!((fault.code, fault.line), ("row_too_large", Some(2)));
    assert!(fed < 2 * 1024 * 1024, "told after {fed} bytes");
}

/// How cells are written, each in one of the ways in which people's programs do.
fn written(rows: &[Vec<(String, bool)>], delimiter: char, end: &str) -> String {
    let cell = |(text, quoted): &(String, bool)| {
        let delicate = text.contains([delimiter, '"', '\r', '\n']);
        if *quoted || delicate { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.clone() }
    };
    let line = |row: &Vec<(String, bool)>| row.iter().map(cell).collect::<Vec<_>>().join(&delimiter.to_string());
    rows.iter().map(line).collect::<Vec<_>>().join(end)
}

proptest! {
    #[test]
    fn rows_are_the_same_however_the_bytes_are_cut(
        rows in prop::collection::vec(prop::collection::vec((r"[a-z,;\t\n\r \x22äß€]{0,5}", any::<bool>()), 2..5), 1..12),
        delimiter in prop::sample::select(vec![',', ';', '\t', '|']),
        end in prop::sample::select(vec!["\n", "\r\n", "\r"]),
        encoding in prop::sample::select(vec!["UTF-8", "UTF-16LE", "UTF-16BE", "windows-1252"]),
        mark in any::<bool>(),
        cuts in prop::collection::vec(1_usize..9, 0..60),
    ) {
        let text = written(&rows, delimiter, end);
        let text = if mark { format!("\u{feff}{text}") } else { text };
        let file = encoded(if encoding == "windows-1252" { text.trim_start_matches('\u{feff}') } else { &text }, encoding);
        let read = |cuts: Vec<usize>| read_cut(&file, DialectChoice::default(), Limits::default(), cuts.into_iter());
        let whole = read(Vec::new());
        prop_assert_eq!(read(cuts), whole.clone());
        prop_assert_eq!(read(vec![1; file.len()]), whole);
    }

    #[test]
    fn rows_are_those_of_another_reader(
        rows in prop::collection::vec(prop::collection::vec((r"[a-z,;\n\r \x22ä]{0,5}", any::<bool>()), 1..5), 1..12),
        end in prop::sample::select(vec!["\n", "\r\n", "\r"]),
        loose in r"[a,\x22\n\r]{0,20}",
    ) {
        for text in [written(&rows, ',', end), loose] {
            let mut other = ::csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
            let wanted: Vec<Vec<String>> =
                other.records().map(|record| record.unwrap().iter().map(str::to_owned).collect()).collect();
            let (mut parser, mut records) = (CsvParser::new(Delimiter::Comma, 1, Limits::default()), Vec::new());
            parser.feed(&text, &mut records).unwrap();
            let finished = parser.finish(&mut records);
            let read: Vec<Vec<String>> = records.iter().map(|row| row.cells().map(str::to_owned).collect()).collect();
            match finished {
                Ok(()) => prop_assert_eq!(read, wanted),
                Err(fault) => {
                    prop_assert_eq!(fault.code, "quote_not_closed");
                    prop_assert!(wanted.starts_with(&read));
                }
            }
        }
    }

    #[test]
    fn an_encoding_is_read_as_it_was_written(text in r"[a-z äöüéß€\n,]{0,40}") {
        for encoding in [UTF_8, WINDOWS_1252, UTF_16LE] {
            let mut decoder = Decoder::new(TextEncoding::of(encoding));
            let mut read = String::new();
            for byte in encoded(&text, encoding.name()) {
                decoder.decode(&[byte], &mut read).unwrap();
            }
            decoder.finish(&mut read).unwrap();
            prop_assert_eq!(&read, &text);
        }
    }

    #[test]
    fn nothing_makes_it_panic(
        file in prop::collection::vec(prop_oneof![any::<u8>(), prop::sample::select(b",;\"\r\n\0a\xc3\xa4".to_vec())], 0..200),
        cut in 1_usize..50,
    ) {
        prop_assert!(survey(&file, cut));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn rows_are_the_same_however_the_bytes_behind_the_sample_are_cut(
        text in r"[a-z,;\t\n\r\x22äß€]{0,60}",
        encoding in prop::sample::select(vec!["UTF-8", "windows-1252"]),
        short in 0..9_usize,
        cuts in prop::collection::vec(1_usize..9, 0..20),
    ) {
        let before = "aaaa,b\n".repeat(SAMPLE / 7 + 1);
        let before = &before[..SAMPLE - short];
        let file = [before.as_bytes(), &encoded(&text, encoding)].concat();
        let read = |cuts: Vec<usize>| {
            let cuts = std::iter::once(before.len()).chain(cuts);
            read_cut(&file, DialectChoice::default(), Limits::default(), cuts)
        };
        let whole = read(Vec::new());
        prop_assert_eq!(read(cuts), whole.clone());
        prop_assert_eq!(read(vec![1; 200]), whole);
    }
}
