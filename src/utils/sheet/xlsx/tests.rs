//! Workbooks as Excel writes them, and archives that nobody should have.

use std::io::{Cursor, Write as _};

use tempfile::NamedTempFile;
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

use super::*;

/// A workbook's parts, by their names.
#[derive(Clone)]
struct Parts(Vec<(String, Vec<u8>)>);

impl Parts {
    /// A workbook of sheets, each with its name, its state and its rows' XML.
    fn of(sheets: &[(&str, &str, &str)], texts: &[&str]) -> Self {
        let mut parts = Self(Vec::new());
        let relations = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
        let (mut listed, mut related) = (Vec::new(), Vec::new());
        for (index, (name, state, rows)) in sheets.iter().enumerate() {
            let n = index + 1;
            listed.push(format!(r#"<sheet name="{name}" sheetId="{n}" state="{state}" r:id="rId{n}"/>"#));
            let path = format!("worksheets/sheet{n}.xml");
            related.push(format!(r#"<Relationship Id="rId{n}" Type="{relations}/worksheet" Target="{path}"/>"#));
            parts.put(&format!("xl/{path}"), &format!("<worksheet><sheetData>{rows}</sheetData></worksheet>"));
        }
        let (listed, related) = (listed.concat(), related.concat());
        let main = r#"xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships""#;
        parts.put("[Content_Types].xml", "<Types/>");
        parts.put("_rels/.rels", r#"<Relationships><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>"#);
        parts.put("xl/workbook.xml", &format!("<workbook {main}><sheets>{listed}</sheets></workbook>"));
        parts.put("xl/_rels/workbook.xml.rels", &format!("<Relationships>{related}</Relationships>"));
        // The second format is a date.
        parts.put(
            "xl/styles.xml",
            r#"<styleSheet><cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs></styleSheet>"#,
        );
        let texts = texts.iter().map(|text| format!("<si><t>{text}</t></si>")).collect::<Vec<_>>().concat();
        parts.put("xl/sharedStrings.xml", &format!("<sst>{texts}</sst>"));
        parts
    }

    fn put(&mut self, name: &str, text: &str) {
        self.0.retain(|(other, _)| other != name);
        self.0.push((name.to_owned(), text.as_bytes().to_vec()));
    }

    fn with(mut self, name: &str, text: &str) -> Self {
        self.put(name, text);
        self
    }

    fn zipped(&self) -> Vec<u8> {
        let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
        for (name, bytes) in &self.0 {
            archive.start_file(name.as_str(), options).unwrap();
            archive.write_all(bytes).unwrap();
        }
        archive.finish().unwrap().into_inner()
    }
}

type Rows = Vec<(u64, Vec<String>)>;

fn read_bytes(bytes: &[u8], sheet: Option<&str>, limits: &Limits) -> Result<(Sheet, Rows), SheetFault> {
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    let mut rows = Vec::new();
    let read = read(file.reopen().unwrap(), sheet, limits, |record| {
        rows.push((record.line(), record.cells().map(str::to_owned).collect()));
        Ok(())
    });
    read.map(|sheet| (sheet, rows))
}

fn code(parts: &Parts) -> &'static str {
    read_bytes(&parts.zipped(), None, &Limits::default()).unwrap_err().code
}

const ROWS: &str = r#"
    <row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c><c r="C1" t="inlineStr"><is><t>Since</t></is></c><c r="D1"/></row>
    <row r="3"><c r="A3" t="s"><v>2</v></c><c r="C3" s="1"><v>45322</v></c></row>
    <row r="4"><c r="B4"><v>40</v></c><c r="A4" t="str"><f>A1&amp;B1</f><v>a &amp; b</v></c><c r="C4" t="b"><v>1</v></c><c r="D4" t="e"><v>#N/A</v></c></row>"#;

fn rows() -> Rows {
    let row = |line, cells: &[&str]| (line, cells.iter().map(|cell| (*cell).to_owned()).collect());
    vec![row(1, &["Name", "Seats", "Since"]), row(3, &["Jörg", "", "2024-01-31"]), row(4, &["a & b", "40", "true"])]
}

#[test]
fn cells_are_read_as_their_sheet_shows_them() {
    let texts = ["Name", "Seats", "Jörg"];
    let sheets =
        [("Hidden", "hidden", ROWS), ("Empty", "visible", ""), ("Leads", "visible", ROWS), ("More", "visible", ROWS)];
    let workbook = Parts::of(&sheets, &texts).zipped();
    let (sheet, read) = read_bytes(&workbook, None, &Limits::default()).unwrap();
    assert_eq!((sheet.name.as_str(), read), ("Leads", rows()));
    assert_eq!(sheet.names, ["Empty", "Leads", "More"]);
    assert_eq!(read_bytes(&workbook, Some("More"), &Limits::default()).unwrap().0.name, "More");
    for name in ["Hidden", "leads"] {
        assert_eq!(read_bytes(&workbook, Some(name), &Limits::default()).unwrap_err().code, "xlsx_no_such_sheet");
    }
    assert_eq!(code(&Parts::of(&sheets[..2], &texts)), "file_empty");
}

#[test]
fn limits_hold_for_cells() {
    let workbook = Parts::of(&[("Leads", "visible", ROWS)], &["Name", "Seats", "Jörg"]).zipped();
    let most = Limits { max_columns: 3, max_cell_chars: 10, max_record_bytes: 15, ..Limits::default() };
    assert!(read_bytes(&workbook, None, &most).is_ok());
    for (limits, wanted) in [
        (Limits { max_columns: 2, ..most }, ("too_many_columns", Some(1))),
        (Limits { max_cell_chars: 9, ..most }, ("cell_too_long", Some(3))),
        (Limits { max_record_bytes: 14, ..most }, ("row_too_large", Some(3))),
    ] {
        let fault = read_bytes(&workbook, None, &limits).unwrap_err();
        assert_eq!((fault.code, fault.line), wanted);
    }
}

#[test]
fn a_caller_stops_the_reading() {
    let workbook = Parts::of(&[("Leads", "visible", ROWS)], &["Name", "Seats", "Jörg"]).zipped();
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(&workbook).unwrap();
    let mut seen = 0;
    let fault = read(file.reopen().unwrap(), None, &Limits::default(), |record| {
        seen += 1;
        Err(SheetFault::at_line(record.line(), "enough", ""))
    });
    assert_eq!((fault.unwrap_err().code, seen), ("enough", 1));
}

#[test]
fn what_would_take_much_memory_is_refused_before_it_is_opened() {
    let plain = || Parts::of(&[("Leads", "visible", ROWS)], &["Name", "Seats", "Jörg"]);
    let deep = "<a>".repeat(200) + &"</a>".repeat(200);
    let cell = |text: &str| {
        let text = text.repeat(400_000);
        format!("<worksheet><sheetData><row><c t=\"str\"><v>{text}</v></c></row></sheetData></worksheet>")
    };
    for (name, text, wanted) in [
        ("sharedStrings.xml", "<sst uniqueCount=\"9999999999\"/>", "xlsx_too_many_texts"),
        ("worksheets/sheet1.xml", &cell("xxxxx"), "xlsx_unreadable"),
        ("worksheets/sheet1.xml", &cell("x<i/>"), "xlsx_unreadable"),
        ("worksheets/sheet1.xml", &deep, "xlsx_unreadable"),
        ("worksheets/sheet1.xml", "<!DOCTYPE x [<!ENTITY a 'aaa'>]><worksheet/>", "xlsx_unreadable"),
        ("workbook.xml", "<workbook>", "xlsx_unreadable"),
    ] {
        assert_eq!(code(&plain().with(&format!("xl/{name}"), text)), wanted);
    }
}

#[test]
fn a_fault_of_the_reader_is_one_of_the_workbook() {
    let backwards = "<worksheet><dimension ref='B2:A1'/><sheetData/></worksheet>";
    let workbook = Parts::of(&[("Leads", "visible", ROWS)], &[]).with("xl/worksheets/sheet1.xml", backwards);
    // Where arithmetic is checked, the reader panics.
    assert!(["xlsx_unreadable", "file_empty"].contains(&code(&workbook)));
}

#[test]
fn what_is_unpacked_is_counted() {
    let workbook = Parts::of(&[("Leads", "visible", ROWS)], &["Name", "Seats", "Jörg"]).with("xl/media/1.png", "image");
    let workbook = Cursor::new(workbook.zipped());
    let budget = |all, texts, others| Budget { all, texts, others };
    let check = |budget| guard::check(workbook.clone(), budget).map_err(|fault| fault.code);
    assert_eq!(check(budget(9_999, 9_999, 9_999)), Ok(()));
    for small in [budget(999, 9_999, 9_999), budget(9_999, 50, 9_999), budget(9_999, 9_999, 500)] {
        assert_eq!(check(small), Err("xlsx_too_large"));
    }
}

#[test]
fn an_archive_is_not_believed() {
    let plain = Parts::of(&[("Leads", "visible", ROWS)], &["Name", "Seats", "Jörg"]).zipped();
    let refused = |bytes: &[u8]| read_bytes(bytes, None, &Limits::default()).unwrap_err().code;
    let entries = [&plain[..], &b"PK\x01\x02".repeat(5_000), &plain].concat();
    assert_eq!(refused(&entries), "xlsx_unreadable");
    assert_eq!(refused(&plain[..plain.len() / 2]), "xlsx_unreadable");
    assert_eq!(refused(b"PK\x03\x04"), "xlsx_unreadable");
    // A part that claims to be small: its size stands in the directory, 24 bytes behind the mark.
    let rows = "<row r=\"1\"><c r=\"A1\"><v>1</v></c></row>".repeat(30_000);
    let mut lying = Parts::of(&[("Leads", "visible", &rows)], &[]).zipped();
    let marks: Vec<_> = (0..lying.len() - 4).filter(|at| &lying[*at..at + 4] == b"PK\x01\x02").collect();
    lying[marks[0] + 24..marks[0] + 28].copy_from_slice(&5_u32.to_le_bytes());
    if let Ok((_, read)) = read_bytes(&lying, None, &Limits::default()) {
        assert_eq!(read.len(), 30_000, "counted by what is really there");
    }
}

#[test]
fn damage_makes_no_panic() {
    let plain = Parts::of(&[("Leads", "visible", ROWS)], &["Name", "Seats", "Jörg"]).zipped();
    for at in (0..plain.len()).step_by(7) {
        let mut damaged = plain.clone();
        damaged[at] ^= 0x55;
        let _ = read_bytes(&damaged, None, &Limits::default());
    }
}
