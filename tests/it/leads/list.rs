//! Lists of leads.

use std::time::Duration;

use serde_json::{Value, json};

use super::{LEADS, id_of, make, make_list};
use crate::support::{Caller, TestApp};

/// The e-mail addresses that `query` finds, in order.
async fn found(caller: &Caller, query: &str) -> Vec<String> {
    let page = caller.get(&format!("{LEADS}?limit=200&{query}")).await.expect(200);
    let name = |lead: &Value| lead["email"].as_str().unwrap().split('@').next().unwrap().to_owned();
    page["data"].as_array().unwrap().iter().map(name).collect()
}

/// Walks a list three rows at a time.
async fn walk(caller: &Caller, query: &str) -> Vec<String> {
    let (mut ids, mut cursor, mut pages) = (Vec::new(), String::new(), 0);
    loop {
        let page = caller.get(&format!("{LEADS}?limit=3&include_total=true&{query}{cursor}")).await.expect(200);
        ids.extend(page["data"].as_array().unwrap().iter().map(id_of));
        assert_eq!(page["total"], 8, "{query}");
        pages += 1;
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(pages, 3, "{query}");
    ids
}

#[tokio::test]
async fn pages_follow_each_other_though_all_were_made_at_once() {
    let app = TestApp::start().await;
    let member = app.member();
    let (list, other) = (make_list(&member, "List").await, make_list(&member, "Other").await);
    let mut made = Vec::new();
    for i in 0..8 {
        if i == 5 {
            app.clock.advance(Duration::from_secs(1));
        }
        let lead = make(&member, &format!("l{i}@example.com"), json!({"lead_list_ids": [list, other]})).await;
        assert_eq!(lead["lead_list_id"], lead["lead_list_ids"][0]);
        made.push((lead["created_at"].as_str().unwrap().to_owned(), id_of(&lead)));
    }
    make(&app.outsider(), "l9@example.com", json!({})).await;
    made.sort();
    let ascending: Vec<_> = made.into_iter().map(|(_, id)| id).collect();
    let descending: Vec<_> = ascending.iter().rev().cloned().collect();
    for query in [String::new(), format!("lead_list_id={other}"), "search=example".into(), "status=new".into()] {
        assert_eq!(walk(&member, &query).await, descending, "{query}");
        assert_eq!(walk(&member, &format!("{query}&sort=created_at").replace("=&", "=")).await, ascending, "{query}");
    }
    let page = member.get(&format!("{LEADS}?lead_list_id={other}&limit=2")).await.expect(200);
    for lead in page["data"].as_array().unwrap() {
        assert_eq!(lead["lead_list_id"], other.as_str(), "the list that was asked for");
    }
    let cursor = page["next_cursor"].as_str().unwrap();
    let wrong = member.get(&format!("{LEADS}?sort=created_at&cursor={cursor}")).await;
    wrong.expect_problem(400, "invalid_parameter");
}

#[tokio::test]
async fn filters_find_what_they_say() {
    let app = TestApp::start().await;
    let member = app.member();
    let list = make_list(&member, "List").await;
    make(
        &member,
        "a@one.com",
        json!({"first_name": "Jörg", "last_name": "ÖZIL", "company": "Acme Inc", "tags": ["x", "y"]}),
    )
    .await;
    app.clock.advance(Duration::from_mins(1));
    make(&member, "b@two.com", json!({"title": "100% remote_dev\\ops", "company": "ACME INC", "lead_list_id": list}))
        .await;
    app.clock.advance(Duration::from_mins(1));
    make(
        &member,
        "c@three.com",
        json!({"full_name": "Ann Lee", "company": "Acme", "status": "replied", "tags": ["X"]}),
    )
    .await;
    for (query, emails) in [
        ("search=özil", vec!["a"]),
        ("search=JÖRG%20öz", vec!["a"]),
        ("search=TWO.COM", vec!["b"]),
        ("search=ann%20lee", vec!["c"]),
        ("search=%25", vec!["b"]),
        ("search=100%25", vec!["b"]),
        ("search=e_d", vec!["b"]),
        ("search=%5C", vec!["b"]),
        ("search=a_m", vec![]),
        ("search=acme", vec!["c", "b", "a"]),
        ("search=acme&status=new", vec!["b", "a"]),
        ("search=acme&status=replied&tag=X", vec!["c"]),
        ("status=replied", vec!["c"]),
        ("tag=x", vec!["a"]),
        ("tag=z", vec![]),
        ("company=acme%20inc", vec!["b", "a"]),
        ("company=acme", vec!["c"]),
        ("created_after=2026-11-22T12:01:00Z", vec!["c", "b"]),
        ("created_before=2026-11-22T12:01:00Z", vec!["a"]),
        ("created_after=2026-11-22T12:01:00Z&created_before=2026-11-22T14:01:30%2B02:00", vec!["b"]),
        (&format!("lead_list_id={list}&status=new"), vec!["b"]),
        (&format!("lead_list_id={list}&search=acme"), vec!["b"]),
        (&format!("lead_list_id={list}&status=replied"), vec![]),
    ] {
        assert_eq!(found(&member, query).await, emails, "{query}");
    }
}

#[tokio::test]
async fn a_parameter_that_is_not_understood_is_refused() {
    let app = TestApp::start().await;
    let member = app.member();
    let long = "x".repeat(201);
    for (query, pointer) in [
        ("colour=red", "colour"),
        ("status=fresh", "status"),
        ("lead_list_id=7", "lead_list_id"),
        ("search=", "search"),
        ("search=a&search=b", "search"),
        ("created_after=yesterday", "created_after"),
        ("limit=201", "limit"),
        ("limit=0", "limit"),
        ("sort=name", "sort"),
        ("cursor=abc", "cursor"),
        (&format!("search={long}"), "search"),
        (&format!("tag={long}"), "tag"),
    ] {
        let problem = member.get(&format!("{LEADS}?{query}")).await.expect_problem(400, "invalid_parameter");
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{query}");
    }
    let out_of_range = member.get(&format!("{LEADS}?created_after=-9999-01-01T00:00:00Z")).await;
    assert!(out_of_range.status.is_client_error(), "{}", out_of_range.text);
}

#[tokio::test]
async fn nobody_sees_another_organizations_leads() {
    let app = TestApp::start().await;
    let (member, outsider) = (app.member(), app.outsider());
    let list = make_list(&member, "List").await;
    let lead = make(&member, "jane@example.com", json!({"lead_list_id": list, "tags": ["t"], "company": "Acme"})).await;
    for query in [
        "",
        "search=jane",
        "status=new",
        "tag=t",
        "company=acme",
        &format!("lead_list_id={list}"),
        &format!("lead_list_id={list}&tag=t"),
    ] {
        assert_eq!(found(&outsider, query).await, Vec::<String>::new(), "{query}");
    }
    for path in [super::path_of(&lead), format!("{}/timeline", super::path_of(&lead))] {
        outsider.get(&path).await.expect_problem(404, "lead_not_found");
    }
    outsider.patch(&super::path_of(&lead), json!({"title": "x"})).await.expect_problem(404, "lead_not_found");
    outsider.delete(&super::path_of(&lead)).await.expect_problem(404, "lead_not_found");
    assert_eq!(member.get(&super::path_of(&lead)).await.expect(200)["version"], 1);
}
