//! Accounts that are deleted here: what they did stays, and no lead waits for them for ever.

use chrono::TimeDelta;
use clento::models::WatchKind;
use serde_json::{Value, json};

use super::{ACCOUNTS, answers::Stage};
use crate::support::unipile::Act;

impl Stage {
    fn account_path(&self) -> String {
        format!("{ACCOUNTS}/{}", self.account)
    }

    /// Another account takes the place of the campaign's.
    async fn replace_account(&self) {
        let member = self.app().member();
        let other = self.world.connect(&member, "other").await;
        self.look(WatchKind::Messages).await;
        let accounts = json!({"account_ids": [other]});
        member.patch(&format!("/api/v1/campaigns/{}", self.campaign), accounts).await.expect(200);
    }

    /// The executions, as the API shows each.
    async fn executions(&self) -> Vec<Value> {
        let ids: Vec<String> = sqlx::query_scalar("select id::text from campaign_executions order by id")
            .fetch_all(&self.app().pool)
            .await
            .unwrap();
        let mut shown = Vec::new();
        for id in ids {
            shown.push(self.app().member().get(&format!("/api/v1/campaign-executions/{id}")).await.expect(200));
        }
        shown
    }
}

#[tokio::test]
async fn an_account_stays_as_long_as_a_campaign_sends_from_it() {
    let stage = Stage::set(1).await;
    let member = stage.app().member();
    let refused = member.delete(&stage.account_path()).await.expect_problem(409, "account_in_use");
    assert_eq!(refused["campaigns"], json!([stage.campaign]));
    member.post(&format!("/api/v1/campaigns/{}/stop", stage.campaign), json!({})).await.expect(200);
    member.delete(&stage.account_path()).await.expect(204);
    stage.world.work().await;
    assert_eq!(stage.world.fake.world().upkeep.deleted, ["acc"]);
    let shown = stage.executions().await.remove(0);
    let step = &shown["steps"][0];
    assert_eq!(
        (&step["node_id"], &step["state"], &step["account_id"]),
        (&json!("invite"), &json!("sent"), &Value::Null)
    );
    assert_eq!(shown["status_reason"], "campaign_stopped");
    let campaign = member.get(&format!("/api/v1/campaigns/{}", stage.campaign)).await.expect(200);
    assert_eq!(campaign["account_ids"], json!([]));
}

#[tokio::test]
async fn whoever_waits_for_an_account_that_is_deleted_comes_to_an_end_that_is_told() {
    let stage = Stage::set(3).await;
    // One has accepted and is to be written to, one waits to accept; one is held, since its account was taken off.
    for person in [0, 2] {
        let told = stage.accept(person);
        stage.world.webhook(&told).await;
    }
    stage.follow().await;
    stage.replace_account().await;
    stage.pass(TimeDelta::hours(3)).await;
    let held = "select count(*) from campaign_executions where hold = 'account_removed'";
    assert_eq!((stage.world.count(held).await, stage.done(Act::Message).len()), (2, 0));
    let member = stage.app().member();
    member.delete(&stage.account_path()).await.expect(204);
    for shown in stage.executions().await {
        assert_eq!(
            (&shown["status"], &shown["status_reason"]),
            (&json!("stopped"), &json!("account_deleted")),
            "{shown}"
        );
        assert_eq!(
            (&shown["hold"], &shown["awaiting"], &shown["next_run_at"]),
            (&Value::Null, &Value::Null, &Value::Null)
        );
    }
    let told =
        "select count(*) from activities where type = 'execution_stopped' and data->>'reason' = 'account_deleted'";
    assert_eq!(stage.world.count(told).await, 3);
    // Nobody goes on in its place, and the campaign comes to its end.
    stage.pass(TimeDelta::days(10)).await;
    assert_eq!((stage.done(Act::Message).len(), stage.done(Act::Visit).len()), (0, 0));
    let member = stage.app().member();
    let campaign = member.get(&format!("/api/v1/campaigns/{}", stage.campaign)).await.expect(200);
    assert_eq!(campaign["status"], "completed");
    member.get(&stage.account_path()).await.expect_problem(404, "connected_account_not_found");
}

#[tokio::test]
async fn an_account_is_not_deleted_while_a_step_of_its_is_on_its_way_out() {
    let stage = Stage::set(1).await;
    stage.replace_account().await;
    let way = |status: &str, state: &str| {
        let settled = if state == "sending" { "null" } else { "sending_at" };
        format!(
            "update campaign_executions set status = '{status}', next_run_at = null, awaiting = null;
             update execution_steps set state = '{state}', settled_at = {settled}"
        )
    };
    let set = async |query: String| sqlx::raw_sql(sqlx::AssertSqlSafe(query)).execute(&stage.app().pool).await.unwrap();
    set(way("running", "sending")).await;
    let member = stage.app().member();
    member.delete(&stage.account_path()).await.expect_problem(409, "step_in_flight");
    set(way("stopped", "sending")).await;
    member.delete(&stage.account_path()).await.expect_problem(409, "step_in_flight");
    set(way("stopped", "sent")).await;
    member.delete(&stage.account_path()).await.expect(204);
}
