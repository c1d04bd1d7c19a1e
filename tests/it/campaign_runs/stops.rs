//! What ends a lead's way, and what sends it another way.

use chrono::TimeDelta;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::{
    EXECUTIONS, MONDAY, account, act, assert_nothing_twice, at, campaign, count, list_of, nobody, run_until, schedule,
    sent, two_mails, two_mails_to,
};
use crate::support::TestApp;

fn invitation() -> Value {
    json!({
        "nodes": [
            {"id": "invite", "type": "send_connection_request"},
            {"id": "chat", "type": "send_followup", "config": {"message": "Thanks, {{ first_name }}!"}},
            {"id": "mail", "type": "send_email", "config": {"variants": [{"subject": "Hi", "text": "Hi {{ first_name }}"}]}}
        ],
        "edges": [
            {"source": "invite", "target": "chat", "condition": "accepted", "delay": {"value": 2, "unit": "hours"}},
            {"source": "invite", "target": "mail", "condition": "not_accepted", "delay": {"value": 7, "unit": "days"}}
        ]
    })
}

/// How many of what was sent are of each node.
async fn by_node(app: &TestApp) -> Vec<(String, i64)> {
    sqlx::query_as("select split_part(natural_key, '/', 2), count(*) from sandbox_acts group by 1 order by 1")
        .fetch_all(&app.pool)
        .await
        .unwrap()
}

#[tokio::test]
async fn who_accepts_is_written_to_there_and_who_does_not_by_mail() {
    let app = TestApp::start().await;
    app.clock.set(at(MONDAY));
    let member = app.member();
    let list = list_of(&member, 60).await;
    let linkedin = account(&member, "linkedin", nobody(json!({"acceptance": 0.5})), json!({})).await;
    let mailbox = account(&member, "email", nobody(json!({})), json!({})).await;
    let id = campaign(&member, &[&list], &[&linkedin, &mailbox], invitation(), schedule()).await;
    act(&member, &id, "start").await;
    run_until(&app, at("2027-01-31T00:00:00Z")).await;
    let nodes = by_node(&app).await;
    let of = |node: &str| nodes.iter().find(|(name, _)| name == node).map_or(0, |(_, count)| *count);
    assert_eq!(of("invite"), 60);
    assert_eq!(of("chat") + of("mail"), 60, "{nodes:?}");
    assert!(of("chat") > 10 && of("mail") > 10, "{nodes:?}");
    // Some accept when they have been written to by mail already.
    assert!(count(&app, "select count(*) from leads where status = 'connected'").await >= of("chat"));
    assert_nothing_twice(&app).await;
}

#[tokio::test]
async fn who_answers_is_not_written_to_again_and_a_machines_answer_is_none() {
    let app = TestApp::start().await;
    app.clock.set(at(MONDAY));
    let member = app.member();
    let list = list_of(&member, 40).await;
    // So that, whoever of the forty they are, some answer and some do not.
    let people = nobody(json!({"reply": 0.3, "auto_reply": 0.5}));
    let mailbox = account(&member, "email", people, json!({})).await;
    let id = campaign(&member, &[&list], &[&mailbox], two_mails(), schedule()).await;
    act(&member, &id, "start").await;
    run_until(&app, at("2027-01-31T00:00:00Z")).await;
    let replied = count(&app, "select count(*) from campaign_executions where status = 'replied'").await;
    let completed = count(&app, "select count(*) from campaign_executions where status = 'completed'").await;
    assert!(replied > 5 && completed > 5 && replied + completed == 40, "{replied} and {completed}");
    let after =
        "select count(*) from sandbox_acts a join activities r on r.lead_id = a.lead_id and r.type = 'lead_replied'
                 where a.taken_at > r.occurred_at";
    assert_eq!(count(&app, after).await, 0, "nobody was written to after the answer");
    assert!(count(&app, "select count(*) from activities where type = 'lead_auto_replied'").await > 5);
    assert_nothing_twice(&app).await;
}

#[tokio::test]
async fn an_answer_that_races_the_due_follow_up_is_never_followed_by_it() {
    const LEADS: usize = 1_000;
    const AT_A_TIME: usize = 10;
    let app = TestApp::start().await;
    app.clock.set(at(MONDAY));
    let member = app.member();
    let list = list_of(&member, LEADS).await;
    let mailbox = account(
        &member,
        "email",
        nobody(json!({})),
        json!({"spacing_seconds": 0, "limits": {"send_email": {"per_day": 10_000}}}),
    )
    .await;
    let id = campaign(&member, &[&list], &[&mailbox], two_mails(), schedule()).await;
    act(&member, &id, "start").await;
    run_until(&app, at("2026-11-23T18:00:00Z")).await;
    assert_eq!(sent(&app).await.len(), LEADS);
    // In each second a few follow-ups are due, and just then those to whom they go answer.
    sqlx::raw_sql(
        "update campaign_executions e set next_run_at = '2026-11-26T10:00:00Z'::timestamptz + n.n / 10 * interval '1 s'
         from (select id, row_number() over (order by id) - 1 as n from campaign_executions) n where n.id = e.id;
         insert into sandbox_happenings (id, organization_id, account_id, lead_id, kind, due_at)
         select gen_random_uuid(), organization_id, account_id, lead_id, 'replied', next_run_at from campaign_executions",
    )
    .execute(&app.pool)
    .await
    .unwrap();
    let replica = app.replica().await;
    let stop = CancellationToken::new();
    for second in 0..LEADS / AT_A_TIME {
        app.clock.set(at("2026-11-26T10:00:00Z") + TimeDelta::seconds(i64::try_from(second).unwrap()));
        let (followed, answered) = tokio::join!(app.state.runs().do_due(&stop), replica.state.runs().take_in());
        followed.unwrap();
        answered.unwrap();
    }
    super::tick(&app).await;
    // The order of the rows is that in which they were written: ids are drawn in the order of time.
    let replied = count(&app, "select count(*) from campaign_executions where status = 'replied'").await;
    let bumped = count(&app, "select count(*) from sandbox_acts where natural_key like '%/bump'").await;
    let after_answer = "select count(*) from activities r join activities s on s.execution_id = r.execution_id and s.type = 'email_sent'
                        where r.type = 'execution_replied' and s.id > r.id";
    assert_eq!(count(&app, after_answer).await, 0, "{bumped} of {LEADS} were followed up");
    let leads = i64::try_from(LEADS).unwrap();
    assert!(replied == leads && (1..leads).contains(&bumped), "{replied} and {bumped}: either came first now and then");
    assert_nothing_twice(&app).await;
}

#[tokio::test]
async fn who_is_suppressed_after_the_promise_is_not_written_to() {
    let (app, id) = two_mails_to(3).await;
    act(&app.member(), &id, "start").await;
    run_until(&app, at("2026-11-23T07:30:00Z")).await;
    assert_eq!(count(&app, "select count(*) from campaign_executions where status = 'waiting'").await, 3);
    app.member()
        .post("/api/v1/suppressions", json!({"kind": "email", "value": "person1@company1.example"}))
        .await
        .expect(201);
    run_until(&app, at("2026-12-31T00:00:00Z")).await;
    assert!(sent(&app).await.iter().all(|(_, email, _)| email != "person1@company1.example"));
    assert_eq!(sent(&app).await.len(), 4);
    let reason = "select count(*) from campaign_executions where status = 'stopped' and status_reason = 'suppressed'";
    assert_eq!(count(&app, reason).await, 1);
}

#[tokio::test]
async fn who_is_suppressed_by_anything_is_written_to_on_no_channel() {
    let app = TestApp::start().await;
    app.clock.set(at(MONDAY));
    let member = app.member();
    let list = list_of(&member, 8).await;
    let linkedin = account(&member, "linkedin", nobody(json!({"acceptance": 0.5})), json!({})).await;
    let mailbox = account(&member, "email", nobody(json!({})), json!({})).await;
    let by = |i: usize| match i {
        0 | 4 => ("email", format!("person{i}@company{i}.example")),
        1 | 5 => ("domain", format!("company{i}.example")),
        _ => ("linkedin_url", format!("https://www.linkedin.com/in/person-{i}")),
    };
    let suppress = async |who: [usize; 3]| {
        for (kind, value) in who.map(by) {
            app.member().post("/api/v1/suppressions", json!({"kind": kind, "value": value})).await.expect(201);
        }
    };
    let id = campaign(&member, &[&list], &[&linkedin, &mailbox], invitation(), schedule()).await;
    act(&member, &id, "start").await;
    // Some before they are promised anything, and some when they have been invited and are to be written to by mail or in the chat.
    suppress([0, 1, 2]).await;
    run_until(&app, at("2026-11-23T09:00:00Z")).await;
    let invited = sent(&app).await;
    assert_eq!(invited.len(), 5, "{invited:?}");
    suppress([4, 5, 6]).await;
    run_until(&app, at("2027-01-31T00:00:00Z")).await;
    let sent: Vec<_> = sent(&app).await.into_iter().map(|(node, email, _)| (email, node)).collect();
    let of = |i: usize| sent.iter().filter(|(email, _)| *email == format!("person{i}@company{i}.example")).count();
    assert_eq!([0, 1, 2, 3, 4, 5, 6, 7].map(of), [0, 0, 0, 2, 1, 1, 1, 2], "{sent:?}");
    assert_nothing_twice(&app).await;
}

#[tokio::test]
async fn who_has_answered_elsewhere_is_not_written_to() {
    let (app, id) = two_mails_to(2).await;
    act(&app.member(), &id, "start").await;
    run_until(&app, at("2026-11-23T07:30:00Z")).await;
    // On the telephone, say, and somebody has written it down.
    let lead: String = sqlx::query_scalar("select id::text from leads where email like 'person1@%'")
        .fetch_one(&app.pool)
        .await
        .unwrap();
    app.member().patch(&format!("/api/v1/leads/{lead}"), json!({"status": "replied"})).await.expect(200);
    run_until(&app, at("2026-12-31T00:00:00Z")).await;
    assert!(sent(&app).await.iter().all(|(_, email, _)| email == "person0@company0.example"));
    assert_eq!(sent(&app).await.len(), 2);
    assert_eq!(count(&app, "select count(*) from campaign_executions where status = 'replied'").await, 1);
}

#[tokio::test]
async fn a_gap_in_a_message_holds_the_lead_until_it_is_filled() {
    let app = TestApp::start().await;
    app.clock.set(at(MONDAY));
    let member = app.member();
    let list = list_of(&member, 1).await;
    let other = json!({"lead_list_id": list, "email": "nameless@company.example"});
    let nameless = member.post("/api/v1/leads", other).await.expect(201)["id"].as_str().unwrap().to_owned();
    let mailbox = account(&member, "email", nobody(json!({})), json!({})).await;
    let id = campaign(&member, &[&list], &[&mailbox], two_mails(), schedule()).await;
    act(&member, &id, "start").await;
    run_until(&app, at("2026-11-24T00:00:00Z")).await;
    assert_eq!(sent(&app).await.len(), 1);
    let held = app.member().get(&format!("{}/{id}/executions?status=waiting", super::CAMPAIGNS)).await.expect(200);
    let held =
        held["data"].as_array().unwrap().iter().find(|row| row["lead"]["id"] == nameless.as_str()).unwrap().clone();
    assert_eq!((&held["hold"], &held["next_run_at"]), (&json!("missing_variable"), &Value::Null), "{held}");
    assert!(held["status_reason"].as_str().unwrap().contains("first_name"), "{held}");
    app.member()
        .patch(&format!("/api/v1/leads/{nameless}"), json!({"first_name": "Nell", "company": "Nowhere"}))
        .await
        .expect(200);
    run_until(&app, at("2026-12-31T00:00:00Z")).await;
    assert_eq!(sent(&app).await.len(), 4);
    let done = app.member().get(&format!("{EXECUTIONS}/{}", held["id"].as_str().unwrap())).await.expect(200);
    assert_eq!((&done["status"], &done["hold"]), (&json!("completed"), &Value::Null), "{done}");
}

#[tokio::test]
async fn nobody_is_in_two_campaigns_at_once() {
    let app = TestApp::start().await;
    app.clock.set(at(MONDAY));
    let member = app.member();
    let list = list_of(&member, 5).await;
    let mailbox = account(&member, "email", nobody(json!({})), json!({})).await;
    let first = campaign(&member, &[&list], &[&mailbox], two_mails(), schedule()).await;
    let second = campaign(&member, &[&list], &[&mailbox], two_mails(), schedule()).await;
    act(&member, &first, "start").await;
    run_until(&app, at("2026-11-23T07:10:00Z")).await;
    act(&app.member(), &second, "start").await;
    run_until(&app, at("2026-12-31T00:00:00Z")).await;
    assert_eq!(sent(&app).await.len(), 10);
    let skipped =
        "select count(*) from campaign_executions where status = 'skipped' and status_reason = 'in_another_campaign'";
    assert_eq!(count(&app, skipped).await, 5);
}

#[tokio::test]
async fn an_answer_to_the_last_mail_is_told_and_counted() {
    let app = TestApp::start().await;
    app.clock.set(at(MONDAY));
    let member = app.member();
    let list = list_of(&member, 10).await;
    let mailbox = account(&member, "email", nobody(json!({"reply": 1})), json!({})).await;
    let one = json!({"nodes": [{"id": "mail", "type": "send_email", "config": {"variants": [{"subject": "Hi", "text": "Hi"}]}}]});
    let id = campaign(&member, &[&list], &[&mailbox], one, schedule()).await;
    act(&member, &id, "start").await;
    run_until(&app, at("2027-01-31T00:00:00Z")).await;
    assert_eq!(
        count(&app, "select count(*) from activities where type = 'lead_replied' and execution_id is not null").await,
        10
    );
    let statistics = app.member().get(&format!("{}/{id}/statistics", super::CAMPAIGNS)).await.expect(200);
    assert_eq!(statistics["executions"], json!({"replied": 10}), "{statistics}");
    assert_eq!((&statistics["nodes"][0]["sent"], &statistics["nodes"][0]["replied"]), (&json!(10), &json!(10)));
    assert_eq!(count(&app, "select count(*) from leads where status = 'replied'").await, 10);
}

#[tokio::test]
async fn answers_count_for_the_messages_that_they_follow_and_add_up_to_what_is_told() {
    let app = TestApp::start().await;
    app.clock.set(at(MONDAY));
    let member = app.member();
    let list = list_of(&member, 12).await;
    let mailbox = account(&member, "email", nobody(json!({"reply": 1})), json!({})).await;
    let linkedin = account(&member, "linkedin", nobody(json!({})), json!({})).await;
    // A visit comes between each mail and its answer, and nobody's way ends by answering.
    let workflow = json!({
        "nodes": [
            {"id": "mail", "type": "send_email", "config": {"variants": [{"subject": "Hi", "text": "Hi"}, {"subject": "Hello", "text": "Hello"}]}},
            {"id": "visit", "type": "profile_visit"}
        ],
        "edges": [{"source": "mail", "target": "visit", "delay": {"value": 1, "unit": "minutes"}}]
    });
    let body = json!({"name": "Campaign", "lead_list_ids": [list], "account_ids": [mailbox, linkedin], "workflow": workflow,
                      "schedule": schedule(), "stop_on": ["unsubscribe"]});
    let id = super::made(&member, super::CAMPAIGNS, body).await;
    act(&member, &id, "start").await;
    run_until(&app, at("2027-01-31T00:00:00Z")).await;
    let told = "select count(distinct execution_id) from activities where type = 'lead_replied'";
    assert_eq!(count(&app, told).await, 12);
    let statistics = app.member().get(&format!("{}/{id}/statistics", super::CAMPAIGNS)).await.expect(200);
    assert_eq!(statistics["executions"], json!({"completed": 12}), "{statistics}");
    let nodes = statistics["nodes"].as_array().unwrap();
    for node in nodes {
        let answered = if node["node_id"] == "mail" { &node["sent"] } else { &json!(0) };
        assert_eq!(&node["replied"], answered, "{statistics}");
    }
    let mails: Vec<_> = nodes.iter().filter(|node| node["node_id"] == "mail").collect();
    assert_eq!((nodes.len(), mails.len()), (3, 2), "each wording has its own: {statistics}");
}

#[tokio::test]
async fn who_has_no_day_left_is_left_out_and_the_campaign_ends() {
    let app = TestApp::start().await;
    app.clock.set(at(MONDAY));
    let member = app.member();
    let list = list_of(&member, 50).await;
    let mailbox =
        account(&member, "email", nobody(json!({})), json!({"limits": {"send_email": {"per_day": 20}}})).await;
    let mut short = schedule();
    short["end_at"] = json!("2026-11-24T20:00:00Z");
    let id = campaign(&member, &[&list], &[&mailbox], two_mails(), short).await;
    act(&member, &id, "start").await;
    run_until(&app, at("2026-12-31T00:00:00Z")).await;
    assert_eq!(sent(&app).await.len(), 40);
    assert_eq!(
        count(&app, "select count(*) from campaign_executions where status = 'skipped' and status_reason = 'end_at'")
            .await,
        10
    );
    assert_eq!(app.member().get(&format!("{}/{id}", super::CAMPAIGNS)).await.expect(200)["status"], "completed");
}

#[tokio::test]
async fn a_pause_of_the_only_account_ends_nobodys_way() {
    let app = TestApp::start().await;
    app.clock.set(at(MONDAY));
    let member = app.member();
    let list = list_of(&member, 30).await;
    let terms = json!({"limits": {"send_email": {"per_day": 10}}});
    let mailbox = account(&member, "email", nobody(json!({})), terms).await;
    let id = campaign(&member, &[&list], &[&mailbox], two_mails(), schedule()).await;
    act(&member, &id, "start").await;
    run_until(&app, at("2026-11-23T18:00:00Z")).await;
    let path = format!("{}/{mailbox}", super::ACCOUNTS);
    app.member().patch(&path, json!({"status": "paused"})).await.expect(200);
    run_until(&app, at("2026-11-30T18:00:00Z")).await;
    assert_eq!(sent(&app).await.len(), 10);
    assert_eq!(count(&app, "select count(*) from campaign_executions where status = 'pending'").await, 20);
    assert_eq!(count(&app, "select count(*) from campaign_executions where hold = 'account_unavailable'").await, 10);
    app.member().patch(&path, json!({"status": "connected"})).await.expect(200);
    run_until(&app, at("2027-01-31T00:00:00Z")).await;
    assert_eq!(count(&app, "select count(*) from campaign_executions where status = 'completed'").await, 30);
    assert_nothing_twice(&app).await;
}
