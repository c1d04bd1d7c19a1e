//! Making one lead.

use futures::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use super::{LEADS, audited, count, make, make_list, path_of, pointers};
use crate::support::TestApp;

#[tokio::test]
async fn a_lead_is_made_normalised_and_read_as_it_was_answered() {
    let app = TestApp::start().await;
    let member = app.member();
    let first = make_list(&member, "First").await;
    app.clock.advance(std::time::Duration::from_millis(1));
    let second = make_list(&member, "Second").await;
    let answer = member
        .post(
            LEADS,
            json!({
                "first_name": "  Jane ", "last_name": "van  Doe", "email": " Jane.Doe+x@EXAMPLE.com ", "phone": "+49 30 1",
                "title": "CEO", "company": "Acme", "company_domain": "https://www.Acme.com/about", "industry": "Software",
                "location": "Berlin", "country": "Germany", "linkedin_url": "de.linkedin.com/in/Jane-Doe?trk=x",
                "timezone": "europe/berlin", "external_id": "crm-1", "status": "contacted", "source": "clay",
                "tags": [" a ", "b", "a", " "], "custom_fields": {"seats": 40, "deep": {"er": [1, null]}},
                "lead_list_id": second, "lead_list_ids": [first, second]
            }),
        )
        .await;
    let path = answer.header("location").to_owned();
    assert_eq!(answer.header("etag"), "\"1\"");
    let made = answer.expect(201);
    let expected = json!({
        "id": made["id"], "lead_list_id": second, "lead_list_ids": [first, second],
        "first_name": "Jane", "last_name": "van Doe", "full_name": "Jane van Doe", "email": "jane.doe+x@example.com",
        "phone": "+49 30 1", "title": "CEO", "company": "Acme", "company_domain": "acme.com", "industry": "Software",
        "location": "Berlin", "country": "Germany", "linkedin_url": "https://www.linkedin.com/in/jane-doe",
        "timezone": "Europe/Berlin", "external_id": "crm-1", "status": "contacted", "source": "clay", "tags": ["a", "b"],
        "custom_fields": {"seats": 40, "deep": {"er": [1, null]}}, "running_campaigns": [], "version": 1,
        "created_at": "2026-11-22T12:00:00.001Z", "updated_at": "2026-11-22T12:00:00.001Z"
    });
    assert_eq!(made, expected);
    assert_eq!(path, path_of(&made));
    let mut read = member.get(&path).await.expect(200);
    assert_eq!(read["lead_list_id"], first.as_str(), "asked by no list, it is the oldest one");
    read["lead_list_id"] = second.into();
    assert_eq!(read, expected);

    let audit = audited(&app, &made).await;
    assert_eq!(audit.len(), 1);
    assert_eq!((audit[0].0.as_str(), &audit[0].1), ("lead.created", &Value::Null));
    assert_eq!(audit[0].2["email"], "jane.doe+x@example.com");
}

#[tokio::test]
async fn the_same_person_is_not_made_twice() {
    let app = TestApp::start().await;
    let member = app.member();
    let made = make(
        &member,
        "jane@example.com",
        json!({"linkedin_url": "https://www.linkedin.com/in/jane-doe", "external_id": "crm-1"}),
    )
    .await;
    let other = make(&member, "joe@example.com", json!({})).await;
    for (body, pointer) in [
        (json!({"email": "JANE@Example.COM"}), "/email"),
        (json!({"linkedin_url": "uk.linkedin.com/in/JANE-doe/"}), "/linkedin_url"),
        (json!({"external_id": " crm-1 "}), "/external_id"),
        (json!({"email": "new@example.com", "external_id": "crm-1"}), "/external_id"),
    ] {
        let problem = member.post(LEADS, body).await.expect_problem(409, "lead_exists");
        assert_eq!((&problem["lead_id"], pointers(&problem)), (&made["id"], vec![pointer]));
    }
    let both = member
        .post(LEADS, json!({"email": "joe@example.com", "external_id": "crm-1"}))
        .await
        .expect_problem(409, "lead_exists");
    assert_eq!((&both["lead_id"], pointers(&both)), (&other["id"], vec!["/email"]));
    assert_eq!(count(&app, "select count(*) from leads").await, 2);

    let theirs = app.outsider().post(LEADS, json!({"email": "jane@example.com"})).await.expect(201);
    assert_ne!(theirs["id"], made["id"], "each organization has leads of its own");
}

#[tokio::test]
async fn every_fault_is_named_at_once() {
    let app = TestApp::start().await;
    let member = app.member();
    let problem = member
        .post(
            LEADS,
            json!({
                "first_name": "x".repeat(201), "last_name": "a\u{7}b", "email": "jane@", "linkedin_url": "https://example.com/in/jane",
                "company_domain": "no domain", "timezone": "Mars/Olympus", "tags": ["ok", "x".repeat(101)], "status": "fresh",
                "custom_fields": {"": 1}, "shoe_size": 44
            }),
        )
        .await
        .expect_problem(422, "validation_failed");
    let expected = [
        "/company_domain",
        "/custom_fields",
        "/email",
        "/first_name",
        "/last_name",
        "/linkedin_url",
        "/shoe_size",
        "/status",
        "/tags/1",
        "/timezone",
    ];
    assert_eq!(pointers(&problem), expected);
    assert!(!problem.to_string().contains("Olympus"), "what was refused is not repeated");
}

#[tokio::test]
async fn somebody_must_be_meant() {
    let app = TestApp::start().await;
    for body in [json!({"first_name": "Jane"}), json!({"email": " ", "linkedin_url": "", "external_id": null})] {
        let problem = app.member().post(LEADS, body).await.expect_problem(422, "validation_failed");
        assert_eq!((pointers(&problem), &problem["errors"][0]["code"]), (vec![""], &json!("identity_required")));
    }
}

#[tokio::test]
async fn names_complete_each_other() {
    let app = TestApp::start().await;
    let member = app.member();
    for (given, first, last, full) in [
        (json!({"full_name": "Dr. Jane van Doe"}), json!("Jane"), json!("van Doe"), json!("Dr. Jane van Doe")),
        (json!({"first_name": "Jane"}), json!("Jane"), json!(null), json!("Jane")),
        (json!({"last_name": "Doe", "full_name": "Jane Doe"}), json!("Jane"), json!("Doe"), json!("Jane Doe")),
        (json!({"first_name": "", "last_name": " "}), json!(null), json!(null), json!(null)),
        (
            json!({"full_name": format!("Jane {}", "x".repeat(300))}),
            json!("Jane"),
            json!(null),
            json!(format!("Jane {}", "x".repeat(300))),
        ),
    ] {
        let email = format!("{}@example.com", uuid::Uuid::new_v4());
        let made = make(&member, &email, given).await;
        assert_eq!((&made["first_name"], &made["last_name"], &made["full_name"]), (&first, &last, &full));
    }
}

#[tokio::test]
async fn a_list_that_is_not_ours_is_as_good_as_none() {
    let app = TestApp::start().await;
    let (member, outsider) = (app.member(), app.outsider());
    let (ours, theirs) = (make_list(&member, "Ours").await, make_list(&outsider, "Theirs").await);
    let nobodys = uuid::Uuid::now_v7().to_string();
    for foreign in [&theirs, &nobodys] {
        let body = json!({"email": "jane@example.com", "lead_list_id": foreign, "lead_list_ids": [ours, foreign]});
        let problem = member.post(LEADS, body).await.expect_problem(422, "validation_failed");
        assert_eq!(pointers(&problem), ["/lead_list_id", "/lead_list_ids/1"]);
        assert_eq!(problem["errors"][0]["code"], "lead_list_not_found");
    }
    assert_eq!(count(&app, "select count(*) from leads").await, 0);
    assert_eq!(count(&app, "select count(*) from lead_list_members").await, 0);
    assert_eq!(count(&app, "select count(*) from audit_logs where entity_type = 'lead'").await, 0);
}

#[tokio::test]
async fn custom_fields_have_bounds() {
    let app = TestApp::start().await;
    let member = app.member();
    let many = |n: usize| (0..n).map(|i| (format!("f{i}"), json!(i))).collect::<serde_json::Map<_, _>>();
    for (fields, code) in [
        (json!(many(101)), "too_many"),
        (json!({"x".repeat(101): 1}), "wrong_name"),
        (json!({"a": "x".repeat(16 * 1024)}), "too_large"),
        (json!({"a": [[[[[1]]]]]}), "too_deep"),
        (json!({"a": vec![1; 1_000]}), "too_many_values"),
        (json!({"a": {"b": vec![json!({}); 998]}, "c": 1}), "too_many_values"),
    ] {
        let body = json!({"email": "jane@example.com", "custom_fields": fields});
        let problem = member.post(LEADS, body).await.expect_problem(422, "validation_failed");
        assert_eq!((pointers(&problem), &problem["errors"][0]["code"]), (vec!["/custom_fields"], &json!(code)));
    }
    make(&member, "a@example.com", json!({"custom_fields": many(100)})).await;
    make(&member, "c@example.com", json!({"custom_fields": {"a": vec![1; 999]}})).await;
    make(&member, "b@example.com", json!({"custom_fields": {"x".repeat(100): [[[[1]]]]}})).await;
    let problem = member
        .post(LEADS, json!({"email": "jane@example.com", "tags": vec!["x"; 51], "custom_fields": [1]}))
        .await
        .expect_problem(422, "validation_failed");
    assert_eq!(pointers(&problem), ["/custom_fields", "/tags"]);
}

#[tokio::test]
async fn many_at_once_make_one_lead() {
    let app = TestApp::start().await;
    let member = app.member();
    let body = json!({"email": "jane@example.com"});
    let answers = join_all((0..20).map(|_| member.post(LEADS, body.clone()))).await;
    let made: Vec<_> = answers.iter().filter(|answer| answer.status == 201).collect();
    assert_eq!(made.len(), 1);
    for answer in answers.iter().filter(|answer| answer.status != 201) {
        assert_eq!((answer.status.as_u16(), &answer.body["lead_id"]), (409, &made[0].body["id"]), "{}", answer.text);
    }
    let keyed = |body: Value| member.request(Method::POST, LEADS).header("idempotency-key", "k1").json(body).send();
    let (first, second) = (keyed(json!({"external_id": "1"})).await, keyed(json!({"external_id": "1"})).await);
    assert_eq!((second.header("idempotent-replayed"), &second.body), ("true", &first.body));
    assert_eq!(count(&app, "select count(*) from audit_logs where action = 'lead.created'").await, 2);
}

#[tokio::test]
async fn whole_numbers_of_custom_fields_are_kept_to_the_last_digit_or_refused() {
    let app = TestApp::start().await;
    let member = app.member();
    let call = |body: &str| {
        member.request(Method::POST, LEADS).header("content-type", "application/json").body(body.to_owned())
    };
    for (number, email) in [
        ("9007199254740993", "a@example.com"),
        ("18446744073709551615", "b@example.com"),
        ("-9223372036854775808", "c@example.com"),
        ("0.1", "d@example.com"),
        ("1.5e15", "e@example.com"),
    ] {
        let made =
            call(&format!(r#"{{"email": "{email}", "custom_fields": {{"n": {number}}}}}"#)).send().await.expect(201);
        let read = member.get(&path_of(&made)).await;
        let kept: Value = serde_json::from_str(number).unwrap();
        assert_eq!(read.body["custom_fields"]["n"].as_f64(), kept.as_f64());
        assert!(number.contains('.') || read.text.contains(&format!("\"n\":{number}")), "{}", read.text);
    }
    for number in ["18446744073709551616", "-9223372036854775809", "123456789012345678901234567890"] {
        let body = format!(r#"{{"email": "z@example.com", "custom_fields": {{"list": [{{"n": {number}}}]}}}}"#);
        let refused = call(&body).send().await.expect_problem(422, "validation_failed");
        assert_eq!(
            (&refused["errors"][0]["code"], &refused["errors"][0]["pointer"]),
            (&json!("number_too_large"), &json!("/custom_fields"))
        );
    }
}
