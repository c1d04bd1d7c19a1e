//! What an export of leads has in it.

use std::time::Duration;

use clento::utils::labels;
use reqwest::Method;
use serde_json::{Map, Value, json};

use super::{EXPORT, Table, export, whole};
use crate::support::{Caller, TestApp};

const LEADS: &str = "/api/v1/leads";

/// People with everything in their fields that a table could stumble over.
fn people() -> Vec<Value> {
    vec![
        json!({
            "first_name": "=HYPERLINK(\"https://evil.example\",\"x\")", "last_name": "+1", "full_name": "-1", "email": "+jane@example.com",
            "phone": "+49 30 1", "title": "@SUM(A1:A9)", "company": "'=1", "company_domain": "acme.com", "industry": "''+1",
            "location": "'n Place", "country": "＝1", "linkedin_url": "https://www.linkedin.com/in/jane", "timezone": "Europe/Berlin",
            "external_id": "-1", "status": "replied", "source": "clay", "tags": ["=1", "a;b", "c, d", r"e\", "f"],
            "custom_fields": {"=1": "=2", "deep": {"er": [1, 2.5, null, "a\"b"]}, "text": "line\nbreak, \"quoted\""}
        }),
        json!({"email": "joe@example.com", "company": "\"Northwind\", Ltd; \\ 'quoted'", "title": "Grüße 👋 名前"}),
        json!({"external_id": "007", "custom_fields": {"zero": 0, "no": false, "empty": ""}}),
        json!({"linkedin_url": "https://www.linkedin.com/in/anna"}),
    ]
}

async fn make(caller: &Caller, people: &[Value]) {
    let answer = caller.post("/api/v1/leads/batch", json!({ "leads": people })).await.expect(200);
    assert_eq!(answer["counts"]["created"], people.len(), "{answer}");
}

#[tokio::test]
async fn a_table_holds_every_field_and_nothing_that_runs() {
    let app = TestApp::start().await;
    let member = app.member();
    make(&member, &people()).await;
    let answer = member.get(EXPORT).await;
    assert_eq!(answer.header("content-disposition"), "attachment; filename=\"leads.csv\"");
    let text = whole(answer);
    assert!(text.starts_with(
        "id,first_name,last_name,full_name,email,phone,title,company,company_domain,industry,location,country,linkedin_url,timezone,\
         external_id,status,source,tags,custom_fields,created_at,updated_at\r\n"
    ));
    let mut raw = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
    for cell in raw.records().flat_map(|record| record.unwrap().iter().map(str::to_owned).collect::<Vec<_>>()) {
        assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝']), "{cell:?} would run");
    }
    let table = Table::read(&text);
    assert_eq!(table.column("email"), ["+jane@example.com", "joe@example.com", "", ""], "the oldest first");
    assert_eq!(table.column("company"), ["'=1", "\"Northwind\", Ltd; \\ 'quoted'", "", ""]);
    assert_eq!(table.column("tags")[0], r"=1;a\;b;c\, d;e\\;f");
    assert_eq!(table.column("created_at")[1], "2026-11-22T12:00:00.000001Z");
    let listed = member.get(&format!("{LEADS}?sort=created_at")).await.expect(200);
    for (line, lead) in table.lines.iter().zip(listed["data"].as_array().unwrap()) {
        for (name, cell) in table.header.iter().zip(line) {
            match &lead[name] {
                Value::Null => assert_eq!(cell, "", "{name}"),
                Value::Object(fields) if fields.is_empty() => assert_eq!(cell, "", "{name}"),
                Value::Object(fields) => assert_eq!(&serde_json::from_str::<Map<_, _>>(cell).unwrap(), fields),
                Value::Array(tags) => assert_eq!(&json!(labels::split(cell)), &json!(tags)),
                // What is derived for the eye is not exported.
                Value::String(_) if name == "full_name" && cell.is_empty() => {}
                Value::String(text) => assert_eq!(cell, text, "{name}"),
                other => panic!("{name}: {other}"),
            }
        }
    }
}

/// A line as a row of a batch: what an import makes of it.
fn row(table: &Table, line: &[String]) -> Value {
    let mut row = Map::new();
    for (name, cell) in table.header.iter().zip(line).filter(|(_, cell)| !cell.is_empty()) {
        let value = match name.as_str() {
            "id" | "created_at" | "updated_at" => continue,
            "tags" => labels::split(cell).into(),
            "custom_fields" => serde_json::from_str(cell).unwrap(),
            _ => Value::from(cell.as_str()),
        };
        row.insert(name.clone(), value);
    }
    row.into()
}

#[tokio::test]
async fn what_is_exported_comes_in_again_without_change() {
    let app = TestApp::start().await;
    let (member, outsider) = (app.member(), app.outsider());
    make(&member, &people()).await;
    let ours = export(&member, EXPORT).await;
    let rows: Vec<Value> = ours.lines.iter().map(|line| row(&ours, line)).collect();
    let again =
        member.post("/api/v1/leads/batch", json!({"on_duplicate": "overwrite", "leads": rows})).await.expect(200);
    assert_eq!(again["counts"]["unchanged"], rows.len(), "{again}");
    make(&outsider, &rows).await;
    let theirs = export(&outsider, EXPORT).await;
    for name in ours.header.iter().filter(|name| *name != "id") {
        assert_eq!(theirs.column(name), ours.column(name), "{name}");
    }
}

#[tokio::test]
async fn an_import_takes_each_cell_of_our_own_table_at_its_word() {
    let app = TestApp::start().await;
    let (member, outsider) = (app.member(), app.outsider());
    let mut odd = people();
    odd.extend([
        json!({"email": "a@example.com", "company": "N/A", "title": "null", "location": "unknown", "external_id": "-"}),
        json!({"email": "b@example.com", "custom_fields": {"code": "\\u0000", "none": "n/a"}}),
        json!({"email": "c@example.com", "first_name": "Jane", "last_name": "Roe"}),
    ]);
    make(&member, &odd).await;
    // Names that were given and taken away again are not guessed anew.
    let listed = member.get(&format!("{LEADS}?search=c%40example.com")).await.expect(200);
    let path = format!("{LEADS}/{}", listed["data"][0]["id"].as_str().unwrap());
    member.patch(&path, json!({"full_name": "Dr. Jane Roe", "first_name": null})).await.expect(200);
    let table = whole(member.get(EXPORT).await);
    let ours = Table::read(&table);
    for (caller, first) in [(&member, "updated"), (&outsider, "created")] {
        let list = caller.post("/api/v1/lead-lists", json!({"name": "List"})).await.expect(201);
        let path = format!("/api/v1/lead-lists/{}/imports?on_duplicate=overwrite", list["id"].as_str().unwrap());
        // The first time they come onto the list, and the second time there is nothing left to change.
        for outcome in [first, "unchanged"] {
            let import = caller.request(Method::POST, &path).header("content-type", "text/csv").body(table.clone());
            let import = crate::imports::done(&app, caller, &import.send().await.expect(202)).await;
            assert_eq!(import[outcome], odd.len(), "{import}");
            let again = export(caller, EXPORT).await;
            for name in ours.header.iter().filter(|name| !["id", "created_at", "updated_at"].contains(&name.as_str())) {
                assert_eq!(again.column(name), ours.column(name), "{name}");
            }
        }
    }
}

#[tokio::test]
async fn the_lists_filters_choose_the_leads() {
    let app = TestApp::start().await;
    let (member, outsider) = (app.member(), app.outsider());
    let list = member.post("/api/v1/lead-lists", json!({"name": "List"})).await.expect(201);
    let list = list["id"].as_str().unwrap();
    for (email, more) in [
        ("a@example.com", json!({"company": "Acme", "tags": ["x"]})),
        ("b@example.com", json!({"lead_list_id": list, "status": "replied"})),
        ("c@example.com", json!({"lead_list_id": list})),
    ] {
        let mut body = more;
        body["email"] = email.into();
        member.post(LEADS, body).await.expect(201);
        app.clock.advance(Duration::from_secs(1));
    }
    outsider.post(LEADS, json!({"email": "theirs@example.com"})).await.expect(201);
    for (query, emails) in [
        (String::new(), vec!["a@example.com", "b@example.com", "c@example.com"]),
        (format!("?lead_list_id={list}"), vec!["b@example.com", "c@example.com"]),
        (format!("?lead_list_id={list}&status=new"), vec!["c@example.com"]),
        ("?search=b%40ex".to_owned(), vec!["b@example.com"]),
        ("?tag=x".to_owned(), vec!["a@example.com"]),
        ("?company=ACME".to_owned(), vec!["a@example.com"]),
        ("?created_after=2026-11-22T12:00:01Z&created_before=2026-11-22T12:00:02Z".to_owned(), vec!["b@example.com"]),
        ("?status=bounced".to_owned(), vec![]),
    ] {
        assert_eq!(export(&member, &format!("{EXPORT}{query}")).await.column("email"), emails, "{query}");
    }
    assert_eq!(export(&outsider, EXPORT).await.column("email"), ["theirs@example.com"]);
    let foreign = export(&outsider, &format!("{EXPORT}?lead_list_id={list}")).await;
    assert_eq!(foreign.lines, Vec::<Vec<String>>::new());
    for query in ["status=fresh", "limit=1", "sort=created_at", "lead_list_id=x"] {
        member.get(&format!("{EXPORT}?{query}")).await.expect_problem(400, "invalid_parameter");
    }
}

#[tokio::test]
async fn a_list_is_exported_in_order_whichever_way_its_leads_came_onto_it() {
    let app = TestApp::start().await;
    let member = app.member();
    let mut lists = Vec::new();
    for name in ["One", "Two"] {
        let list = member.post("/api/v1/lead-lists", json!({ "name": name })).await.expect(201);
        lists.push(list["id"].clone());
        app.clock.advance(Duration::from_secs(1));
    }
    let (one, two) = (&lists[0], &lists[1]);
    let mut later = Vec::new();
    for (email, on) in [("a", json!([one])), ("b", json!([two])), ("c", json!([one, two])), ("d", json!([two]))] {
        let lead = member.post(LEADS, json!({"email": format!("{email}@example.com"), "lead_list_ids": on})).await;
        later.push(lead.expect(201)["id"].as_str().unwrap().to_owned());
        app.clock.advance(Duration::from_secs(1));
    }
    member.patch(&format!("{LEADS}/{}", later[3]), json!({"lead_list_ids": [one, two]})).await.expect(200);
    let path = format!("{EXPORT}?lead_list_id={}", one.as_str().unwrap());
    assert_eq!(export(&member, &path).await.column("email"), ["a@example.com", "c@example.com", "d@example.com"]);
    let path = format!("{EXPORT}?lead_list_id={}", two.as_str().unwrap());
    assert_eq!(export(&member, &path).await.column("email"), ["b@example.com", "c@example.com", "d@example.com"]);
}

#[tokio::test]
async fn a_table_is_compressed_for_who_can_read_it() {
    let app = TestApp::start().await;
    let member = app.member();
    make(&member, &people()).await;
    let answer = member.request(Method::GET, EXPORT).header("accept-encoding", "gzip").send().await;
    assert_eq!((answer.status.as_u16(), answer.header("content-encoding")), (200, "gzip"));
}
