//! Trying a campaign's mail out on oneself.

use reqwest::Method;
use serde_json::{Value, json};

use super::{CAMPAIGNS, MONDAY, account, at, campaign, count, list_of, nobody, schedule, two_mails};
use crate::support::{Answer, Caller, TestApp};

/// A draft, one of its leads, and its mailbox with a limit of so many mails a day.
async fn draft(app: &TestApp, per_day: i64, behaviour: Value) -> (String, Value, String) {
    app.clock.set(at(MONDAY));
    let member = app.member();
    let list = list_of(&member, 1).await;
    let limits = json!({"limits": {"send_email": {"per_day": per_day}}});
    let mailbox = account(&member, "email", nobody(behaviour), limits).await;
    let id = campaign(&member, &[&list], &[&mailbox], two_mails(), schedule()).await;
    let lead = member.get("/api/v1/leads").await.expect(200)["data"][0]["id"].clone();
    (id, lead, mailbox)
}

async fn try_out(caller: &Caller, campaign: &str, node: &str, lead: &Value, key: &str) -> Answer {
    let call = caller.request(Method::POST, &format!("{CAMPAIGNS}/{campaign}/test-send"));
    call.header("idempotency-key", key).json(json!({"node_id": node, "lead_id": lead})).send().await
}

async fn used(app: &TestApp) -> i64 {
    count(app, "select coalesce(sum(used), 0)::int8 from account_usage").await
}

#[tokio::test]
async fn a_test_comes_to_oneself_marked_and_charged_and_once_for_each_key() {
    let app = TestApp::start().await;
    let (id, lead, mailbox) = draft(&app, 3, json!({})).await;
    let member = app.member();
    let first = try_out(&member, &id, "mail", &lead, "one").await.expect(200);
    assert_eq!(
        first,
        json!({"node_id": "mail", "lead_id": lead, "account_id": mailbox, "to": "user_member@clento.test", "subject": "[Test] Hello First0",
               "outcome": "sent", "reason": null})
    );
    let again = try_out(&member, &id, "mail", &lead, "one").await;
    assert_eq!(again.header("idempotent-replayed"), "true");
    assert_eq!(again.expect(200), first);
    let kept: Vec<(String, Value)> =
        sqlx::query_as("select natural_key, content from sandbox_acts").fetch_all(&app.pool).await.unwrap();
    let [(key, content)] = &kept[..] else { panic!("sent once: {kept:?}") };
    assert!(
        key.starts_with("test/") && content["text"].as_str().unwrap().ends_with("First0 of Company 0"),
        "{content}"
    );
    assert_eq!(used(&app).await, 1, "it counts like any other mail");

    let bump = try_out(&member, &id, "bump", &lead, "two").await.expect(200);
    assert_eq!(bump["subject"], "[Test] Re: Hello First0");
    try_out(&member, &id, "mail", &lead, "three").await.expect(200);
    try_out(&member, &id, "mail", &lead, "four").await.expect_problem(409, "limit_reached");
    assert_eq!(used(&app).await, 3);
    let usage = member.get(&format!("/api/v1/connected-accounts/{mailbox}/usage")).await.expect(200);
    assert!(usage.to_string().contains("send_email"), "{usage}");
    // Nothing has become of the lead, and nothing is told of it but to the audit log.
    assert_eq!(count(&app, "select count(*) from activities").await, 0);
    assert_eq!(count(&app, "select count(*) from leads where status = 'new'").await, 1);
    let audited =
        "select count(*) from audit_logs where action = $$campaign.test_sent$$ and after->>'outcome' = 'sent'";
    assert_eq!(count(&app, audited).await, 3);
}

#[tokio::test]
async fn what_cannot_be_tried_out_is_told_with_its_reason() {
    let app = TestApp::start().await;
    let (id, lead, mailbox) = draft(&app, 50, json!({})).await;
    let member = app.member();
    let fault = |answer: Answer| {
        let problem = answer.expect_problem(422, "validation_failed");
        let fault = &problem["errors"][0];
        (fault["pointer"].as_str().unwrap().to_owned(), fault["code"].as_str().unwrap().to_owned())
    };
    let pair = |pointer: &str, code: &str| (pointer.to_owned(), code.to_owned());
    let answer = try_out(&member, &id, "nothing", &lead, "a").await;
    assert_eq!(fault(answer), pair("/node_id", "unknown_node"));
    let path = format!("{CAMPAIGNS}/{id}/test-send");
    let foreign = json!({"node_id": "mail", "lead_id": lead, "account_id": lead});
    assert_eq!(fault(member.post(&path, foreign).await), pair("/account_id", "not_in_campaign"));
    member.post(&path, json!({"node_id": "mail", "lead_id": id})).await.expect_problem(404, "lead_not_found");
    let lead_path = format!("/api/v1/leads/{}", lead.as_str().unwrap());
    member.patch(&lead_path, json!({"company": null})).await.expect(200);
    assert_eq!(fault(try_out(&member, &id, "mail", &lead, "b").await), pair("/lead_id", "missing_variable"));
    member.patch(&lead_path, json!({"company": "X"})).await.expect(200);
    let suppression = json!({"kind": "email", "value": "user_member@clento.test"});
    member.post("/api/v1/suppressions", suppression).await.expect(201);
    try_out(&member, &id, "mail", &lead, "c").await.expect_problem(409, "recipient_suppressed");
    let pause = json!({"status": "paused"});
    member.patch(&format!("/api/v1/connected-accounts/{mailbox}"), pause).await.expect(200);
    try_out(&app.admin(), &id, "mail", &lead, "d").await.expect_problem(409, "no_account");
    assert_eq!((used(&app).await, count(&app, "select count(*) from sandbox_acts").await), (0, 0));
}

#[tokio::test]
async fn what_was_tried_out_with_somebodys_data_is_forgotten_with_them() {
    let app = TestApp::start().await;
    let (id, lead, _) = draft(&app, 3, json!({})).await;
    let member = app.member();
    try_out(&member, &id, "mail", &lead, "one").await.expect(200);
    member.delete(&format!("/api/v1/leads/{}?erase=true", lead.as_str().unwrap())).await.expect(204);
    try_out(&member, &id, "mail", &lead, "one").await.expect_problem(409, "idempotency_answer_lost");
    let kept = "select count(*) from idempotency_keys where position('First0'::bytea in body) > 0";
    assert_eq!(count(&app, kept).await, 0);
}
