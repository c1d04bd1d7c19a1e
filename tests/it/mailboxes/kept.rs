//! Mails that come while a step of their lead is on its way out: nothing waits for them, and they are lost by nothing.

use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::{
    app_with, replica,
    sending::{account, campaign, minutes, two_mails},
    until, watch,
};
use crate::support::{MailServer, TestApp};

/// Says of Ben's way what the engine says while it sends, or that it does not.
async fn sends(app: &TestApp, sends: bool) {
    let status = if sends { "running" } else { "waiting" };
    let sql = "update campaign_executions e set status = $1 from leads l where l.id = e.lead_id and l.email = 'ben@lead.example'";
    sqlx::query(sql).bind(status).execute(&app.pool).await.unwrap();
}

async fn count(app: &TestApp, what: &str) -> i64 {
    let query = sqlx::AssertSqlSafe(format!("select count(*) from {what}"));
    sqlx::query_scalar(query).fetch_one(&app.pool).await.unwrap()
}

fn answer(from: &str, to: &str) -> String {
    format!("From: {from}\r\nTo: anna@sender.example\r\nMessage-ID: <of-{from}>\r\nIn-Reply-To: <{to}>\r\n\r\nYes.\r\n")
}

#[tokio::test]
async fn an_answer_amid_a_step_of_its_lead_holds_up_no_other_and_outlasts_its_mailbox() {
    let server = MailServer::start().await;
    let app = app_with(&server).await;
    let (anna, ben, cleo) = (
        server.mailbox("anna@sender.example"),
        server.mailbox("ben@lead.example"),
        server.mailbox("cleo@lead.example"),
    );
    let account = account(&app, &anna, json!({})).await;
    campaign(&app, &account, &[&ben, &cleo], two_mails()).await;
    minutes(&app, 2).await;
    let mut firsts = Vec::new();
    for person in [&ben, &cleo] {
        firsts.push(server.await_messages(person, "INBOX", 1).await[0].read().message_id().unwrap().to_owned());
    }
    sends(&app, true).await;
    let bens = answer("ben@lead.example", &firsts[0]);
    server.deliver(&anna, "INBOX", bens.as_bytes()).await;
    server.deliver(&anna, "INBOX", answer("cleo@lead.example", &firsts[1]).as_bytes()).await;
    until(&app, "select count(*) = 1 from messages where text = 'Yes.'").await;
    until(&app, "select exists (select from mailbox_folders where name = 'INBOX' and last_uid = 2)").await;
    assert_eq!((count(&app, "kept_mails").await, count(&app, "taken_in").await), (1, 1));

    // The worker is gone, and so is the mail itself.
    app.stop.cancel();
    until(&app, "select worker is null from mailbox_watches").await;
    let mut owner = server.open(&anna).await;
    owner.session().select("INBOX").await.unwrap();
    owner.session().run_command_and_check_ok("UID STORE 1 +FLAGS (\\Deleted)").await.unwrap();
    owner.session().run_command_and_check_ok("EXPUNGE").await.unwrap();
    owner.logout().await;
    // The step is over. Until it is known what Ben has written, nothing goes to him, from wherever.
    sends(&app, false).await;
    minutes(&app, 75).await;
    let moved = "campaign_executions where status = 'waiting' and moves->0->>'rule' = 'mailbox_unread'";
    assert_eq!((count(&app, moved).await, count(&app, "execution_steps").await), (1, 2));

    let other = replica(&app, &server).await;
    let _watch = watch(&other);
    until(&app, "select count(*) = 2 from campaign_executions where status = 'replied'").await;
    until(&app, "select count(*) = 0 from kept_mails").await;
    assert_eq!((count(&app, "messages").await, count(&app, "taken_in").await), (2, 2));
    // It comes again, as from a folder whose numbers have changed.
    server.deliver(&anna, "INBOX", bens.as_bytes()).await;
    until(&app, "select last_uid = 3 from mailbox_folders where name = 'INBOX'").await;
    assert_eq!((count(&app, "messages").await, count(&app, "kept_mails").await), (2, 0));
    minutes(&app, 75).await;
    assert_eq!(count(&app, "execution_steps").await, 2);
}

#[tokio::test]
async fn a_kept_mail_is_kept_once_and_goes_with_its_lead() {
    let story = super::reading::Story::begin().await;
    sends(&story.app, true).await;
    let answer = story.answer("r1", "", "Yes.");
    story.comes("Junk", &answer).await;
    story.comes("INBOX", &answer).await;
    story.comes("INBOX", &story.answer("r2", "", "And no.")).await;
    until(&story.app, "select min(last_uid) = 1 and max(last_uid) = 2 from mailbox_folders where last_uid > 0").await;
    assert_eq!(story.count("kept_mails").await, 2);
    sqlx::query("delete from leads").execute(&story.app.pool).await.unwrap();
    assert_eq!(story.count("kept_mails").await, 0);
}

#[tokio::test]
async fn what_was_put_away_is_found_and_what_the_owner_has_sent_is_no_answer() {
    let story = super::reading::Story::begin().await;
    let mut owner = story.server.open(&story.anna).await;
    for folder in ["Archive", "Clients", "Trash"] {
        owner.session().create(folder).await.unwrap();
    }
    owner.logout().await;
    story.app.stop.cancel();
    until(&story.app, "select worker is null from mailbox_watches").await;
    // Under another of her names Anna has written to Ben by hand, and a filter has put that where the rest is.
    let own = format!(
        "From: a.sender@alias.example\r\nTo: ben@lead.example\r\nMessage-ID: <own@alias.example>\r\nIn-Reply-To: <{}>\r\n\r\nBy the way.\r\n",
        story.first
    );
    story.comes("Archive", &own).await;
    story.comes("Trash", &story.answer("r0", "", "Thrown away.")).await;
    let stop = CancellationToken::new();
    let (state, stopping) = (story.app.state.clone(), stop.clone());
    let watching = tokio::spawn(async move { state.mailbox_watch().watch(stopping).await });
    until(&story.app, "select exists (select from mailbox_folders where name = 'Archive' and last_uid = 1)").await;
    assert_eq!((story.count("messages").await, story.status().await.as_str()), (0, "waiting"));
    stop.cancel();
    watching.await.unwrap().unwrap();
    story.comes("Archive", &story.answer("r1", "", "Yes.")).await;
    story
        .comes("Clients", &story.answer("r2", "", "Thursday.").replace("ben@lead.example", "carla@lead.example"))
        .await;
    let other = replica(&story.app, &story.server).await;
    let _watch = watch(&other);
    story.taken_in(2).await;
    assert_eq!(story.status().await, "replied");
    assert_eq!(story.count("mailbox_folders where name in ('Trash', 'Sent')").await, 0);
}
