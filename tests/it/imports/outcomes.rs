//! What becomes of each row.

use serde_json::{Value, json};

use super::{LEADS, count, counts, done, list, people, upload, upload_with, work_until};
use crate::support::{Caller, TestApp};

async fn lead(caller: &Caller, body: Value) -> Value {
    caller.post(LEADS, body).await.expect(201)
}

async fn named(caller: &Caller, email: &str) -> Value {
    let email = email.replace('@', "%40");
    let found = caller.get(&format!("{LEADS}?search={email}")).await.expect(200);
    assert_eq!(found["data"].as_array().unwrap().len(), 1, "{email}");
    found["data"][0].clone()
}

#[tokio::test]
async fn each_row_has_one_of_six_outcomes_as_on_duplicate_says() {
    for (on_duplicate, expected, title, name) in [
        ("skip", [1, 0, 3, 1, 1, 2], Value::Null, "Jane"),
        ("update_empty", [1, 1, 2, 1, 1, 2], json!("CEO"), "Jane"),
        ("overwrite", [1, 2, 1, 1, 1, 2], json!("CEO"), "Joan"),
    ] {
        let app = TestApp::start().await;
        let member = app.member();
        let list = list(&member).await;
        lead(&member, json!({"email": "jane@example.com", "first_name": "Jane"})).await;
        lead(&member, json!({"email": "full@example.com", "first_name": "Full", "title": "A", "lead_list_id": list}))
            .await;
        lead(&member, json!({"email": "same@example.com", "first_name": "Same", "title": "B", "lead_list_id": list}))
            .await;
        member.post("/api/v1/suppressions", json!({"value": "barred.example"})).await.expect(201);
        let table = "email,first_name,title\n\
            new@example.com,New,X\n\
            JANE@example.com,Joan,CEO\n\
            full@example.com,Full,C\n\
            same@example.com,Same,B\n\
            New@Example.com,Again,\n\
            x@barred.example,X,\n\
            not an address,X,\n\
            ,Nobody,\n";
        let import = upload_with(&member, &list, &json!({ "on_duplicate": on_duplicate }), table).await;
        let import = done(&app, &member, &import).await;
        assert_eq!((&import["status"], counts(&import)), (&json!("completed"), expected), "{on_duplicate}");
        let jane = named(&member, "jane@example.com").await;
        assert_eq!((&jane["title"], &jane["first_name"]), (&title, &json!(name)), "{on_duplicate}");
        let on_list = jane["lead_list_ids"].as_array().unwrap().contains(&json!(list));
        assert_eq!(on_list, on_duplicate != "skip", "{on_duplicate}: who is there already is put on the list");
        let full = named(&member, "full@example.com").await;
        assert_eq!(full["title"], if on_duplicate == "overwrite" { "C" } else { "A" });
        assert_eq!(named(&member, "new@example.com").await["first_name"], "New");
        assert_eq!(count(&app, "select count(*) from leads").await, 4);
        let updates = count(&app, "select count(*) from audit_logs where action = 'lead.updated'").await;
        assert_eq!(updates, expected[1], "{on_duplicate}: each change is in the audit log");
    }
}

#[tokio::test]
async fn a_person_who_comes_twice_is_one_lead_however_far_apart() {
    let app = TestApp::start().await;
    let member = app.member();
    let list = list(&member).await;
    lead(&member, json!({"email": "p0@example.com", "first_name": "There"})).await;
    let mut table = people(0, 1_200);
    table += "P0@EXAMPLE.COM,Overwritten,Other\nP3@Example.com,Overwritten,Other\n";
    table += people(1_200, 1_500).split_once('\n').unwrap().1;
    table += "p0@example.com,,\np3@example.com,,\np2000@example.com,,\n";
    let options = json!({"on_duplicate": "overwrite"});
    let import = upload_with(&member, &list, &options, &table).await;
    // Somebody else goes on from the second piece.
    work_until(&app, &import, 1).await;
    let import = done(&app, &member, &import).await;
    assert_eq!(counts(&import), [2_699, 1, 0, 5, 0, 0]);
    assert_eq!(named(&member, "p0@example.com").await["first_name"], "P0");
    let again = upload_with(&member, &list, &options, &table).await;
    assert_eq!(counts(&done(&app, &member, &again).await), [0, 0, 2_700, 5, 0, 0], "the same file twice");
    assert_eq!(count(&app, "select count(*) from leads").await, 2_700);
}

#[tokio::test]
async fn who_was_only_named_by_an_address_is_known_by_it_however_far_behind() {
    let app = TestApp::start().await;
    let member = app.member();
    lead(&member, json!({"email": "there@example.com", "first_name": "There"})).await;
    let filler = |from: usize| {
        let line = |i: usize| format!("p{i}@example.com,,P{i}\n");
        (from..from + 1_000).map(line).collect::<String>()
    };
    // Who is there is named by a profile that is not kept, and so is who comes twice; then only by these, a piece later each.
    let table = format!(
        "email,linkedin,first_name\n\
         there@example.com,linkedin.com/in/there,\nnew@example.com,,New\nnew@example.com,linkedin.com/in/new,\n{}\
         ,linkedin.com/in/there,Again\n,linkedin.com/in/new,Again\nnew@example.com,linkedin.com/in/there,Both\n{}\
         ,https://www.linkedin.com/in/THERE/,Again\n,linkedin.com/in/nobody,Nobody\n",
        filler(0),
        filler(1_000),
    );
    for (on_duplicate, expected) in [("skip", [2_002, 0, 1, 4, 0, 1]), ("overwrite", [2_002, 1, 0, 4, 0, 1])] {
        let list = list(&member).await;
        let import = upload(&member, &list, &format!("?on_duplicate={on_duplicate}"), table.clone()).await;
        // Somebody else goes on from each piece.
        work_until(&app, &import, 1).await;
        assert!(count(&app, "select count(*) from import_other_keys").await > 0, "kept beside the leads");
        work_until(&app, &import, 2).await;
        let import = done(&app, &member, &import).await;
        assert_eq!(counts(&import), expected, "{on_duplicate}: {import}");
        assert_eq!(count(&app, "select count(*) from import_other_keys").await, 0, "forgotten with the end");
        sqlx::query("delete from leads where email is distinct from 'there@example.com'")
            .execute(&app.pool)
            .await
            .unwrap();
        sqlx::query("update leads set linkedin_url = null").execute(&app.pool).await.unwrap();
    }
}

#[tokio::test]
async fn a_row_whose_keys_belong_to_two_leads_is_rejected() {
    let app = TestApp::start().await;
    let member = app.member();
    let list = list(&member).await;
    lead(&member, json!({"email": "a@example.com"})).await;
    lead(&member, json!({"linkedin_url": "https://www.linkedin.com/in/b"})).await;
    let table = "email,linkedin\na@example.com,linkedin.com/in/b\n";
    let import = upload(&member, &list, "", table).await;
    assert_eq!(counts(&done(&app, &member, &import).await), [0, 0, 0, 0, 0, 1]);
    let codes = "select count(*) from import_rejections where faults->0->>'code' = 'ambiguous'";
    assert_eq!(count(&app, codes).await, 1);
}

#[tokio::test]
async fn what_is_exported_comes_in_again_without_change() {
    let app = TestApp::start().await;
    let (member, outsider) = (app.member(), app.outsider());
    let ours = list(&member).await;
    for body in [
        json!({
            "first_name": "=HYPERLINK(\"https://evil.example\",\"x\")", "last_name": "+1", "full_name": "-1", "email": "+jane@example.com",
            "phone": "+49 30 1", "title": "@SUM(A1:A9)", "company": "'=1", "company_domain": "acme.com", "industry": "''+1",
            "location": "'n Place", "country": "＝1", "linkedin_url": "https://www.linkedin.com/in/jane", "timezone": "Europe/Berlin",
            "external_id": "-1", "status": "replied", "source": "clay", "tags": ["=1", "a;b", "c, d", r"e\", "f"],
            "custom_fields": {"=1": "=2", "deep": {"er": [1, 2.5, null, "a\"b"]}, "text": "line\nbreak, \"quoted\""}
        }),
        json!({"email": "joe@example.com", "company": "\"Northwind\", Ltd; \\ 'quoted'", "title": "Grüße 👋 名前"}),
        json!({"external_id": "007", "custom_fields": {"zero": 0, "no": false, "empty": ""}}),
        json!({"linkedin_url": "https://www.linkedin.com/in/anna", "first_name": "Anna", "last_name": "Null"}),
    ] {
        let mut body = body;
        body["lead_list_id"] = json!(ours);
        lead(&member, body).await;
    }
    let table = member.get(&format!("{LEADS}/export.csv")).await.text;
    for on_duplicate in ["update_empty", "overwrite"] {
        let import = upload(&member, &ours, &format!("?on_duplicate={on_duplicate}"), table.clone()).await;
        assert_eq!(counts(&done(&app, &member, &import).await), [0, 0, 4, 0, 0, 0], "{on_duplicate}");
    }
    let theirs = list(&outsider).await;
    let import = upload(&outsider, &theirs, "", table.clone()).await;
    assert_eq!(counts(&done(&app, &outsider, &import).await), [4, 0, 0, 0, 0, 0]);
    let copy = outsider.get(&format!("{LEADS}/export.csv")).await.text;
    let cells = |table: &str| -> Vec<Vec<String>> {
        let mut reader = csv::Reader::from_reader(table.as_bytes());
        let kept = |record: csv::StringRecord| record.iter().skip(1).take(18).map(str::to_owned).collect();
        reader.records().map(|record| kept(record.unwrap())).collect()
    };
    assert_eq!(cells(&copy), cells(&table), "all but the ids and the times");
}
