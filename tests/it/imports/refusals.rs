//! Files that are refused: each with a clear answer, and nothing of it stays.

use std::{
    io::{Cursor, Write as _},
    time::Duration,
};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

use super::{
    LISTS, PATIENCE, TRACES, XLSX, comes_to, count, form, list, people, send,
    upload::{workbook, workbook_with},
};
use crate::support::TestApp;

/// A service that takes files of up to 2 MB and 2,500 rows.
async fn small() -> TestApp {
    TestApp::start_with(|server| {
        server.import_limits.max_bytes = 2_000_000;
        server.import_limits.max_rows = 2_500;
    })
    .await
}

fn archive(name: &str, bytes: &[u8]) -> Vec<u8> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    archive.start_file(name, options).unwrap();
    archive.write_all(bytes).unwrap();
    archive.finish().unwrap().into_inner()
}

/// A workbook that unpacks to much more than it is.
fn bomb() -> Vec<u8> {
    workbook_with(&[&["email"], &["a@example.com"]], &[("xl/media/image1.png", &vec![0; 70_000_000])])
}

/// All faults, by place and code.
fn faults(problem: &Value) -> Vec<(&str, &str)> {
    let all = problem["errors"].as_array().unwrap().iter();
    all.map(|fault| (fault["pointer"].as_str().unwrap(), fault["code"].as_str().unwrap())).collect()
}

#[tokio::test]
async fn a_file_that_cannot_be_read_is_refused_and_leaves_nothing() {
    let app = small().await;
    let member = app.member();
    let list = list(&member).await;
    let good = people(0, 1_500);
    let behind = |bytes: &[u8]| [good.as_bytes(), bytes].concat();
    let cases: Vec<(&str, Vec<u8>, &str)> = vec![
        ("nothing", vec![], "file_empty"),
        ("blank lines", b"\n \n".to_vec(), "file_empty"),
        ("a header alone", b"email,first_name\n".to_vec(), "file_has_no_rows"),
        ("no header", b"a@example.com,A\nb@example.com,B\n".to_vec(), "no_header"),
        ("numbers", b"1,2\n3,4\n".to_vec(), "no_header"),
        ("gzip", b"\x1f\x8b\x08\0\0\0\0\0\0\x03".to_vec(), "file_is_gzip"),
        ("zip", archive("people.csv", good.as_bytes()), "file_is_zip"),
        ("old Excel", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0\0".to_vec(), "file_is_xls"),
        ("a web page", b" <!DOCTYPE html><html>".to_vec(), "file_is_html"),
        ("NUL at first", b"email\na\0@example.com\n".to_vec(), "nul_byte"),
        ("NUL at last", behind(b"a\0@example.com\n"), "nul_byte"),
        ("too many rows", people(0, 2_501).into_bytes(), "too_many_rows"),
        ("a line without end", [b"email\n".to_vec(), vec![b'x'; 1_900_000]].concat(), "row_too_large"),
        ("an open quotation mark", behind(&[b"\"".to_vec(), b"x,\n".repeat(500_000)].concat()), "row_too_large"),
        ("too many bytes", behind(&b"\n".repeat(2_000_000)), "file_too_large"),
        ("too many columns", [b"c,".repeat(501), b"email\n".to_vec()].concat(), "too_many_columns"),
        ("a long cell", behind(&[b"x@example.com,".to_vec(), vec![b'x'; 40_000]].concat()), "cell_too_long"),
    ];
    for (what, bytes, code) in cases {
        let problem =
            send(&member, &list, "", ("text/csv", bytes.clone())).await.expect_problem(422, "validation_failed");
        assert_eq!(faults(&problem), [("/file", code)], "{what}: {problem}");
        let (kind, body) = form(&[("file", Some("a.csv"), &bytes)]);
        let problem = send(&member, &list, "", (&kind, body)).await.expect_problem(422, "validation_failed");
        assert_eq!(faults(&problem), [("/file", code)], "{what} in a form: {problem}");
    }
    for (what, bytes, code) in [
        ("a bomb", bomb(), "xlsx_too_large"),
        ("a broken workbook", workbook(&[&["email"], &["a@example.com"]])[..300].to_vec(), "xlsx_unreadable"),
        ("no rows", workbook(&[&["email"]]), "file_has_no_rows"),
    ] {
        let problem = send(&member, &list, "", (XLSX, bytes)).await.expect_problem(422, "validation_failed");
        assert_eq!(faults(&problem), [("/file", code)], "{what}: {problem}");
    }
    let call = send(&member, &list, "?sheet=Other", (XLSX, workbook(&[&["email"], &["a@example.com"]]))).await;
    assert_eq!(faults(&call.expect_problem(422, "validation_failed")), [("/file", "xlsx_no_such_sheet")]);
    comes_to(&app, TRACES, 0).await;
}

#[tokio::test]
async fn a_mapping_that_is_wrong_is_refused_with_all_that_is_wrong() {
    let app = TestApp::start().await;
    let member = app.member();
    let list = list(&member).await;
    let table = people(0, 1_200);
    for (options, expected) in [
        (
            json!({"mapping": {"company": "email", "email": "email", "Nobody": "phone", "first_name": "colour"}}),
            vec![
                ("/mapping/Nobody", "unknown_column"),
                ("/mapping/email", "duplicate_field"),
                ("/mapping/first_name", "unknown_field"),
            ],
        ),
        (json!({"mapping": {"email": null}}), vec![("/mapping", "identity_required")]),
        (json!({"mapping": {"email": null, "first_name": null, "company": null}}), vec![("/mapping", "mapping_empty")]),
        (
            json!({"mapping": {"email": 1}, "colour": "red"}),
            vec![("/colour", "unknown_field"), ("/mapping/email", "wrong_type")],
        ),
        (json!({"on_duplicate": "replace"}), vec![("/on_duplicate", "not_allowed")]),
        (
            json!({"delimiter": "x", "encoding": "y"}),
            vec![("/delimiter", "not_allowed"), ("/encoding", "encoding_unknown")],
        ),
    ] {
        let text = options.to_string();
        let (kind, body) = form(&[("options", None, text.as_bytes()), ("file", Some("a.csv"), table.as_bytes())]);
        let problem = send(&member, &list, "", (&kind, body)).await.expect_problem(422, "validation_failed");
        let mut found = faults(&problem);
        found.sort_unstable();
        assert_eq!(found, expected, "{options}");
    }
    comes_to(&app, TRACES, 0).await;
}

#[tokio::test]
async fn a_request_of_another_form_is_refused() {
    let app = TestApp::start().await;
    let member = app.member();
    let list = list(&member).await;
    let table = people(0, 1_200);
    let file = ("file", Some("a.csv"), table.as_bytes());
    let options = ("options", None, &b"{}"[..]);
    for (what, parts, status, code) in [
        ("options after the file", vec![file, options], 400, "invalid_form"),
        ("options twice", vec![options, options, file], 400, "invalid_form"),
        ("an unknown part", vec![("colour", None, &b"red"[..]), file], 400, "invalid_form"),
        ("two files", vec![file, file], 400, "invalid_form"),
        ("no file", vec![options], 422, "validation_failed"),
        ("nothing", vec![], 422, "validation_failed"),
        ("options that are no JSON", vec![("options", None, &b"{"[..]), file], 400, "invalid_json"),
    ] {
        let (kind, body) = form(&parts);
        let answer = send(&member, &list, "", (&kind, body)).await;
        assert_eq!(
            (answer.status.as_u16(), answer.body["code"].as_str()),
            (status, Some(code)),
            "{what}: {}",
            answer.text
        );
    }
    let large = vec![b' '; 300_000];
    let (kind, body) = form(&[("options", None, &large), file]);
    let problem = send(&member, &list, "", (&kind, body)).await.expect_problem(422, "validation_failed");
    assert_eq!(faults(&problem), [("/options", "too_large")]);
    let (kind, body) = form(&[file]);
    send(&member, &list, "?delimiter=tab", (&kind, body.clone())).await.expect_problem(400, "invalid_parameter");
    let cut = body[..body.len() - 9].to_vec();
    send(&member, &list, "", (&kind, cut)).await.expect_problem(400, "body_unreadable");
    let without = "multipart/form-data";
    send(&member, &list, "", (without, body.clone())).await.expect_problem(400, "invalid_form");
    let other = "multipart/form-data; boundary=other";
    let answer = send(&member, &list, "", (other, body)).await;
    assert!(answer.status.is_client_error(), "{}", answer.text);
    for kind in ["application/json", "application/pdf", "text/html", "x", "application/x-www-form-urlencoded"] {
        let answer = send(&member, &list, "", (kind, table.clone())).await;
        answer.expect_problem(415, "unsupported_media_type");
    }
    for query in ["?on_duplicate=replace", "?colour=red", "?delimiter=x", "?encoding=klingon"] {
        let answer = send(&member, &list, query, ("text/csv", table.clone())).await;
        answer.expect_problem(400, "invalid_parameter");
    }
    comes_to(&app, TRACES, 0).await;
}

/// A connection that has begun to send a file in chunks.
async fn begun(app: &TestApp, list: &str) -> TcpStream {
    let mut stream = TcpStream::connect(app.base.trim_start_matches("http://")).await.unwrap();
    let token = app.member().token.unwrap();
    let head = format!(
        "POST {LISTS}/{list}/imports HTTP/1.1\r\nhost: clento.test\r\nauthorization: Bearer {token}\r\ncontent-type: text/csv\r\n\
         transfer-encoding: chunked\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream
}

async fn chunk(stream: &mut (impl tokio::io::AsyncWrite + Unpin), text: &str) -> std::io::Result<()> {
    stream.write_all(format!("{:x}\r\n{text}\r\n", text.len()).as_bytes()).await
}

#[tokio::test]
async fn a_sender_who_hangs_up_leaves_nothing() {
    let app = TestApp::start().await;
    let list = list(&app.member()).await;
    let mut stream = begun(&app, &list).await;
    chunk(&mut stream, &people(0, 3_500)).await.unwrap();
    comes_to(&app, "select count(*) from import_pieces", 3).await;
    drop(stream);
    comes_to(&app, TRACES, 0).await;
}

#[tokio::test]
async fn an_upload_without_end_is_told_so_and_leaves_nothing() {
    let app = small().await;
    let list = list(&app.member()).await;
    let (mut reader, mut writer) = begun(&app, &list).await.into_split();
    let sending = tokio::spawn(async move {
        let rows = format!("{}\n", "x".repeat(60_000)).repeat(2);
        let _ = chunk(&mut writer, "email\n").await;
        while chunk(&mut writer, &rows).await.is_ok() {}
    });
    let mut answer = Vec::new();
    let told = async {
        let mut buffer = [0; 4096];
        while !String::from_utf8_lossy(&answer).contains("cell_too_long") {
            match reader.read(&mut buffer).await {
                Ok(0) | Err(_) => break,
                Ok(read) => answer.extend_from_slice(&buffer[..read]),
            }
        }
    };
    tokio::time::timeout(PATIENCE, told).await.unwrap();
    let answer = String::from_utf8_lossy(&answer);
    assert!(answer.starts_with("HTTP/1.1 422"), "{answer}");
    // The server does not listen to it for ever.
    tokio::time::timeout(PATIENCE, sending).await.unwrap().unwrap();
    comes_to(&app, TRACES, 0).await;
}

#[tokio::test]
async fn an_organization_sends_two_files_at_a_time() {
    let app = TestApp::start().await;
    let member = app.member();
    let list = list(&member).await;
    let (mut one, mut two) = (begun(&app, &list).await, begun(&app, &list).await);
    for stream in [&mut one, &mut two] {
        chunk(stream, &people(0, 3_500)).await.unwrap();
    }
    comes_to(&app, "select count(distinct import_id) from import_pieces", 2).await;
    let refused = send(&member, &list, "", ("text/csv", people(0, 1))).await;
    assert_ne!(refused.header("retry-after"), "");
    refused.expect_problem(503, "too_many_uploads");
    let outsider = app.outsider();
    let theirs = super::list(&outsider).await;
    send(&outsider, &theirs, "", ("text/csv", people(0, 1))).await.expect(202);
    drop(one);
    let free = async {
        while send(&member, &list, "", ("text/csv", people(0, 1))).await.status != 202 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, free).await.unwrap();
    drop(two);
    comes_to(&app, "select count(*) from import_pieces", 2).await;
    assert_eq!(count(&app, "select count(*) from imports").await, 2);
}
