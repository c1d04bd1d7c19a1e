//! The ways in which a file may be sent, and the ways in which it may be written.

use std::io::{Cursor, Write as _};

use reqwest::Method;
use serde_json::{Value, json};
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

use super::{
    LEADS, LISTS, TRACES, XLSX, comes_to, count, counts, done, form, list, path_of, people, send, upload, upload_with,
};
use crate::support::{Caller, TestApp};

const TABLE: &[u8] = b"Work Email,First Name,Seniority\njane@example.com,Jane,c-level\njoe@example.com,Joe,vp\n";

async fn leads(caller: &Caller, query: &str) -> Value {
    caller.get(&format!("{LEADS}?sort=created_at{query}")).await.expect(200)["data"].take()
}

fn each<'a>(leads: &'a Value, field: &str) -> Vec<&'a Value> {
    leads.as_array().unwrap().iter().map(|lead| &lead[field]).collect()
}

/// A workbook of one sheet with these rows.
pub(super) fn workbook(rows: &[&[&str]]) -> Vec<u8> {
    workbook_with(rows, &[])
}

/// The same, with other parts.
pub(super) fn workbook_with(rows: &[&[&str]], others: &[(&str, &[u8])]) -> Vec<u8> {
    let main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    let office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let package = "http://schemas.openxmlformats.org/package/2006";
    let cell = |text: &&str| format!("<c t=\"inlineStr\"><is><t>{text}</t></is></c>");
    let row = |cells: &&[&str]| format!("<row>{}</row>", cells.iter().map(cell).collect::<String>());
    let rows: String = rows.iter().map(row).collect();
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    for (name, xml) in [
        ("[Content_Types].xml", format!("<Types xmlns=\"{package}/content-types\"/>")),
        (
            "_rels/.rels",
            format!(
                "<Relationships xmlns=\"{package}/relationships\"><Relationship Id=\"rId1\" Type=\"{office}/officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>"
            ),
        ),
        (
            "xl/workbook.xml",
            format!(
                "<workbook xmlns=\"{main}\" xmlns:r=\"{office}\"><sheets><sheet name=\"Leads\" sheetId=\"1\" r:id=\"rId1\"/></sheets></workbook>"
            ),
        ),
        (
            "xl/_rels/workbook.xml.rels",
            format!(
                "<Relationships xmlns=\"{package}/relationships\"><Relationship Id=\"rId1\" Type=\"{office}/worksheet\" Target=\"worksheets/sheet1.xml\"/></Relationships>"
            ),
        ),
        ("xl/worksheets/sheet1.xml", format!("<worksheet xmlns=\"{main}\"><sheetData>{rows}</sheetData></worksheet>")),
    ] {
        archive.start_file(name, options).unwrap();
        archive.write_all(xml.as_bytes()).unwrap();
    }
    for (name, bytes) in others {
        archive.start_file(*name, options).unwrap();
        archive.write_all(bytes).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

#[tokio::test]
async fn a_file_becomes_leads_on_the_list() {
    let app = TestApp::start().await;
    let member = app.member();
    let list = list(&member).await;
    let options = json!({"mapping": {"Seniority": "custom_fields.level"}}).to_string();
    let (kind, body) = form(&[("options", None, options.as_bytes()), ("file", Some(r"C:\a\people.csv"), TABLE)]);
    let answer = send(&member, &list, "", (&kind, body)).await;
    let location = answer.header("location").to_owned();
    let queued = answer.expect(202);
    assert_eq!(location, path_of(&queued));
    let expected = json!({
        "status": "queued", "file_name": "people.csv", "file_bytes": TABLE.len(), "rows_total": 2, "rows_read": 0, "lead_list_id": list,
        "on_duplicate": "update_empty", "created": 0, "rejected": 0, "rows_per_second": null, "seconds_left": null, "failure": null,
        "cancel_requested": false, "undo": null, "started_at": null, "finished_at": null,
        "columns": [{"header": "Work Email", "field": "email"}, {"header": "First Name", "field": "first_name"},
                    {"header": "Seniority", "field": "custom_fields.level"}],
    });
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(&queued[name], value, "{name}");
    }
    assert_eq!(member.get(&location).await.expect(200), queued);
    app.outsider().get(&location).await.expect_problem(404, "import_not_found");
    let import = done(&app, &member, &queued).await;
    assert_eq!((&import["status"], counts(&import)), (&json!("completed"), [2, 0, 0, 0, 0, 0]));
    let found = leads(&member, &format!("&lead_list_id={list}")).await;
    assert_eq!(each(&found, "email"), ["jane@example.com", "joe@example.com"], "in the file's order");
    assert_eq!(each(&found, "source"), ["csv_import", "csv_import"]);
    assert_eq!(found[1]["custom_fields"], json!({"level": "vp"}));
    let audited =
        "select count(*) from audit_logs where entity_type = 'import' and actor_type = 'user' and actor_id is not null
                   and action in ('import.created', 'import.leads_created', 'import.completed')";
    assert_eq!(count(&app, audited).await, 3);
    assert_eq!(
        count(&app, "select count(*) from import_pieces where records is not null").await,
        0,
        "rows are forgotten"
    );
}

#[tokio::test]
async fn the_body_may_be_the_file_itself() {
    let app = TestApp::start().await;
    let member = app.member();
    let list = list(&member).await;
    let query = "?on_duplicate=overwrite&delimiter=semicolon&encoding=windows-1252&file_name=b%C3%BCcher.csv";
    let import = upload(&member, &list, query, b"email;first_name\njose@example.com;Jos\xe9\n".to_vec()).await;
    assert_eq!((&import["on_duplicate"], &import["file_name"]), (&json!("overwrite"), &json!("bücher.csv")));
    done(&app, &member, &import).await;
    let sheet =
        workbook(&[&["E-Mail", "Vorname"], &["anna@example.com", "Anna"], &["", ""], &["ben@example.com", "Ben"]]);
    let import = send(&member, &list, "?sheet=Leads", (XLSX, sheet.clone())).await.expect(202);
    assert_eq!((&import["rows_total"], &import["file_bytes"]), (&json!(2), &json!(sheet.len())));
    done(&app, &member, &import).await;
    let found = leads(&member, "").await;
    let mut names = each(&found, "first_name");
    names.sort_by_key(|name| name.as_str().unwrap().to_owned());
    assert_eq!(names, ["Anna", "Ben", "José"]);
}

#[tokio::test]
async fn a_charset_beside_the_content_type_says_how_the_file_is_written() {
    let app = TestApp::start().await;
    let member = app.member();
    // Cyrillic that looks like Western letters to whoever is not told.
    let table = b"email,first_name\nx@example.com,\xcf\xb8\xf2\xf0\n".to_vec();
    for (charset, query, name) in [
        ("charset=windows-1251", "", "Пётр".to_owned()),
        ("header=present; Charset=\"windows-1252\"", "", "Ï¸òð".to_owned()),
        ("charset=windows-1252", "?encoding=windows-1251", "Пётр".to_owned()),
    ] {
        let list = list(&member).await;
        let kind = format!("text/csv; {charset}");
        let import = send(&member, &list, query, (&kind, table.clone())).await.expect(202);
        done(&app, &member, &import).await;
        let found = leads(&member, &format!("&lead_list_id={list}")).await;
        assert_eq!(found[0]["first_name"], name, "{charset}{query}");
        sqlx::query("delete from leads").execute(&app.pool).await.unwrap();
    }
    let list = list(&member).await;
    let body = "--x1x\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a.csv\"\r\ncontent-type: text/csv; charset=utf-16le\r\n\r\n";
    let utf_16 = "email\nzoe@example.com\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let body = [body.as_bytes().to_vec(), utf_16, b"\r\n--x1x--\r\n".to_vec()].concat();
    let import = send(&member, &list, "", ("multipart/form-data; boundary=x1x", body)).await.expect(202);
    assert_eq!(counts(&done(&app, &member, &import).await), [1, 0, 0, 0, 0, 0], "of a form's part too");
    let answer = send(&member, &list, "", ("text/csv; charset=klingon", table)).await;
    answer.expect_problem(415, "unsupported_charset");
}

#[tokio::test]
async fn any_usual_way_to_write_a_table_is_understood() {
    let app = TestApp::start().await;
    let member = app.member();
    let text = "E-Mail\tFirst Name\nzoë@example.com\tZoë\n";
    let utf_16 = |units: Vec<u16>, bytes: fn(u16) -> [u8; 2]| units.into_iter().flat_map(bytes).collect::<Vec<u8>>();
    let units: Vec<u16> = "\u{feff}".encode_utf16().chain(text.encode_utf16()).collect();
    for (way, bytes) in [
        ("UTF-16LE", utf_16(units.clone(), u16::to_le_bytes)),
        ("UTF-16BE", utf_16(units, u16::to_be_bytes)),
        ("a byte order mark", [b"\xef\xbb\xbf", text.as_bytes()].concat()),
        ("pipes", text.replace('\t', "|").into_bytes()),
        ("semicolons and CRLF", text.replace('\t', ";").replace('\n', "\r\n").into_bytes()),
        (
            "Windows-1252",
            "E-Mail;First Name\nx@example.com;Zo\u{eb}\nvery@example.com;Gr\u{fc}\u{df}e\n"
                .chars()
                .map(|c| c as u8)
                .collect(),
        ),
        ("blank lines, short and quoted rows", "\n\nE-Mail,First Name,Company\n\n\"x@example.com\",\"Zoë\"\n\n".into()),
    ] {
        let list = list(&member).await;
        let import = upload(&member, &list, "", bytes).await;
        let import = done(&app, &member, &import).await;
        assert_eq!(import["rejected"], 0, "{way}: {import}");
        let found = leads(&member, &format!("&lead_list_id={list}")).await;
        assert_eq!(found[0]["first_name"], "Zoë", "{way}");
        sqlx::query("delete from leads").execute(&app.pool).await.unwrap();
    }
}

#[tokio::test]
async fn an_archived_list_takes_leads_as_ever_and_an_unknown_one_is_not_found() {
    let app = TestApp::start().await;
    let (member, outsider) = (app.member(), app.outsider());
    let list = list(&member).await;
    for (caller, id) in [(&outsider, list.as_str()), (&member, "01890000-0000-7000-8000-000000000000")] {
        for end in ["", "/preview"] {
            let call = caller.request(Method::POST, &format!("{LISTS}/{id}/imports{end}"));
            let answer = call.header("content-type", "text/csv").body(TABLE).send().await;
            answer.expect_problem(404, "lead_list_not_found");
        }
    }
    comes_to(&app, TRACES, 0).await;
    member.post(&format!("{LISTS}/{list}/archive"), json!({})).await.expect(200);
    let import = upload(&member, &list, "", TABLE).await;
    assert_eq!(done(&app, &member, &import).await["created"], 2);
}

#[tokio::test]
async fn a_preview_tells_everything_and_keeps_nothing() {
    let app = TestApp::start().await;
    let member = app.member();
    let list = list(&member).await;
    let preview = async |query: &str, body: &str| {
        let call = member.request(Method::POST, &format!("{LISTS}/{list}/imports/preview{query}"));
        call.header("content-type", "text/csv").body(body.to_owned()).send().await.expect(200)
    };
    let seen = preview("", "Email;Email;Größe\na@example.com;;1\nno address;;2\n;;3\n").await;
    assert_eq!((&seen["encoding"], &seen["delimiter"]), (&json!("UTF-8"), &json!("semicolon")));
    assert_eq!(
        seen["columns"],
        json!([{"header": "Email", "field": "email", "note": null},
               {"header": "Email (2)", "field": "custom_fields.email_2", "note": null},
               {"header": "Größe", "field": "custom_fields.größe", "note": null}])
    );
    assert_eq!((&seen["rows_total"], &seen["readable"], &seen["rejected"]), (&json!(3), &json!(1), &json!(2)));
    assert_eq!(seen["rejected_rows"][0]["line"], 3);
    assert_eq!(seen["rejected_rows"][0]["faults"][0]["column"], "Email");
    assert_eq!(seen["faults"], json!([]));
    assert_eq!(seen["fault_counts"].as_array().unwrap().len(), 2, "{seen}");
    let seen = preview("", "Name\nJane\n").await;
    assert_eq!(seen["faults"][0]["code"], "identity_required");
    let seen = preview("?delimiter=tab", &people(0, 30)).await;
    assert_eq!(seen["columns"].as_array().unwrap().len(), 1);
    assert_eq!(seen["rows"].as_array().unwrap().len(), 20);
    comes_to(&app, TRACES, 0).await;
}

#[tokio::test]
async fn a_key_makes_an_upload_act_once() {
    let app = TestApp::start().await;
    let member = app.member();
    let list = list(&member).await;
    let keyed = async |key: &str, table: Vec<u8>| {
        let call = member.request(Method::POST, &format!("{LISTS}/{list}/imports"));
        call.header("content-type", "text/csv").header("idempotency-key", key).body(table).send().await
    };
    // What was refused may be mended and sent again under the same key.
    keyed("key", b"email\n".to_vec()).await.expect_problem(422, "validation_failed");
    let first = keyed("key", TABLE.to_vec()).await;
    assert_eq!(first.header("idempotent-replayed"), "");
    let again = keyed("key", TABLE.to_vec()).await;
    assert_eq!((again.header("idempotent-replayed"), again.header("location")), ("true", first.header("location")));
    assert_eq!(again.expect(202), first.expect(202));
    keyed("key", [TABLE, b"x@example.com\n"].concat()).await.expect_problem(422, "idempotency_key_reused");
    let mut mended = TABLE.to_vec();
    let last = mended.iter().rposition(u8::is_ascii_alphabetic).unwrap();
    mended[last] ^= 1;
    keyed("key", mended).await.expect_problem(422, "idempotency_key_reused");
    assert_eq!(count(&app, "select count(*) from imports").await, 1);
    comes_to(&app, "select count(*) from import_pieces", 1).await;
}

#[tokio::test]
async fn options_are_read_before_the_file_and_win_over_what_is_proposed() {
    let app = TestApp::start().await;
    let member = app.member();
    let list = list(&member).await;
    let options = json!({
        "mapping": {"Mail A": "email", "Email": null, "Id": "external_id"}, "on_duplicate": "skip", "delimiter": "|", "encoding": "utf-8",
    });
    let import = upload_with(&member, &list, &options, "Mail A|Email|Id\na@example.com|wrong|7\n").await;
    assert_eq!(done(&app, &member, &import).await["created"], 1);
    let found = leads(&member, "").await;
    assert_eq!((&found[0]["email"], &found[0]["external_id"]), (&json!("a@example.com"), &json!("7")));
    assert_eq!(found[0]["custom_fields"], json!({}));
}
