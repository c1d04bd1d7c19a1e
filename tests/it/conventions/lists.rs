//! Keyset pages.

use std::time::Duration;

use serde_json::{Value, json};

use super::LISTS;
use crate::support::{TestApp, caller::Caller};

/// All pages of a list, and how many rows each had.
async fn read(caller: &Caller, query: &str) -> (Vec<Value>, Vec<usize>) {
    let (mut names, mut sizes, mut cursor) = (Vec::new(), Vec::new(), String::new());
    loop {
        let page = caller.get(&format!("{LISTS}?{query}{cursor}")).await.expect(200);
        let rows = page["data"].as_array().unwrap();
        names.extend(rows.iter().map(|row| row["name"].clone()));
        sizes.push(rows.len());
        let Some(next) = page["next_cursor"].as_str() else { return (names, sizes) };
        cursor = format!("&cursor={next}");
    }
}

#[tokio::test]
async fn pages_join_even_when_all_rows_are_of_one_instant() {
    let app = TestApp::start().await;
    for i in 0..6 {
        app.member().post(LISTS, json!({"name": format!("ours {i}")})).await.expect(201);
        app.outsider().post(LISTS, json!({"name": format!("theirs {i}")})).await.expect(201);
    }
    for (caller, whose) in [(app.member(), "ours"), (app.outsider(), "theirs")] {
        let expected: Vec<String> = (0..6).map(|i| format!("{whose} {i}")).collect();
        for sort in ["-created_at", "created_at"] {
            // Two to a page: three full pages, and the last knows that it is the last.
            let (mut names, sizes) = read(&caller, &format!("limit=2&sort={sort}")).await;
            assert_eq!(sizes, [2, 2, 2], "{whose} {sort}");
            names.sort_by_key(ToString::to_string);
            assert_eq!(Value::from(names), json!(expected), "{whose} {sort}");
        }
    }
}

#[tokio::test]
async fn a_page_goes_on_where_the_one_before_ended_whatever_happens_between() {
    let app = TestApp::start().await;
    let member = app.member();
    for i in 0..4 {
        member.post(LISTS, json!({"name": format!("{i}")})).await.expect(201);
        app.clock.advance(Duration::from_millis(1));
    }
    let first = member.get(&format!("{LISTS}?limit=2")).await.expect(200);
    assert_eq!((&first["data"][0]["name"], &first["data"][1]["name"]), (&json!("3"), &json!("2")));
    member.post(LISTS, json!({"name": "new"})).await.expect(201);
    let gone = first["data"][1]["id"].as_str().unwrap();
    member.delete(&format!("{LISTS}/{gone}")).await.expect(204);
    let cursor = first["next_cursor"].as_str().unwrap();
    let second = member.get(&format!("{LISTS}?limit=2&cursor={cursor}")).await.expect(200);
    assert_eq!((&second["data"][0]["name"], &second["data"][1]["name"]), (&json!("1"), &json!("0")));
    assert_eq!(second["next_cursor"], json!(null));
    // A cursor belongs to its sort, and shows another organization nothing.
    let other_sort = member.get(&format!("{LISTS}?sort=created_at&cursor={cursor}")).await;
    other_sort.expect_problem(400, "invalid_parameter");
    let foreign = app.outsider().get(&format!("{LISTS}?cursor={cursor}")).await.expect(200);
    assert_eq!(foreign, json!({"data": [], "next_cursor": null}));
}

#[tokio::test]
async fn a_total_is_counted_when_asked_for() {
    let app = TestApp::start().await;
    for i in 0..3 {
        app.member().post(LISTS, json!({"name": format!("{i}")})).await.expect(201);
    }
    let page = app.member().get(&format!("{LISTS}?limit=2&include_total=true")).await.expect(200);
    assert_eq!((page["data"].as_array().unwrap().len(), &page["total"]), (2, &json!(3)));
    let page = app.member().get(&format!("{LISTS}?limit=2&include_total=false")).await.expect(200);
    assert!(page.get("total").is_none(), "{page}");
    assert_eq!(app.outsider().get(&format!("{LISTS}?include_total=true")).await.expect(200)["total"], 0);
}

#[tokio::test]
async fn a_query_with_very_many_parameters_is_refused_unread() {
    let app = TestApp::start().await;
    let query = |n: usize| (0..n).map(|i| format!("p{i}=1")).collect::<Vec<_>>().join("&");
    let problem = app.member().get(&format!("{LISTS}?{}", query(8_000))).await;
    let problem = problem.expect_problem(400, "invalid_parameter");
    assert_eq!(problem["errors"][0]["code"], "too_many");
    let problem = app.member().get(&format!("{LISTS}?{}", query(32))).await.expect_problem(400, "invalid_parameter");
    assert_eq!(problem["errors"][0]["code"], "unknown_parameter");
}
