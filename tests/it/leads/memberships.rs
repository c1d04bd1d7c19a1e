//! On which lists a lead is, by whichever way it came onto them.

use std::time::Duration;

use serde_json::json;

use super::{LEADS, id_of, make, make_list, path_of};
use crate::support::{Caller, TestApp};

/// The addresses on a list, page by page of two, in both directions.
async fn on(list: &str, caller: &Caller) -> Vec<String> {
    let walk = async |sort: &str| {
        let mut found = Vec::new();
        let mut cursor = String::new();
        loop {
            let page =
                caller.get(&format!("{LEADS}?lead_list_id={list}&limit=2&sort={sort}{cursor}")).await.expect(200);
            let leads = page["data"].as_array().unwrap();
            assert!(leads.iter().all(|lead| lead["lead_list_id"] == list));
            found.extend(leads.iter().map(|lead| lead["email"].as_str().unwrap().to_owned()));
            let Some(next) = page["next_cursor"].as_str() else { return found };
            cursor = format!("&cursor={next}");
        }
    };
    let newest_first = walk("-created_at").await;
    let mut oldest_first = walk("created_at").await;
    oldest_first.reverse();
    assert_eq!(newest_first, oldest_first);
    newest_first
}

#[tokio::test]
async fn a_page_has_who_came_in_by_the_list_and_who_joined_it() {
    let app = TestApp::start().await;
    let member = app.member();
    let (home, other) = (make_list(&member, "Home").await, make_list(&member, "Other").await);
    // Every second one came in by another list, and joins this one afterwards.
    for (i, list) in [&home, &other].into_iter().cycle().take(7).enumerate() {
        app.clock.advance(Duration::from_millis(1));
        let lead = make(&member, &format!("p{i}@example.com"), json!({"lead_list_id": list})).await;
        if *list == other {
            member.patch(&path_of(&lead), json!({"lead_list_ids": [home, other]})).await.expect(200);
        }
    }
    let all: Vec<_> = (0..7).rev().map(|i| format!("p{i}@example.com")).collect();
    assert_eq!(on(&home, &member).await, all);
    assert_eq!(on(&other, &member).await, ["p5@example.com", "p3@example.com", "p1@example.com"]);
    let found = member.get(&format!("{LEADS}?lead_list_id={home}&search=example&limit=5&include_total=true")).await;
    let found = found.expect(200);
    assert_eq!((&found["total"], found["data"].as_array().unwrap().len()), (&json!(7), 5));
    let statistics = member.get(&format!("/api/v1/lead-lists/{home}/statistics")).await.expect(200);
    assert_eq!(statistics["lead_count"], 7);
    let copy = member.post(&format!("/api/v1/lead-lists/{home}/duplicate"), json!({})).await.expect(201);
    assert_eq!(on(&id_of(&copy), &member).await, all);
}

#[tokio::test]
async fn who_joins_a_list_while_it_is_read_is_on_a_later_page() {
    let app = TestApp::start().await;
    let member = app.member();
    let (home, empty) = (make_list(&member, "Home").await, make_list(&member, "Empty").await);
    let mut leads = Vec::new();
    for i in 0..5 {
        app.clock.advance(Duration::from_millis(1));
        let more =
            if i == 1 { json!({}) } else { json!({"lead_list_id": home, "tags": ["x"], "custom_fields": {"n": i}}) };
        leads.push(make(&member, &format!("p{i}@example.com"), more).await);
    }
    let first = member.get(&format!("{LEADS}?lead_list_id={home}&limit=2")).await.expect(200);
    assert_eq!(first["data"], json!([leads[4], leads[3]]), "as each is read alone, with its list, labels and fields");
    member.patch(&path_of(&leads[1]), json!({"lead_list_ids": [empty, home]})).await.expect(200);
    assert_eq!(on(&home, &member).await, [4, 3, 2, 1, 0].map(|i| format!("p{i}@example.com")));
    let cursor = first["next_cursor"].as_str().unwrap();
    let second = member.get(&format!("{LEADS}?lead_list_id={home}&limit=2&cursor={cursor}")).await.expect(200);
    let emails: Vec<_> = second["data"].as_array().unwrap().iter().map(|lead| &lead["email"]).collect();
    assert_eq!(emails, ["p2@example.com", "p1@example.com"]);
    member.patch(&path_of(&leads[1]), json!({"lead_list_ids": [home]})).await.expect(200);
    assert!(on(&empty, &member).await.is_empty());
}

#[tokio::test]
async fn a_deleted_list_leaves_its_leads_on_their_other_lists() {
    let app = TestApp::start().await;
    let member = app.member();
    let (first, second) = (make_list(&member, "A").await, make_list(&member, "B").await);
    let both = make(&member, "both@example.com", json!({"lead_list_ids": [first, second]})).await;
    let one = make(&member, "one@example.com", json!({"lead_list_id": first})).await;
    member.delete(&format!("/api/v1/lead-lists/{first}")).await.expect(204);
    assert_eq!(member.get(&path_of(&both)).await.expect(200)["lead_list_ids"], json!([second]));
    assert_eq!(member.get(&path_of(&one)).await.expect(200)["lead_list_ids"], json!([]));
    // Joining again what one left is not joining twice.
    let path = path_of(&one);
    for lists in [json!([second]), json!([]), json!([second])] {
        let patched = member.patch(&path, json!({"lead_list_ids": lists})).await.expect(200);
        assert_eq!(patched["lead_list_ids"], lists);
    }
    assert_eq!(on(&second, &member).await.len(), 2);
}

#[tokio::test]
async fn a_list_that_is_emptied_in_parts_is_deleted_in_the_end() {
    let app = TestApp::start().await;
    let member = app.member();
    let list = make_list(&member, "Large").await;
    sqlx::query(
        "insert into leads (id, organization_id, email, source, lead_list_id, created_at, updated_at)
         select gen_random_uuid(), l.organization_id, 'p' || n || '@example.com', 'api', l.id, now(), now()
         from lead_lists l, generate_series(1, 20005) n",
    )
    .execute(&app.pool)
    .await
    .unwrap();
    member.delete(&format!("/api/v1/lead-lists/{list}")).await.expect(204);
    let left: i64 =
        sqlx::query_scalar("select count(*) from leads where lead_list_id is null").fetch_one(&app.pool).await.unwrap();
    assert_eq!(left, 20_005);
    let audited: i64 = sqlx::query_scalar("select count(*) from audit_logs where action = 'lead_list.deleted'")
        .fetch_one(&app.pool)
        .await
        .unwrap();
    assert_eq!(audited, 1);
}
