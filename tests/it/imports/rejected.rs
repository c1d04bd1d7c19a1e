//! Rows that cannot be used, and come back to be mended.

use serde_json::json;

use super::{count, counts, done, list, path_of, upload, upload_with};
use crate::support::{Caller, TestApp};

async fn rejected(caller: &Caller, import: &serde_json::Value) -> String {
    let answer = caller.get(&format!("{}/rejected.csv", path_of(import))).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(answer.header("content-disposition"), "attachment; filename=\"rejected.csv\"");
    answer.text
}

fn rows(table: &str) -> Vec<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(table.as_bytes());
    reader.records().map(|record| record.unwrap().iter().map(str::to_owned).collect()).collect()
}

#[tokio::test]
async fn what_is_rejected_is_mended_and_imported_again() {
    let app = TestApp::start().await;
    let member = app.member();
    let list = list(&member).await;
    let table = "Email;=Formula;Note\n\
        good@example.com;=1+1;fine\n\
        bad;=1+1;\"said \"\"hi\"\"; and\nleft\"\n\
        worse@;'=2;\n\
        ;@x;nobody\n\
        many@example.com;a;b;c;d\n";
    let first = upload(&member, &list, "", table).await;
    let import = done(&app, &member, &first).await;
    assert_eq!(counts(&import), [1, 0, 0, 0, 0, 4]);
    let text = rejected(&member, &import).await;
    let found = rows(&text);
    assert_eq!(found[0], ["Email", "'=Formula", "Note", "rejection_reasons"]);
    assert_eq!(found[1][..3], ["bad", "'=1+1", "said \"hi\"; and\nleft"]);
    assert!(found[1][3].starts_with("Email: "), "{:?}", found[1]);
    assert_eq!(found[2][..3], ["worse@", "'=2", ""]);
    assert_eq!(found[3][..3], ["", "'@x", "nobody"]);
    assert_eq!((found[4].len(), &found[4][4..]), (6, &["c".to_owned(), "d".to_owned()][..]));

    // As it is, it is as wrong as before; and tells its reasons once, not twice.
    let again = upload(&member, &list, "", text.clone()).await;
    assert_eq!(again["columns"][3], serde_json::json!({"header": "rejection_reasons", "field": null}));
    let again = done(&app, &member, &again).await;
    assert_eq!(counts(&again), [0, 0, 0, 0, 0, 4]);
    let twice = rows(&rejected(&member, &again).await);
    assert_eq!(twice[0].iter().filter(|name| *name == "rejection_reasons").count(), 1, "{:?}", twice[0]);
    assert_eq!(twice[1][..3], found[1][..3]);
    assert_eq!(twice[1][3], found[1][3], "the reasons of this time");

    let mended = text
        .replace("\r\nbad,", "\r\nbad@example.com,")
        .replace("worse@,", "worse@example.com,")
        .replace("\r\n,'@x", "\r\nx@example.com,'@x")
        .replace(",c,d", "");
    let import = upload(&member, &list, "", mended).await;
    let import = done(&app, &member, &import).await;
    assert_eq!(counts(&import), [4, 0, 0, 0, 0, 0]);
    assert_eq!(rows(&rejected(&member, &import).await).len(), 1, "the header alone");
    let formulas = "select count(*) from leads where custom_fields->>'formula' in ('=1+1', '=2', '@x', 'a')";
    assert_eq!(count(&app, formulas).await, 5, "as the first file had them");
    let (theirs, path) = (app.outsider(), format!("{}/rejected.csv", path_of(&import)));
    theirs.get(&path).await.expect_problem(404, "import_not_found");
}

#[tokio::test]
async fn every_reason_is_told_with_its_column() {
    let app = TestApp::start().await;
    let member = app.member();
    let list = list(&member).await;
    let options = json!({"mapping": {"Status": "status", "Profile": "linkedin_url"}});
    let import = upload_with(&member, &list, &options, "Mail,Status,Profile\nx,odd,http://example.com/in/a\n").await;
    let import = done(&app, &member, &import).await;
    let columns = "select count(distinct fault->>'column') from import_rejections, jsonb_array_elements(faults) fault";
    assert_eq!(count(&app, columns).await, 3);
    let found = rows(&rejected(&member, &import).await);
    for column in ["Mail: ", "Status: ", "Profile: "] {
        assert!(found[1][3].contains(column), "{:?}", found[1]);
    }
}
