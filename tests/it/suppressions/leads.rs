//! What a suppression does to leads: those that would come in, and those that are there.

use serde_json::{Value, json};

use super::{LEADS, SUPPRESSIONS, count, path_of, pointers, suppress};
use crate::support::{Caller, TestApp};

/// Everything that a lead is suppressed by in these tests.
async fn suppress_some(caller: &Caller) {
    for value in ["jane@example.com", "acme.com", "linkedin.com/in/jane-doe"] {
        suppress(caller, value).await;
    }
}

/// Leads that are suppressed, with the reason and the field that it is in.
fn suppressed() -> Vec<(Value, &'static str, &'static str)> {
    vec![
        (json!({"email": "JANE@example.com"}), "email", "/email"),
        (json!({"email": "joe@Acme.com"}), "domain", "/email"),
        (json!({"email": "joe@mail.eu.acme.com", "external_id": "1"}), "domain", "/email"),
        (json!({"linkedin_url": "uk.linkedin.com/in/Jane-Doe/"}), "linkedin_url", "/linkedin_url"),
        (
            json!({"email": "joe@example.com", "linkedin_url": "linkedin.com/in/jane-doe"}),
            "linkedin_url",
            "/linkedin_url",
        ),
        (json!({"email": "jane@example.com", "linkedin_url": "linkedin.com/in/jane-doe"}), "email", "/email"),
    ]
}

#[tokio::test]
async fn nobody_who_is_suppressed_becomes_a_lead() {
    let app = TestApp::start().await;
    let member = app.member();
    suppress_some(&member).await;
    let rows: Vec<Value> = suppressed().into_iter().map(|(lead, ..)| lead).collect();
    for (lead, reason, pointer) in suppressed() {
        let problem = member.post(LEADS, lead.clone()).await.expect_problem(409, "suppressed");
        assert_eq!((&problem["reason"], pointers(&problem)), (&json!(reason), vec![pointer]), "{lead}");
        let verdict = member.post(&format!("{LEADS}/upsert"), lead).await.expect(200);
        let expected = json!({"lead_id": null, "outcome": "suppressed", "reason": reason, "status": 200});
        assert_eq!(verdict, expected);
    }
    for mode in ["skip", "update_empty", "overwrite"] {
        let answer =
            member.post(&format!("{LEADS}/batch"), json!({"on_duplicate": mode, "leads": rows})).await.expect(200);
        assert_eq!(answer["counts"]["suppressed"], rows.len());
        for ((_, reason, _), result) in suppressed().iter().zip(answer["results"].as_array().unwrap()) {
            assert_eq!((&result["outcome"], &result["reason"]), (&json!("suppressed"), &json!(reason)));
            assert_eq!(result["lead_id"], json!(null));
        }
    }
    assert_eq!(count(&app, "select count(*) from leads").await, 0);
    assert_eq!(count(&app, "select count(*) from audit_logs where entity_type = 'lead'").await, 0);
    for near in ["jane@example.co", "joe@notacme.com", "joe@acme.com.example", "janes@example.com"] {
        member.post(LEADS, json!({ "email": near })).await.expect(201);
    }
    member.post(LEADS, json!({"external_id": "2", "company_domain": "acme.com"})).await.expect(201);
}

#[tokio::test]
async fn one_row_that_is_suppressed_leaves_the_others_alone() {
    let app = TestApp::start().await;
    let member = app.member();
    let present = member.post(LEADS, json!({"email": "jane@example.com", "title": "CEO"})).await.expect(201);
    suppress_some(&member).await;
    let rows = json!([
        {"email": "one@example.com"},
        {"email": "jane@example.com", "title": "CTO"},
        {"email": "two@acme.com", "external_id": "2"},
        {"email": "two@example.com", "external_id": "2"}
    ]);
    let answer =
        member.post(&format!("{LEADS}/batch"), json!({"on_duplicate": "overwrite", "leads": rows})).await.expect(200);
    let outcomes: Vec<_> = answer["results"].as_array().unwrap().iter().map(|result| &result["outcome"]).collect();
    assert_eq!(outcomes, ["created", "suppressed", "suppressed", "created"]);
    let lead = member.get(&path_of(&present, LEADS)).await.expect(200);
    assert_eq!((&lead["title"], &lead["status"]), (&json!("CEO"), &json!("do_not_contact")));
}

#[tokio::test]
async fn a_present_lead_stays_and_is_not_to_be_contacted() {
    let app = TestApp::start().await;
    let (member, outsider) = (app.member(), app.outsider());
    let make = async |body: Value| member.post(LEADS, body).await.expect(201);
    let leads = [
        make(json!({"email": "jane@example.com", "status": "replied"})).await,
        make(json!({"email": "joe@mail.acme.com"})).await,
        make(json!({"email": "jim@acme.com", "status": "do_not_contact"})).await,
        make(json!({"external_id": "3", "linkedin_url": "linkedin.com/in/jane-doe"})).await,
        make(json!({"email": "joe@notacme.com", "company": "acme.com"})).await,
    ];
    let theirs = outsider.post(LEADS, json!({"email": "jane@example.com"})).await.expect(201);
    suppress_some(&member).await;
    let mut statuses = Vec::new();
    for lead in &leads {
        let lead = member.get(&path_of(lead, LEADS)).await.expect(200);
        statuses.push((lead["status"].clone(), lead["version"].clone()));
    }
    let barred = json!("do_not_contact");
    let expected = [(&barred, 2), (&barred, 2), (&barred, 1), (&barred, 2), (&json!("new"), 1)];
    assert_eq!(statuses, expected.map(|(status, version)| (status.clone(), json!(version))));
    assert_eq!(outsider.get(&path_of(&theirs, LEADS)).await.expect(200)["status"], "new");
    let timeline = member.get(&format!("{}/timeline", path_of(&leads[0], LEADS))).await.expect(200);
    let told = timeline["data"].as_array().unwrap().iter();
    let told: Vec<_> = told.filter(|entry| entry["type"] != "lead.created").map(|entry| &entry["data"]).collect();
    assert_eq!(told.len(), 2);
    assert!(told.contains(&&json!({"from": "replied", "to": "do_not_contact"})));
    assert!(told.contains(&&json!({"before": {"status": "replied"}, "after": {"status": "do_not_contact"}})));
}

#[tokio::test]
async fn a_lead_cannot_be_given_a_suppressed_address_nor_be_freed() {
    let app = TestApp::start().await;
    let member = app.member();
    let jane = member.post(LEADS, json!({"email": "jane@example.com"})).await.expect(201);
    let joe = member.post(LEADS, json!({"email": "joe@example.com"})).await.expect(201);
    suppress_some(&member).await;
    let (jane, joe) = (path_of(&jane, LEADS), path_of(&joe, LEADS));
    for (patch, pointer) in [
        (json!({"email": "joe@acme.com"}), "/email"),
        (json!({"linkedin_url": "linkedin.com/in/Jane-Doe", "title": "CEO"}), "/linkedin_url"),
    ] {
        let problem = member.patch(&joe, patch).await.expect_problem(409, "suppressed");
        assert_eq!(pointers(&problem), [pointer]);
    }
    assert_eq!(member.get(&joe).await.expect(200)["version"], 1);
    member.patch(&jane, json!({"status": "new"})).await.expect_problem(409, "suppressed");
    member.patch(&jane, json!({"status": "new", "title": "CEO"})).await.expect_problem(409, "suppressed");
    assert_eq!(member.patch(&jane, json!({"title": "CEO"})).await.expect(200)["status"], "do_not_contact");
    // A table that is sent again knows nothing of what the person has asked for.
    let row = json!({"external_id": "1", "status": "new", "title": "CTO"});
    member.patch(&jane, json!({"external_id": "1"})).await.expect(200);
    let verdict = member.post(&format!("{LEADS}/upsert"), row).await.expect(200);
    assert_eq!(verdict["outcome"], "updated");
    let lead = member.get(&jane).await.expect(200);
    assert_eq!((&lead["title"], &lead["status"]), (&json!("CTO"), &json!("do_not_contact")));
    // With another address, and once that is lifted, the lead may be contacted again.
    let freed = member.patch(&jane, json!({"status": "new", "email": "jane@example.org"})).await.expect(200);
    assert_eq!(freed["status"], "new");
    let found = member.get(&format!("{SUPPRESSIONS}?value=jane@example.com")).await.expect(200);
    member.delete(&path_of(&found["data"][0], SUPPRESSIONS)).await.expect(204);
    assert_eq!(member.patch(&jane, json!({"email": "jane@example.com"})).await.expect(200)["status"], "new");
}

#[tokio::test]
async fn of_a_large_domain_a_bounded_number_is_marked_at_once() {
    let app = TestApp::start().await;
    let member = app.member();
    let organization = app.organization_id("org_ours").await;
    sqlx::query(
        "insert into leads (id, organization_id, email, status, source, created_at, updated_at)
         select gen_random_uuid(), $1, 'p' || i || '@acme.com', 'new', 'api', now(), now() from generate_series(1, 1200) i",
    )
    .bind(organization)
    .execute(&app.pool)
    .await
    .unwrap();
    suppress(&member, "acme.com").await;
    assert_eq!(count(&app, "select count(*) from leads where status = 'do_not_contact'").await, 1000);
    assert_eq!(count(&app, "select count(*) from audit_logs where action = 'lead.updated'").await, 1000);
    let verdict =
        member.post(&format!("{LEADS}/upsert"), json!({"email": "p1200@acme.com", "title": "x"})).await.expect(200);
    assert_eq!(verdict["outcome"], "suppressed", "marked or not");
}
