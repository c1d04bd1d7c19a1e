//! Many leads at once.

use std::time::Duration;

use futures::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use super::{LEADS, audited, count, id_of, make, make_list, path_of, pointers};
use crate::support::TestApp;

const BATCH: &str = "/api/v1/leads/batch";

fn outcomes(answer: &Value) -> Vec<&str> {
    answer["results"].as_array().unwrap().iter().map(|result| result["outcome"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn every_row_gets_its_own_verdict() {
    let app = TestApp::start().await;
    let member = app.member();
    let list = make_list(&member, "List").await;
    let jane =
        make(&member, "jane@example.com", json!({"title": "CEO", "custom_fields": {"a": 1}, "tags": ["x"]})).await;
    let joe = make(&member, "joe@example.com", json!({"external_id": "joe"})).await;
    let nobodys = uuid::Uuid::now_v7();
    app.clock.advance(Duration::from_secs(1));
    let answer = member
        .post(
            BATCH,
            json!({"lead_list_id": list, "leads": [
                {"email": "JANE@example.com", "title": "CTO", "phone": "1", "custom_fields": {"a": 2, "b": null, "c": 3}, "tags": ["y"], "status": "replied"},
                {"email": "new@example.com", "full_name": "New Person"},
                {"email": "New@Example.com", "title": "again"},
                {"external_id": "joe", "email": "jane@example.com"},
                {"email": "x@", "title": "x".repeat(301), "shoe_size": 1},
                {"email": "y@example.com", "lead_list_ids": [list, nobodys]},
                {"title": "nobody"},
                "not even an object",
                {"linkedin_url": "linkedin.com/in/anna", "external_id": "anna", "source": "clay"},
                {"email": "anna@example.com", "external_id": "anna"}
            ]}),
        )
        .await
        .expect(200);
    let expected = [
        "updated",
        "created",
        "duplicate_in_request",
        "rejected",
        "rejected",
        "rejected",
        "rejected",
        "rejected",
        "created",
        "duplicate_in_request",
    ];
    assert_eq!(outcomes(&answer), expected);
    assert_eq!(
        answer["counts"],
        json!({"created": 2, "updated": 1, "unchanged": 0, "duplicate_in_request": 2, "suppressed": 0, "rejected": 5})
    );
    let results = answer["results"].as_array().unwrap();
    assert!(results.iter().enumerate().all(|(i, result)| result["index"] == i));
    assert_eq!(results[0]["lead_id"], jane["id"]);
    assert_eq!(results[1]["lead_id"], results[2]["lead_id"]);
    assert_eq!(results[8]["lead_id"], results[9]["lead_id"]);
    assert_eq!((&results[3]["reason"], &results[3]["lead_id"]), (&json!("ambiguous"), &json!(null)));
    assert_eq!(results[4]["reason"], "validation_failed");
    assert_eq!(pointers(&results[4]), ["/email", "/shoe_size", "/title"]);
    assert_eq!(pointers(&results[5]), ["/lead_list_ids/1"]);
    assert_eq!(pointers(&results[6]), [""]);
    assert_eq!(pointers(&results[7]), [""]);

    let jane = member.get(&path_of(&jane)).await.expect(200);
    assert_eq!((&jane["title"], &jane["phone"], &jane["status"]), (&json!("CEO"), &json!("1"), &json!("new")));
    assert_eq!((&jane["custom_fields"], &jane["tags"]), (&json!({"a": 1, "c": 3}), &json!(["x"])));
    assert_eq!((&jane["lead_list_ids"], &jane["version"]), (&json!([list]), &json!(2)));
    assert_eq!(member.get(&path_of(&joe)).await.expect(200), joe);
    let listed = member.get(&format!("{LEADS}?lead_list_id={list}&sort=created_at")).await.expect(200);
    let order: Vec<_> = listed["data"].as_array().unwrap().iter().map(|lead| lead["id"].clone()).collect();
    assert_eq!(order[1..], [results[1]["lead_id"].clone(), results[8]["lead_id"].clone()], "in the rows' order");
    assert_eq!((&listed["data"][1]["source"], &listed["data"][2]["source"]), (&json!("api"), &json!("clay")));
    assert_eq!(audited(&app, &jane).await.len(), 2);
    assert_eq!(count(&app, "select count(*) from audit_logs where entity_type = 'lead'").await, 5);
}

#[tokio::test]
async fn what_happens_to_present_leads_is_the_callers_choice() {
    let app = TestApp::start().await;
    let member = app.member();
    let list = make_list(&member, "List").await;
    let made =
        make(&member, "jane@example.com", json!({"title": "CEO", "phone": "1", "custom_fields": {"a": 1}})).await;
    let row = json!({
        "email": "jane@example.com", "title": "CTO", "phone": null, "company": " ", "custom_fields": {"a": 2, "b": null},
        "external_id": "1", "status": "replied", "tags": ["t"]
    });
    let send = async |mode: &str| {
        let body = json!({"on_duplicate": mode, "lead_list_id": list, "leads": [row]});
        member.post(BATCH, body).await.expect(200)["results"][0].clone()
    };
    let skipped = send("skip").await;
    assert_eq!((&skipped["outcome"], &skipped["reason"]), (&json!("unchanged"), &json!("lead_exists")));
    assert_eq!(member.get(&path_of(&made)).await.expect(200), made);

    assert_eq!(send("update_empty").await["outcome"], "updated");
    assert_eq!(send("update_empty").await["outcome"], "unchanged");
    let filled = member.get(&path_of(&made)).await.expect(200);
    assert_eq!((&filled["title"], &filled["external_id"], &filled["version"]), (&json!("CEO"), &json!("1"), &json!(2)));
    assert_eq!(filled["lead_list_ids"], json!([list]));

    assert_eq!(send("overwrite").await["outcome"], "updated");
    assert_eq!(send("overwrite").await["outcome"], "unchanged");
    let replaced = member.get(&path_of(&made)).await.expect(200);
    assert_eq!(
        (&replaced["title"], &replaced["phone"], &replaced["company"]),
        (&json!("CTO"), &json!("1"), &json!(null))
    );
    assert_eq!((&replaced["custom_fields"], &replaced["status"]), (&json!({"a": 2}), &json!("replied")));
    assert_eq!(replaced["version"], 3);
    let activities = member.get("/api/v1/activities?type=lead_status_changed").await.expect(200);
    assert_eq!(activities["data"][0]["data"], json!({"from": "new", "to": "replied"}));
}

#[tokio::test]
async fn rows_that_take_identities_from_each_other_are_kept_apart() {
    let app = TestApp::start().await;
    let member = app.member();
    let one =
        make(&member, "one@example.com", json!({"external_id": "1", "custom_fields": {"f": "x".repeat(16_000)}})).await;
    let two = make(&member, "two@example.com", json!({"external_id": "2"})).await;
    let answer = member
        .post(
            BATCH,
            json!({"on_duplicate": "overwrite", "leads": [
                {"external_id": "1", "email": "two@example.com"},
                {"external_id": "2", "email": "moved@example.com"},
                {"email": "two@example.com", "title": "who was two"},
                {"email": "moved@example.com"},
                {"external_id": "1", "custom_fields": {"g": "x".repeat(1_000)}},
                {"external_id": "1", "title": "mended"}
            ]}),
        )
        .await
        .expect(200);
    // An address that was given up is whoever's comes with it next, as it is when the same rows come once more.
    let expected = ["rejected", "updated", "created", "duplicate_in_request", "rejected", "updated"];
    assert_eq!(outcomes(&answer), expected);
    assert_eq!(answer["results"][0]["reason"], "ambiguous");
    assert_eq!(pointers(&answer["results"][4]), ["/custom_fields"]);
    assert_eq!(member.get(&path_of(&two)).await.expect(200)["email"], "moved@example.com");
    assert_eq!(member.get(&path_of(&one)).await.expect(200)["title"], "mended");
}

#[tokio::test]
async fn the_envelope_must_be_right() {
    let app = TestApp::start().await;
    let (member, outsider) = (app.member(), app.outsider());
    let theirs = make_list(&outsider, "Theirs").await;
    let row = json!({"email": "jane@example.com"});
    for (body, pointer) in [
        (json!({"leads": []}), "/leads"),
        (json!({"leads": vec![row.clone(); 1001]}), "/leads"),
        (json!({}), "/leads"),
        (json!({"leads": [row], "on_duplicate": "merge"}), "/on_duplicate"),
        (json!({"leads": [row], "list": 1}), "/list"),
        (json!({"leads": [row], "lead_list_id": theirs}), "/lead_list_id"),
        (json!({"leads": [row], "lead_list_id": uuid::Uuid::now_v7()}), "/lead_list_id"),
    ] {
        let problem = member.post(BATCH, body).await.expect_problem(422, "validation_failed");
        assert_eq!(pointers(&problem), [pointer]);
    }
    assert_eq!(count(&app, "select count(*) from leads").await, 0);
    let large = json!({"leads": [{"email": "jane@example.com", "title": "x".repeat(2 << 20)}]});
    assert_eq!(outcomes(&member.post(BATCH, large).await.expect(200)), ["rejected"]);
    let too_large = json!({"leads": [{"email": "jane@example.com", "title": "x".repeat(9 << 20)}]});
    member.post(BATCH, too_large).await.expect_problem(413, "body_too_large");
    let elsewhere = json!({"email": "jane@example.com", "title": "x".repeat(2 << 20)});
    member.post(LEADS, elsewhere).await.expect_problem(413, "body_too_large");
}

#[tokio::test]
async fn batches_about_the_same_people_make_one_lead_of_each() {
    let app = TestApp::start().await;
    let member = app.member();
    let batches = (0..8).map(|turn| {
        let mut rows: Vec<Value> = (0..150)
            .map(|i| match (i + turn) % 3 {
                0 => json!({"email": format!("p{i}@example.com"), "external_id": i.to_string()}),
                1 => json!({"external_id": i.to_string(), "linkedin_url": format!("linkedin.com/in/person-{i}")}),
                _ => json!({"email": format!("P{i}@example.com"), "linkedin_url": format!("linkedin.com/in/person-{i}"), "external_id": i.to_string()}),
            })
            .collect();
        rows.rotate_left(turn * 17);
        if turn % 2 == 1 {
            rows.reverse();
        }
        member.post(BATCH, json!({"leads": rows}))
    });
    let answers: Vec<Value> = join_all(batches).await.into_iter().map(|answer| answer.expect(200)).collect();
    let created: i64 = answers.iter().map(|answer| answer["counts"]["created"].as_i64().unwrap()).sum();
    let rejected: i64 = answers.iter().map(|answer| answer["counts"]["rejected"].as_i64().unwrap()).sum();
    assert_eq!((created, rejected), (150, 0));
    assert_eq!(count(&app, "select count(*) from leads").await, 150);
    assert_eq!(
        count(&app, "select count(*) from leads where num_nonnulls(email, linkedin_url, external_id) = 3").await,
        150
    );
    assert_eq!(count(&app, "select count(*) from audit_logs where action = 'lead.created'").await, 150);
}

#[tokio::test]
async fn a_thousand_rows_are_one_call_and_a_replay_does_nothing() {
    let app = TestApp::start().await;
    let member = app.member();
    let list = make_list(&member, "List").await;
    let rows: Vec<Value> = (0..1000)
        .map(|i| json!({"email": format!("p{i}@example.com"), "full_name": format!("Person No {i}"), "tags": ["a", "b"], "custom_fields": {"i": i}}))
        .collect();
    let body = json!({"lead_list_id": list, "leads": rows});
    let send = || member.request(Method::POST, BATCH).header("idempotency-key", "batch").json(body.clone()).send();
    let (first, second) = (send().await, send().await);
    assert_eq!(second.header("idempotent-replayed"), "true");
    assert_eq!((first.body["counts"]["created"].as_i64(), &second.body), (Some(1000), &first.body));
    let again = member.post(BATCH, body).await.expect(200);
    assert_eq!(again["counts"]["unchanged"], 1000);
    let list = member.get(&format!("/api/v1/lead-lists/{list}")).await.expect(200);
    assert_eq!(list["lead_count"], 1000);
    let newest = member.get(&format!("{LEADS}?limit=1")).await.expect(200);
    assert_eq!(newest["data"][0]["email"], "p999@example.com");
    let read = member.get(&format!("{LEADS}/{}", id_of(&newest["data"][0]))).await.expect(200);
    assert_eq!((&read["tags"], &read["custom_fields"]), (&json!(["a", "b"]), &json!({"i": 999})));
}

#[tokio::test]
async fn two_batches_of_an_organization_are_worked_on_at_a_time() {
    let app = TestApp::start().await;
    let member = app.member();
    make(&member, "jane@example.com", json!({})).await;
    let mut blocker = app.pool.begin().await.unwrap();
    sqlx::query("select from leads for update").execute(&mut *blocker).await.unwrap();
    let change = |key: &str| {
        let call = member.request(Method::POST, BATCH).header("idempotency-key", key);
        tokio::spawn(call.json(json!({"leads": [{"email": "jane@example.com", "title": "CTO"}]})).send())
    };
    let at_work = [change("k1"), change("k2")];
    let waiting =
        "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
    let both = async {
        while count(&app, waiting).await < 2 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), both).await.expect("two that wait");
    let third = change("k3");
    app.outsider().post(BATCH, json!({"leads": [{"email": "jane@example.com"}]})).await.expect(200);
    third.await.unwrap().expect_problem(503, "server_busy");
    assert_eq!(count(&app, waiting).await, 2);
    blocker.rollback().await.unwrap();
    for answer in at_work {
        answer.await.unwrap().expect(200);
    }
    change("k3").await.unwrap().expect(200);
}
