//! Campaigns as drafts.

use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{Answer, TestApp, caller::Caller};

const PATH: &str = "/api/v1/campaigns";

async fn made(caller: &Caller, path: &str, body: Value) -> String {
    caller.post(path, body).await.expect(201)["id"].as_str().unwrap().to_owned()
}

async fn list(caller: &Caller, name: &str) -> String {
    made(caller, "/api/v1/lead-lists", json!({"name": name})).await
}

async fn account(caller: &Caller, channel: &str) -> String {
    let body = json!({"provider": "sandbox", "channel": channel, "display_name": channel});
    made(caller, "/api/v1/connected-accounts", body).await
}

/// The example of the API's documentation.
fn workflow() -> Value {
    json!({
        "nodes": [
            {"id": "visit", "type": "profile_visit", "position": {"x": 0.1, "y": -3, "z": {"deep": [1, null, "é"]}}},
            {"id": "invite", "type": "send_connection_request", "config": {"message": "Hi {{ first_name | default('there') }} …"}},
            {"id": "chat", "type": "send_followup", "config": {"message": "Thanks for connecting, {{ first_name }}!"}},
            {"id": "mail", "type": "send_email", "config": {"thread": false, "variants": [{"weight": 1, "subject": "…", "text": "…", "html": "…"}]}},
            {"id": "bump", "type": "send_email", "config": {"thread": true, "variants": [{"weight": 1, "text": "…"}]}}],
        "edges": [
            {"source": "visit", "target": "invite", "delay": {"value": 1, "unit": "days"}},
            {"source": "invite", "target": "chat", "condition": "accepted", "delay": {"value": 2, "unit": "hours"}},
            {"source": "invite", "target": "mail", "condition": "not_accepted", "delay": {"value": 7, "unit": "days"}},
            {"source": "mail", "target": "bump", "delay": {"value": 3, "unit": "days"}}]
    })
}

fn schedule() -> Value {
    json!({
        "timezone": "Europe/Berlin", "use_lead_timezone": true, "days": ["mon", "tue", "wed", "thu", "fri"],
        "start_time": "09:00", "end_time": "17:30", "start_at": null, "end_at": null, "new_leads_per_day": 50
    })
}

/// (place, code) of each fault in `faults`, in order.
fn told(faults: &Value) -> Vec<(&str, &str)> {
    faults.as_array().unwrap().iter().map(|f| (f["pointer"].as_str().unwrap(), f["code"].as_str().unwrap())).collect()
}

/// The same of an answer.
fn refused(answer: Answer) -> Vec<(String, String)> {
    let problem = answer.expect_problem(422, "validation_failed");
    let mut faults: Vec<_> =
        told(&problem["errors"]).into_iter().map(|(at, code)| (at.to_owned(), code.to_owned())).collect();
    faults.sort();
    faults
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(pointer, code)| ((*pointer).to_owned(), (*code).to_owned())).collect()
}

#[tokio::test]
async fn a_draft_is_made_read_and_deleted_as_it_was_given() {
    let app = TestApp::start().await;
    let member = app.member();
    let (berlin, hamburg) = (list(&member, "Berlin").await, list(&member, "Hamburg").await);
    let (linkedin, email) = (account(&member, "linkedin").await, account(&member, "email").await);
    let body = json!({
        "name": "Founders", "lead_list_ids": [hamburg, berlin], "account_ids": [email, linkedin], "workflow": workflow(),
        "schedule": schedule(), "stop_on": ["bounce"]
    });
    let answer = member.post(PATH, body.clone()).await;
    let path = answer.header("location").to_owned();
    assert_eq!(answer.header("etag"), "\"1\"");
    let campaign = answer.expect(201);
    for (field, given) in body.as_object().unwrap() {
        assert_eq!(&campaign[field], given, "{field}");
    }
    assert_eq!((&campaign["status"], &campaign["version"]), (&json!("draft"), &json!(1)));
    assert_eq!(
        campaign["lead_lists"][0],
        json!({"id": hamburg, "name": "Hamburg", "status": "active", "lead_count": 0})
    );
    assert_eq!(
        campaign["accounts"][1],
        json!({"id": linkedin, "display_name": "linkedin", "provider": "sandbox", "avatar_url": null, "status": "connected"})
    );
    assert_eq!(member.get(&path).await.expect(200), campaign);

    member.delete(&format!("/api/v1/lead-lists/{berlin}")).await.expect_problem(409, "lead_list_in_use");
    member.delete(&path).await.expect(204);
    member.get(&path).await.expect_problem(404, "campaign_not_found");
    member.delete(&format!("/api/v1/lead-lists/{berlin}")).await.expect(204);

    let bare = member.post(PATH, json!({"name": "Bare", "workflow": null})).await.expect(201);
    assert_eq!(
        (&bare["workflow"], &bare["schedule"], &bare["lead_list_ids"], &bare["stop_on"]),
        (&json!(null), &json!(null), &json!([]), &json!(["reply", "unsubscribe", "bounce"]))
    );
}

#[tokio::test]
async fn every_fault_of_the_form_is_named_at_once() {
    let app = TestApp::start().await;
    let body = json!({
        "name": " ", "colour": "red", "lead_list_ids": ["x"], "account_ids": null, "stop_on": ["rain"],
        "workflow": {
            "nodes": [
                {"id": "a", "type": "send_followup", "config": {"mesage": "Hi"}},
                {"id": "b c", "type": "wait", "config": {"days": 3}},
                {"id": "d", "type": "teleport"},
                {"id": "e"}],
            "edges": [{"source": "a", "delay": {"value": -1, "unit": "weeks"}}]},
        "schedule": {"start_time": "9:00", "days": ["monday"], "new_leads_per_day": 0, "start_at": "tomorrow"}
    });
    let expected = pairs(&[
        ("/account_ids", "wrong_type"),
        ("/colour", "unknown_field"),
        ("/lead_list_ids/0", "wrong_form"),
        ("/name", "wrong_form"),
        ("/schedule/days/0", "not_allowed"),
        ("/schedule/new_leads_per_day", "too_small"),
        ("/schedule/start_at", "wrong_form"),
        ("/schedule/start_time", "wrong_form"),
        ("/stop_on/0", "not_allowed"),
        ("/workflow/edges/0/delay/unit", "not_allowed"),
        ("/workflow/edges/0/delay/value", "too_small"),
        ("/workflow/edges/0/target", "required"),
        ("/workflow/nodes/0/config/mesage", "unknown_field"),
        ("/workflow/nodes/1/config", "too_many"),
        ("/workflow/nodes/1/id", "wrong_form"),
        ("/workflow/nodes/2/type", "not_allowed"),
        ("/workflow/nodes/3/type", "required"),
    ]);
    assert_eq!(refused(app.member().post(PATH, body.clone()).await), expected);
    let draft = app.member().post(PATH, json!({"name": "x"})).await.header("location").to_owned();
    assert_eq!(refused(app.member().patch(&draft, body).await), expected, "a patch is held to the same form");
}

#[tokio::test]
async fn a_foreign_list_or_account_is_as_unknown_as_one_that_nobody_has() {
    let app = TestApp::start().await;
    let member = app.member();
    let (ours, theirs) = (list(&member, "ours").await, list(&app.outsider(), "theirs").await);
    let (our_account, their_account) = (account(&member, "email").await, account(&app.outsider(), "email").await);
    let nobodys = Uuid::new_v4().to_string();
    let links = |foreign_list: &str, foreign_account: &str| {
        json!({
            "name": "x", "lead_list_ids": [ours, foreign_list, ours], "account_ids": [foreign_account, our_account, our_account]
        })
    };
    let expected = pairs(&[
        ("/account_ids/0", "unknown_account"),
        ("/account_ids/2", "duplicate"),
        ("/lead_list_ids/1", "unknown_lead_list"),
        ("/lead_list_ids/2", "duplicate"),
    ]);
    let draft = member.post(PATH, json!({"name": "x"})).await.header("location").to_owned();
    for body in [links(&theirs, &their_account), links(&nobodys, &nobodys)] {
        assert_eq!(refused(member.post(PATH, body.clone()).await), expected);
        assert_eq!(refused(member.patch(&draft, body).await), expected);
    }
    assert_eq!(member.get(&draft).await.expect(200)["version"], 1, "nothing was changed");
    assert_eq!(member.get(PATH).await.expect(200)["data"].as_array().unwrap().len(), 1, "and nothing made");
}

#[tokio::test]
async fn a_patch_merges_documents_field_by_field_and_replaces_arrays() {
    let app = TestApp::start().await;
    let member = app.member();
    let (one, two) = (list(&member, "one").await, list(&member, "two").await);
    let body = json!({"name": "x", "lead_list_ids": [one, two], "workflow": workflow(), "schedule": schedule()});
    let path = member.post(PATH, body).await.header("location").to_owned();

    let patch = json!({
        "lead_list_ids": [two], "schedule": {"end_time": "18:00", "new_leads_per_day": null, "use_lead_timezone": null, "days": ["sat"]}
    });
    let changed = member.patch(&path, patch.clone()).await.expect(200);
    let mut expected = schedule();
    expected["end_time"] = json!("18:00");
    expected["new_leads_per_day"] = json!(null);
    expected["use_lead_timezone"] = json!(false);
    expected["days"] = json!(["sat"]);
    assert_eq!(changed["schedule"], expected);
    assert_eq!((&changed["lead_list_ids"], &changed["workflow"]), (&json!([two]), &workflow()));
    assert_eq!((&changed["name"], &changed["version"]), (&json!("x"), &json!(2)));
    assert_eq!(member.patch(&path, patch).await.expect(200)["version"], 2, "the same again makes no version");

    let nodes = json!([{"id": "only", "type": "wait", "position": {"x": 1}}]);
    let changed = member.patch(&path, json!({"workflow": {"nodes": nodes}})).await.expect(200);
    assert_eq!(changed["workflow"], json!({"nodes": nodes, "edges": workflow()["edges"]}));
    let changed = member.patch(&path, json!({"workflow": {"edges": null}})).await.expect(200);
    assert_eq!(changed["workflow"], json!({"nodes": nodes, "edges": []}));

    let changed = member.patch(&path, json!({"workflow": null, "schedule": null, "stop_on": []})).await.expect(200);
    assert_eq!(
        (&changed["workflow"], &changed["schedule"], &changed["stop_on"]),
        (&json!(null), &json!(null), &json!([]))
    );
    let changed = member.patch(&path, json!({"schedule": {"timezone": "UTC", "days": null}})).await.expect(200);
    assert_eq!((&changed["schedule"]["timezone"], &changed["schedule"]["days"]), (&json!("UTC"), &json!([])));
    let changed = member.patch(&path, json!({"lead_list_ids": [two, one]})).await.expect(200);
    assert_eq!(changed["lead_list_ids"], json!([two, one]), "in the order given");
    let changed = member.patch(&path, json!({"lead_list_ids": [one, two]})).await.expect(200);
    assert_eq!(changed["lead_list_ids"], json!([one, two]));
    assert_eq!(
        refused(member.patch(&path, json!({"name": null, "lead_list_ids": null})).await),
        pairs(&[("/lead_list_ids", "wrong_type"), ("/name", "wrong_type")])
    );
    assert_eq!(member.get(&path).await.expect(200), changed);
}

#[tokio::test]
async fn of_two_who_change_the_same_version_one_is_told() {
    let app = TestApp::start().await;
    let member = app.member();
    let path = member.post(PATH, json!({"name": "x"})).await.header("location").to_owned();
    let patch = |name: &str| {
        member
            .request(Method::PATCH, &path)
            .header("if-match", "\"1\"")
            .json(json!({"name": name, "workflow": workflow()}))
    };
    let (one, two) = tokio::join!(patch("one").send(), patch("two").send());
    let (won, lost) = if one.status == 200 { (one, two) } else { (two, one) };
    let won = won.expect(200);
    lost.expect_problem(412, "version_mismatch");
    assert_eq!(member.get(&path).await.expect(200), won);
    let stale = member.request(Method::DELETE, &path).header("if-match", "\"1\"").send().await;
    stale.expect_problem(412, "version_mismatch");
}

#[tokio::test]
async fn only_a_draft_is_deleted_but_anything_is_renamed_and_copied() {
    let app = TestApp::start().await;
    let member = app.member();
    let (lists, accounts) =
        (vec![list(&member, "a").await, list(&member, "b").await], vec![account(&member, "email").await]);
    let body = json!({
        "name": "Original", "lead_list_ids": lists, "account_ids": accounts, "workflow": workflow(), "schedule": schedule(),
        "stop_on": ["reply"]
    });
    let path = member.post(PATH, body.clone()).await.header("location").to_owned();
    for state in ["scheduled", "running", "paused", "completed", "stopped"] {
        let switch = "with pinned as (insert into campaign_revisions (organization_id, campaign_id, number, workflow, created_at)
                        select organization_id, id, 1, workflow, now() from campaigns on conflict do nothing)
                      update campaigns set status = $1, revision = 1, started_at = case when $1 <> 'scheduled' then now() end,
                        ended_at = case when $1 in ('completed', 'stopped') then now() end";
        sqlx::query(switch).bind(state).execute(&app.pool).await.unwrap();
        assert_eq!(member.delete(&path).await.expect_problem(409, "campaign_not_draft")["state"], state);
        let name = format!("Original, {state}");
        assert_eq!(member.patch(&path, json!({"name": name})).await.expect(200)["name"], name.as_str());
        if ["completed", "stopped"].contains(&state) {
            let answer = member.patch(&path, json!({"stop_on": []})).await;
            assert_eq!(answer.expect_problem(409, "campaign_over")["state"], state);
        }
    }
    let copy = member.post(&format!("{path}/duplicate"), json!({})).await;
    assert_ne!(copy.header("location"), path);
    let copy = copy.expect(201);
    assert_eq!(
        (&copy["name"], &copy["status"], &copy["version"]),
        (&json!("Original, stopped (copy)"), &json!("draft"), &json!(1))
    );
    for field in ["lead_list_ids", "account_ids", "workflow", "schedule", "stop_on"] {
        assert_eq!(copy[field], body[field], "{field}");
    }
    let named = member.post(&format!("{path}/duplicate"), json!({"name": "Second try"})).await.expect(201);
    assert_eq!(named["name"], "Second try");
    let long = made(&member, PATH, json!({"name": "ä".repeat(200)})).await;
    let copy = member.post(&format!("{PATH}/{long}/duplicate"), json!({})).await.expect(201);
    assert_eq!(copy["name"].as_str().unwrap().chars().count(), 200);
}

#[tokio::test]
async fn a_list_carries_for_each_campaign_what_is_its_own() {
    let app = TestApp::start().await;
    let member = app.member();
    let (berlin, hamburg) = (list(&member, "Berlin").await, list(&member, "Hamburg").await);
    let mailbox = account(&member, "email").await;
    for i in 0..3 {
        let lists = if i == 0 { vec![&berlin] } else { vec![&berlin, &hamburg] };
        made(&member, "/api/v1/leads", json!({"email": format!("{i}@example.com"), "lead_list_ids": lists})).await;
    }
    for (name, lists, accounts) in
        [("none", vec![], vec![]), ("one", vec![&hamburg], vec![&mailbox]), ("two", vec![&hamburg, &berlin], vec![])]
    {
        let body = json!({"name": name, "lead_list_ids": lists, "account_ids": accounts, "workflow": workflow()});
        made(&member, PATH, body).await;
        made(&app.outsider(), PATH, json!({"name": "theirs"})).await;
    }
    let (mut rows, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = member.get(&format!("{PATH}?limit=1{cursor}")).await.expect(200);
        rows.extend(page["data"].as_array().unwrap().iter().cloned());
        let Some(next) = page["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    rows.sort_by_key(|row| row["name"].as_str().unwrap().to_owned());
    let seen: Vec<_> = rows
        .iter()
        .map(|row| {
            let lists: Vec<_> = row["lead_lists"]
                .as_array()
                .unwrap()
                .iter()
                .map(|list| (list["name"].clone(), list["lead_count"].clone()))
                .collect();
            (row["name"].clone(), json!(lists), row["account_ids"].clone())
        })
        .collect();
    assert_eq!(
        seen,
        [
            (json!("none"), json!([]), json!([])),
            (json!("one"), json!([["Hamburg", 2]]), json!([mailbox])),
            (json!("two"), json!([["Hamburg", 2], ["Berlin", 3]]), json!([])),
        ]
    );
    assert!(rows.iter().all(|row| row.get("workflow").is_none()), "a list leaves the large part out");
    let page = member.get(&format!("{PATH}?sort=created_at&include_total=true")).await.expect(200);
    assert_eq!((page["total"].clone(), page["data"].as_array().unwrap().len()), (json!(3), 3));
}

#[tokio::test]
async fn validate_names_everything_that_is_in_the_way() {
    let app = TestApp::start().await;
    let member = app.member();
    let path = member.post(PATH, json!({"name": "x"})).await.header("location").to_owned();
    let validate = || async { member.request(Method::POST, &format!("{path}/validate")).send().await.expect(200) };
    let found = validate().await;
    assert_eq!(found["valid"], json!(false));
    let empty = [
        ("/lead_list_ids", "no_lead_lists"),
        ("/account_ids", "no_accounts"),
        ("/workflow", "missing_workflow"),
        ("/schedule", "missing_schedule"),
    ];
    assert_eq!(told(&found["faults"]), empty);

    let (leads, linkedin) = (list(&member, "Leads").await, account(&member, "linkedin").await);
    let mut wrong = workflow();
    wrong["nodes"][2]["config"]["message"] =
        json!("{{ firstname }} {{ custom_fields.role }} {{ custom_fields.team.size }}");
    wrong["edges"][3]["target"] = json!("mail");
    let mut hours = schedule();
    hours["end_time"] = json!("08:00");
    let patch = json!({"lead_list_ids": [leads], "account_ids": [linkedin], "workflow": wrong, "schedule": hours});
    member.patch(&path, patch).await.expect(200);
    let several = [
        ("/workflow/nodes/2/config/message", "unknown_variable"),
        ("/workflow/nodes/2/config/message", "unknown_variable"),
        ("/workflow/nodes/2/config/message", "unknown_variable"),
        ("/workflow/nodes/3/type", "no_connected_account"),
        ("/workflow/nodes/4", "several_roots"),
        ("/workflow/nodes/4/type", "no_connected_account"),
        ("/workflow/edges/3", "self_edge"),
        ("/schedule/end_time", "empty_window"),
    ];
    let found = validate().await;
    let seen = told(&found["faults"]);
    for fault in several {
        assert!(seen.contains(&fault), "{fault:?} is not among {seen:?}");
    }

    // What another organization's leads have is no field of ours; what one of ours has is.
    let lead = json!({"email": "a@example.com", "custom_fields": {"role": "cto", "team": {"size": 5}}});
    made(&app.outsider(), "/api/v1/leads", lead.clone()).await;
    assert_eq!(told(&validate().await["faults"]), seen);
    made(&member, "/api/v1/leads", lead).await;
    let unknown = |faults: &Value| told(faults).iter().filter(|(_, code)| *code == "unknown_variable").count();
    assert_eq!(unknown(&validate().await["faults"]), 1, "firstname is still unknown");

    let email = account(&member, "email").await;
    let patch = json!({"account_ids": [linkedin, email], "workflow": workflow(), "schedule": schedule()});
    member.patch(&path, patch).await.expect(200);
    assert_eq!(validate().await, json!({"valid": true, "faults": [], "warnings": []}));
    let version = member.get(&path).await.expect(200)["version"].clone();
    assert_eq!(version, json!(3), "validation changes nothing");

    // What is set aside cannot be used.
    member.patch(&format!("/api/v1/connected-accounts/{email}"), json!({"status": "paused"})).await.expect(200);
    member.post(&format!("/api/v1/lead-lists/{leads}/archive"), json!({})).await.expect(200);
    let aside = [
        ("/lead_list_ids/0", "archived_lead_list"),
        ("/workflow/nodes/3/type", "no_connected_account"),
        ("/workflow/nodes/4/type", "no_connected_account"),
    ];
    assert_eq!(told(&validate().await["faults"]), aside);
    app.outsider()
        .request(Method::POST, &format!("{path}/validate"))
        .send()
        .await
        .expect_problem(404, "campaign_not_found");
}

#[tokio::test]
async fn a_list_that_goes_while_a_campaign_comes_is_either_there_or_unknown() {
    let app = TestApp::start().await;
    let member = app.member();
    for _ in 0..15 {
        let list = list(&member, "Leads").await;
        let list_path = format!("/api/v1/lead-lists/{list}");
        let (made, gone) =
            tokio::join!(member.post(PATH, json!({"name": "x", "lead_list_ids": [list]})), member.delete(&list_path));
        if made.status == 201 {
            gone.expect_problem(409, "lead_list_in_use");
        } else {
            assert_eq!(refused(made), pairs(&[("/lead_list_ids/0", "unknown_lead_list")]));
            gone.expect(204);
        }
    }
}

#[tokio::test]
async fn the_audit_log_tells_what_changed_and_no_more() {
    let app = TestApp::start().await;
    let member = app.member();
    let path = member.post(PATH, json!({"name": "x", "workflow": workflow()})).await.header("location").to_owned();
    member.patch(&path, json!({"name": "y"})).await.expect(200);
    member.patch(&path, json!({"name": "y"})).await.expect(200);
    member.post(&format!("{path}/duplicate"), json!({})).await.expect(201);
    member.delete(&path).await.expect(204);
    let rows: Vec<(String, Option<Value>, Option<Value>)> = sqlx::query_as(
        "select action, before, after from audit_logs where entity_type = 'campaign' order by occurred_at, id",
    )
    .fetch_all(&app.pool)
    .await
    .unwrap();
    let row = |action: &str| rows.iter().find(|(name, ..)| name == action).unwrap_or_else(|| panic!("{action}"));
    assert_eq!(rows.len(), 4, "{rows:?}");
    assert_eq!(row("campaign.created").2.as_ref().unwrap()["workflow"], workflow());
    let (_, before, after) = row("campaign.updated");
    assert_eq!((before, after), (&Some(json!({"name": "x"})), &Some(json!({"name": "y"}))));
    assert_eq!(row("campaign.duplicated").2.as_ref().unwrap()["campaign"]["name"], "y (copy)");
    assert_eq!(row("campaign.deleted").2, None);
}

#[tokio::test]
async fn the_same_key_makes_one_campaign() {
    let app = TestApp::start().await;
    let member = app.member();
    let post =
        || member.request(Method::POST, PATH).header("idempotency-key", "k1").json(json!({"name": "once"})).send();
    let first = post().await.expect(201);
    let again = post().await;
    assert_eq!(again.header("idempotent-replayed"), "true");
    assert_eq!(again.expect(201), first);
    assert_eq!(member.get(PATH).await.expect(200)["data"].as_array().unwrap().len(), 1);
}
