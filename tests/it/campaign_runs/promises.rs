//! What a simulation promises is what happens.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{
    CAMPAIGNS, EXECUTIONS, MONDAY, account, act, assert_nothing_twice, at, campaign, count, list_of, nobody, run_until,
    schedule, sent, two_mails, two_mails_to,
};
use crate::support::TestApp;

pub(super) async fn simulated(app: &TestApp, id: &str) -> Value {
    let body = json!({"days": 60, "limit": 100_000});
    app.member().post(&format!("{CAMPAIGNS}/{id}/simulate"), body).await.expect(200)
}

/// (node, lead, instant) of each act, in order.
pub(super) async fn promised(
    app: &TestApp,
    simulation: &Value,
) -> Vec<(String, String, chrono::DateTime<chrono::Utc>)> {
    let emails: Vec<(uuid::Uuid, String)> =
        sqlx::query_as("select id, email from leads").fetch_all(&app.pool).await.unwrap();
    let emails: BTreeMap<String, String> = emails.into_iter().map(|(id, email)| (id.to_string(), email)).collect();
    let acts = simulation["actions"].as_array().unwrap().iter();
    acts.map(|act| {
        let lead = emails[act["lead_id"].as_str().unwrap()].clone();
        (act["node_id"].as_str().unwrap().to_owned(), lead, at(act["at"].as_str().unwrap()))
    })
    .collect()
}

#[tokio::test]
async fn what_was_simulated_is_what_is_sent_when_it_was_promised() {
    let app = TestApp::start().await;
    app.clock.set(at(MONDAY));
    let member = app.member();
    let list = list_of(&member, 130).await;
    let mailbox =
        account(&member, "email", nobody(json!({})), json!({"limits": {"send_email": {"per_day": 25}}})).await;
    let id = campaign(&member, &[&list], &[&mailbox], two_mails(), schedule()).await;
    let before = simulated(&app, &id).await;
    assert_eq!((&before["leads"], &before["actions_total"]), (&json!(130), &json!(260)), "{before}");
    assert_eq!(before["ends"]["completed"], 130);
    act(&member, &id, "start").await;
    run_until(&app, at("2026-11-26T12:00:00Z")).await;
    let rest = simulated(&app, &id).await;
    run_until(&app, at("2026-12-31T12:00:00Z")).await;
    let (promised, sent) = (promised(&app, &before).await, sent(&app).await);
    assert_eq!(sent.len(), 260);
    assert_eq!(sent, promised);
    let rest = self::promised(&app, &rest).await;
    assert_eq!(rest[..], promised[promised.len() - rest.len()..], "and of what is left the same is promised");
    assert_nothing_twice(&app).await;
    let done = app.member().get(&format!("{CAMPAIGNS}/{id}")).await.expect(200);
    assert_eq!((&done["status"], &done["progress"]["sent"]), (&json!("completed"), &json!(260)), "{done}");
}

#[tokio::test]
async fn what_was_simulated_is_what_is_sent_also_when_accounts_have_promised_weeks_of_work() {
    let app = TestApp::start().await;
    app.clock.set(at(MONDAY));
    let member = app.member();
    let list = list_of(&member, 36).await;
    let limited = json!({"limits": {"send_email": {"per_day": 2, "per_week": 9}}});
    let mailbox = account(&member, "email", nobody(json!({})), limited).await;
    let id = campaign(&member, &[&list], &[&mailbox], two_mails(), schedule()).await;
    let before = simulated(&app, &id).await;
    assert_eq!(before["actions_total"], 72, "{before}");
    act(&member, &id, "start").await;
    run_until(&app, at("2027-03-31T12:00:00Z")).await;
    assert_eq!(sent(&app).await, promised(&app, &before).await);
}

#[tokio::test]
async fn what_an_account_has_promised_for_far_ahead_is_not_read_to_plan_what_comes_next() {
    let (app, id) = two_mails_to(3).await;
    act(&app.member(), &id, "start").await;
    run_until(&app, at(MONDAY)).await;
    // Whoever reads this promise fails.
    let far = "update campaign_executions set next_run_at = next_run_at + interval '100 days', action = 'nonsense'
               where id = (select id from campaign_executions order by next_run_at desc limit 1)";
    assert_eq!(sqlx::query(far).execute(&app.pool).await.unwrap().rows_affected(), 1);
    run_until(&app, at("2026-12-10T00:00:00Z")).await;
    assert_eq!(sent(&app).await.len(), 4);
    assert_eq!(count(&app, "select count(*) from campaign_executions where status = 'completed'").await, 2);
}

#[tokio::test]
async fn what_is_previewed_is_what_is_sent_to_the_byte() {
    let app = TestApp::start().await;
    app.clock.set(at(MONDAY));
    let member = app.member();
    let list = list_of(&member, 20).await;
    let mailbox = account(&member, "email", nobody(json!({})), json!({})).await;
    let id = campaign(&member, &[&list], &[&mailbox], two_mails(), schedule()).await;
    let leads = member.get(&format!("/api/v1/leads?lead_list_id={list}")).await.expect(200);
    let ids: Vec<_> = leads["data"].as_array().unwrap().iter().map(|lead| lead["id"].clone()).collect();
    let preview = member.post(&format!("{CAMPAIGNS}/{id}/preview"), json!({"lead_ids": ids})).await.expect(200);
    act(&member, &id, "start").await;
    run_until(&app, at("2026-12-20T12:00:00Z")).await;
    let mut greetings = std::collections::BTreeSet::new();
    for lead in preview["leads"].as_array().unwrap() {
        for message in lead["messages"].as_array().unwrap() {
            let content: Value = sqlx::query_scalar(
                "select content from sandbox_acts where lead_id = $1::uuid and natural_key like '%/' || $2",
            )
            .bind(lead["lead_id"].as_str().unwrap().parse::<uuid::Uuid>().unwrap())
            .bind(message["node_id"].as_str().unwrap())
            .fetch_one(&app.pool)
            .await
            .unwrap();
            for field in ["subject", "text", "html", "variant"] {
                assert_eq!(content[field], message[field], "{message}");
            }
            greetings.insert(message["text"].as_str().unwrap().split(' ').next().unwrap().to_owned());
        }
    }
    assert_eq!(greetings.into_iter().collect::<Vec<_>>(), ["Did", "Hello", "Hi"]);
}

#[tokio::test]
async fn a_way_is_explained_from_its_beginning_to_its_end() {
    let app = TestApp::start().await;
    app.clock.set(at("2026-11-27T17:00:00Z"));
    let member = app.member();
    let list = list_of(&member, 1).await;
    let mailbox = account(&member, "email", nobody(json!({})), json!({})).await;
    let id = campaign(&member, &[&list], &[&mailbox], two_mails(), schedule()).await;
    act(&member, &id, "start").await;
    run_until(&app, at("2026-11-27T18:00:00Z")).await;
    let executions = app.member().get(&format!("{CAMPAIGNS}/{id}/executions")).await.expect(200);
    assert_eq!(executions["data"][0]["status"], "pending", "it does not begin on a Friday evening");
    run_until(&app, at("2026-11-30T00:00:00Z")).await;
    let path = format!("{EXECUTIONS}/{}", executions["data"][0]["id"].as_str().unwrap());
    let begun = app.member().get(&path).await.expect(200);
    assert_eq!(
        (&begun["status"], &begun["node_id"], &begun["action"]),
        (&json!("waiting"), &json!("mail"), &json!("send_email"))
    );
    assert_eq!(begun["moves"][0]["rule"], "working_hours", "{begun}");
    assert!(begun["next_run_at"].as_str().unwrap().starts_with("2026-11-30T08:0"), "{begun}");
    run_until(&app, at("2026-12-10T00:00:00Z")).await;
    let done = app.member().get(&path).await.expect(200);
    assert_eq!((&done["status"], &done["sent_count"]), (&json!("completed"), &json!(2)), "{done}");
    let steps: Vec<_> =
        done["steps"].as_array().unwrap().iter().map(|step| (step["node_id"].clone(), step["state"].clone())).collect();
    assert_eq!(steps, [(json!("mail"), json!("sent")), (json!("bump"), json!("sent"))]);
    let told = "select string_agg(type, ',' order by occurred_at, id) from activities where execution_id is not null";
    let told: String = sqlx::query_scalar(told).fetch_one(&app.pool).await.unwrap();
    assert_eq!(told, "execution_begun,email_sent,email_sent,execution_completed");
    assert_eq!(count(&app, "select count(*) from leads where status = 'contacted'").await, 1);
}

#[tokio::test]
async fn whoever_is_held_for_a_gap_in_the_text_was_told_of_by_the_simulation() {
    let app = TestApp::start().await;
    app.clock.set(at(MONDAY));
    let member = app.member();
    let list = list_of(&member, 4).await;
    let lacking = |i: usize, lacks: &str| {
        let mut person = super::person(10 + i);
        person[lacks] = json!(null);
        person
    };
    let people =
        json!([lacking(0, "first_name"), lacking(1, "company"), lacking(2, "first_name"), lacking(3, "company")]);
    member.post("/api/v1/leads/batch", json!({"lead_list_id": list, "leads": people})).await.expect(200);
    let mailbox = account(&member, "email", nobody(json!({})), json!({"limits": {"send_email": {"per_day": 3}}})).await;
    // Whoever has no first name may be drawn the greeting without one, and whoever has no company is not asked for it before the end.
    let workflow = json!({
        "nodes": [
            {"id": "mail", "type": "send_email", "config": {"variants": [{"subject": "Hello", "text": "{Hi {{ first_name }}|Hello}, how are you?"}]}},
            {"id": "bump", "type": "send_email", "config": {"thread": true, "variants": [{"text": "{{ first_name | default('So') }}, did you see this?"}]}},
            {"id": "last", "type": "send_email", "config": {"variants": [{"subject": "At {{ company | upper }}", "html": "<p>{{ tags | join(', ') }}Bye</p>"}]}}
        ],
        "edges": [
            {"source": "mail", "target": "bump", "delay": {"value": 1, "unit": "days"}},
            {"source": "bump", "target": "last", "delay": {"value": 1, "unit": "days"}}
        ]
    });
    let id = campaign(&member, &[&list], &[&mailbox], workflow, schedule()).await;
    let before = simulated(&app, &id).await;
    act(&member, &id, "start").await;
    run_until(&app, at("2026-12-31T12:00:00Z")).await;
    assert_eq!(sent(&app).await, promised(&app, &before).await);
    let held = "select e.lead_id::text, e.node_id, e.hold, e.status_reason, a.occurred_at from campaign_executions e
                join activities a on a.execution_id = e.id and a.type = 'step_held' order by a.occurred_at";
    let held: Vec<(String, String, String, String, chrono::DateTime<chrono::Utc>)> =
        sqlx::query_as(held).fetch_all(&app.pool).await.unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let foreseen = before["held"].as_array().unwrap().iter().map(|held| {
        let [lead, node, hold, detail] = ["lead_id", "node_id", "hold", "detail"].map(|name| text(&held[name]));
        (lead, node, hold, detail, at(held["at"].as_str().unwrap()))
    });
    assert_eq!(held, foreseen.collect::<Vec<_>>(), "{before}");
    let variables: Vec<_> = before["held"].as_array().unwrap().iter().map(|held| text(&held["variable"])).collect();
    assert_eq!(variables.iter().filter(|name| *name == "company").count(), 2, "{before}");
    assert_eq!(before["ends"]["held"], json!({"missing_variable": held.len()}), "{before}");
    assert_eq!(before["ends"]["completed"], 8 - held.len(), "{before}");
}
