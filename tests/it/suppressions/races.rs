//! Leads that come in while somebody is being suppressed: neither misses the other.

use futures::future::join_all;
use serde_json::{Value, json};

use super::{LEADS, SUPPRESSIONS, count};
use crate::support::TestApp;

#[tokio::test]
async fn whoever_comes_in_at_the_same_time_is_refused_or_marked() {
    let app = TestApp::start().await;
    let (member, admin) = (app.member(), app.admin());
    for round in 0..12 {
        let email = |i: usize| format!("p{round}-{i}@example.com");
        let entries: Vec<String> = (0..8).map(email).collect();
        let rows: Vec<Value> = entries.iter().map(|email| json!({ "email": email })).collect();
        let alone = join_all(rows.iter().take(4).map(|row| member.post(LEADS, row.clone())));
        let upserted = join_all(rows.iter().skip(2).map(|row| member.post("/api/v1/leads/upsert", row.clone())));
        let batch = member.post("/api/v1/leads/batch", json!({"leads": rows, "on_duplicate": "overwrite"}));
        let body = json!({ "entries": entries });
        let suppressed = admin.post("/api/v1/suppressions/import", body);
        let (alone, upserted, batch, suppressed) = futures::join!(alone, upserted, batch, suppressed);
        suppressed.expect(200);
        batch.expect(200);
        assert!(alone.iter().all(|answer| matches!(answer.status.as_u16(), 201 | 409)), "{alone:?}");
        assert!(upserted.iter().all(|answer| matches!(answer.status.as_u16(), 200 | 201)), "{upserted:?}");
        assert_eq!(
            count(&app, "select count(*) from leads where status <> 'do_not_contact'").await,
            0,
            "round {round}"
        );
    }
}

#[tokio::test]
async fn a_lead_that_is_changed_at_the_same_time_is_refused_or_marked() {
    let app = TestApp::start().await;
    let (member, admin) = (app.member(), app.admin());
    let body: Vec<Value> = (0..12).map(|i| json!({"external_id": i.to_string()})).collect();
    let made = member.post("/api/v1/leads/batch", json!({ "leads": body })).await.expect(200);
    let changes = made["results"].as_array().unwrap().iter().enumerate().map(|(i, result)| {
        let path = format!("{LEADS}/{}", result["lead_id"].as_str().unwrap());
        let member = member.clone();
        async move { member.patch(&path, json!({"email": format!("p{i}@example.com")})).await }
    });
    let suppressions = (0..12).map(|i| admin.post(SUPPRESSIONS, json!({"value": format!("p{i}@example.com")})));
    let (changed, suppressed) = futures::join!(join_all(changes), join_all(suppressions));
    assert!(changed.iter().all(|answer| matches!(answer.status.as_u16(), 200 | 409)), "{changed:?}");
    assert!(suppressed.iter().all(|answer| answer.status == 201), "{suppressed:?}");
    let missed = "select count(*) from leads where email is not null and status <> 'do_not_contact'";
    assert_eq!(count(&app, missed).await, 0);
}

#[tokio::test]
async fn the_same_at_the_same_time_is_suppressed_once() {
    let app = TestApp::start().await;
    let member = app.member();
    let answers = join_all((0..10).map(|_| member.post(SUPPRESSIONS, json!({"value": "jane@example.com"})))).await;
    let (made, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status == 201);
    assert_eq!((made.len(), refused.len()), (1, 9));
    for answer in refused {
        let problem = answer.expect_problem(409, "suppression_exists");
        assert_eq!(problem["suppression_id"], made[0].body["id"]);
    }
}
