//! One flat row, as a column of a table sends it.

use std::time::Duration;

use futures::{StreamExt as _, stream};
use reqwest::Method;
use serde_json::{Value, json};

use super::{LEADS, audited, count, id_of, make, make_list, path_of, pointers};
use crate::support::TestApp;

const UPSERT: &str = "/api/v1/leads/upsert";

fn verdict(outcome: &str, lead: &Value, status: u16) -> Value {
    json!({"lead_id": lead, "outcome": outcome, "reason": null, "status": status})
}

#[tokio::test]
async fn a_flat_row_becomes_a_lead_and_the_same_row_again_changes_nothing() {
    let app = TestApp::start().await;
    let member = app.member();
    let list = make_list(&member, "List").await;
    let row = json!({
        "email": " Jane@Example.com ", "full_name": "Jane van Doe", "phone": 49_301, "title": null, "company": "", "country": "  ",
        "company_domain": "https://acme.com/x", "linkedin_url": "linkedin.com/in/Jane", "external_id": 4711, "tags": "a, b; c",
        "source": "clay", "Head count": 40, "Hiring": true, "Notes": "", "Nothing": null, "First Name": "exact names only",
        "custom_fields": {"segment": "A", "Head count": 41, "void": null, "blank": ""}
    });
    let path = format!("{UPSERT}?lead_list_id={list}");
    let answer = member.post(&path, row.clone()).await;
    let made = answer.expect(201);
    assert_eq!(made, verdict("created", &made["lead_id"], 201));
    let lead_path = format!("{LEADS}/{}", made["lead_id"].as_str().unwrap());
    let lead = member.get(&lead_path).await.expect(200);
    for (field, value) in [
        ("email", json!("jane@example.com")),
        ("first_name", json!("Jane")),
        ("last_name", json!("van Doe")),
        ("phone", json!("49301")),
        ("title", json!(null)),
        ("company", json!(null)),
        ("country", json!(null)),
        ("company_domain", json!("acme.com")),
        ("linkedin_url", json!("https://www.linkedin.com/in/jane")),
        ("external_id", json!("4711")),
        ("tags", json!(["a", "b", "c"])),
        ("source", json!("clay")),
        ("lead_list_ids", json!([list])),
        ("version", json!(1)),
    ] {
        assert_eq!(lead[field], value, "{field}");
    }
    let custom = json!({"segment": "A", "Head count": 41, "Hiring": true, "First Name": "exact names only"});
    assert_eq!(lead["custom_fields"], custom);
    app.clock.advance(Duration::from_secs(1));
    for _ in 0..2 {
        assert_eq!(member.post(&path, row.clone()).await.expect(200), verdict("unchanged", &made["lead_id"], 200));
    }
    assert_eq!(member.get(&lead_path).await.expect(200), lead);
    assert_eq!(audited(&app, &lead).await.len(), 1);
}

#[tokio::test]
async fn a_present_lead_is_changed_as_the_caller_chooses() {
    let app = TestApp::start().await;
    let member = app.member();
    let one = make_list(&member, "One").await;
    app.clock.advance(Duration::from_millis(1));
    let two = make_list(&member, "Two").await;
    let made = make(&member, "jane@example.com", json!({"title": "CEO", "phone": "1", "lead_list_id": one})).await;
    let row = |more: Value| {
        let mut row = json!({"email": "JANE@example.com", "title": "CTO", "phone": "", "company": "Acme"});
        row.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        row
    };
    let skipped = member.post(UPSERT, row(json!({"on_duplicate": "skip"}))).await.expect(200);
    assert_eq!((&skipped["outcome"], &skipped["reason"]), (&json!("unchanged"), &json!("lead_exists")));
    let filled = member.post(&format!("{UPSERT}?on_duplicate=update_empty"), row(json!({}))).await.expect(200);
    assert_eq!(filled, verdict("updated", &made["id"], 200));
    let lead = member.get(&path_of(&made)).await.expect(200);
    assert_eq!((&lead["title"], &lead["company"], &lead["version"]), (&json!("CEO"), &json!("Acme"), &json!(2)));
    let said_in_row = row(json!({"on_duplicate": "overwrite", "lead_list_id": two}));
    let replaced =
        member.post(&format!("{UPSERT}?on_duplicate=skip&lead_list_id={one}"), said_in_row).await.expect(200);
    assert_eq!(replaced, verdict("updated", &made["id"], 200));
    let lead = member.get(&path_of(&made)).await.expect(200);
    assert_eq!((&lead["title"], &lead["phone"]), (&json!("CTO"), &json!("1")));
    assert_eq!((&lead["lead_list_ids"], &lead["version"]), (&json!([one, two]), &json!(3)));
    let overwritten = member.post(UPSERT, json!({"email": "jane@example.com", "title": "CFO"})).await.expect(200);
    assert_eq!(overwritten["outcome"], "updated", "overwrite is what is done unless said");
}

#[tokio::test]
async fn a_bad_row_is_told_flat_with_every_fault_at_its_place() {
    let app = TestApp::start().await;
    let (member, outsider) = (app.member(), app.outsider());
    let theirs = make_list(&outsider, "Theirs").await;
    make(&member, "jane@example.com", json!({})).await;
    make(&member, "joe@example.com", json!({"external_id": "joe"})).await;
    for (row, reason, expected) in [
        (json!({"email": "jane@", "status": "fresh"}), "validation_failed", vec!["/email", "/status"]),
        (json!({"email": "jane@", "timezone": "Mars", "title": "x"}), "validation_failed", vec!["/email", "/timezone"]),
        (
            json!({"email": "x@example.com", "on_duplicate": "merge", "title": "x".repeat(301)}),
            "validation_failed",
            vec!["/on_duplicate", "/title"],
        ),
        (json!({"email": {"address": "x"}, "tags": {}}), "validation_failed", vec!["/email", "/tags"]),
        (json!({"email": "x@example.com", "custom_fields": "x"}), "validation_failed", vec!["/custom_fields"]),
        (json!({"email": "x@example.com", "x".repeat(101): 1}), "validation_failed", vec!["/custom_fields"]),
        (json!({"email": "", "name": "Nobody"}), "validation_failed", vec![""]),
        (json!({"email": "x@example.com", "lead_list_id": "x"}), "validation_failed", vec!["/lead_list_id"]),
        (json!({"email": "x@example.com", "lead_list_id": theirs}), "validation_failed", vec!["/lead_list_id"]),
        (json!({"email": "jane@example.com", "lead_list_id": theirs}), "validation_failed", vec!["/lead_list_id"]),
        (json!({"email": "jane@example.com", "external_id": "joe"}), "ambiguous", vec![""]),
    ] {
        let problem = member.post(UPSERT, row.clone()).await.expect_problem(422, "validation_failed");
        assert_eq!(pointers(&problem), expected, "{row}");
        let flat = json!({"outcome": problem["outcome"], "reason": problem["reason"], "lead_id": problem["lead_id"]});
        assert_eq!(flat, json!({"outcome": "rejected", "reason": reason, "lead_id": null}), "{row}");
    }
    member.post(&format!("{UPSERT}?lead_list_id=x"), json!({})).await.expect_problem(400, "invalid_parameter");
    member.post(&format!("{UPSERT}?email=x"), json!({})).await.expect_problem(400, "invalid_parameter");
    member.post(UPSERT, json!([{"email": "x@example.com"}])).await.expect_problem(422, "validation_failed");
    assert_eq!(count(&app, "select count(*) from leads").await, 2);
    assert_eq!(count(&app, "select count(*) from leads where version > 1").await, 0);
}

#[tokio::test]
async fn each_organization_has_leads_of_its_own() {
    let app = TestApp::start().await;
    let row = json!({"email": "jane@example.com"});
    let ours = app.member().post(UPSERT, row.clone()).await.expect(201);
    let theirs = app.outsider().post(UPSERT, row).await.expect(201);
    assert_ne!(ours["lead_id"], theirs["lead_id"]);
}

#[tokio::test]
async fn a_new_lead_comes_onto_all_its_lists() {
    let app = TestApp::start().await;
    let member = app.member();
    let mut lists = Vec::new();
    for name in ["One", "Two", "Three"] {
        lists.push(make_list(&member, name).await);
        app.clock.advance(Duration::from_millis(1));
    }
    let row = json!({"email": "jane@example.com", "lead_list_ids": [lists[2], lists[0]]});
    let made = member.post(&format!("{UPSERT}?lead_list_id={}", lists[1]), row).await.expect(201);
    let lead = member.get(&format!("{LEADS}/{}", made["lead_id"].as_str().unwrap())).await.expect(200);
    assert_eq!(lead["lead_list_ids"], json!(lists));
    for list in &lists {
        let listed = member.get(&format!("{LEADS}?lead_list_id={list}")).await.expect(200);
        assert_eq!(listed["data"][0]["id"], lead["id"]);
    }
}

#[tokio::test]
async fn a_key_answers_the_same_twice() {
    let app = TestApp::start().await;
    let member = app.member();
    let send = |query: &str| {
        let call = member.request(Method::POST, &format!("{UPSERT}{query}")).header("idempotency-key", "row-1");
        call.json(json!({"email": "jane@example.com"})).send()
    };
    let (first, second) = (send("").await, send("").await);
    send("?on_duplicate=skip").await.expect_problem(422, "idempotency_key_reused");
    assert_eq!((second.header("idempotent-replayed"), second.status.as_u16()), ("true", 201));
    assert_eq!(first.body, second.body);
}

/// Rows of a person: each names them by something else, and says something else.
fn row(person: usize, turn: usize) -> Value {
    let (email, profile) = (format!("P{person}@example.com"), format!("linkedin.com/in/person-{person}"));
    let mut row = match turn % 3 {
        0 => json!({"email": email, "external_id": person}),
        1 => json!({"external_id": person.to_string(), "linkedin_url": profile}),
        _ => json!({"email": email.to_lowercase(), "linkedin_url": profile, "external_id": person}),
    };
    row[format!("turn {}", turn % 4)] = json!(turn.is_multiple_of(2));
    row
}

#[tokio::test]
async fn thousands_of_rows_at_once_leave_one_lead_for_each_person() {
    rows_at_once(200).await;
}

#[tokio::test]
#[ignore = "takes a minute or two: ten thousand calls"]
async fn ten_thousand_rows_at_once_leave_a_thousand_leads() {
    rows_at_once(1_000).await;
}

/// Ten rows about each of so many people, by 32 callers at once.
async fn rows_at_once(people: usize) {
    let app = TestApp::start().await;
    let member = app.member();
    let calls = (0..10 * people).map(|i| {
        let member = member.clone();
        // Neighbours in time are about the same few people.
        let (person, turn) = ((i / 50 * 5 + i % 5) % people, i / 5);
        async move { member.post(UPSERT, row(person, turn)).await }
    });
    let answers: Vec<_> = stream::iter(calls).buffer_unordered(32).collect().await;
    let created = answers.iter().filter(|answer| answer.status == 201).count();
    let odd: Vec<_> = answers.iter().filter(|answer| !matches!(answer.status.as_u16(), 200 | 201)).collect();
    assert!(odd.is_empty(), "{odd:?}");
    assert_eq!(created, people);
    assert_eq!(count(&app, "select count(*) from leads").await, i64::try_from(people).unwrap());
    let whole = "select count(*) from leads where num_nonnulls(email, linkedin_url, external_id) = 3";
    assert_eq!(count(&app, whole).await, i64::try_from(people).unwrap());
    assert_eq!(
        count(&app, "select count(*) from audit_logs where action = 'lead.created'").await,
        i64::try_from(people).unwrap()
    );
    let versions = "select sum(version)::bigint from leads";
    let changes = count(&app, "select count(*) from audit_logs where entity_type = 'lead'").await;
    assert_eq!(count(&app, versions).await, changes, "each version has its line in the audit log");
    let lead = member.get(&format!("{LEADS}?limit=1")).await.expect(200);
    let again = member.get(&format!("{LEADS}/{}", id_of(&lead["data"][0]))).await.expect(200);
    assert_eq!(again["custom_fields"].as_object().unwrap().len(), 4);
}

/// What spreadsheets and lead tools write for "nothing", and a person's name that looks like it.
#[tokio::test]
async fn what_only_says_that_there_is_nothing_is_nothing_for_a_column_and_in_a_batch_as_in_a_file() {
    let app = TestApp::start().await;
    let member = app.member();
    let row = |email: &str| {
        json!({
            "email": email, "linkedin_url": "N/A", "company_domain": "-", "timezone": "null", "status": "Unknown", "title": "n/a",
            "phone": "#N/A", "country": "NULL", "first_name": "Nan", "last_name": "None", "custom_fields": {"note": "N/A"}
        })
    };
    let made = member.post(UPSERT, row("nan@example.com")).await.expect(201);
    let batch = member.post(&format!("{LEADS}/batch"), json!({"leads": [row("nan@example.org")]})).await.expect(200);
    assert_eq!(batch["counts"]["created"], 1, "{batch}");
    for id in [&made["lead_id"], &batch["results"][0]["lead_id"]] {
        let lead = member.get(&format!("{LEADS}/{}", id.as_str().unwrap())).await.expect(200);
        for field in ["linkedin_url", "company_domain", "timezone", "title", "phone", "country"] {
            assert_eq!(lead[field], json!(null), "{field}");
        }
        assert_eq!((&lead["first_name"], &lead["last_name"]), (&json!("Nan"), &json!("None")));
        assert_eq!((&lead["status"], &lead["custom_fields"]), (&json!("new"), &json!({"note": "N/A"})));
    }
    let nobody = member.post(UPSERT, json!({"email": "not found"})).await;
    assert_eq!(nobody.expect_problem(422, "validation_failed")["errors"][0]["code"], "identity_required");
    let typed = member.post(LEADS, json!({"email": "N/A"})).await;
    typed.expect_problem(422, "validation_failed");
}

#[tokio::test]
async fn a_country_is_kept_by_its_english_name_whichever_way_it_comes() {
    let app = TestApp::start().await;
    let member = app.member();
    for (given, kept) in
        [("DE", "Germany"), (" united  states ", "United States"), ("GBR", "United Kingdom"), ("EMEA", "EMEA")]
    {
        let email = format!("{}@example.com", given.trim().len());
        let lead = member.post(LEADS, json!({"email": email, "country": given})).await.expect(201);
        assert_eq!(lead["country"], kept);
        let again = member.post(UPSERT, json!({"email": email, "country": kept})).await.expect(200);
        assert_eq!(again["outcome"], "unchanged");
        let path = path_of(&lead);
        assert_eq!(member.patch(&path, json!({"country": "fra"})).await.expect(200)["country"], "France");
    }
}
