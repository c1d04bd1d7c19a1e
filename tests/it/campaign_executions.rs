//! Leads' ways through campaigns.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{TestApp, caller::Caller};

/// Makes a campaign with an account, and returns both ids.
async fn campaign(caller: &Caller) -> (String, String) {
    let account = json!({"provider": "sandbox", "channel": "linkedin", "display_name": "Alexandra"});
    let account =
        caller.post("/api/v1/connected-accounts", account).await.expect(201)["id"].as_str().unwrap().to_owned();
    let campaign = json!({"name": "c", "account_ids": [account]});
    let campaign = caller.post("/api/v1/campaigns", campaign).await.expect(201)["id"].as_str().unwrap().to_owned();
    (campaign, account)
}

/// Enrolls leads, as the engine will: number `i` of `count` in state `statuses[i % n]`, all at one instant.
async fn enroll(app: &TestApp, organization: &str, campaign: &str, account: &str, count: i32, statuses: &[&str]) {
    let organization = app.organization_id(organization).await;
    sqlx::query(
        "with made as (
           insert into leads (id, organization_id, full_name, email, source, created_at, updated_at)
           select gen_random_uuid(), $1, 'Lead ' || i, $2 || i || '@example.com', 'api', now(), now() from generate_series(1, $4) i
           returning id, full_name)
         insert into campaign_executions
           (id, organization_id, campaign_id, lead_id, account_id, status, node_id, next_run_at, sent_count, created_at, updated_at)
         select gen_random_uuid(), $1, $2::uuid, id, $3::uuid, status, 'visit',
                case when status = 'waiting' then timestamptz '2026-12-01 10:00Z' + make_interval(mins => n) end, n, '2026-11-22T12:00:00Z', now()
         from (select id, substr(full_name, 6)::int as n, ($5::text[])[1 + substr(full_name, 6)::int % cardinality($5::text[])] as status
               from made) m",
    )
    .bind(organization)
    .bind(campaign)
    .bind(account)
    .bind(count)
    .bind(statuses)
    .execute(&app.pool)
    .await
    .unwrap();
}

/// All rows of a list, and how many each page had.
async fn read(caller: &Caller, path: &str) -> (Vec<Value>, Vec<usize>) {
    let (mut all, mut sizes, mut cursor) = (Vec::new(), Vec::new(), String::new());
    loop {
        let page = caller.get(&format!("{path}{cursor}")).await.expect(200);
        let rows = page["data"].as_array().unwrap();
        all.extend(rows.iter().cloned());
        sizes.push(rows.len());
        let Some(next) = page["next_cursor"].as_str() else { return (all, sizes) };
        cursor = format!("&cursor={next}");
    }
}

#[tokio::test]
async fn each_campaign_lists_its_own_over_three_pages_of_one_instant() {
    let app = TestApp::start().await;
    let member = app.member();
    let (ours, account) = campaign(&member).await;
    let (other, other_account) = campaign(&member).await;
    enroll(&app, "org_ours", &ours, &account, 6, &["waiting", "replied"]).await;
    enroll(&app, "org_ours", &other, &other_account, 5, &["pending"]).await;
    for sort in ["-created_at", "created_at"] {
        let (rows, sizes) = read(&member, &format!("/api/v1/campaigns/{ours}/executions?limit=2&sort={sort}")).await;
        assert_eq!(sizes, [2, 2, 2], "{sort}");
        let mut names: Vec<_> = rows.iter().map(|row| row["lead"]["name"].as_str().unwrap()).collect();
        names.sort_unstable();
        assert_eq!(names, ["Lead 1", "Lead 2", "Lead 3", "Lead 4", "Lead 5", "Lead 6"]);
        assert!(rows.iter().all(|row| row["campaign_id"] == ours && row["account"]["id"] == account));

        let path = format!("/api/v1/campaigns/{ours}/executions?limit=1&status=waiting&sort={sort}");
        let (rows, sizes) = read(&member, &path).await;
        assert_eq!(sizes, [1, 1, 1], "{sort}");
        assert!(rows.iter().all(|row| row["status"] == "waiting"), "{rows:?}");
    }
    let path = format!("/api/v1/campaigns/{ours}/executions?include_total=true");
    assert_eq!(member.get(&path).await.expect(200)["total"], 6);
    assert_eq!(member.get(&format!("{path}&status=replied")).await.expect(200)["total"], 3);
    assert_eq!(member.get(&format!("{path}&status=failed")).await.expect(200)["total"], 0);
    member.get(&format!("{path}&status=lost")).await.expect_problem(400, "invalid_parameter");
    member.get(&format!("{path}&state=waiting")).await.expect_problem(400, "invalid_parameter");
    app.outsider().get(&path).await.expect_problem(404, "campaign_not_found");
}

#[tokio::test]
async fn an_execution_names_its_lead_and_its_account() {
    let app = TestApp::start().await;
    let member = app.member();
    let (campaign, account) = campaign(&member).await;
    enroll(&app, "org_ours", &campaign, &account, 1, &["waiting"]).await;
    let row = member.get(&format!("/api/v1/campaigns/{campaign}/executions")).await.expect(200)["data"][0].clone();
    let path = format!("/api/v1/campaign-executions/{}", row["id"].as_str().unwrap());
    let one = member.get(&path).await;
    assert_eq!(one.header("etag"), "\"1\"");
    let mut one = one.expect(200);
    for (field, expected) in [("steps", json!([])), ("waits", json!(null)), ("acceptance", json!(null))] {
        assert_eq!(one.as_object_mut().unwrap().remove(field), Some(expected), "{field}, of one alone");
    }
    assert_eq!(one, row, "alone as in the list");
    assert_eq!(
        (&one["account"]["display_name"], &one["account"]["provider"], &one["node_id"], &one["sent_count"]),
        (&json!("Alexandra"), &json!("sandbox"), &json!("visit"), &json!(1))
    );
    assert_eq!(one["next_run_at"], "2026-12-01T10:01:00Z");
    app.outsider().get(&path).await.expect_problem(404, "campaign_execution_not_found");
    let unknown = format!("/api/v1/campaign-executions/{}", Uuid::new_v4());
    member.get(&unknown).await.expect_problem(404, "campaign_execution_not_found");

    // A lead without a full name goes by what else is known.
    for (set, name) in [
        ("full_name = null, first_name = 'Ada', last_name = 'Lovelace'", "Ada Lovelace"),
        ("last_name = null", "Ada"),
        ("first_name = null, email = 'ada@example.com'", "ada@example.com"),
        ("email = null, external_id = 'crm-1'", "crm-1"),
    ] {
        sqlx::query(sqlx::AssertSqlSafe(format!("update leads set {set}"))).execute(&app.pool).await.unwrap();
        assert_eq!(member.get(&path).await.expect(200)["lead"]["name"], name);
    }
    // Nobody sends yet.
    sqlx::query("update campaign_executions set account_id = null").execute(&app.pool).await.unwrap();
    assert_eq!(member.get(&path).await.expect(200)["account"], json!(null));
}

#[tokio::test]
async fn a_campaign_shows_how_far_it_has_come() {
    let app = TestApp::start().await;
    let member = app.member();
    let (ours, account) = campaign(&member).await;
    let (other, other_account) = campaign(&member).await;
    enroll(&app, "org_ours", &ours, &account, 6, &["waiting", "replied", "pending"]).await;
    enroll(&app, "org_ours", &other, &other_account, 1, &["waiting"]).await;
    let one = member.get(&format!("/api/v1/campaigns/{ours}")).await.expect(200);
    let progress = json!({
        "total": 6, "by_status": {"pending": 2, "waiting": 2, "replied": 2}, "sent": 21, "replied": 2,
        "next_send_at": "2026-12-01T10:03:00Z"
    });
    assert_eq!(one["progress"], progress);
    let list = member.get("/api/v1/campaigns").await.expect(200);
    let row = |id: &str| list["data"].as_array().unwrap().iter().find(|row| row["id"] == id).unwrap().clone();
    assert_eq!(row(&ours)["progress"], progress);
    assert_eq!(
        row(&other)["progress"],
        json!({"total": 1, "by_status": {"waiting": 1}, "sent": 1, "replied": 0, "next_send_at": "2026-12-01T10:01:00Z"})
    );
}
