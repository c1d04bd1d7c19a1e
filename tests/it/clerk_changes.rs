//! Changes that Clerk makes for us: what the audit log knows of them, and what a repetition does, whatever goes wrong in between.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use tokio::{task::JoinHandle, time::timeout};

use crate::{
    organizations::{Company, by_user},
    support::{Answer, fake_clerk::Trouble},
};

/// How long anything may take: other tests may be busy on the same machine.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long Clerk takes to answer where something is to happen before it does.
const SLOW: Duration = Duration::from_millis(500);

impl Company {
    fn invite(&self, key: &str) -> JoinHandle<Answer> {
        let call = self.ada().request(Method::POST, &self.at("invitations")).header("idempotency-key", key);
        tokio::spawn(call.json(json!({"email": "cleo@acme.example"})).send())
    }

    /// Waits until Clerk has carried out a change that it has not answered yet.
    async fn clerk_has_done_it(&self) -> Vec<Value> {
        let done = async {
            loop {
                let events = self.clerk.take_events();
                if !events.is_empty() {
                    return events;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(PATIENCE, done).await.expect("a change at Clerk")
    }

    async fn is_audited(&self, action: &str) {
        let told = async {
            while !self.audited_in_full().await.contains(&by_user(action)) {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        timeout(PATIENCE, told).await.unwrap_or_else(|_| panic!("{action} is not audited"));
    }

    async fn execute(&self, statement: &'static str) {
        sqlx::raw_sql(statement).execute(&self.app.pool).await.unwrap();
    }
}

#[tokio::test]
async fn who_asks_is_told_before_clerk_is_asked() {
    let company = Company::found().await;
    company.invite("k1").await.unwrap().expect(201);
    let ben = company.path_of("user_ben").await;
    company.ada().patch(&ben, json!({"role": "admin"})).await.expect(200);
    company.ada().patch(&company.path, json!({"name": "New"})).await.expect(200);
    company.ada().delete(&ben).await.expect(204);
    let told: Vec<_> =
        company.audited_in_full().await.into_iter().map(|(actor, action)| format!("{actor} {action}")).collect();
    let mut expected = [
        "user invitation.created",
        "user invitation.requested",
        "user member.removal_requested",
        "user member.removed",
        "user member.role_change_requested",
        "user member.role_changed",
        "user organization.rename_requested",
        "user organization.updated",
    ];
    expected.sort_unstable();
    let mut told = told;
    told.sort_unstable();
    assert_eq!(told, expected);
}

#[tokio::test]
async fn a_caller_who_hangs_up_is_told_of_all_the_same() {
    let company = Company::found().await;
    let ben = company.path_of("user_ben").await;
    company.clerk.trouble(Some(Trouble::Stall(SLOW)));
    let call = company.ada().request(Method::POST, &company.at("invitations"));
    let inviting = tokio::spawn(call.json(json!({"email": "cleo@acme.example"})).send());
    company.clerk_has_done_it().await;
    inviting.abort();
    company.is_audited("invitation.created").await;
    let removing = tokio::spawn(company.ada().request(Method::DELETE, &ben).send());
    company.clerk_has_done_it().await;
    removing.abort();
    company.is_audited("member.removed").await;
    company.app.state.settled().await;
}

#[tokio::test]
async fn a_webhook_that_comes_first_does_not_hide_who_did_it() {
    let company = Company::found().await;
    let ben = company.path_of("user_ben").await;
    company.clerk.trouble(Some(Trouble::Stall(SLOW)));
    let removing = tokio::spawn(company.ada().request(Method::DELETE, &ben).send());
    for event in company.clerk_has_done_it().await {
        company.app.deliver("msg_first", &event).await.expect(200);
    }
    removing.await.unwrap().expect(204);
    let told = company.audited_in_full().await;
    assert_eq!(told, [by_user("member.removal_requested"), ("system".to_owned(), "member.removed".to_owned())]);
}

#[tokio::test]
async fn what_clerk_has_done_is_not_asked_for_again() {
    let company = Company::found().await;
    company.clerk.trouble(Some(Trouble::Stall(SLOW)));
    let inviting = company.invite("k1");
    company.clerk_has_done_it().await;
    company.execute("alter table audit_logs rename to away").await;
    inviting.await.unwrap().expect_problem(500, "internal_error");
    company.execute("alter table away rename to audit_logs").await;
    company.clerk.trouble(None);
    company.invite("k1").await.unwrap().expect_problem(409, "idempotency_answer_lost");

    company.clerk.trouble(Some(Trouble::Answer(500, "oops".into())));
    company.invite("k2").await.unwrap().expect_problem(502, "clerk_failed");
    company.clerk.trouble(None);
    company.invite("k2").await.unwrap().expect_problem(409, "idempotency_answer_lost");
    assert_eq!(company.clerk.take_requests().len(), 2);
    assert_eq!(company.audited_in_full().await, [by_user("invitation.requested"), by_user("invitation.requested")]);
}

#[tokio::test]
async fn what_clerk_refuses_may_be_asked_for_again() {
    let company = Company::found().await;
    let complaint = json!({"errors": [{"code": "form_param_format_invalid", "message": "no"}]}).to_string();
    for (trouble, status, code) in [
        (Trouble::Answer(422, complaint), 422, "validation_failed"),
        (Trouble::Busy(1), 503, "clerk_unavailable"),
        (Trouble::Answer(401, "{}".into()), 502, "clerk_refused"),
    ] {
        company.clerk.trouble(Some(trouble));
        company.invite("k1").await.unwrap().expect_problem(status, code);
    }
    company.clerk.trouble(None);
    company.invite("k1").await.unwrap().expect(201);
    let told = company.audited_in_full().await;
    assert_eq!(told.iter().filter(|line| **line == by_user("invitation.refused")).count(), 3);
    assert_eq!(told.len(), 8);
}

#[tokio::test]
async fn a_rename_does_not_undo_what_others_changed_meanwhile() {
    let company = Company::found().await;
    let change = || {
        let call = company.ada().request(Method::PATCH, &company.path).header("if-match", "\"1\"");
        let body = json!({"name": "New", "settings": {"timezone": "Asia/Tokyo"}});
        tokio::spawn(call.json(body).send())
    };
    company.clerk.trouble(Some(Trouble::Stall(SLOW)));
    let changing = change();
    company.clerk_has_done_it().await;
    let theirs = "update organizations set version = version + 1,
                  settings = settings || '{\"timezone\": \"Europe/Paris\"}' where clerk_organization_id = 'org_acme'";
    company.execute(theirs).await;
    let problem = changing.await.unwrap().expect_problem(412, "version_mismatch");
    assert_eq!(problem["version"], 3);
    let present = company.ada().get(&company.path).await.expect(200);
    assert_eq!((&present["name"], &present["settings"]["timezone"]), (&json!("New"), &json!("Europe/Paris")));
    company.is_audited("organization.updated").await;
}

#[tokio::test]
async fn the_webhook_of_a_rename_is_no_others_change() {
    let company = Company::found().await;
    company.clerk.trouble(Some(Trouble::Stall(SLOW)));
    let call = company.ada().request(Method::PATCH, &company.path).header("if-match", "\"1\"");
    let body = json!({"name": "New", "settings": {"timezone": "Asia/Tokyo"}});
    let changing = tokio::spawn(call.json(body).send());
    for event in company.clerk_has_done_it().await {
        company.app.deliver("msg_first", &event).await.expect(200);
    }
    let changed = changing.await.unwrap().expect(200);
    assert_eq!((&changed["name"], &changed["settings"]["timezone"]), (&json!("New"), &json!("Asia/Tokyo")));
}
