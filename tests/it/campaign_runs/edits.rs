//! Changing a campaign under way.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{
    CAMPAIGNS, EXECUTIONS, MONDAY, account, act, assert_nothing_twice, at, campaign, count, list_of, made,
    next_instant, nobody, person,
    promises::{promised, simulated},
    run_until, schedule, sent, tick, two_mails,
};
use crate::support::{Caller, TestApp};

async fn edit(caller: &Caller, campaign: &str, change: Value) -> Value {
    caller.patch(&format!("{CAMPAIGNS}/{campaign}"), change).await.expect(200)
}

async fn executions(caller: &Caller, campaign: &str, query: &str) -> Vec<Value> {
    let answer = caller.get(&format!("{CAMPAIGNS}/{campaign}/executions?limit=200{query}")).await.expect(200);
    answer["data"].as_array().unwrap().clone()
}

fn texts_of(id: &str, text: &str) -> Value {
    json!({"id": id, "type": "send_email", "config": {"variants": [{"subject": "Hello", "text": text}]}})
}

fn days(source: &str, target: &str, days: i64) -> Value {
    json!({"source": source, "target": target, "delay": {"value": days, "unit": "days"}})
}

/// A mailbox without spacing or much of a limit, and a running campaign of two mails.
async fn running(app: &TestApp, leads: usize) -> (String, String) {
    app.clock.set(at(MONDAY));
    let list = list_of(&app.member(), leads).await;
    let terms = json!({"limits": {"send_email": {"per_day": 1_000}}});
    let mailbox = account(&app.member(), "email", nobody(json!({})), terms).await;
    let id = campaign(&app.member(), &[&list], &[&mailbox], two_mails(), schedule()).await;
    act(&app.member(), &id, "start").await;
    (id, mailbox)
}

#[tokio::test]
async fn leads_go_on_by_the_new_workflow_from_where_they_stand_as_simulated() {
    let app = TestApp::start().await;
    let (id, _) = running(&app, 12).await;
    run_until(&app, at("2026-11-24T12:00:00Z")).await;
    let before = sent(&app).await.len();
    assert_eq!(before, 12);
    let nodes = json!([texts_of("mail", "old"), texts_of("bump", "new words"), texts_of("last", "the last")]);
    let changed = edit(
        &app.member(),
        &id,
        json!({"workflow": {"nodes": nodes, "edges": [days("mail", "bump", 3), days("bump", "last", 2)]}}),
    )
    .await;
    assert_eq!((&changed["revision"], &changed["status"]), (&json!(2), &json!("running")), "{changed}");
    let promised = promised(&app, &simulated(&app, &id).await).await;
    assert_eq!(promised.len(), 24);
    run_until(&app, at("2026-12-31T12:00:00Z")).await;
    let sent = sent(&app).await;
    assert_eq!(sent[before..], promised[..], "what was simulated after the change is what happens");
    let new = "select count(*) from sandbox_acts where natural_key like '%/bump' and content ->> 'text' = 'new words'";
    assert_eq!(count(&app, new).await, 12, "and in the new words");
    assert_nothing_twice(&app).await;
    let done = app.member().get(&format!("{CAMPAIGNS}/{id}")).await.expect(200);
    assert_eq!(done["status"], "completed");
}

#[tokio::test]
async fn who_stands_at_a_step_that_is_gone_is_held_and_listed_until_it_is_back_or_left_out() {
    let app = TestApp::start().await;
    let (id, _) = running(&app, 4).await;
    run_until(&app, at("2026-11-24T12:00:00Z")).await;
    let whole = json!({
        "nodes": [texts_of("mail", "a"), texts_of("bump", "b"), texts_of("last", "c")],
        "edges": [days("mail", "bump", 3), days("bump", "last", 2)]
    });
    edit(&app.member(), &id, json!({"workflow": whole.clone()})).await;
    let without = json!({"nodes": [texts_of("mail", "a"), texts_of("last", "c")], "edges": [days("mail", "last", 3)]});
    edit(&app.member(), &id, json!({"workflow": without})).await;
    let held = executions(&app.member(), &id, "&hold=node_gone").await;
    assert_eq!(held.len(), 4);
    assert!(executions(&app.member(), &id, "&hold=needs_review").await.is_empty());
    assert_eq!((&held[0]["node_id"], &held[0]["next_run_at"]), (&json!("bump"), &json!(null)));
    // One is led past it, to what followed when it was last there.
    let path = format!("{EXECUTIONS}/{}", held[0]["id"].as_str().unwrap());
    let skipped = app.member().post(&format!("{path}/skip"), json!({})).await.expect(200);
    assert_eq!((&skipped["node_id"], &skipped["hold"]), (&json!("last"), &json!(null)), "{skipped}");
    // The others go on when it is back.
    edit(&app.member(), &id, json!({"workflow": whole})).await;
    assert!(executions(&app.member(), &id, "&hold=node_gone").await.is_empty());
    run_until(&app, at("2026-12-31T12:00:00Z")).await;
    let nodes: Vec<_> = sent(&app).await.into_iter().map(|(node, ..)| node).collect();
    let times = |name: &str| nodes.iter().filter(|node| *node == name).count();
    assert_eq!((times("mail"), times("bump"), times("last")), (4, 3, 4));
    assert_nothing_twice(&app).await;
}

#[tokio::test]
async fn a_wait_for_acceptance_that_has_begun_runs_as_it_was_though_its_step_was_gone_for_a_time() {
    let app = TestApp::start().await;
    app.clock.set(at(MONDAY));
    let list = list_of(&app.member(), 2).await;
    let linkedin = account(&app.member(), "linkedin", nobody(json!({})), json!({})).await;
    let mailbox = account(&app.member(), "email", nobody(json!({})), json!({})).await;
    let invite = json!({"id": "invite", "type": "send_connection_request"});
    let edge = |condition: &str, target: &str, days: i64| json!({"source": "invite", "target": target, "condition": condition, "delay": {"value": days, "unit": "days"}});
    let chat = json!({"id": "chat", "type": "send_followup", "config": {"message": "Thanks"}});
    let whole = json!({
        "nodes": [invite, chat, texts_of("mail", "a")],
        "edges": [edge("accepted", "chat", 0), edge("not_accepted", "mail", 7)]
    });
    let id = campaign(&app.member(), &[&list], &[&linkedin, &mailbox], whole.clone(), schedule()).await;
    act(&app.member(), &id, "start").await;
    run_until(&app, at("2026-11-24T07:00:00Z")).await;
    let until = "select string_agg(next_run_at::text, ' ' order by lead_id) from campaign_executions where awaiting = 'acceptance'";
    let awaited = async || sqlx::query_scalar::<_, Option<String>>(until).fetch_one(&app.pool).await.unwrap();
    let before = awaited().await.unwrap();
    let without = json!({"nodes": [texts_of("mail", "a")], "edges": []});
    edit(&app.member(), &id, json!({"workflow": without})).await;
    assert_eq!(executions(&app.member(), &id, "&hold=node_gone").await.len(), 2);
    app.clock.set(at("2026-11-26T07:00:00Z"));
    edit(&app.member(), &id, json!({"workflow": whole})).await;
    assert_eq!(awaited().await.unwrap(), before);
    run_until(&app, at("2026-12-02T00:00:00Z")).await;
    assert_eq!(sent(&app).await.iter().filter(|(node, ..)| node == "mail").count(), 2, "a week after the invitation");
}

#[tokio::test]
async fn who_accepts_while_the_invitation_is_out_of_the_workflow_goes_the_accepted_way_once_it_is_back() {
    let app = TestApp::start().await;
    app.clock.set(at(MONDAY));
    let list = list_of(&app.member(), 1).await;
    let linkedin = account(&app.member(), "linkedin", nobody(json!({"acceptance": 1})), json!({})).await;
    let mailbox = account(&app.member(), "email", nobody(json!({})), json!({})).await;
    let whole = json!({
        "nodes": [
            {"id": "invite", "type": "send_connection_request"},
            {"id": "chat", "type": "send_followup", "config": {"message": "Thanks"}},
            texts_of("mail", "a")
        ],
        "edges": [
            {"source": "invite", "target": "chat", "condition": "accepted", "delay": {"value": 0, "unit": "days"}},
            {"source": "invite", "target": "mail", "condition": "not_accepted", "delay": {"value": 30, "unit": "days"}}
        ]
    });
    let id = campaign(&app.member(), &[&list], &[&linkedin, &mailbox], whole.clone(), schedule()).await;
    act(&app.member(), &id, "start").await;
    while count(&app, "select count(*) from campaign_executions where awaiting = 'acceptance'").await == 0 {
        let next = next_instant(&app).await.unwrap();
        run_until(&app, next).await;
    }
    edit(&app.member(), &id, json!({"workflow": {"nodes": [texts_of("mail", "a")], "edges": []}})).await;
    run_until(&app, at("2026-12-20T07:00:00Z")).await;
    assert_eq!(count(&app, "select count(*) from activities where type = 'connection_accepted'").await, 1);
    edit(&app.member(), &id, json!({"workflow": whole})).await;
    run_until(&app, at("2026-12-22T20:00:00Z")).await;
    let nodes: Vec<_> = sent(&app).await.into_iter().map(|(node, ..)| node).collect();
    assert_eq!(nodes, ["invite", "chat"]);
}

#[tokio::test]
async fn a_step_that_a_lead_has_had_is_not_done_again_where_the_workflow_leads_it_there_again() {
    let app = TestApp::start().await;
    let (id, _) = running(&app, 3).await;
    run_until(&app, at("2026-11-24T12:00:00Z")).await;
    // Everybody has had `mail` and stands at `bump`, after which `mail` now comes.
    let turned = json!({
        "nodes": [texts_of("bump", "b"), texts_of("mail", "a"), texts_of("last", "c")],
        "edges": [days("bump", "mail", 1), days("mail", "last", 1)]
    });
    edit(&app.member(), &id, json!({"workflow": turned})).await;
    let promised = promised(&app, &simulated(&app, &id).await).await;
    run_until(&app, at("2026-12-31T12:00:00Z")).await;
    let sent = sent(&app).await;
    assert_eq!(sent[3..], promised[..]);
    assert_eq!(sent.iter().filter(|(node, ..)| node == "mail").count(), 3);
    assert_nothing_twice(&app).await;
    assert_eq!(count(&app, "select count(*) from campaign_executions where status = 'completed'").await, 3);
}

#[tokio::test]
async fn a_change_of_hours_moves_what_they_forbid_and_nothing_else() {
    let app = TestApp::start().await;
    app.clock.set(at(MONDAY));
    let list = list_of(&app.member(), 30).await;
    let terms = json!({"spacing_seconds": 900, "limits": {"send_email": {"per_day": 1_000}}});
    let mailbox = account(&app.member(), "email", nobody(json!({})), terms).await;
    let id = campaign(&app.member(), &[&list], &[&mailbox], two_mails(), schedule()).await;
    act(&app.member(), &id, "start").await;
    tick(&app).await;
    let before = executions(&app.member(), &id, "&status=waiting").await;
    assert_eq!(before.len(), 30);
    edit(&app.member(), &id, json!({"schedule": {"start_time": "12:00", "new_leads_per_day": 40}})).await;
    let (noon, mut moved) = (at("2026-11-23T11:00:00Z"), 0);
    for was in &before {
        let now = app.member().get(&format!("{EXECUTIONS}/{}", was["id"].as_str().unwrap())).await.expect(200);
        if at(was["next_run_at"].as_str().unwrap()) >= noon {
            assert_eq!((&now["next_run_at"], &now["moves"]), (&was["next_run_at"], &was["moves"]), "it stays");
        } else {
            moved += 1;
            assert_eq!(now["moves"][0]["rule"], "campaign_changed", "{now}");
            assert!(at(now["next_run_at"].as_str().unwrap()) >= noon, "{now}");
        }
    }
    assert!(moved > 5 && moved < 30, "{moved}");
    // Once more as it was: what the hours had put off comes back.
    edit(&app.member(), &id, json!({"schedule": {"start_time": "09:00"}})).await;
    let promised = promised(&app, &simulated(&app, &id).await).await;
    assert!(promised[0].2 < at("2026-11-23T09:00:00Z"), "{:?}", promised[0]);
    run_until(&app, at("2026-12-31T12:00:00Z")).await;
    assert_eq!(sent(&app).await, promised);
    assert_nothing_twice(&app).await;
}

#[tokio::test]
async fn a_change_with_a_fault_is_refused_whole() {
    let app = TestApp::start().await;
    let (id, mailbox) = running(&app, 2).await;
    run_until(&app, at("2026-11-24T12:00:00Z")).await;
    let path = format!("{CAMPAIGNS}/{id}");
    let before = app.member().get(&path).await.expect(200);
    let visit = json!({"id": "bump", "type": "wait"});
    let faulty = json!({
        "name": "New", "schedule": {"days": []},
        "workflow": {"nodes": [texts_of("mail", "{{ nonsense }}"), visit], "edges": [days("mail", "bump", 3)]}
    });
    let problem = app.member().patch(&path, faulty).await.expect_problem(422, "validation_failed");
    let codes: BTreeSet<_> =
        problem["errors"].as_array().unwrap().iter().map(|fault| fault["code"].as_str().unwrap()).collect();
    assert_eq!(codes, BTreeSet::from(["no_days", "node_type_changed", "unknown_variable"]), "{problem}");
    for nothing in [json!({"workflow": null}), json!({"account_ids": []}), json!({"lead_list_ids": []})] {
        app.member().patch(&path, nothing).await.expect_problem(422, "validation_failed");
    }
    app.member()
        .patch(&path, json!({"account_ids": [Uuid::new_v4(), mailbox]}))
        .await
        .expect_problem(422, "validation_failed");
    assert_eq!(app.member().get(&path).await.expect(200), before, "nothing was changed");
    run_until(&app, at("2026-12-31T12:00:00Z")).await;
    app.member().patch(&path, json!({"stop_on": []})).await.expect_problem(409, "campaign_over");
    assert_eq!(edit(&app.member(), &id, json!({"name": "The old one"})).await["name"], "The old one");
}

#[tokio::test]
async fn leads_that_an_account_has_written_to_wait_for_it_and_others_get_another() {
    let app = TestApp::start().await;
    let (id, first) = running(&app, 40).await;
    // Some have had their first mail when the mailbox is exchanged for another.
    run_until(&app, at("2026-11-23T08:10:00Z")).await;
    let written = i64::try_from(sent(&app).await.len()).unwrap();
    assert!(written > 5 && written < 35, "{written}");
    let second =
        account(&app.member(), "email", nobody(json!({})), json!({"limits": {"send_email": {"per_day": 1_000}}})).await;
    edit(&app.member(), &id, json!({"account_ids": [second]})).await;
    let held = executions(&app.member(), &id, "&hold=account_removed").await;
    assert_eq!(i64::try_from(held.len()).unwrap(), written);
    run_until(&app, at("2026-12-10T12:00:00Z")).await;
    let by = |account: &str| format!("select count(*) from sandbox_acts where account_id = '{account}'");
    assert_eq!(count(&app, &by(&first)).await, written);
    assert_eq!(count(&app, &by(&second)).await, 2 * (40 - written));
    edit(&app.member(), &id, json!({"account_ids": [second, first]})).await;
    run_until(&app, at("2026-12-31T12:00:00Z")).await;
    assert_eq!(count(&app, &by(&first)).await, 2 * written, "who was held goes on with the account that it knows");
    assert_nothing_twice(&app).await;
}

#[tokio::test]
async fn leads_of_a_new_list_join_and_those_of_a_list_that_is_taken_off_do_not_begin() {
    let app = TestApp::start().await;
    app.clock.set(at(MONDAY));
    let first = list_of(&app.member(), 20).await;
    let second = made(&app.member(), "/api/v1/lead-lists", json!({"name": "More"})).await;
    let more: Vec<_> = (100..107).map(person).collect();
    app.member().post("/api/v1/leads/batch", json!({"lead_list_id": second, "leads": more})).await.expect(200);
    let mailbox = account(&app.member(), "email", nobody(json!({})), json!({})).await;
    let mut slow = schedule();
    slow["new_leads_per_day"] = json!(5);
    let id = campaign(&app.member(), &[&first], &[&mailbox], two_mails(), slow).await;
    act(&app.member(), &id, "start").await;
    run_until(&app, at("2026-11-23T20:00:00Z")).await;
    edit(&app.member(), &id, json!({"lead_list_ids": [second]})).await;
    let promised = promised(&app, &simulated(&app, &id).await).await;
    let before = sent(&app).await;
    run_until(&app, at("2026-12-31T12:00:00Z")).await;
    let sent = sent(&app).await;
    assert_eq!(sent[before.len()..], promised[..]);
    assert_eq!(sent.len(), 2 * (5 + 7), "five had begun, seven are new");
    edit(&app.member(), &id, json!({"name": "Over"})).await;
}

#[tokio::test]
async fn a_change_takes_effect_before_the_next_claim() {
    let app = TestApp::start().await;
    app.clock.set(at(MONDAY));
    let list = list_of(&app.member(), 2_000).await;
    let terms = json!({"spacing_seconds": 0, "limits": {"send_email": {"per_day": 5_000}}});
    let mailbox = account(&app.member(), "email", nobody(json!({})), terms).await;
    let id = campaign(&app.member(), &[&list], &[&mailbox], two_mails(), schedule()).await;
    act(&app.member(), &id, "start").await;
    tick(&app).await;
    app.clock.set(at("2026-11-23T08:30:00Z"));
    let stop = CancellationToken::new();
    let nodes = json!([texts_of("mail", "the new words"), texts_of("bump", "b")]);
    let change = json!({"workflow": {"nodes": nodes}});
    let claimed_by_then = async {
        edit(&app.member(), &id, change).await;
        let ids: Vec<Uuid> = sqlx::query_scalar("select id from execution_steps").fetch_all(&app.pool).await.unwrap();
        ids
    };
    let (done, before) = tokio::join!(app.state.runs().do_due(&stop), claimed_by_then);
    done.unwrap();
    tick(&app).await;
    let later = "select count(*) filter (where content ->> 'text' = 'the new words'), count(*) from execution_steps
                 where node_id = 'mail' and id <> all($1)";
    let (new, all): (i64, i64) = sqlx::query_as(later).bind(&before).fetch_one(&app.pool).await.unwrap();
    assert!(all > 0, "{} were claimed before", before.len());
    assert_eq!(new, all, "nothing is claimed by the old workflow after the answer");
    assert_nothing_twice(&app).await;
}

#[tokio::test]
async fn nothing_is_claimed_before_what_waits_is_planned_anew() {
    let app = TestApp::start().await;
    let (id, _) = running(&app, 3).await;
    tick(&app).await;
    // As if whoever changed the campaign had died right after.
    let marked = "update campaigns set replanning = '00000000-0000-0000-0000-000000000000', replan_hours = true,
                    schedule = schedule || '{\"start_time\": \"15:00\"}'";
    sqlx::query(marked).execute(&app.pool).await.unwrap();
    app.clock.set(at("2026-11-23T08:05:00Z"));
    let body = json!({"days": 5});
    let simulate = app.member().post(&format!("{CAMPAIGNS}/{id}/simulate"), body).await;
    simulate.expect_problem(503, "campaign_replanning");
    let stop = CancellationToken::new();
    assert_eq!(app.state.runs().do_due(&stop).await.unwrap().done, 0);
    assert!(sent(&app).await.is_empty());
    run_until(&app, at("2026-12-31T12:00:00Z")).await;
    let sent = sent(&app).await;
    assert_eq!(sent.len(), 6);
    assert!(sent[0].2 >= at("2026-11-23T14:00:00Z"), "{:?}", sent[0]);
}
