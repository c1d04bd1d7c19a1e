//! Recipients who are refused while a mail is handed over: mails that came back, known at once.

use serde_json::{Value, json};

use super::{
    app_with,
    sending::{account, campaign, minutes, states, two_mails},
    until, watch,
};
use crate::support::{MailServer, TestApp, app::ADMIN, mail_server::TestMailbox};

async fn count(app: &TestApp, what: &str) -> i64 {
    let query = sqlx::AssertSqlSafe(format!("select count(*) from {what}"));
    sqlx::query_scalar(query).fetch_one(&app.pool).await.unwrap()
}

async fn text(app: &TestApp, query: &'static str) -> String {
    sqlx::query_scalar(query).fetch_one(&app.pool).await.unwrap()
}

/// A report that the first of the mails came back.
fn report(id: &str) -> String {
    format!(
        "Return-Path: <>\r\nFrom: MAILER-DAEMON@mx.example\r\nSubject: Report\r\nMessage-ID: <report@mx.example>\r\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nSorry.\r\n\
         --b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\n\
         Final-Recipient: rfc822; nobody0@lead.example\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n\
         --b\r\nContent-Type: message/rfc822\r\n\r\nMessage-ID: <{id}>\r\nSubject: x\r\n\r\nx\r\n--b--\r\n"
    )
}

#[tokio::test]
async fn who_is_refused_while_a_mail_is_handed_over_has_bounced_once() {
    let server = MailServer::start().await;
    let app = app_with(&server).await;
    let organization = format!("/api/v1/organizations/{}", app.organization_id(ADMIN.clerk_organization).await);
    let guarded = json!({"settings": {"guardrails": {"pause_sample": 10}}});
    app.admin().patch(&organization, guarded).await.expect(200);
    let anna = server.mailbox("anna@sender.example");
    let nobodies: Vec<_> =
        (0..10).map(|i| TestMailbox::named(&format!("nobody{i}@lead.example"), server.address)).collect();
    let account = account(&app, &anna, json!({})).await;
    campaign(&app, &account, &nobodies.iter().collect::<Vec<_>>(), two_mails()).await;
    minutes(&app, 10).await;
    assert_eq!(states(&app).await, vec![("failed".to_owned(), Some("no_such_recipient".to_owned())); 10]);
    assert_eq!(count(&app, "campaign_executions where status = 'bounced'").await, 10);
    assert_eq!(count(&app, "suppressions where source = 'bounce' and value = 'nobody0@lead.example'").await, 1);
    assert_eq!(count(&app, "suppressions").await, 10);
    assert_eq!(count(&app, "leads where status = 'bounced'").await, 10);
    assert_eq!(count(&app, "activities where type = 'email_bounced' and account_id is not null").await, 10);
    // The same told by a mail is nothing new.
    let _watch = watch(&app);
    let id = text(&app, "select message_id from sent_mails where recipient = 'nobody0@lead.example'").await;
    server.deliver(&anna, "INBOX", report(&id).as_bytes()).await;
    until(&app, "select count(*) = 1 from taken_in").await;
    assert_eq!(count(&app, "suppressions").await, 10);
    assert_eq!(count(&app, "activities where type = 'email_bounced'").await, 10);
    // What the mailbox sent earlier on the same day, before a person took it up again, makes the share no smaller.
    sqlx::query("update account_usage set used = used + 1000").execute(&app.pool).await.unwrap();
    app.state.runs().guard().await.unwrap();
    let because = text(&app, "select paused_because from campaigns").await;
    assert!(because.starts_with("10 of 10 mails"), "{because}");
    let shown = app.member().get(&format!("{}/{account}", super::PATH)).await.expect(200);
    assert_eq!(shown["status"], Value::from("paused"));
    assert!(shown["status_reason"].as_str().unwrap().starts_with("10 of 10 mails"), "{shown}");
}
