//! Leads who have not begun: each is looked at on each day, and once more when there is room again.

use serde_json::json;

use super::{
    ACCOUNTS, CAMPAIGNS, MONDAY, account, act, assert_nothing_twice, at, campaign, count, list_of, nobody,
    promises::{promised, simulated},
    run_until, schedule, sent, tick, two_mails,
};
use crate::support::TestApp;

/// A visit on LinkedIn, and a mail. Who has no profile begins with the mail.
fn visit_then_mail() -> serde_json::Value {
    json!({
        "nodes": [
            {"id": "visit", "type": "profile_visit"},
            {"id": "mail", "type": "send_email", "config": {"variants": [{"subject": "Hi", "text": "Hi"}]}}
        ],
        "edges": [{"source": "visit", "target": "mail", "delay": {"value": 1, "unit": "days"}}]
    })
}

#[tokio::test]
async fn who_fits_begins_however_many_before_them_do_not() {
    let app = TestApp::start().await;
    app.clock.set(at(MONDAY));
    let member = app.member();
    let list = list_of(&member, 10).await;
    // As many as one transaction looks at, and more, who all need LinkedIn, in the order in which they begin.
    sqlx::raw_sql(
        "insert into leads (id, organization_id, lead_list_id, linkedin_url, source, status, created_at, updated_at)
         select ('01900000-0000-7000-8000-' || lpad(to_hex(i), 12, '0'))::uuid, l.organization_id, l.lead_list_id,
                'https://www.linkedin.com/in/other-' || i, l.source, l.status, l.created_at, l.updated_at
         from (select * from leads limit 1) l, generate_series(1, 10500) i",
    )
    .execute(&app.pool)
    .await
    .unwrap();
    sqlx::raw_sql("update leads set linkedin_url = null where email is not null").execute(&app.pool).await.unwrap();
    let linkedin =
        account(&member, "linkedin", nobody(json!({})), json!({"limits": {"profile_visit": {"per_day": 3}}})).await;
    let mailbox = account(&member, "email", nobody(json!({})), json!({})).await;
    let id = campaign(&member, &[&list], &[&linkedin, &mailbox], visit_then_mail(), schedule()).await;
    act(&member, &id, "start").await;
    run_until(&app, at("2026-11-23T17:00:00Z")).await;
    let nodes: Vec<_> =
        sqlx::query_scalar::<_, String>("select split_part(natural_key, '/', 2) from sandbox_acts order by 1")
            .fetch_all(&app.pool)
            .await
            .unwrap();
    let times = |name: &str| nodes.iter().filter(|node| *node == name).count();
    assert_eq!((times("visit"), times("mail")), (3, 10), "the mailbox is free, though LinkedIn is not");
}

/// A campaign whose mailbox has done all that it may do today, of ten leads.
async fn full(app: &TestApp) -> (String, String) {
    app.clock.set(at(MONDAY));
    let list = list_of(&app.member(), 10).await;
    let terms = json!({"spacing_seconds": 0, "limits": {"send_email": {"per_day": 2}}});
    let mailbox = account(&app.member(), "email", nobody(json!({})), terms).await;
    let id = campaign(&app.member(), &[&list], &[&mailbox], two_mails(), schedule()).await;
    act(&app.member(), &id, "start").await;
    run_until(app, at("2026-11-23T09:00:00Z")).await;
    assert_eq!(sent(app).await.len(), 2);
    (id, format!("{ACCOUNTS}/{mailbox}"))
}

#[tokio::test]
async fn who_had_no_room_begins_on_the_same_day_when_a_limit_is_raised() {
    let app = TestApp::start().await;
    let (id, mailbox) = full(&app).await;
    app.member().patch(&mailbox, json!({"limits": {"send_email": {"per_day": 7}}})).await.expect(200);
    tick(&app).await;
    let promised = promised(&app, &simulated(&app, &id).await).await;
    run_until(&app, at("2026-11-23T16:00:00Z")).await;
    assert_eq!(sent(&app).await.len(), 7);
    run_until(&app, at("2026-12-31T12:00:00Z")).await;
    assert_eq!(sent(&app).await[7..], promised[..]);
    assert_nothing_twice(&app).await;
}

#[tokio::test]
async fn who_had_no_account_begins_on_the_same_day_when_it_is_taken_up_again() {
    let app = TestApp::start().await;
    app.clock.set(at(MONDAY));
    let list = list_of(&app.member(), 3).await;
    let mailbox = account(&app.member(), "email", nobody(json!({})), json!({})).await;
    let id = campaign(&app.member(), &[&list], &[&mailbox], two_mails(), schedule()).await;
    act(&app.member(), &id, "start").await;
    let path = format!("{ACCOUNTS}/{mailbox}");
    app.member().patch(&path, json!({"status": "paused"})).await.expect(200);
    run_until(&app, at("2026-11-23T09:00:00Z")).await;
    // A name alone gives nobody room.
    app.member().patch(&path, json!({"display_name": "Another"})).await.expect(200);
    assert_eq!(count(&app, "select count(*) from returned_room").await, 0);
    let foreseen = simulated(&app, &id).await;
    assert_eq!(
        (&foreseen["actions_total"], &foreseen["never_begun"]),
        (&json!(0), &json!({"no_account": 3})),
        "{foreseen}"
    );
    app.member().patch(&path, json!({"status": "connected"})).await.expect(200);
    run_until(&app, at("2026-11-23T16:00:00Z")).await;
    assert_eq!(sent(&app).await.len(), 3);
}

#[tokio::test]
async fn what_is_simulated_of_who_is_on_the_way_is_what_happens() {
    let app = TestApp::start().await;
    app.clock.set(at(MONDAY));
    let member = app.member();
    let list = list_of(&member, 6).await;
    let slow = json!({"spacing_seconds": 1800});
    let mailbox = account(&member, "email", nobody(json!({})), slow).await;
    let body = json!({"name": "Campaign", "lead_list_ids": [list], "account_ids": [mailbox], "workflow": two_mails(),
                      "schedule": schedule(), "stop_on": ["unsubscribe"]});
    let id = super::made(&member, CAMPAIGNS, body).await;
    let before = simulated(&app, &id).await;
    act(&member, &id, "start").await;
    tick(&app).await;
    let after = simulated(&app, &id).await;
    assert_eq!(before["actions"], after["actions"], "with what moved each of them");
    assert!(before["actions"][3]["moves"].as_array().is_some_and(|moves| !moves.is_empty()), "{before}");
    // Who has answered goes on, since the campaign does not stop on that.
    run_until(&app, at("2026-11-23T16:00:00Z")).await;
    sqlx::raw_sql("update leads set status = 'replied'").execute(&app.pool).await.unwrap();
    let foreseen = simulated(&app, &id).await;
    assert_eq!((&foreseen["actions_total"], &foreseen["left_out"]), (&json!(6), &json!({})), "{foreseen}");
    // What an account is to do that is out of order waits for it.
    let path = format!("{ACCOUNTS}/{mailbox}");
    app.member().patch(&path, json!({"status": "paused"})).await.expect(200);
    let foreseen = simulated(&app, &id).await;
    assert_eq!(
        (&foreseen["actions_total"], &foreseen["ends"]["held"]),
        (&json!(0), &json!({"account_unavailable": 6})),
        "{foreseen}"
    );
    run_until(&app, at("2026-11-27T16:00:00Z")).await;
    let held = "select count(*) from campaign_executions where hold = 'account_unavailable'";
    assert_eq!((count(&app, held).await, sent(&app).await.len()), (6, 6));
}

#[tokio::test]
async fn whom_nothing_reaches_is_left_out_in_the_simulation_as_in_the_run() {
    let app = TestApp::start().await;
    app.clock.set(at(MONDAY));
    let member = app.member();
    let list = list_of(&member, 2).await;
    let stranger = json!({"lead_list_id": list, "linkedin_url": "https://www.linkedin.com/in/stranger"});
    member.post("/api/v1/leads", stranger).await.expect(201);
    let mailbox = account(&member, "email", nobody(json!({})), json!({})).await;
    let id = campaign(&member, &[&list], &[&mailbox], two_mails(), schedule()).await;
    let foreseen = simulated(&app, &id).await;
    assert_eq!((&foreseen["left_out"], &foreseen["ends"]["completed"]), (&json!({"cannot_be_reached": 1}), &json!(2)));
    act(&member, &id, "start").await;
    run_until(&app, at("2026-12-31T12:00:00Z")).await;
    let left_out =
        "select count(*) from campaign_executions where status = 'skipped' and status_reason = 'cannot_be_reached'";
    assert_eq!(count(&app, left_out).await, 1);
}

#[tokio::test]
async fn accounts_that_are_never_free_in_the_campaigns_hours_are_a_fault() {
    let app = TestApp::start().await;
    app.clock.set(at(MONDAY));
    let member = app.member();
    let list = list_of(&member, 1).await;
    let hours = |start: &str, end: &str| {
        let mut hours = schedule();
        // Slots count from midnight by the account's clock.
        hours["timezone"] = json!("UTC");
        hours["start_time"] = json!(start);
        hours["end_time"] = json!(end);
        hours
    };
    let weekend =
        json!({"timezone": "Europe/Berlin", "days": ["sat", "sun"], "start_time": "09:00", "end_time": "17:00"});
    for (terms, hours, faulty) in [
        (json!({"spacing_seconds": 14_400}), hours("14:00", "16:00"), true),
        (json!({"spacing_seconds": 14_400}), hours("09:00", "17:30"), false),
        // A slot that is a whole day has begun when leads are begun on it.
        (json!({"spacing_seconds": 86_400}), hours("09:00", "17:30"), true),
        (json!({"spacing_seconds": 120}), hours("09:01", "09:02"), true),
        (json!({"sending_window": weekend}), hours("09:00", "17:30"), true),
        (json!({}), hours("09:01", "09:02"), false),
    ] {
        let mailbox = account(&member, "email", nobody(json!({})), terms.clone()).await;
        let id = campaign(&member, &[&list], &[&mailbox], two_mails(), hours).await;
        let found = member.post(&format!("{CAMPAIGNS}/{id}/validate"), json!({})).await.expect(200);
        let codes: Vec<_> = found["faults"].as_array().unwrap().iter().map(|fault| fault["code"].clone()).collect();
        assert_eq!(codes, if faulty { vec![json!("never_free")] } else { vec![] }, "{terms}: {found}");
    }
}
