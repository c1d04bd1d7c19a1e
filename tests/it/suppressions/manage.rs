//! Making, finding and lifting suppressions.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use super::{SUPPRESSIONS, count, path_of, pointers, suppress};
use crate::support::TestApp;

#[tokio::test]
async fn a_suppression_is_made_in_its_normal_form_and_found_in_any() {
    let app = TestApp::start().await;
    let member = app.member();
    let me = member.get("/api/v1/me").await.expect(200);
    for (given, kind, value, other_spelling) in [
        ("Jane@Example.COM", "email", "jane@example.com", "mailto:JANE@example.com"),
        ("@Acme.com", "domain", "acme.com", "https://www.acme.com/about"),
        (
            "de.linkedin.com/in/Jane-Doe?trk=x",
            "linkedin_url",
            "https://www.linkedin.com/in/jane-doe",
            "linkedin.com/in/jane-doe/",
        ),
    ] {
        let answer =
            member.post(SUPPRESSIONS, json!({"value": given, "reason": "Asked", "source": "unsubscribe"})).await;
        let path = answer.header("location").to_owned();
        let made = answer.expect(201);
        let expected = json!({
            "id": made["id"], "kind": kind, "value": value, "reason": "Asked", "source": "unsubscribe",
            "created_by": me["id"], "created_at": "2026-11-22T12:00:00Z", "erased_at": null
        });
        assert_eq!(made, expected);
        assert_eq!(path, path_of(&made, SUPPRESSIONS));
        assert_eq!(member.get(&path).await.expect(200), made);
        let found = member.get(&format!("{SUPPRESSIONS}?value={}", urlencoded(other_spelling))).await.expect(200);
        assert_eq!(found["data"], json!([made]));
        let found = member.get(&format!("{SUPPRESSIONS}?kind={kind}&source=unsubscribe")).await.expect(200);
        assert_eq!(found["data"], json!([made]));
        let again = member.post(SUPPRESSIONS, json!({"kind": kind, "value": value})).await;
        let problem = again.expect_problem(409, "suppression_exists");
        assert_eq!((&problem["suppression_id"], pointers(&problem)), (&made["id"], vec!["/value"]));
    }
    assert_eq!(count(&app, "select count(*) from suppressions").await, 3);
    assert_eq!(member.get(&format!("{SUPPRESSIONS}?source=manual")).await.expect(200)["data"], json!([]));
    let page = member.get(&format!("{SUPPRESSIONS}?limit=2&include_total=true")).await.expect(200);
    assert_eq!((page["data"].as_array().unwrap().len(), &page["total"]), (2, &json!(3)));
    let next = page["next_cursor"].as_str().unwrap();
    let page = member.get(&format!("{SUPPRESSIONS}?limit=2&cursor={next}")).await.expect(200);
    assert_eq!((page["data"].as_array().unwrap().len(), &page["next_cursor"]), (1, &json!(null)));
}

fn urlencoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

#[tokio::test]
async fn what_cannot_be_read_is_refused() {
    let app = TestApp::start().await;
    let member = app.member();
    for (body, pointer) in [
        (json!({"value": "jane@"}), "/value"),
        (json!({"kind": "email", "value": "acme.com"}), "/value"),
        (json!({"kind": "domain", "value": "jane@acme.com"}), "/value"),
        (json!({"value": ""}), "/value"),
        (json!({}), "/value"),
        (json!({"kind": "phone", "value": "acme.com"}), "/kind"),
        (json!({"value": "acme.com", "source": "erasure"}), "/source"),
        (json!({"value": "acme.com", "source": "import"}), "/source"),
        (json!({"value": "acme.com", "reason": " "}), "/reason"),
        (json!({"value": "acme.com", "forever": true}), "/forever"),
    ] {
        let problem = member.post(SUPPRESSIONS, body.clone()).await.expect_problem(422, "validation_failed");
        assert!(pointers(&problem).contains(&pointer), "{body}: {problem}");
    }
    let problem = member.post(SUPPRESSIONS, json!({"value": "jane@", "source": "import"})).await;
    assert_eq!(pointers(&problem.expect_problem(422, "validation_failed")), ["/value", "/source"], "all at once");
    let problem = member.get(&format!("{SUPPRESSIONS}?limit=0&value=jane@")).await;
    assert_eq!(pointers(&problem.expect_problem(400, "invalid_parameter")), ["limit", "value"], "all at once");
    for query in ["value=jane@", "kind=phone", "source=fax", "kind=email&value=acme.com", "colour=red"] {
        member.get(&format!("{SUPPRESSIONS}?{query}")).await.expect_problem(400, "invalid_parameter");
    }
    assert_eq!(count(&app, "select count(*) from suppressions").await, 0);
}

#[tokio::test]
async fn what_is_suppressed_leaves_a_trace_without_its_value() {
    let app = TestApp::start().await;
    let (member, admin) = (app.member(), app.admin());
    let made = member.post(SUPPRESSIONS, json!({"value": "jane@example.com", "reason": "Asked"})).await.expect(201);
    app.clock.advance(Duration::from_secs(1));
    let path = path_of(&made, SUPPRESSIONS);
    let stale = member.request(Method::DELETE, &path).header("if-match", "\"1\"").send().await;
    stale.expect_problem(412, "version_mismatch");
    member.delete(&format!("{path}?reason={}", "x".repeat(501))).await.expect_problem(400, "invalid_parameter");
    member.delete(&format!("{path}?reason=Subscribed%20again")).await.expect(204);
    member.delete(&path).await.expect_problem(404, "suppression_not_found");
    member.get(&path).await.expect_problem(404, "suppression_not_found");
    let lines = admin.get("/api/v1/audit-logs?entity_type=suppression&sort=created_at").await.expect(200);
    let told: Vec<_> = lines["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| (&line["action"], &line["before"], &line["after"]))
        .collect();
    let facts = json!({"kind": "email", "source": "manual", "reason": "Asked"});
    let expected = [
        (&json!("suppression.created"), &Value::Null, &facts),
        (&json!("suppression.deleted"), &facts, &json!({"reason": "Subscribed again"})),
    ];
    assert_eq!(told, expected);
    suppress(&member, "jane@example.com").await;
}

#[tokio::test]
async fn another_organization_sees_nothing_of_a_suppression() {
    let app = TestApp::start().await;
    let (member, outsider) = (app.member(), app.outsider());
    let ours = suppress(&member, "jane@example.com").await;
    let path = path_of(&ours, SUPPRESSIONS);
    outsider.get(&path).await.expect_problem(404, "suppression_not_found");
    outsider.delete(&path).await.expect_problem(404, "suppression_not_found");
    assert_eq!(outsider.get(&format!("{SUPPRESSIONS}?value=jane@example.com")).await.expect(200)["data"], json!([]));
    outsider.post("/api/v1/leads", json!({"email": "jane@example.com"})).await.expect(201);
    let theirs = suppress(&outsider, "jane@example.com").await;
    assert_ne!(theirs["id"], ours["id"]);
    let hashes: Vec<Vec<u8>> =
        sqlx::query_scalar("select value_hash from suppressions").fetch_all(&app.pool).await.unwrap();
    assert_ne!(hashes[0], hashes[1], "nobody can tell from the hashes that both know the person");
}
