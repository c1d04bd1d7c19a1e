//! What keeps an organization's name: the pause over too many bounces, and the caps over all its accounts.

use std::time::Duration;

use chrono::TimeDelta;
use clento::utils::clock::Clock as _;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::{
    ACCOUNTS, CAMPAIGNS, MONDAY, account, act, at, campaign, count, list_of, made, nobody,
    promises::{promised, simulated},
    run_until, schedule, sent, tick, two_mails,
};
use crate::support::{Caller, TestApp, app::ADMIN};

async fn guarded(app: &TestApp, guardrails: Value) {
    let path = format!("/api/v1/organizations/{}", app.organization_id(ADMIN.clerk_organization).await);
    let set = app.admin().patch(&path, json!({"settings": {"guardrails": guardrails}})).await.expect(200);
    for (name, value) in guardrails.as_object().unwrap() {
        assert_eq!(&set["settings"]["guardrails"][name], value);
    }
}

/// Hour after hour, with the guard at work.
async fn hours(app: &TestApp, hours: u32) {
    for _ in 0..hours {
        tick(app).await;
        app.state.runs().guard().await.unwrap();
        app.clock.advance(Duration::from_hours(1));
    }
    tick(app).await;
    app.state.runs().guard().await.unwrap();
}

/// Starts a campaign whose leads may be in others too.
async fn start_beside_others(member: &Caller, id: &str) {
    let settings = json!({"settings": {"skip_in_another_campaign": false}});
    member.patch(&format!("{CAMPAIGNS}/{id}"), settings).await.expect(200);
    act(member, id, "start").await;
}

/// Two workers do at once what is due at ten o'clock in Berlin.
async fn two_workers(app: &TestApp) {
    app.state.runs().enrol_all().await.unwrap();
    app.state.runs().begin_due().await.unwrap();
    app.clock.set(at("2026-11-23T09:00:00Z"));
    let other = app.replica().await;
    let stop = CancellationToken::new();
    let (one, two) = tokio::join!(app.state.runs().do_due(&stop), other.state.runs().do_due(&stop));
    one.unwrap();
    two.unwrap();
}

#[tokio::test]
async fn too_many_bounces_pause_the_campaign_and_the_mailbox_until_a_person_resumes_them() {
    let app = TestApp::start().await;
    app.clock.set(at(MONDAY));
    guarded(&app, json!({"pause_sample": 12})).await;
    let member = app.member();
    let list = list_of(&member, 40).await;
    let settings = json!({"spacing_seconds": 0, "limits": {"send_email": {"per_day": 15}}});
    let mailbox = account(&member, "email", nobody(json!({"bounce": 1})), settings).await;
    let id = campaign(&member, &[&list], &[&mailbox], two_mails(), schedule()).await;
    act(&member, &id, "start").await;
    hours(&app, 24).await;
    let member = app.member();
    let paused = member.get(&format!("{CAMPAIGNS}/{id}")).await.expect(200);
    assert_eq!(paused["status"], "paused");
    let because = paused["paused_because"].as_str().unwrap().to_owned();
    assert!(because.contains(" of 15 mails of the last seven days came back"), "{because}");
    let shown = member.get(&format!("{ACCOUNTS}/{mailbox}")).await.expect(200);
    assert_eq!(
        (&shown["status"], shown["status_reason"].as_str().unwrap().contains("came back")),
        (&json!("paused"), true)
    );
    for action in ["campaign.paused_by_itself", "connected_account.paused_by_itself"] {
        let audited = format!("select count(*) from audit_logs where action = '{action}' and actor_type = 'system'");
        assert_eq!(count(&app, &audited).await, 1, "{action}");
    }
    hours(&app, 24).await;
    assert_eq!(sent(&app).await.len(), 15, "nothing more is sent");

    // What came before a person has taken them up again does not count any more.
    let member = app.member();
    let resumed = act(&member, &id, "resume").await;
    assert_eq!((&resumed["status"], &resumed["paused_because"]), (&json!("running"), &json!(null)));
    member.patch(&format!("{ACCOUNTS}/{mailbox}"), json!({"status": "connected"})).await.expect(200);
    let mark = "insert into guard_marks select organization_id, id, $1::uuid, now() from campaigns where id = $2::uuid";
    sqlx::query(mark).bind(&mailbox).bind(&id).execute(&app.pool).await.unwrap();
    app.state.runs().guard().await.unwrap();
    assert_eq!(count(&app, "select count(*) from guard_marks").await, 0);
    assert_eq!(member.get(&format!("{CAMPAIGNS}/{id}")).await.expect(200)["status"], "running");
    let by_hand = act(&member, &id, "pause").await;
    assert_eq!(by_hand["paused_because"], Value::Null, "a person's pause is told apart");
}

#[tokio::test]
async fn as_many_mails_go_to_a_domain_on_a_day_as_its_cap_says() {
    let app = TestApp::start().await;
    app.clock.set(at(MONDAY));
    guarded(&app, json!({"mails_per_domain_per_day": 2})).await;
    let member = app.member();
    let list = made(&member, "/api/v1/lead-lists", json!({"name": "People"})).await;
    let lead = |i: usize, domain: &str| json!({"first_name": format!("F{i}"), "company": "C", "email": format!("p{i}@{domain}")});
    let leads: Vec<_> = (0..5).map(|i| lead(i, "one.example")).chain([lead(9, "other.example")]).collect();
    member.post("/api/v1/leads/batch", json!({"lead_list_id": list, "leads": leads})).await.expect(200);
    let mailbox = account(&member, "email", nobody(json!({})), json!({})).await;
    let workflow = json!({"nodes": [two_mails()["nodes"][0]]});
    let id = campaign(&member, &[&list], &[&mailbox], workflow, schedule()).await;
    act(&member, &id, "start").await;
    run_until(&app, at("2026-11-23T20:00:00Z")).await;
    let to = |address: &str, sent: &[(String, String, chrono::DateTime<chrono::Utc>)]| {
        sent.iter().filter(|(_, email, _)| email.ends_with(address)).count()
    };
    let first = sent(&app).await;
    assert_eq!((to("@one.example", &first), to("@other.example", &first)), (2, 1));
    let waiting = app.member().get(&format!("{CAMPAIGNS}/{id}/executions?status=waiting")).await.expect(200);
    assert!(waiting["data"][0]["moves"].to_string().contains("domain_limit"), "{waiting}");
    run_until(&app, at("2026-11-24T20:00:00Z")).await;
    assert_eq!(to("@one.example", &sent(&app).await), 4);
    run_until(&app, at("2026-11-25T20:00:00Z")).await;
    assert_eq!(to("@one.example", &sent(&app).await), 5);
}

#[tokio::test]
async fn the_organizations_cap_holds_over_campaigns_accounts_and_workers() {
    let app = TestApp::start().await;
    app.clock.set(at(MONDAY));
    guarded(&app, json!({"messages_per_day": 7})).await;
    let member = app.member();
    let list = list_of(&member, 10).await;
    for _ in 0..2 {
        let mailbox = account(&member, "email", nobody(json!({})), json!({"spacing_seconds": 0})).await;
        let id = campaign(&member, &[&list], &[&mailbox], two_mails(), schedule()).await;
        start_beside_others(&member, &id).await;
    }
    two_workers(&app).await;
    run_until(&app, at("2026-11-23T20:00:00Z")).await;
    assert_eq!(sent(&app).await.len(), 7);
    run_until(&app, at("2026-11-24T20:00:00Z")).await;
    assert_eq!(sent(&app).await.len(), 14);
}

#[tokio::test]
async fn a_simulation_goes_by_caps() {
    let app = TestApp::start().await;
    app.clock.set(at(MONDAY));
    guarded(&app, json!({"messages_per_day": 4, "messages_per_company_per_day": 2})).await;
    let member = app.member();
    let list = made(&member, "/api/v1/lead-lists", json!({"name": "People"})).await;
    let lead = |i: usize| {
        json!({"first_name": format!("F{i}"), "company": "C", "company_domain": format!("c{}.example", i % 3),
               "email": format!("p{i}@mail{i}.example")})
    };
    let leads: Vec<_> = (0..15).map(lead).collect();
    member.post("/api/v1/leads/batch", json!({"lead_list_id": list, "leads": leads})).await.expect(200);
    let mailbox = account(&member, "email", nobody(json!({})), json!({})).await;
    let id = campaign(&member, &[&list], &[&mailbox], two_mails(), schedule()).await;
    let before = simulated(&app, &id).await;
    act(&member, &id, "start").await;
    // What has gone out on the day already counts.
    run_until(&app, at("2026-11-24T08:03:00Z")).await;
    let rest = simulated(&app, &id).await;
    run_until(&app, at("2026-12-31T12:00:00Z")).await;
    let (promised, sent) = (promised(&app, &before).await, sent(&app).await);
    assert_eq!((sent.len(), &sent), (30, &promised));
    for day in sent.chunk_by(|one, next| one.2.date_naive() == next.2.date_naive()) {
        assert!(day.len() <= 4, "{day:?}");
    }
    let rest = super::promises::promised(&app, &rest).await;
    assert_eq!(rest[..], promised[promised.len() - rest.len()..], "and of what is left the same is promised");
}

#[tokio::test]
async fn who_is_held_for_a_gap_in_the_text_uses_up_no_cap() {
    let app = TestApp::start().await;
    app.clock.set(at(MONDAY));
    guarded(&app, json!({"messages_per_day": 2})).await;
    let member = app.member();
    let list = made(&member, "/api/v1/lead-lists", json!({"name": "People"})).await;
    let nameless = (0..5).map(|i| json!({"email": format!("nameless{i}@company{i}.example")}));
    let named = (5..8).map(super::person);
    let leads: Vec<_> = nameless.chain(named).collect();
    member.post("/api/v1/leads/batch", json!({"lead_list_id": list, "leads": leads})).await.expect(200);
    let mailbox = account(&member, "email", nobody(json!({})), json!({"spacing_seconds": 0})).await;
    let workflow = json!({"nodes": [two_mails()["nodes"][0]]});
    let id = campaign(&member, &[&list], &[&mailbox], workflow, schedule()).await;
    act(&member, &id, "start").await;
    app.state.runs().enrol_all().await.unwrap();
    app.state.runs().begin_due().await.unwrap();
    // All are due, and are claimed together.
    app.clock.set(at("2026-11-23T09:00:00Z"));
    app.state.runs().do_due(&CancellationToken::new()).await.unwrap();
    assert_eq!(count(&app, "select count(*) from campaign_executions where hold = 'missing_variable'").await, 5);
    assert_eq!(sent(&app).await.len(), 2, "the cap is for those who are written to");
    let waiting = "select count(*) from campaign_executions where moves::text like '%organization_limit%'";
    assert_eq!(count(&app, waiting).await, 1);
}

#[tokio::test]
async fn a_mailbox_sends_as_much_to_a_domain_on_a_day_as_its_own_cap_says() {
    let app = TestApp::start().await;
    app.clock.set(at(MONDAY));
    let member = app.member();
    let list = made(&member, "/api/v1/lead-lists", json!({"name": "People"})).await;
    let lead = |i: usize, domain: &str| json!({"first_name": format!("F{i}"), "company": "C", "email": format!("p{i}@{domain}")});
    let leads: Vec<_> = (0..5).map(|i| lead(i, "one.example")).chain([lead(9, "other.example")]).collect();
    member.post("/api/v1/leads/batch", json!({"lead_list_id": list, "leads": leads})).await.expect(200);
    let capped = json!({"spacing_seconds": 0, "limits": {"send_email": {"per_domain_per_day": 2}}});
    let careful = account(&member, "email", nobody(json!({})), capped).await;
    let free = account(&member, "email", nobody(json!({})), json!({"spacing_seconds": 0})).await;
    for mailbox in [&careful, &careful, &free] {
        let workflow = json!({"nodes": [two_mails()["nodes"][0]]});
        let id = campaign(&member, &[&list], &[mailbox], workflow, schedule()).await;
        start_beside_others(&member, &id).await;
    }
    two_workers(&app).await;
    let to_one = async |account: &str| {
        let sent = format!(
            "select count(*) from execution_steps s join leads l on l.id = s.lead_id
             where s.state = 'sent' and s.account_id = '{account}' and l.email like '%@one.example'"
        );
        count(&app, &sent).await
    };
    run_until(&app, at("2026-11-23T20:00:00Z")).await;
    assert_eq!((to_one(&careful).await, to_one(&free).await), (2, 5), "over both of its campaigns");
    let told = "select count(*) from campaign_executions where moves::text like '%mailbox_domain_limit%'";
    assert_eq!(count(&app, told).await, 8);
    assert_eq!(
        count(&app, "select count(*) from execution_steps where state = 'sent'").await,
        10,
        "other domains go on"
    );
    for (day, most) in [("2026-11-24", 4), ("2026-11-25", 6)] {
        run_until(&app, at(&format!("{day}T20:00:00Z"))).await;
        assert_eq!(to_one(&careful).await, most);
    }
}

#[tokio::test]
async fn a_limit_of_a_day_is_not_used_anew_because_its_leads_are_deleted() {
    for by_cap in [true, false] {
        let app = TestApp::start().await;
        app.clock.set(at(MONDAY));
        let mut hours = schedule();
        if by_cap {
            guarded(&app, json!({"messages_per_day": 4})).await;
        } else {
            hours["new_leads_per_day"] = json!(4);
        }
        let list = list_of(&app.member(), 12).await;
        let mailbox = account(&app.member(), "email", nobody(json!({})), json!({"spacing_seconds": 0})).await;
        let workflow = json!({"nodes": [two_mails()["nodes"][0]]});
        let id = campaign(&app.member(), &[&list], &[&mailbox], workflow, hours).await;
        act(&app.member(), &id, "start").await;
        run_until(&app, at("2026-11-23T10:00:00Z")).await;
        assert_eq!(sent(&app).await.len(), 4, "{by_cap}");
        let got: Vec<uuid::Uuid> =
            sqlx::query_scalar("select lead_id from sandbox_acts").fetch_all(&app.pool).await.unwrap();
        app.member().delete(&format!("/api/v1/leads/{}", got[0])).await.expect(204);
        app.member().post("/api/v1/leads/batch-delete", json!({"ids": got[1..], "dry_run": false})).await.expect(200);
        run_until(&app, at("2026-11-23T20:00:00Z")).await;
        assert_eq!(sent(&app).await.len(), 0, "{by_cap}");
        run_until(&app, at("2026-11-24T20:00:00Z")).await;
        assert_eq!(sent(&app).await.len(), 4, "{by_cap}");
        let before = app.clock.now() + TimeDelta::days(1);
        assert_eq!(app.state.db().forget_counts(before, 100).await.unwrap(), if by_cap { 8 } else { 4 });
    }
}
