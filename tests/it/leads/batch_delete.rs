//! Deleting many leads at once.

use serde_json::json;

use super::{audited, count, enroll, make, make_list, pointers};
use crate::support::TestApp;

const DELETE: &str = "/api/v1/leads/batch-delete";

#[tokio::test]
async fn by_ids_those_that_are_ours_go() {
    let app = TestApp::start().await;
    let (member, outsider) = (app.member(), app.outsider());
    let (one, two) =
        (make(&member, "one@example.com", json!({})).await, make(&member, "two@example.com", json!({})).await);
    let theirs = make(&outsider, "their@example.com", json!({})).await;
    enroll(&app, &one).await;
    let ids = json!([one["id"], theirs["id"], one["id"], uuid::Uuid::now_v7()]);
    let dry = member.post(DELETE, json!({"ids": ids, "dry_run": true})).await.expect(200);
    assert_eq!((&dry["matched"], &dry["deleted"], &dry["has_more"]), (&json!(1), &json!(0), &json!(false)));
    assert_eq!((dry["sample"].as_array().unwrap().len(), &dry["sample"][0]["id"]), (1, &one["id"]));
    assert_eq!(count(&app, "select count(*) from leads").await, 3);
    app.clock.advance(std::time::Duration::from_secs(1));
    let done = member.post(DELETE, json!({"ids": ids})).await.expect(200);
    assert_eq!(done, json!({"matched": 1, "deleted": 1, "has_more": false, "sample": []}));
    assert_eq!(count(&app, "select count(*) from leads").await, 2);
    let audit = audited(&app, &one).await;
    let (action, before, _) = audit.last().unwrap();
    assert_eq!((action.as_str(), before["running_campaign_ids"].as_array().unwrap().len()), ("lead.deleted", 1));
    assert_eq!(audited(&app, &two).await.len(), 1);
    let again = member.post(DELETE, json!({"ids": ids})).await.expect(200);
    assert_eq!(again, json!({"matched": 0, "deleted": 0, "has_more": false, "sample": []}));
}

#[tokio::test]
async fn by_filter_what_it_lets_through_goes() {
    let app = TestApp::start().await;
    let member = app.member();
    let list = make_list(&member, "List").await;
    for i in 0..12 {
        let more = if i < 11 { json!({"lead_list_id": list, "tags": ["t"]}) } else { json!({"tags": ["t"]}) };
        make(&member, &format!("l{i}@example.com"), more).await;
    }
    make(&app.outsider(), "l0@example.com", json!({"tags": ["t"]})).await;
    let filter = json!({"lead_list_id": list, "tag": "t", "search": "EXAMPLE"});
    let dry = member.post(DELETE, json!({"filter": filter, "dry_run": true})).await.expect(200);
    assert_eq!((&dry["matched"], dry["sample"].as_array().unwrap().len()), (&json!(11), 10));
    assert_eq!(member.post(DELETE, json!({"filter": filter})).await.expect(200)["deleted"], 11);
    assert_eq!(count(&app, "select count(*) from leads").await, 2);
    assert_eq!(count(&app, "select count(*) from audit_logs where action = 'lead.deleted'").await, 11);
    let percent = member.post(DELETE, json!({"filter": {"search": "%"}})).await.expect(200);
    assert_eq!(percent["matched"], 0, "a percent sign is a letter");
}

#[tokio::test]
async fn nothing_is_deleted_by_mistake() {
    let app = TestApp::start().await;
    let member = app.member();
    let lead = make(&member, "jane@example.com", json!({})).await;
    for (body, expected) in [
        (json!({}), vec![""]),
        (json!({"dry_run": true}), vec![""]),
        (json!({"filter": {}}), vec!["/filter"]),
        (json!({"filter": {"status": null, "tag": null}}), vec![""]),
        (json!({"filter": {"search": ""}}), vec!["/filter/search"]),
        (json!({"filter": {"colour": "red"}}), vec!["", "/filter/colour"]),
        (json!({"filter": null, "ids": []}), vec!["/ids"]),
        (json!({"ids": [lead["id"]], "filter": {"status": "new"}}), vec![""]),
        (json!({"ids": vec![lead["id"].clone(); 1001]}), vec!["/ids"]),
        (json!({"ids": ["x"]}), vec!["/ids/0"]),
    ] {
        let problem = member.post(DELETE, body.clone()).await.expect_problem(422, "validation_failed");
        assert_eq!(pointers(&problem), expected, "{body}");
    }
    assert_eq!(count(&app, "select count(*) from leads").await, 1);
}

#[tokio::test]
async fn one_call_has_its_limit() {
    let app = TestApp::start().await;
    let member = app.member();
    make(&member, "first@example.com", json!({})).await;
    sqlx::query(
        "insert into leads (id, organization_id, email, source, created_at, updated_at)
         select gen_random_uuid(), l.organization_id, 'n' || i || '@example.com', 'api', now(), now()
         from leads l, generate_series(1, 10049) i",
    )
    .execute(&app.pool)
    .await
    .unwrap();
    let body = json!({"filter": {"status": "new"}});
    let dry = member.post(DELETE, json!({"filter": {"status": "new"}, "dry_run": true})).await.expect(200);
    assert_eq!((&dry["matched"], &dry["has_more"]), (&json!(10_050), &json!(true)));
    let first = member.post(DELETE, body.clone()).await.expect(200);
    assert_eq!(first, json!({"matched": 10_050, "deleted": 10_000, "has_more": true, "sample": []}));
    let second = member.post(DELETE, body).await.expect(200);
    assert_eq!(second, json!({"matched": 50, "deleted": 50, "has_more": false, "sample": []}));
    assert_eq!(count(&app, "select count(*) from leads").await, 0);
    assert_eq!(count(&app, "select count(*) from audit_logs where action = 'lead.deleted'").await, 10_050);
}
