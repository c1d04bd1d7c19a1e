//! Leads.

mod batch;
mod batch_delete;
mod create;
mod erase;
mod list;
mod memberships;
mod timeline;
mod update;
mod upsert;

use serde_json::{Value, json};

use crate::support::{Caller, TestApp};

const LEADS: &str = "/api/v1/leads";

/// A new lead with this address and what else is given.
async fn make(caller: &Caller, email: &str, more: Value) -> Value {
    let mut body = json!({"email": email});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    caller.post(LEADS, body).await.expect(201)
}

async fn make_list(caller: &Caller, name: &str) -> String {
    id_of(&caller.post("/api/v1/lead-lists", json!({"name": name})).await.expect(201))
}

fn id_of(resource: &Value) -> String {
    resource["id"].as_str().unwrap().to_owned()
}

fn path_of(lead: &Value) -> String {
    format!("{LEADS}/{}", id_of(lead))
}

/// The pointers of a problem's (or verdict's) faults, in order and each once.
fn pointers(problem: &Value) -> Vec<&str> {
    let mut pointers: Vec<_> =
        problem["errors"].as_array().unwrap().iter().map(|fault| fault["pointer"].as_str().unwrap()).collect();
    pointers.sort_unstable();
    pointers.dedup();
    pointers
}

/// The audit rows about one lead, oldest first: action, before, after.
async fn audited(app: &TestApp, lead: &Value) -> Vec<(String, Value, Value)> {
    let rows: Vec<(String, Option<Value>, Option<Value>)> =
        sqlx::query_as("select action, before, after from audit_logs where entity_id = $1::uuid order by id")
            .bind(id_of(lead))
            .fetch_all(&app.pool)
            .await
            .unwrap();
    rows.into_iter()
        .map(|(action, before, after)| (action, before.unwrap_or_default(), after.unwrap_or_default()))
        .collect()
}

async fn count(app: &TestApp, sql: &'static str) -> i64 {
    sqlx::query_scalar(sql).fetch_one(&app.pool).await.unwrap()
}

/// A running campaign with this lead in it.
async fn enroll(app: &TestApp, lead: &Value) -> String {
    sqlx::query_scalar::<_, uuid::Uuid>(
        "with campaign as (
           insert into campaigns (id, organization_id, name, status, workflow, schedule, stop_on, revision, started_at, created_at, updated_at)
           select gen_random_uuid(), organization_id, 'Spring', 'running', '{}', '{}', '{}', 1, now(), now(), now() from leads
           where id = $1::uuid
           returning id, organization_id),
         revision as (
           insert into campaign_revisions (organization_id, campaign_id, number, workflow, created_at)
           select organization_id, id, 1, '{}', now() from campaign)
         insert into campaign_executions (id, organization_id, campaign_id, lead_id, status, created_at, updated_at)
         select gen_random_uuid(), organization_id, id, $1::uuid, 'pending', now(), now() from campaign returning campaign_id",
    )
    .bind(id_of(lead))
    .fetch_one(&app.pool)
    .await
    .unwrap()
    .to_string()
}
