//! Steps of which nobody can tell whether they were sent, when their leads go no further: a person says it, and nothing else follows.

use serde_json::{Value, json};

use super::{
    CAMPAIGNS, EXECUTIONS, MONDAY, account, act, at, campaign, count, list_of, nobody, run_until, schedule, sent,
    two_mails,
};
use crate::support::TestApp;

/// A campaign whose first mail went to four leads. Of three of these nobody can tell, and their ways have ended: two were stopped, and one has
/// failed. The fourth waits for the second mail.
async fn undecided(app: &TestApp) -> (String, Vec<String>) {
    app.clock.set(at(MONDAY));
    let member = app.member();
    let list = list_of(&member, 4).await;
    let mailbox = account(&member, "email", nobody(json!({})), json!({"spacing_seconds": 0})).await;
    let id = campaign(&member, &[&list], &[&mailbox], two_mails(), schedule()).await;
    act(&member, &id, "start").await;
    run_until(app, at("2026-11-23T20:00:00Z")).await;
    assert_eq!(sent(app).await.len(), 4);
    let ids: Vec<String> = sqlx::query_scalar("select id::text from campaign_executions order by id limit 3")
        .fetch_all(&app.pool)
        .await
        .unwrap();
    for (id, status) in ids.iter().zip(["stopped", "stopped", "failed"]) {
        let ended = "update campaign_executions set status = $2, status_reason = 'stopped_by_hand', next_run_at = null, action = null,
                            node_id = 'mail', sent_count = 0 where id = $1::uuid";
        sqlx::query(ended).bind(id).bind(status).execute(&app.pool).await.unwrap();
        let unclear = "update execution_steps set state = 'needs_review', provider_id = null, reason = 'outcome_unknown' where execution_id = $1::uuid";
        sqlx::query(unclear).bind(id).execute(&app.pool).await.unwrap();
    }
    (id, ids)
}

async fn charged(app: &TestApp) -> i64 {
    count(app, "select sum(used)::int8 from account_usage").await
}

/// What a person says of it, and what is shown then: where the lead stands, how its only step ended, and how much it was sent.
async fn say(app: &TestApp, execution: &str, verb: &str) -> [Value; 3] {
    app.member().post(&format!("{EXECUTIONS}/{execution}/{verb}"), json!({})).await.expect(200);
    let shown = app.member().get(&format!("{EXECUTIONS}/{execution}")).await.expect(200);
    [shown["status"].clone(), shown["steps"][0]["state"].clone(), shown["sent_count"].clone()]
}

#[tokio::test]
async fn of_a_way_that_has_ended_a_person_says_whether_the_step_was_sent() {
    let app = TestApp::start().await;
    let (id, ways) = undecided(&app).await;
    assert_eq!(charged(&app).await, 4);
    app.outsider().post(&format!("{EXECUTIONS}/{}/retry", ways[0]), json!({})).await.expect(404);
    assert_eq!(say(&app, &ways[0], "retry").await, [json!("stopped"), json!("not_sent"), json!(0)]);
    assert_eq!(charged(&app).await, 3, "what was not sent is given back");
    assert_eq!(say(&app, &ways[1], "skip").await, [json!("stopped"), json!("sent"), json!(1)]);
    assert_eq!(charged(&app).await, 3);
    let told = format!("select count(*) from activities where type = 'step_decided_by_hand' and campaign_id = '{id}'");
    assert_eq!(count(&app, &told).await, 2);
    assert_eq!(
        count(&app, "select count(*) from audit_logs where action = 'campaign_execution.step_decided'").await,
        2
    );
    // It is said once.
    for (way, verb) in [(&ways[0], "retry"), (&ways[1], "skip"), (&ways[0], "skip"), (&ways[1], "retry")] {
        let path = format!("{EXECUTIONS}/{way}/{verb}");
        app.member().post(&path, json!({})).await.expect_problem(409, &format!("nothing_to_{verb}"));
    }
    // Who has failed, and was not sent it, is tried again; the others are left alone.
    assert_eq!(say(&app, &ways[2], "retry").await[0], "waiting");
    run_until(&app, at("2026-12-31T00:00:00Z")).await;
    let nodes: Vec<_> = sent(&app).await.into_iter().skip(4).map(|(node, ..)| node).collect();
    assert_eq!(nodes, ["mail", "bump", "bump"]);
    assert_eq!(app.member().get(&format!("{CAMPAIGNS}/{id}")).await.expect(200)["status"], "completed");
}

#[tokio::test]
async fn it_can_be_said_when_the_campaign_is_over_and_nothing_is_sent_then() {
    let app = TestApp::start().await;
    let (id, ways) = undecided(&app).await;
    act(&app.member(), &id, "stop").await;
    assert_eq!(say(&app, &ways[0], "skip").await, [json!("stopped"), json!("sent"), json!(1)]);
    assert_eq!(say(&app, &ways[2], "retry").await, [json!("failed"), json!("not_sent"), json!(0)]);
    assert_eq!(charged(&app).await, 3);
    let path = format!("{EXECUTIONS}/{}/retry", ways[2]);
    app.member().post(&path, json!({})).await.expect_problem(409, "campaign_over");
    run_until(&app, at("2026-12-31T00:00:00Z")).await;
    assert_eq!(sent(&app).await.len(), 4, "nobody is written to");
    assert_eq!(count(&app, "select count(*) from execution_steps where state = 'needs_review'").await, 1);
}
