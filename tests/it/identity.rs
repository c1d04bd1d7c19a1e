//! Who a token makes of its bearer: provisioned just in time, never more than either token or database grants, and no longer than 2 s
//! after the database has changed its mind.

use std::{sync::Arc, time::Duration};

use reqwest::Method;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::support::{
    Caller, TestApp,
    app::{ADMIN, MEMBER},
    clerk_events::{Membership, deleted, organization, user},
};

const LISTS: &str = "/api/v1/lead-lists";

/// How many users, organizations and memberships there are of `new`.
async fn count(app: &TestApp) -> (i64, i64, i64) {
    sqlx::query_as(
        "select (select count(*) from users where clerk_user_id = 'user_new'),
                (select count(*) from organizations where clerk_organization_id = 'org_new'),
                (select count(*) from organization_members m join users u on u.id = m.user_id where u.clerk_user_id = 'user_new')",
    )
    .fetch_one(&app.pool)
    .await
    .unwrap()
}

fn membership(id: &str, created_at: i64) -> Membership<'_> {
    Membership { id, user: "user_new", organization: "org_new", created_at }
}

async fn role(app: &TestApp, caller: &Caller, organization: &str) -> Value {
    let id = app.organization_id(organization).await;
    caller.get(&format!("/api/v1/organizations/{id}")).await.expect(200)["role"].clone()
}

#[tokio::test]
async fn whom_no_webhook_has_announced_is_taken_in_from_the_token() {
    let app = TestApp::start().await;
    let new = app.somebody("user_new", Some(("org_new", "org:admin")));
    new.get(LISTS).await.expect(200);
    assert_eq!(count(&app).await, (1, 1, 1));
    let me = new.get("/api/v1/me").await.expect(200);
    assert_eq!(me["memberships"][0]["role"], "admin");
    assert_eq!(me["memberships"][0]["organization"]["name"], "org_new");
    let audited: Vec<(String, String)> =
        sqlx::query_as("select actor_type, action from audit_logs order by id").fetch_all(&app.pool).await.unwrap();
    let by_system = |action: &str| ("system".to_owned(), action.to_owned());
    assert_eq!(audited, [by_system("organization.created"), by_system("member.added")]);

    // The true story, when it comes, is written over it.
    app.deliver("msg_1", &membership("orgmem_1", 5).event("created", "org:member", 5)).await.expect(200);
    app.deliver("msg_2", &user("user.created", "user_new", "Nia", 4)).await.expect(200);
    app.clock.advance(Duration::from_secs(2));
    let me = new.get("/api/v1/me").await.expect(200);
    assert_eq!((&me["first_name"], &me["memberships"][0]["role"]), (&json!("Nia"), &json!("member")));
    assert_eq!(me["memberships"][0]["organization"]["name"], "Old");
    assert_eq!(count(&app).await, (1, 1, 1));
}

#[tokio::test]
async fn me_takes_in_what_the_token_says_of_an_organization_too() {
    let app = TestApp::start().await;
    let new = app.somebody("user_new", Some(("org_new", "org:member")));
    let me = new.get("/api/v1/me").await.expect(200);
    assert_eq!(me["memberships"].as_array().unwrap().len(), 1);
    assert_eq!(new.get("/api/v1/organizations").await.expect(200)["data"][0]["clerk_organization_id"], "org_new");
}

#[tokio::test]
async fn a_user_without_an_organization_is_taken_in_alone() {
    let app = TestApp::start().await;
    let new = app.somebody("user_new", None);
    new.get(LISTS).await.expect_problem(400, "organization_required");
    assert_eq!(new.get("/api/v1/me").await.expect(200)["memberships"], json!([]));
    assert_eq!(new.get("/api/v1/organizations").await.expect(200)["data"], json!([]));
    assert_eq!(count(&app).await, (1, 0, 0));
    // Naming an organization in a header is no word of Clerk's.
    let named = new.request(Method::GET, LISTS).header("x-organization-id", "org_ours").send().await;
    named.expect_problem(404, "organization_not_found");
    let foreign = app.somebody("user_new", Some(("org_new", "org:admin")));
    let named = foreign.request(Method::GET, LISTS).header("x-organization-id", "org_ours").send().await;
    named.expect_problem(404, "organization_not_found");
    assert_eq!(count(&app).await, (1, 0, 0));
    // By its own name, ours or Clerk's, it is the token's.
    foreign.request(Method::GET, LISTS).header("x-organization-id", "org_new").send().await.expect(200);
    assert_eq!(count(&app).await, (1, 1, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_first_requests_at_once_make_one_of_each() {
    let app = Arc::new(TestApp::start().await);
    let mut tasks = JoinSet::new();
    for n in 0..100 {
        let new = app.somebody("user_new", Some(("org_new", "org:admin")));
        let path = if n % 2 == 0 { LISTS } else { "/api/v1/me" };
        tasks.spawn(async move { new.get(path).await.expect(200) });
    }
    tasks.join_all().await;
    assert_eq!(count(&app).await, (1, 1, 1));
    let audited: i64 = sqlx::query_scalar("select count(*) from audit_logs").fetch_one(&app.pool).await.unwrap();
    assert_eq!(audited, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_first_request_and_its_webhooks_may_come_at_once() {
    let app = Arc::new(TestApp::start().await);
    let mut tasks = JoinSet::new();
    for event in [
        user("user.created", "user_new", "Nia", 4),
        organization("organization.created", "org_new", "New", 4),
        membership("orgmem_1", 5).event("created", "org:admin", 5),
    ] {
        let app = Arc::clone(&app);
        tasks.spawn(async move { app.deliver(&format!("msg_{}", event["type"]).replace('"', ""), &event).await });
    }
    for _ in 0..20 {
        let new = app.somebody("user_new", Some(("org_new", "org:admin")));
        tasks.spawn(async move { new.get(LISTS).await });
    }
    for answer in tasks.join_all().await {
        answer.expect(200);
    }
    assert_eq!(count(&app).await, (1, 1, 1));
    let known: (String, String) = sqlx::query_as(
        "select clerk_membership_id, clerk_role from organization_members where clerk_membership_id = 'orgmem_1'",
    )
    .fetch_one(&app.pool)
    .await
    .unwrap();
    assert_eq!(known, ("orgmem_1".to_owned(), "org:admin".to_owned()));
}

#[tokio::test]
async fn no_token_brings_back_who_has_left() {
    let app = TestApp::start().await;
    app.deliver("msg_1", &membership("orgmem_1", 5).event("deleted", "org:admin", 9)).await.expect(200);
    let new = app.somebody("user_new", Some(("org_new", "org:admin")));
    for _ in 0..2 {
        new.get(LISTS).await.expect_problem(403, "membership_required");
        new.get("/api/v1/me").await.expect(200);
        app.clock.advance(Duration::from_secs(2));
    }
    // A re-join comes by webhook, in its own role.
    app.deliver("msg_2", &membership("orgmem_2", 12).event("created", "org:member", 12)).await.expect(200);
    new.get(LISTS).await.expect(200);
    assert_eq!(role(&app, &new, "org_new").await, "member");
}

#[tokio::test]
async fn no_token_brings_back_what_was_deleted() {
    let app = TestApp::start().await;
    app.deliver("msg_1", &deleted("organization.deleted", "org_new", 9)).await.expect(200);
    let new = app.somebody("user_new", Some(("org_new", "org:admin")));
    new.get(LISTS).await.expect_problem(403, "membership_required");
    assert_eq!(new.get("/api/v1/me").await.expect(200)["memberships"], json!([]));
    app.deliver("msg_2", &deleted("user.deleted", "user_new", 9)).await.expect(200);
    app.clock.advance(Duration::from_secs(2));
    new.get("/api/v1/me").await.expect_problem(401, "user_deleted");
    assert_eq!(count(&app).await, (1, 1, 0));
}

#[tokio::test]
async fn an_organization_may_want_no_members_from_tokens() {
    let app = TestApp::start().await;
    let path = format!("/api/v1/organizations/{}", app.organization_id("org_ours").await);
    app.admin().patch(&path, json!({"settings": {"just_in_time_members": false}})).await.expect(200);
    app.somebody("user_new", Some(("org_ours", "org:admin")))
        .get(LISTS)
        .await
        .expect_problem(403, "membership_required");
    app.admin().patch(&path, json!({"settings": {"just_in_time_members": true}})).await.expect(200);
    app.clock.advance(Duration::from_secs(2));
    let new = app.somebody("user_new", Some(("org_ours", "org:member")));
    new.get(LISTS).await.expect(200);
}

#[tokio::test]
async fn who_is_denied_costs_one_question_and_is_remembered() {
    let app = TestApp::start().await;
    app.deliver("msg_1", &membership("orgmem_1", 5).event("deleted", "org:admin", 9)).await.expect(200);
    let new = app.somebody("user_new", Some(("org_new", "org:admin")));
    new.get(LISTS).await.expect_problem(403, "membership_required");
    // Within the memory even a change is not seen: nobody was asked.
    app.deliver("msg_2", &membership("orgmem_2", 12).event("created", "org:admin", 12)).await.expect(200);
    app.clock.advance(Duration::from_secs(1));
    new.get(LISTS).await.expect_problem(403, "membership_required");
    app.clock.advance(Duration::from_secs(1));
    new.get(LISTS).await.expect(200);
}

#[tokio::test]
async fn neither_token_nor_database_grants_more_than_the_other() {
    let app = TestApp::start().await;
    let promoted = app.somebody(MEMBER.clerk_user, Some(("org_ours", "org:admin")));
    assert_eq!(role(&app, &promoted, "org_ours").await, "member", "the database denies what the token grants");
    let demoted = app.somebody(ADMIN.clerk_user, Some(("org_ours", "org:member")));
    assert_eq!(role(&app, &demoted, "org_ours").await, "member", "the token denies what the database grants");
    let elsewhere = app.somebody(ADMIN.clerk_user, None);
    let id = app.organization_id("org_ours").await;
    let told = elsewhere.get(&format!("/api/v1/organizations/{id}")).await.expect(200);
    assert_eq!(told["role"], "admin", "a token that is silent about an organization denies nothing");
    let custom = app.somebody(ADMIN.clerk_user, Some(("org_ours", "org:billing")));
    let path = format!("/api/v1/organizations/{id}");
    custom.patch(&path, json!({})).await.expect_problem(403, "admin_required");
}

#[tokio::test]
async fn a_demotion_and_a_removal_bite_within_two_seconds_on_every_replica() {
    let app = TestApp::start().await;
    let replica = app.replica().await;
    let path = format!("/api/v1/organizations/{}", app.organization_id("org_ours").await);
    let admin = app.admin();
    let there = Caller { base: replica.base.clone(), ..admin.clone() };
    let at = app.now_millis();
    let ours = Membership { id: "orgmem_user_admin", user: "user_admin", organization: "org_ours", created_at: 0 };
    for caller in [&admin, &there] {
        caller.patch(&path, json!({})).await.expect(200);
    }
    app.deliver("msg_1", &ours.event("updated", "org:member", at)).await.expect(200);
    app.clock.advance(Duration::from_secs(2));
    for caller in [&admin, &there] {
        caller.patch(&path, json!({})).await.expect_problem(403, "admin_required");
        caller.get(LISTS).await.expect(200);
    }
    app.deliver("msg_2", &ours.event("deleted", "org:member", at + 1)).await.expect(200);
    app.clock.advance(Duration::from_secs(2));
    for caller in [&admin, &there] {
        caller.get(LISTS).await.expect_problem(403, "membership_required");
        caller.get(&path).await.expect_problem(404, "organization_not_found");
        caller.get("/api/v1/me").await.expect(200);
        assert_eq!(caller.get("/api/v1/organizations").await.expect(200)["data"], json!([]));
    }
}

#[tokio::test]
async fn who_is_banned_stays_out_until_unbanned() {
    let app = TestApp::start().await;
    let mut ban = user("user.updated", "user_member", "Max", app.now_millis());
    ban["data"]["banned"] = json!(true);
    app.deliver("msg_1", &ban).await.expect(200);
    app.member().get("/api/v1/me").await.expect_problem(403, "user_banned");
    ban["data"]["banned"] = json!(false);
    ban["data"]["updated_at"] = json!(app.now_millis() + 1);
    app.deliver("msg_2", &ban).await.expect(200);
    app.clock.advance(Duration::from_secs(2));
    app.member().get("/api/v1/me").await.expect(200);
}
