//! Taking away what an import has made.

use serde_json::{Value, json};
use uuid::Uuid;

use super::{LEADS, count, done, list, path_of, people, polls, upload, upload_with, work_until};
use crate::support::{Caller, TestApp};

async fn undo(caller: &Caller, import: &Value) -> crate::support::Answer {
    caller.post(&format!("{}/undo", path_of(import)), json!({})).await
}

async fn would(caller: &Caller, import: &Value) -> (Value, Value) {
    let answer = caller.post(&format!("{}/undo?dry_run=true", path_of(import)), json!({})).await.expect(200);
    (answer["leads_to_remove"].clone(), answer["leads_to_keep"].clone())
}

async fn id_of(caller: &Caller, email: &str) -> String {
    let found = caller.get(&format!("{LEADS}?search={}", email.replace('@', "%40"))).await.expect(200);
    found["data"][0]["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn what_nobody_has_touched_goes_and_the_rest_stays() {
    let app = TestApp::start().await;
    let (member, admin) = (app.member(), app.admin());
    let (ours, other) = (list(&member).await, list(&member).await);
    let present = json!({"email": "p0@example.com", "first_name": "There"});
    member.post(LEADS, present).await.expect(201);
    let import = upload_with(&member, &ours, &json!({"on_duplicate": "overwrite"}), &people(0, 10)).await;
    let import = done(&app, &member, &import).await;
    assert_eq!((&import["created"], &import["updated"]), (&json!(9), &json!(1)));

    let patched = id_of(&member, "p1@example.com").await;
    member.patch(&format!("{LEADS}/{patched}"), json!({"title": "CEO"})).await.expect(200);
    let listed = id_of(&member, "p2@example.com").await;
    member.patch(&format!("{LEADS}/{listed}"), json!({"lead_list_ids": [ours, other]})).await.expect(200);
    let gone = id_of(&member, "p3@example.com").await;
    member.delete(&format!("{LEADS}/{gone}")).await.expect(204);
    let campaign = member.post("/api/v1/campaigns", json!({"name": "C"})).await.expect(201);
    sqlx::query(
        "insert into campaign_executions (id, organization_id, campaign_id, lead_id, status, created_at, updated_at)
         values (gen_random_uuid(), $1, $2, $3, 'pending', now(), now())",
    )
    .bind(app.organization_id("org_ours").await)
    .bind(campaign["id"].as_str().unwrap().parse::<Uuid>().unwrap())
    .bind(id_of(&member, "p4@example.com").await.parse::<Uuid>().unwrap())
    .execute(&app.pool)
    .await
    .unwrap();
    // Another import that finds somebody as they are touches nobody; one that changes them does.
    let again = upload(&member, &ours, "", people(5, 1)).await;
    assert_eq!(done(&app, &member, &again).await["unchanged"], 1);
    let more = upload(&member, &ours, "", "email,title\np6@example.com,CEO\n").await;
    assert_eq!(done(&app, &member, &more).await["updated"], 1);
    member.post("/api/v1/suppressions", json!({"value": "p7@example.com"})).await.expect(201);

    let leads = count(&app, "select count(*) from leads").await;
    assert_eq!(would(&member, &import).await, (json!(3), json!(5)));
    assert_eq!(count(&app, "select count(*) from leads").await, leads, "a dry run changes nothing");
    app.outsider().post(&format!("{}/undo", path_of(&import)), json!({})).await.expect_problem(404, "import_not_found");
    let asked = undo(&admin, &import).await.expect(202);
    assert_eq!((&asked["status"], &asked["undo"]["leads_removed"]), (&json!("completed"), &json!(0)));
    assert_eq!(undo(&member, &import).await.expect(202), asked, "to ask twice is to ask once");
    let undone = done(&app, &member, &import).await;
    assert_eq!(undone["status"], "undone");
    assert_eq!((&undone["undo"]["leads_removed"], &undone["undo"]["leads_kept"]), (&json!(3), &json!(5)));
    assert_eq!(undone["created"], 9, "what it did is still told");
    undo(&member, &import).await.expect_problem(409, "import_undone");
    member
        .post(&format!("{}/undo?dry_run=true", path_of(&import)), json!({}))
        .await
        .expect_problem(409, "import_undone");
    let left = "select count(*) from leads where email in ('p0@example.com', 'p1@example.com', 'p2@example.com', 'p4@example.com',
                'p6@example.com', 'p7@example.com')";
    assert_eq!((count(&app, left).await, count(&app, "select count(*) from leads").await), (6, 6));
    let audited =
        "select jsonb_array_length(before->'lead_ids')::int8 from audit_logs where action = 'import.leads_removed'";
    assert_eq!(count(&app, audited).await, 3);
}

#[tokio::test]
async fn who_is_in_a_conversation_stays() {
    let app = TestApp::start().await;
    let member = app.member();
    let ours = list(&member).await;
    let import = upload(&member, &ours, "", people(0, 5)).await;
    let import = done(&app, &member, &import).await;
    // As the history of an account brings it, for people who are in no campaign.
    sqlx::query(
        "insert into conversations (id, organization_id, lead_id, channel, preview, last_message_at, last_direction, created_at, updated_at)
         select gen_random_uuid(), organization_id, id, 'linkedin', 'Hello', now(), 'inbound', now(), now() from leads
         where email = 'p3@example.com'",
    )
    .execute(&app.pool)
    .await
    .unwrap();
    assert_eq!(would(&member, &import).await, (json!(4), json!(1)));
    undo(&member, &import).await.expect(202);
    let undone = done(&app, &member, &import).await;
    assert_eq!((&undone["undo"]["leads_removed"], &undone["undo"]["leads_kept"]), (&json!(4), &json!(1)));
    assert_eq!(count(&app, "select count(*) from conversations").await, 1);
}

#[tokio::test]
async fn an_import_under_way_is_not_undone() {
    let app = TestApp::start().await;
    let member = app.member();
    let list = list(&member).await;
    let import = upload(&member, &list, "", people(0, 2_100)).await;
    for _ in 0..2 {
        undo(&member, &import).await.expect_problem(409, "import_under_way");
        let dry = member.post(&format!("{}/undo?dry_run=true", path_of(&import)), json!({})).await;
        dry.expect_problem(409, "import_under_way");
        work_until(&app, &import, 1).await;
    }
    member
        .post(&format!("{}/undo?dry_run=perhaps", path_of(&import)), json!({}))
        .await
        .expect_problem(400, "invalid_parameter");
    // What a cancelled one has done can be undone.
    member.post(&format!("{}/cancel", path_of(&import)), json!({})).await.expect(202);
    assert_eq!(done(&app, &member, &import).await["status"], "cancelled");
    assert_eq!(would(&member, &import).await, (json!(1_000), json!(0)));
    undo(&member, &import).await.expect(202);
    assert_eq!(done(&app, &member, &import).await["status"], "undone");
    assert_eq!(count(&app, "select count(*) from leads").await, 0);
    // Of one that has done nothing there is nothing to undo.
    let import = upload(&member, &list, "", people(0, 10)).await;
    member.post(&format!("{}/cancel", path_of(&import)), json!({})).await.expect(202);
    done(&app, &member, &import).await;
    undo(&member, &import).await.expect(202);
    assert_eq!(done(&app, &member, &import).await["undo"]["leads_removed"], 0);
}

#[tokio::test]
async fn an_undoing_that_is_killed_goes_on() {
    let app = TestApp::start().await;
    let member = app.member();
    let list = list(&member).await;
    let import = upload(&member, &list, "", people(0, 3_500)).await;
    done(&app, &member, &import).await;
    undo(&member, &import).await.expect(202);
    let (job, stop) = (super::job(&app, &import).await, tokio_util::sync::CancellationToken::new());
    for times in 1..30 {
        let mut work = Box::pin(app.state.imports().work(&job, &stop));
        polls(&mut work, times).await;
    }
    let undone = done(&app, &member, &import).await;
    assert_eq!((&undone["status"], &undone["undo"]["leads_removed"]), (&json!("undone"), &json!(3_500)));
    assert_eq!(count(&app, "select count(*) from leads").await, 0);
    assert_eq!(count(&app, "select count(*) from audit_logs where action = 'import.undone'").await, 1);
}

#[tokio::test]
async fn an_undoing_that_fails_leaves_the_import_as_it_was_and_can_be_asked_for_again() {
    let app = TestApp::start().await;
    let member = app.member();
    let list = list(&member).await;
    let import = upload(&member, &list, "", people(0, 1_500)).await;
    let import = done(&app, &member, &import).await;
    sqlx::raw_sql(
        "create function refuse() returns trigger language plpgsql as $$ begin raise exception 'no'; end $$;
         create trigger refuse before delete on leads for each row execute function refuse();",
    )
    .execute(&app.pool)
    .await
    .unwrap();
    undo(&member, &import).await.expect(202);
    let failed = done(&app, &member, &import).await;
    assert_eq!((&failed["status"], &failed["undo"]), (&json!("completed"), &Value::Null), "{failed}");
    assert!(failed["failure"].is_string(), "{failed}");
    assert_eq!(count(&app, "select count(*) from leads").await, 1_500);
    sqlx::raw_sql("drop trigger refuse on leads").execute(&app.pool).await.unwrap();
    undo(&member, &import).await.expect(202);
    let undone = done(&app, &member, &import).await;
    assert_eq!((&undone["status"], &undone["failure"]), (&json!("undone"), &Value::Null), "{undone}");
    assert_eq!(count(&app, "select count(*) from leads").await, 0);
}
