//! Many suppressions at once.

use futures::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use super::{LEADS, SUPPRESSIONS, count, pointers, suppress};
use crate::support::{Answer, Caller, TestApp};

const IMPORT: &str = "/api/v1/suppressions/import";

async fn table(caller: &Caller, query: &str, table: impl Into<reqwest::Body>) -> Answer {
    let call = caller.request(Method::POST, &format!("{IMPORT}{query}"));
    call.header("content-type", "text/csv; charset=utf-8").body(table).send().await
}

fn outcomes(answer: &Value) -> Vec<(&str, Option<&str>)> {
    let results = answer["results"].as_array().unwrap().iter();
    results.map(|result| (result["outcome"].as_str().unwrap(), result["kind"].as_str())).collect()
}

#[tokio::test]
async fn every_entry_gets_its_own_verdict() {
    let app = TestApp::start().await;
    let member = app.member();
    let known = suppress(&member, "known@example.com").await;
    let body = json!({"reason": "March", "entries": [
        "Jane@Example.com", "KNOWN@example.com", "acme.com", "no address at all", "jane@example.com", "linkedin.com/in/jane", "", "@ACME.com"
    ]});
    let answer = member.post(IMPORT, body.clone()).await.expect(200);
    let expected = [
        ("created", Some("email")),
        ("unchanged", Some("email")),
        ("created", Some("domain")),
        ("rejected", None),
        ("duplicate_in_request", Some("email")),
        ("created", Some("linkedin_url")),
        ("rejected", None),
        ("duplicate_in_request", Some("domain")),
    ];
    assert_eq!(outcomes(&answer), expected);
    assert_eq!(answer["counts"], json!({"created": 3, "unchanged": 1, "duplicate_in_request": 2, "rejected": 2}));
    let results = answer["results"].as_array().unwrap();
    assert!(results.iter().enumerate().all(|(i, result)| result["index"] == i));
    assert_eq!(results[1]["id"], known["id"]);
    assert_eq!((&results[4]["id"], &results[7]["id"]), (&results[0]["id"], &results[2]["id"]));
    assert_eq!((&results[3]["reason"], &results[6]["reason"]), (&json!("domain_invalid"), &json!("domain_empty")));
    let listed = member.get(&format!("{SUPPRESSIONS}?source=import&sort=created_at")).await.expect(200);
    let values: Vec<_> = listed["data"].as_array().unwrap().iter().map(|row| (&row["value"], &row["reason"])).collect();
    let march = json!("March");
    let expected = ["jane@example.com", "acme.com", "https://www.linkedin.com/in/jane"].map(Value::from);
    assert_eq!(values, expected.iter().map(|value| (value, &march)).collect::<Vec<_>>(), "in the entries' order");

    let again = member.post(IMPORT, body).await.expect(200);
    assert_eq!(again["counts"], json!({"created": 0, "unchanged": 6, "duplicate_in_request": 0, "rejected": 2}));
    assert_eq!(count(&app, "select count(*) from suppressions").await, 4);
    assert_eq!(count(&app, "select count(*) from audit_logs where action = 'suppression.created'").await, 4);
}

#[tokio::test]
async fn a_table_of_one_column_is_read_as_people_have_it() {
    let app = TestApp::start().await;
    let member = app.member();
    for (text, values) in [
        (
            "\u{feff}E-Mail Address\r\njane@example.com\r\n\r\n\"joe@example.com\",\r\n",
            vec!["jane@example.com", "joe@example.com"],
        ),
        ("one.example", vec!["one.example"]),
        ("Domain\n\"two.example\"\n'@three.example\n", vec!["two.example", "three.example"]),
    ] {
        let answer = table(&member, "?reason=March", text).await.expect(200);
        assert_eq!(answer["counts"]["created"], values.len(), "{answer}");
        for value in values {
            let found = member.get(&format!("{SUPPRESSIONS}?value={value}")).await.expect(200);
            assert_eq!(found["data"][0]["reason"], "March", "{value}");
        }
    }
    let answer = table(&member, "?kind=email", "email\nfour.example\n").await.expect(200);
    assert_eq!(answer["results"][0]["reason"], "email_without_at");
    for (text, code) in
        [("a@example.com,b@example.com\n", "too_many_columns"), ("email\n\n", "too_few"), ("", "too_few")]
    {
        let problem = table(&member, "", text).await.expect_problem(422, "validation_failed");
        assert_eq!(problem["errors"][0]["code"], code, "{text}");
    }
    table(&member, "", vec![0xff, 0xfe, b'a']).await.expect_problem(400, "invalid_csv");
    table(&member, "?colour=red", "a.example").await.expect_problem(400, "invalid_parameter");
    let too_many = "jane@example.com\n".repeat(10_001);
    let problem = table(&member, "", too_many).await.expect_problem(422, "validation_failed");
    assert_eq!(problem["errors"][0]["code"], "too_many");
    let spreadsheet =
        member.request(Method::POST, IMPORT).header("content-type", "application/pdf").body("x").send().await;
    spreadsheet.expect_problem(415, "unsupported_media_type");
}

#[tokio::test]
async fn the_envelope_must_be_right() {
    let app = TestApp::start().await;
    let member = app.member();
    for (body, pointer) in [
        (json!({}), "/entries"),
        (json!({"entries": []}), "/entries"),
        (json!({"entries": ["a.example", 1]}), "/entries/1"),
        (json!({"entries": ["a.example"], "kind": "phone"}), "/kind"),
        (json!({"entries": vec!["a.example"; 10_001]}), "/entries"),
    ] {
        let problem = member.post(IMPORT, body).await.expect_problem(422, "validation_failed");
        assert_eq!(pointers(&problem), [pointer]);
    }
    assert_eq!(count(&app, "select count(*) from suppressions").await, 0);
}

#[tokio::test]
async fn ten_thousand_entries_are_one_call_and_imports_at_once_do_not_disturb_each_other() {
    let app = TestApp::start().await;
    let member = app.member();
    for i in 0..20 {
        member.post(LEADS, json!({"email": format!("p{}@example.com", i * 500)})).await.expect(201);
    }
    let entries: Vec<String> = (0..10_000).map(|i| format!("p{i}@example.com")).collect();
    // On a slow machine one may be told that the others keep the organization busy, and comes again.
    let import = || async {
        loop {
            let answer = member.post(IMPORT, json!({ "entries": entries })).await;
            if answer.status != 503 {
                return answer.expect(200)["counts"]["created"].as_i64().unwrap();
            }
        }
    };
    let created: i64 = join_all((0..3).map(|_| import())).await.into_iter().sum();
    assert_eq!(created, 10_000);
    assert_eq!(count(&app, "select count(*) from suppressions").await, 10_000);
    assert_eq!(count(&app, "select count(*) from leads where status = 'do_not_contact' and version = 2").await, 20);
    assert_eq!(count(&app, "select count(*) from activities where type = 'lead_status_changed'").await, 20);
}
