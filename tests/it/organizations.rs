//! The organization itself, its members and invitations: what is ours, and what Clerk must agree to.

use std::sync::Arc;

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{
    Caller, TestApp,
    fake_clerk::{FakeClerk, Trouble},
};

/// An organization at Clerk, known here by its events: Ada administers it, Ben is a member.
pub(crate) struct Company {
    pub(crate) clerk: FakeClerk,
    pub(crate) app: TestApp,
    pub(crate) path: String,
}

impl Company {
    pub(crate) async fn found() -> Self {
        let clerk = FakeClerk::start().await;
        let app = TestApp::start_with_clerk(&clerk).await;
        {
            let mut world = clerk.world();
            world.add_organization("org_acme", "Acme");
            world.add_user("user_ada", "ada@acme.example", "Ada", "Adler");
            world.add_user("user_ben", "ben@acme.example", "Ben", "Berg");
            world.add_member("org_acme", "user_ada", "org:admin");
            world.add_member("org_acme", "user_ben", "org:member");
        }
        let mut company = Self { clerk, app, path: String::new() };
        company.deliver_all().await;
        company.path = format!("/api/v1/organizations/{}", company.app.organization_id("org_acme").await);
        company
    }

    /// Delivers the webhooks that Clerk has sent so far; answers what became of each.
    pub(crate) async fn deliver_all(&self) -> Vec<Value> {
        let mut outcomes = Vec::new();
        for event in self.clerk.take_events() {
            let id = format!("msg_{}", uuid::Uuid::new_v4().simple());
            outcomes.push(self.app.deliver(&id, &event).await.expect(200)["outcome"].clone());
        }
        outcomes
    }

    pub(crate) fn ada(&self) -> Caller {
        self.app.somebody("user_ada", Some(("org_acme", "org:admin")))
    }

    fn ben(&self) -> Caller {
        self.app.somebody("user_ben", Some(("org_acme", "org:member")))
    }

    pub(crate) fn at(&self, rest: &str) -> String {
        format!("{}/{rest}", self.path)
    }

    async fn member(&self, clerk_user: &str) -> Value {
        let body = self.ada().get(&self.at("members")).await.expect(200);
        body["data"].as_array().unwrap().iter().find(|one| one["clerk_user_id"] == clerk_user).unwrap().clone()
    }

    pub(crate) async fn path_of(&self, clerk_user: &str) -> String {
        self.at(&format!("members/{}", self.member(clerk_user).await["id"].as_str().unwrap()))
    }

    /// Who did what to the company, without what founding it took and what was only asked of Clerk.
    async fn audited(&self) -> Vec<(String, String)> {
        let mut all = self.audited_in_full().await;
        all.retain(|(_, action)| {
            !action.ends_with("_requested") && !action.ends_with("_refused") && action != "invitation.requested"
        });
        all
    }

    /// Who did what to the company, without what founding it took. As the rows lie in the table: the clock stands still, and the order of
    /// two transactions of one instant is not in their ids.
    pub(crate) async fn audited_in_full(&self) -> Vec<(String, String)> {
        let rows = "select a.actor_type, a.action from audit_logs a join organizations o on o.id = a.organization_id
                    where o.clerk_organization_id = 'org_acme' order by a.occurred_at, a.ctid";
        let rows: Vec<(String, String)> = sqlx::query_as(rows).fetch_all(&self.app.pool).await.unwrap();
        let founding = ["organization.created", "member.added"];
        rows.into_iter().filter(|(_, action)| !founding.contains(&action.as_str())).collect()
    }
}

pub(crate) fn by_user(action: &str) -> (String, String) {
    ("user".to_owned(), action.to_owned())
}

#[tokio::test]
async fn details_tell_plan_limits_and_usage() {
    let company = Company::found().await;
    company.ben().post("/api/v1/lead-lists", json!({"name": "Not counted"})).await.expect(201);
    let answer = company.ben().get(&company.path).await;
    assert_eq!(answer.header("etag"), "\"1\"");
    let details = answer.expect(200);
    assert_eq!((&details["name"], &details["role"]), (&json!("Acme"), &json!("member")));
    assert_eq!(details["plan"]["name"], "free");
    assert_eq!(details["plan"]["limits"]["members"], 3);
    assert_eq!(
        details["settings"],
        json!({"timezone": null, "just_in_time_members": true, "suppress_on_request": false, "guardrails": guardrails()})
    );
    assert_eq!(
        details["usage"],
        json!({"month": "2026-11", "members": 2, "connected_accounts": 0, "leads_created": 0, "campaigns_created": 0,
               "activities": 0})
    );
    assert_eq!(company.ben().get("/api/v1/organizations/org_acme").await.expect(200), details);
    let outside = company.app.outsider().get(&company.path).await.expect_problem(404, "organization_not_found");
    let unknown = company.app.outsider().get("/api/v1/organizations/org_none").await;
    let unknown = unknown.expect_problem(404, "organization_not_found");
    assert_eq!(outside["detail"], unknown["detail"]);
    company.ben().get("/api/v1/organizations/nothing").await.expect_problem(404, "organization_not_found");
    company.app.anonymous().get(&company.path).await.expect_problem(401, "token_missing");
}

#[tokio::test]
async fn the_name_is_clerks_the_settings_are_ours() {
    let company = Company::found().await;
    let body = json!({"name": "Acme Two", "settings": {"timezone": "europe/berlin", "just_in_time_members": false}});
    let changed = company.ada().patch(&company.path, body).await.expect(200);
    assert_eq!((&changed["name"], &changed["version"]), (&json!("Acme Two"), &json!(3)));
    assert_eq!(
        changed["settings"],
        json!({"timezone": "Europe/Berlin", "just_in_time_members": false, "suppress_on_request": false, "guardrails": guardrails()})
    );
    assert_eq!(company.clerk.take_requests()[0].line, "PATCH /v1/organizations/org_acme");
    assert_eq!(company.deliver_all().await, ["stale"], "the webhook tells what the answer told");
    assert_eq!(company.audited().await.len(), 2);
    for entry in ["organization.updated", "organization.settings_changed"] {
        assert!(company.audited().await.contains(&by_user(entry)), "{entry}");
    }

    let same = company.ada().patch(&company.path, json!({"name": "Acme Two", "settings": {}})).await.expect(200);
    assert_eq!(same["version"], 3);
    assert!(company.clerk.take_requests().is_empty(), "Clerk is not asked for what is so");
    let cleared = company.ada().patch(&company.path, json!({"settings": {"timezone": null}})).await.expect(200);
    assert_eq!(
        cleared["settings"],
        json!({"timezone": null, "just_in_time_members": false, "suppress_on_request": false, "guardrails": guardrails()})
    );

    let stale = company.ada().request(Method::PATCH, &company.path).header("if-match", "\"3\"");
    stale.json(json!({"name": "Late"})).send().await.expect_problem(412, "version_mismatch");
    assert!(company.clerk.take_requests().is_empty());
    company.ben().patch(&company.path, json!({"name": "Mine"})).await.expect_problem(403, "admin_required");
    company.app.outsider().patch(&company.path, json!({})).await.expect_problem(404, "organization_not_found");
}

#[tokio::test]
async fn every_fault_of_an_organization_is_named_and_what_clerk_refuses_changes_nothing() {
    let company = Company::found().await;
    let body = json!({"name": "", "slug": "x", "settings": {"timezone": 5, "just_in_time_members": null}});
    let problem = company.ada().patch(&company.path, body).await.expect_problem(422, "validation_failed");
    let mut pointers: Vec<&str> =
        problem["errors"].as_array().unwrap().iter().map(|fault| fault["pointer"].as_str().unwrap()).collect();
    pointers.sort_unstable();
    pointers.dedup();
    assert_eq!(pointers, ["/name", "/settings/just_in_time_members", "/settings/timezone", "/slug"]);

    company.clerk.trouble(Some(Trouble::Busy(7)));
    let body = json!({"name": "New", "settings": {"timezone": "Asia/Tokyo"}});
    let busy = company.ada().patch(&company.path, body).await;
    assert_eq!(busy.header("retry-after"), "7");
    busy.expect_problem(503, "clerk_unavailable");
    let details = company.ada().get(&company.path).await.expect(200);
    assert_eq!((&details["name"], &details["settings"]["timezone"]), (&json!("Acme"), &json!(null)));
    let told = company.audited_in_full().await;
    assert_eq!(told, [by_user("organization.rename_requested"), by_user("organization.rename_refused")]);
}

#[tokio::test]
async fn a_role_is_changed_at_clerk_and_bites_at_once() {
    let company = Company::found().await;
    let ben = company.path_of("user_ben").await;
    let changed = company.ada().patch(&ben, json!({"role": "admin"})).await;
    assert_eq!(changed.header("etag"), "\"2\"");
    let changed = changed.expect(200);
    assert_eq!((&changed["role"], &changed["clerk_role"]), (&json!("admin"), &json!("org:admin")));
    assert_eq!(company.deliver_all().await, ["stale"]);
    assert_eq!(company.audited().await, [by_user("member.role_changed")]);
    company.clerk.take_requests();
    assert_eq!(company.ada().patch(&ben, json!({"role": "admin"})).await.expect(200)["version"], 2);
    assert_eq!(company.ada().patch(&ben, json!({})).await.expect(200)["version"], 2);
    assert!(company.clerk.take_requests().is_empty());

    let stale = company.ada().request(Method::PATCH, &ben).header("if-match", "\"1\"");
    stale.json(json!({"role": "member"})).send().await.expect_problem(412, "version_mismatch");
    let problem = company.ada().patch(&ben, json!({"role": "owner", "email": 1})).await;
    let problem = problem.expect_problem(422, "validation_failed");
    assert_eq!(problem["errors"].as_array().unwrap().len(), 2, "{problem}");
    company.ada().patch(&ben, json!({"role": null})).await.expect_problem(422, "validation_failed");
}

#[tokio::test]
async fn a_member_is_removed_and_does_not_come_back() {
    let company = Company::found().await;
    let ben = company.path_of("user_ben").await;
    let stale = company.ada().request(Method::DELETE, &ben).header("if-match", "\"7\"").send().await;
    stale.expect_problem(412, "version_mismatch");
    company.ben().delete(&ben).await.expect_problem(403, "admin_required");
    company.ada().delete(&ben).await.expect(204);
    company.ada().delete(&ben).await.expect_problem(404, "member_not_found");
    assert_eq!(company.audited().await, [by_user("member.removed")]);
    company.app.clock.advance(std::time::Duration::from_secs(2));
    company.ben().get("/api/v1/lead-lists").await.expect_problem(403, "membership_required");
    company.deliver_all().await;
    assert_eq!(company.audited().await, [by_user("member.removed")], "the webhook tells nothing new");
    company.app.outsider().delete(&ben).await.expect_problem(404, "organization_not_found");
}

#[tokio::test]
async fn the_last_administrator_stays() {
    let company = Company::found().await;
    let ada = company.path_of("user_ada").await;
    company.ada().delete(&ada).await.expect_problem(409, "last_admin");
    company.ada().patch(&ada, json!({"role": "member"})).await.expect_problem(409, "last_admin");
    assert!(company.clerk.take_requests().is_empty());
    let ben = company.path_of("user_ben").await;
    company.ada().patch(&ben, json!({"role": "admin"})).await.expect(200);
    company.app.clock.advance(std::time::Duration::from_secs(2));

    // Two who demote each other at once: Clerk, which keeps the same rule, lets one of them.
    let ben_as_admin = company.app.somebody("user_ben", Some(("org_acme", "org:admin")));
    let ada_as_admin = company.ada();
    let (a, b) = tokio::join!(
        ada_as_admin.patch(&ben, json!({"role": "member"})),
        ben_as_admin.patch(&ada, json!({"role": "member"}))
    );
    assert!(a.status.is_success() != b.status.is_success(), "{} {}", a.text, b.text);
    let admins = company.app.somebody("user_ben", None).get(&company.at("members")).await.expect(200);
    assert_eq!(admins["data"].as_array().unwrap().iter().filter(|one| one["role"] == "admin").count(), 1);
}

#[tokio::test]
async fn members_are_paged_whole_and_in_order() {
    let company = Company::found().await;
    {
        let mut world = company.clerk.world();
        for n in 0..4 {
            let id = format!("user_{n}");
            world.add_user(&id, &format!("{n}@acme.example"), "N", "N");
            world.add_member("org_acme", &id, "org:member");
        }
    }
    company.deliver_all().await;
    let ben = company.ben();
    for sort in ["-created_at", "created_at"] {
        let mut seen = Vec::new();
        let mut cursor = String::new();
        for page in 0..3 {
            let path = company.at(&format!("members?limit=2&include_total=true&sort={sort}{cursor}"));
            let body = ben.get(&path).await.expect(200);
            assert_eq!(body["total"], 6);
            seen.extend(body["data"].as_array().unwrap().iter().map(|one| one["clerk_user_id"].to_string()));
            match body["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => assert_eq!(page, 2),
            }
        }
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), 6);
    }
    ben.get(&company.at("members?colour=red")).await.expect_problem(400, "invalid_parameter");
}

#[tokio::test]
async fn invitations_are_sent_listed_and_withdrawn_by_clerk() {
    let company = Company::found().await;
    let ada = company.ada();
    let path = company.at("invitations");
    let made = ada.post(&path, json!({"email": "cleo@acme.example", "role": "admin"})).await;
    let location = made.header("location").to_owned();
    let made = made.expect(201);
    assert_eq!(
        (&made["email"], &made["role"], &made["status"]),
        (&json!("cleo@acme.example"), &json!("admin"), &json!("pending"))
    );
    let sent = company.clerk.take_requests();
    assert_eq!(sent[0].body["inviter_user_id"], "user_ada");
    for n in 0..4 {
        ada.post(&path, json!({"email": format!("{n}@acme.example")})).await.expect(201);
    }
    let mut seen: Vec<String> = Vec::new();
    let mut cursor = String::new();
    for page in 0..3 {
        let body = ada.get(&format!("{path}?limit=2{cursor}")).await.expect(200);
        seen.extend(body["data"].as_array().unwrap().iter().map(|one| one["email"].as_str().unwrap().to_owned()));
        match body["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => assert_eq!(page, 2),
        }
    }
    assert_eq!(seen[4], "cleo@acme.example");
    assert_eq!(seen.len(), 5);

    let seen = ada.request(Method::DELETE, &location).header("if-match", "\"1\"").send().await;
    seen.expect_problem(412, "version_mismatch");
    ada.delete(&location).await.expect(204);
    ada.delete(&location).await.expect_problem(422, "validation_failed");
    ada.delete(&company.at("invitations/orginv_none")).await.expect_problem(404, "invitation_not_found");
    ada.delete(&company.at("invitations/..%2F..")).await.expect_problem(404, "invitation_not_found");
    assert_eq!(ada.get(&path).await.expect(200)["data"].as_array().unwrap().len(), 4);
    let audited = company.audited().await;
    assert_eq!(audited.iter().filter(|entry| **entry == by_user("invitation.created")).count(), 5);
    assert_eq!(audited.iter().filter(|entry| **entry == by_user("invitation.revoked")).count(), 1);
    company.ben().get(&path).await.expect_problem(403, "admin_required");
    company.app.outsider().get(&path).await.expect_problem(404, "organization_not_found");
}

#[tokio::test]
async fn what_is_wrong_with_an_invitation_is_said_in_our_words() {
    let company = Company::found().await;
    let ada = company.ada();
    let path = company.at("invitations");
    let problem = ada.post(&path, json!({"email": "nobody", "role": "owner", "name": 1})).await;
    let problem = problem.expect_problem(422, "validation_failed");
    let mut pointers: Vec<&str> =
        problem["errors"].as_array().unwrap().iter().map(|fault| fault["pointer"].as_str().unwrap()).collect();
    pointers.sort_unstable();
    assert_eq!(pointers, ["/email", "/name", "/role"]);
    let complaint = json!({"errors": [{"code": "form_param_format_invalid", "message": "no", "meta": {"param_name": "email_address"}}]});
    company.clerk.trouble(Some(Trouble::Answer(422, complaint.to_string())));
    let problem = ada.post(&path, json!({"email": "x@acme.example"})).await.expect_problem(422, "validation_failed");
    assert_eq!(problem["errors"][0]["pointer"], "/email");
    ada.get(&format!("{path}?limit=0")).await.expect_problem(400, "invalid_parameter");
    ada.get(&format!("{path}?cursor=AAAA.")).await.expect_problem(400, "invalid_parameter");
}

#[tokio::test]
async fn an_invitation_with_a_key_is_sent_once() {
    let company = Arc::new(Company::found().await);
    let path = company.at("invitations");
    let send = || {
        let ada = company.ada();
        let call = ada.request(Method::POST, &path).header("idempotency-key", "k1");
        call.json(json!({"email": "cleo@acme.example"})).send()
    };
    let first = send().await.expect(201);
    let second = send().await;
    assert_eq!(second.header("idempotent-replayed"), "true");
    assert_eq!(second.expect(201), first);
    assert_eq!(company.clerk.take_requests().len(), 1);
}

#[tokio::test]
async fn a_remembered_answer_is_not_for_who_is_no_administrator_any_more() {
    let company = Company::found().await;
    let path = company.at("invitations");
    let send = || {
        let call = company.ada().request(Method::POST, &path).header("idempotency-key", "k1");
        call.json(json!({"email": "cleo@acme.example"})).send()
    };
    send().await.expect(201);
    sqlx::query("update organization_members m set clerk_role = 'org:member' from users u where u.id = m.user_id and clerk_user_id = 'user_ada'")
        .execute(&company.app.pool)
        .await
        .unwrap();
    company.app.clock.advance(std::time::Duration::from_secs(2));
    send().await.expect_problem(403, "admin_required");
}

#[tokio::test]
async fn without_a_key_to_clerk_the_answer_says_so() {
    let app = TestApp::start().await;
    let path = format!("/api/v1/organizations/{}", app.organization_id("org_ours").await);
    let admin = app.admin();
    let members = admin.get(&format!("{path}/members")).await.expect(200);
    let member = members["data"].as_array().unwrap().iter().find(|one| one["role"] == "member").unwrap();
    let member = format!("{path}/members/{}", member["id"].as_str().unwrap());
    admin.patch(&path, json!({"name": "New"})).await.expect_problem(503, "clerk_not_configured");
    admin.patch(&member, json!({"role": "admin"})).await.expect_problem(503, "clerk_not_configured");
    admin.delete(&member).await.expect_problem(503, "clerk_not_configured");
    admin.get(&format!("{path}/invitations")).await.expect_problem(503, "clerk_not_configured");
    // What is ours needs no Clerk.
    admin.patch(&path, json!({"settings": {"timezone": "Asia/Tokyo"}})).await.expect(200);
}

/// The guardrails of an organization that has changed none.
fn guardrails() -> Value {
    json!({
        "pause_at_bounces_per_thousand": 50, "pause_at_complaints_per_thousand": 3, "pause_sample": 100, "messages_per_day": null,
        "mails_per_domain_per_day": null, "messages_per_company_per_day": null
    })
}
