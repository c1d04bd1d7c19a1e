//! Clerk's webhooks: any order, any number of times, and always the same end.

use std::{sync::Arc, time::Duration};

use axum::extract::FromRef as _;
use clento::{
    integrations::clerk::{Delivery, Envelope},
    models::clerk_sync::EventOutcome,
    repositories::RequestContext,
    services::ClerkSyncService,
    utils::clock::Clock as _,
};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::support::{
    TestApp,
    clerk_events::{Membership, deleted, organization, user},
};

/// Every order of `0..n`.
fn orders(n: usize) -> Vec<Vec<usize>> {
    if n == 0 {
        return vec![vec![]];
    }
    let mut all = Vec::new();
    for shorter in orders(n - 1) {
        for at in 0..n {
            let mut order = shorter.clone();
            order.insert(at, n - 1);
            all.push(order);
        }
    }
    all
}

/// A story told with the ids `user_<x>`, `org_<x>`, `orgmem_a_<x>` and `orgmem_b_<x>`.
type Story = fn(&str) -> Vec<Value>;

/// One who joins, is promoted, leaves and joins again, while the organization changes its name.
fn comes_and_goes(x: &str) -> Vec<Value> {
    let (who, place) = (format!("user_{x}"), format!("org_{x}"));
    let (a, b) = (format!("orgmem_a_{x}"), format!("orgmem_b_{x}"));
    let first = Membership { id: &a, user: &who, organization: &place, created_at: 1_000 };
    let second = Membership { id: &b, user: &who, organization: &place, created_at: 5_000 };
    vec![
        organization("organization.updated", &place, "Acme", 3_500),
        first.event("created", "org:member", 1_000),
        first.event("updated", "org:admin", 2_000),
        first.event("deleted", "org:admin", 4_000),
        second.event("created", "org:member", 5_000),
    ]
}

/// Everything comes to an end, and what came before it comes late.
fn ends(x: &str) -> Vec<Value> {
    let (who, place, a) = (format!("user_{x}"), format!("org_{x}"), format!("orgmem_a_{x}"));
    let membership = Membership { id: &a, user: &who, organization: &place, created_at: 1_000 };
    vec![
        user("user.created", &who, "Uma", 500),
        deleted("user.deleted", &who, 9_000),
        membership.event("updated", "org:admin", 2_000),
        organization("organization.created", &place, "Acme", 400),
        deleted("organization.deleted", &place, 9_500),
    ]
}

/// Tellings that only their time of telling, or nothing at all, puts in order; and a re-join whose end of the old never comes.
fn ties(x: &str) -> Vec<Value> {
    let (who, place) = (format!("user_{x}"), format!("org_{x}"));
    let (a, b) = (format!("orgmem_a_{x}"), format!("orgmem_b_{x}"));
    let mut told_later = user("user.updated", &who, "Later", 700);
    told_later["timestamp"] = json!(800);
    vec![
        user("user.updated", &who, "Ada", 700),
        user("user.updated", &who, "Bea", 700),
        told_later,
        Membership { id: &b, user: &who, organization: &place, created_at: 2_000 }.event(
            "created",
            "org:member",
            2_000,
        ),
        Membership { id: &a, user: &who, organization: &place, created_at: 1_000 }.event("updated", "org:admin", 3_000),
    ]
}

async fn apply(sync: &ClerkSyncService, app: &TestApp, event: &Value) -> EventOutcome {
    let delivery = Delivery { id: format!("msg_{}", Uuid::new_v4().simple()), signed_at: app.clock.now() };
    let envelope = Envelope::read(event.to_string().as_bytes(), &delivery).unwrap();
    sync.apply(&delivery.id, &envelope, &RequestContext::default()).await.unwrap()
}

/// All that is stored of a story, less our own ids, times and counters.
async fn rows(app: &TestApp, x: &str) -> Value {
    let mut all = serde_json::Map::new();
    for (table, id) in [
        ("users", "clerk_user_id"),
        ("organizations", "clerk_organization_id"),
        ("organization_members", "clerk_membership_id"),
    ] {
        let sql = format!(
            "select coalesce(jsonb_agg(to_jsonb(t) - array['id','organization_id','user_id','version','created_at','updated_at']
                       || jsonb_build_object('deleted_at', t.deleted_at is not null) order by {id}), '[]')::text
             from {table} t where {id} like $1"
        );
        let text: String =
            sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).bind(format!("%\\_{x}")).fetch_one(&app.pool).await.unwrap();
        all.insert(table.to_owned(), serde_json::from_str(&text.replace(x, "x")).unwrap());
    }
    all.into()
}

/// Tells a story in every order, each twice over, and returns the one end that all have.
async fn every_order(story: Story) -> Value {
    let app = Arc::new(TestApp::start().await);
    let orders = orders(story("x").len());
    let mut tasks = JoinSet::new();
    for (lane, part) in orders.chunks(orders.len().div_ceil(8)).enumerate() {
        let (app, part) = (Arc::clone(&app), part.to_vec());
        tasks.spawn(async move {
            let sync = ClerkSyncService::from_ref(&app.state);
            let mut ends = Vec::new();
            for (n, order) in part.into_iter().enumerate() {
                let x = format!("l{lane}n{n}z");
                let events = story(&x);
                for at in &order {
                    apply(&sync, &app, &events[*at]).await;
                }
                let end = rows(&app, &x).await;
                // Dashboard replays have new ids: nothing but the order is against them.
                let again = apply(&sync, &app, &events[order[0]]).await;
                assert_eq!(again, EventOutcome::Stale, "{order:?}");
                assert_eq!(rows(&app, &x).await, end, "{order:?}");
                ends.push((order, end));
            }
            ends
        });
    }
    let ends: Vec<_> = tasks.join_all().await.into_iter().flatten().collect();
    let (_, first) = &ends[0];
    for (order, end) in &ends {
        assert_eq!(end, first, "{order:?} ends otherwise than {:?}", ends[0].0);
    }
    first.clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_comes_and_goes_ends_the_same_in_every_order() {
    let end = every_order(comes_and_goes).await;
    assert_eq!(end["users"][0]["email"], "user_x@old.example");
    assert_eq!(end["organizations"][0]["name"], "Acme");
    let [old, new] = end["organization_members"].as_array().unwrap().as_slice() else { panic!("{end}") };
    assert_eq!((&old["deleted_at"], &old["clerk_role"]), (&json!(true), &json!(null)));
    assert_eq!((&new["deleted_at"], &new["clerk_role"]), (&json!(false), &json!("org:member")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_has_ended_is_brought_back_by_nothing_and_holds_nothing_personal() {
    let end = every_order(ends).await;
    for thing in [&end["users"][0], &end["organizations"][0]] {
        assert_eq!(thing["deleted_at"], true);
        for personal in ["email", "first_name", "last_name", "image_url", "slug"] {
            assert!(thing[personal].is_null(), "{thing}");
        }
    }
    assert_eq!(end["organizations"][0]["name"], "");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ties_are_broken_the_same_way_everywhere_and_the_last_membership_counts() {
    let end = every_order(ties).await;
    assert_eq!(end["users"][0]["first_name"], "Later");
    let [old, new] = end["organization_members"].as_array().unwrap().as_slice() else { panic!("{end}") };
    assert_eq!((&old["deleted_at"], &new["deleted_at"]), (&json!(true), &json!(false)));
    assert_eq!(new["clerk_role"], "org:member");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_that_come_all_at_once_neither_cross_nor_get_lost() {
    let app = Arc::new(TestApp::start().await);
    let mut first = None;
    for round in 0..20 {
        let x = format!("r{round}z");
        let mut tasks = JoinSet::new();
        for event in comes_and_goes(&x).into_iter().chain(comes_and_goes(&x)) {
            let app = Arc::clone(&app);
            let id = format!("msg_{}", Uuid::new_v4().simple());
            tasks.spawn(async move { app.deliver(&id, &event).await.expect(200) });
        }
        tasks.join_all().await;
        let end = rows(&app, &x).await;
        assert_eq!(*first.get_or_insert_with(|| end.clone()), end);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_delivery_acts_once_however_often_it_comes() {
    let app = Arc::new(TestApp::start().await);
    let mut tasks = JoinSet::new();
    for _ in 0..20 {
        let app = Arc::clone(&app);
        tasks.spawn(async move {
            app.deliver("msg_1", &organization("organization.created", "org_new", "New", 5)).await.expect(200)
        });
    }
    let outcomes: Vec<Value> = tasks.join_all().await.into_iter().map(|body| body["outcome"].clone()).collect();
    assert_eq!(outcomes.iter().filter(|outcome| *outcome == "applied").count(), 1, "{outcomes:?}");
    assert_eq!(outcomes.iter().filter(|outcome| *outcome == "duplicate").count(), 19, "{outcomes:?}");
    let rows: Vec<(String, String)> =
        sqlx::query_as("select actor_type, action from audit_logs").fetch_all(&app.pool).await.unwrap();
    assert_eq!(rows, [("system".to_owned(), "organization.created".to_owned())]);
}

#[tokio::test]
async fn what_happens_to_members_and_organizations_is_audited_once() {
    let app = TestApp::start().await;
    for (n, event) in comes_and_goes("z").iter().enumerate() {
        app.deliver(&format!("msg_{n}"), event).await.expect(200);
        app.clock.advance(Duration::from_millis(1));
    }
    assert_eq!(
        audited(&app, "org_z").await,
        ["organization.created", "member.added", "member.role_changed", "member.removed", "member.added"]
    );
}

/// What was done to an organization, in the order of the log.
async fn audited(app: &TestApp, organization: &str) -> Vec<String> {
    sqlx::query_scalar("select action from audit_logs where organization_id = $1 order by id")
        .bind(app.organization_id(organization).await)
        .fetch_all(&app.pool)
        .await
        .unwrap()
}

#[tokio::test]
async fn what_one_event_does_is_audited_in_the_order_in_which_it_is_done() {
    let app = TestApp::start().await;
    for n in 0..20 {
        let (who, place, id) = (format!("user_{n}"), format!("org_{n}"), format!("orgmem_{n}"));
        let joins = Membership { id: &id, user: &who, organization: &place, created_at: 5 };
        app.deliver(&format!("msg_{n}"), &joins.event("created", "org:member", 5)).await.expect(200);
        assert_eq!(audited(&app, &place).await, ["organization.created", "member.added"]);
    }
}

#[tokio::test]
async fn unknown_types_are_noted_and_ignored() {
    let app = TestApp::start().await;
    let event = json!({"type": "session.created", "object": "event", "data": {"id": "sess_1"}, "timestamp": 5});
    assert_eq!(app.deliver("msg_1", &event).await.expect(200), json!({"outcome": "ignored"}));
    assert_eq!(app.deliver("msg_1", &event).await.expect(200), json!({"outcome": "duplicate"}));
    let noted: (String, String) =
        sqlx::query_as("select type, outcome from inbound_events").fetch_one(&app.pool).await.unwrap();
    assert_eq!(noted, ("session.created".to_owned(), "ignored".to_owned()));
}

#[tokio::test]
async fn a_malformed_event_is_refused_whole() {
    let app = TestApp::start().await;
    let mut event = organization("organization.created", "org_new", "New", 5);
    event["data"].as_object_mut().unwrap().remove("name");
    let problem = app.deliver("msg_1", &event).await.expect_problem(422, "webhook_malformed");
    assert_eq!(problem["errors"][0]["pointer"], "/data/name");
    let mut membership = Membership { id: "orgmem_1", user: "user_new", organization: "org_new", created_at: 1 }.event(
        "created",
        "org:member",
        5,
    );
    membership["data"]["public_user_data"]["user_id"] = json!("../etc");
    let answer = app.deliver("msg_2", &membership).await;
    assert!(!answer.text.contains("etc"), "{}", answer.text);
    answer.expect_problem(422, "webhook_malformed");
    app.deliver("msg_3", &json!([1])).await.expect_problem(422, "webhook_malformed");
    let known: i64 = sqlx::query_scalar(
        "select (select count(*) from organizations where clerk_organization_id = 'org_new') + (select count(*) from users
         where clerk_user_id = 'user_new') + (select count(*) from inbound_events)",
    )
    .fetch_one(&app.pool)
    .await
    .unwrap();
    assert_eq!(known, 0);
}

#[tokio::test]
async fn odd_texts_do_not_block_what_comes_behind_them() {
    let app = TestApp::start().await;
    app.deliver("msg_1", &organization("organization.created", "org_odd", &"\u{0}ü".repeat(400), 5)).await.expect(200);
    let name: String = sqlx::query_scalar("select name from organizations where clerk_organization_id = 'org_odd'")
        .fetch_one(&app.pool)
        .await
        .unwrap();
    assert_eq!(name, "ü".repeat(255));
}
