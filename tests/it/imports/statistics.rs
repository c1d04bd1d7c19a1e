//! What the planner knows of a table that an import fills faster than PostgreSQL looks at it.

use clento::models::OrganizationId;
use uuid::Uuid;

use super::{done, list, upload};
use crate::support::TestApp;

async fn counted(app: &TestApp) -> f32 {
    sqlx::query_scalar("select reltuples from pg_class where oid = 'leads'::regclass")
        .fetch_one(&app.pool)
        .await
        .unwrap()
}

#[tokio::test]
async fn the_planner_is_told_of_leads_that_came() {
    let app = TestApp::start().await;
    let member = app.member();
    let list = list(&member).await;
    let id: Uuid = sqlx::query_scalar("select id from organizations where clerk_organization_id = 'org_ours'")
        .fetch_one(&app.pool)
        .await
        .unwrap();
    // PostgreSQL may look at it by itself just then.
    sqlx::query("alter table leads set (autovacuum_enabled = false)").execute(&app.pool).await.unwrap();
    // What is small needs no statistics.
    for (from, to, known) in [(0, 400, -1.0..0.0), (400, 3_000, 2_000.0..3_100.0), (3_000, 3_400, 2_000.0..3_100.0)] {
        let rows: Vec<_> = (from..to).map(|i| format!("person{i}@lead.example")).collect();
        let import = upload(&member, &list, "", format!("email\n{}\n", rows.join("\n"))).await;
        assert_eq!(done(&app, &member, &import).await["created"], to - from);
        app.state.db().tidy_search(OrganizationId(id)).await.unwrap();
        let counted = counted(&app).await;
        assert!(known.contains(&counted), "{counted} after {to}");
    }
}
