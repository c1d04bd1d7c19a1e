//! Nobody is approached from an account whose messages were not read lately.

use serde_json::{Value, json};

use super::{super::EXECUTIONS, Stage, at, messages_read, only, run_until};
use crate::support::unipile::Act;

#[tokio::test]
async fn whoever_may_have_answered_is_not_approached_before_the_account_was_read() {
    for (kind, config, act) in [
        ("send_connection_request", json!({}), Act::Invite),
        ("send_followup", json!({"message": "Hello {{ first_name }}"}), Act::Message),
        ("comment_post", json!({"message": "Well said, {{ first_name }}"}), Act::Comment),
    ] {
        let stage = Stage::set().await;
        let account = stage.account("A1", true).await;
        let list = stage.people(1).await;
        let now = clento::utils::clock::Clock::now(&*stage.app.clock);
        stage.fake.world().person("person-0").relations.extend((act != Act::Invite).then(|| ("A1".to_owned(), now)));
        stage.fake.world().post("person-0", now);
        messages_read(&stage.app, &account, "now() - interval '31 minutes'").await;
        stage.start(&list, &[&account], only(kind, &config)).await;
        run_until(&stage.app, at("2026-11-23T08:20:00Z")).await;
        assert_eq!(stage.done(act), [], "{kind}");
        let id = &stage.texts("select id::text from campaign_executions").await[0];
        let execution: Value = stage.app.member().get(&format!("{EXECUTIONS}/{id}")).await.expect(200);
        assert_eq!(execution["moves"][0]["rule"], "linkedin_unread", "{execution}");
        messages_read(&stage.app, &account, "now() - interval '29 minutes'").await;
        stage.pass(1).await;
        assert_eq!(stage.done(act).len(), 1, "{kind}");
    }
}

#[tokio::test]
async fn what_asks_for_no_answer_goes_on_though_the_account_is_not_read() {
    let stage = Stage::set().await;
    let account = stage.account("A1", false).await;
    let list = stage.people(2).await;
    sqlx::query("delete from account_watches").execute(&stage.app.pool).await.unwrap();
    stage.start(&list, &[&account], only("profile_visit", &json!({}))).await;
    stage.pass(2).await;
    assert_eq!(stage.done(Act::Visit).len(), 2);
}
