//! Servers that tell nothing by themselves, accounts that are shut out and mended, and what stays as it was sent.

use std::time::Duration;

use clento::utils::clock::Clock as _;
use serde_json::{Value, json};

use super::{
    PATH, app_with,
    reading::Story,
    sending::{account, campaign, minutes, states, tick, two_mails},
    until,
};
use crate::support::{MailServer, TestApp};

/// Whether a mail is as it was handed in, below what servers put above it.
fn ends_with(arrived: &[u8], sent: &[u8]) -> bool {
    let lines = |raw: &[u8]| String::from_utf8_lossy(raw).replace("\r\n", "\n").trim_end().to_owned();
    lines(arrived).ends_with(&lines(sent))
}

#[tokio::test]
async fn a_server_that_tells_nothing_by_itself_is_asked_at_the_pace_that_is_set() {
    let server = MailServer::start_without_idle().await;
    let app = TestApp::start_with(|settings| {
        server.trust(&mut settings.mail);
        settings.mail.poll = Duration::from_secs(1);
    })
    .await;
    let anna = server.mailbox("anna@sender.example");
    let mut owner = server.open(&anna).await;
    assert!(!owner.session().capabilities().await.unwrap().has_str("IDLE"));
    owner.logout().await;
    let story = Story::begin_on(server, app, anna, json!({})).await;
    for n in 1..=2 {
        story.comes("INBOX", &story.answer(&format!("r{n}"), "", "Yes.")).await;
        story.taken_in(n).await;
    }
    assert_eq!(story.status().await, "replied");
    let opened = "select count(*) = 1 from mailbox_watches where failures = 0 and worker is not null";
    until(&story.app, opened).await;
}

#[tokio::test]
async fn an_account_that_is_mended_sends_at_once_what_waited_for_it() {
    let server = MailServer::start().await;
    let (anna, ben) = (server.mailbox("anna@sender.example"), server.mailbox("ben@lead.example"));
    let app = app_with(&server).await;
    let account = account(&app, &anna, json!({})).await;
    campaign(&app, &account, &[&ben], json!({"nodes": [two_mails()["nodes"][0]], "edges": []})).await;
    server.change_password(&anna, "another");
    minutes(&app, 2).await;
    let path = format!("{PATH}/{account}");
    assert_eq!(app.member().get(&path).await.expect(200)["status"], "needs_reconnect");
    let hold = "select count(*) = 1 from campaign_executions where hold = 'account_unavailable'";
    until(&app, hold).await;
    minutes(&app, 30).await;
    assert_eq!(states(&app).await.len(), 1, "nothing is tried while it is shut out");
    app.member().patch(&path, json!({"password": "another"})).await.expect(200);
    let mended = app.clock.now();
    until(&app, "select bool_and(read_at > now() - interval '1 minute' and worker is not null and failures = 0) from mailbox_watches").await;
    for _ in 0..6 {
        tick(&app).await;
        app.clock.advance(Duration::from_secs(1));
    }
    let sent = "select sending_at from execution_steps where state = 'sent'";
    let sent: chrono::DateTime<chrono::Utc> = sqlx::query_scalar(sent).fetch_one(&app.pool).await.unwrap();
    assert!((sent - mended).num_seconds() <= 5, "{mended} {sent}");
    assert_eq!(server.await_messages(&ben, "INBOX", 1).await.len(), 1);
}

#[tokio::test]
async fn copies_are_what_was_sent_whatever_the_account_is_called_by_then() {
    let story = Story::begin_on_with_look().await;
    story.comes("INBOX", &story.answer("r1", "", "Who are you?")).await;
    story.taken_in(1).await;
    let conversation = story.app.member().get("/api/v1/conversations").await.expect(200)["data"][0]["id"].clone();
    let conversation = format!("/api/v1/conversations/{}/messages", conversation.as_str().unwrap());
    let by_hand = story.app.member().post(&conversation, json!({"text": "Anna."})).await.expect(201);
    assert_eq!(by_hand["state"], "sent");
    let arrived = story.server.await_messages(&story.ben, "INBOX", 2).await;
    let other = json!({"display_name": "Bob", "signature": "Bob", "reply_to": "bob@sender.example"});
    story.app.member().patch(&format!("{PATH}/{}", story.account), other).await.expect(200);
    sqlx::query("update leads set first_name = 'Benjamin', full_name = 'Benjamin B'")
        .execute(&story.app.pool)
        .await
        .unwrap();
    story.app.state.runs().copy_sent().await.unwrap();
    let copies = story.server.messages(&story.anna, "Sent").await;
    assert_eq!(copies.len(), 2);
    for mail in &arrived {
        let id = mail.read().message_id().unwrap().to_owned();
        let copy = copies.iter().find(|copy| copy.read().message_id() == Some(&id)).expect("a copy");
        assert!(
            mail.text().contains("Anna Sender") && ends_with(&mail.raw, &copy.raw),
            "{}\n{}",
            mail.text(),
            copy.text()
        );
    }
    assert_eq!(
        story.count("sent_mails where look is not null").await,
        0,
        "it is not kept for longer than it is needed"
    );
    assert_eq!(story.count("messages where look is not null").await, 0);
}

#[tokio::test]
async fn what_is_attached_to_an_answer_is_noted_and_only_the_beginning_of_a_large_one_is_fetched() {
    let story = Story::begin().await;
    let part = |name: &str, kind: &str, bytes: usize| {
        let line = format!("{}\r\n", "QUFB".repeat(19));
        let body = line.repeat(bytes.div_ceil(57));
        format!(
            "--b\r\nContent-Type: {kind}; name=\"{name}\"\r\nContent-Disposition: attachment; filename=\"{name}\"\r\n\
             Content-Transfer-Encoding: base64\r\n\r\n{body}\r\n"
        )
    };
    let mixed = "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n";
    let body = |parts: &str| format!("--b\r\nContent-Type: text/plain\r\n\r\nSee below.\r\n{parts}--b--\r\n");
    let small = body(&(part("offer.pdf", "application/pdf", 57 * 100) + &part("logo.png", "image/png", 57)));
    story.comes("INBOX", &story.answer("r1", mixed, &small)).await;
    story.taken_in(1).await;
    let noted: Value = sqlx::query_scalar("select attachments from messages").fetch_one(&story.app.pool).await.unwrap();
    let named = |noted: &Value, at: usize| (noted[at]["name"].clone(), noted[at]["bytes"].clone());
    assert_eq!(named(&noted, 0), (json!("offer.pdf"), json!(5_700)));
    assert_eq!(named(&noted, 1), (json!("logo.png"), json!(57)));
    let id = story.app.member().get("/api/v1/conversations").await.expect(200)["data"][0]["id"].clone();
    let shown = format!("/api/v1/conversations/{}/messages", id.as_str().unwrap());
    let shown = story.app.member().get(&shown).await.expect(200).to_string();
    assert!(shown.contains("offer.pdf") && shown.contains("5700"), "{shown}");

    let large = body(&part("film.mp4", "video/mp4", 4_000_000));
    story.comes("INBOX", &story.answer("r2", mixed, &large)).await;
    story.taken_in(2).await;
    let film = "select attachments->0->>'name', (attachments->0->>'bytes')::bigint, text from messages where message_id like 'r2%'";
    let (name, bytes, text): (String, i64, String) = sqlx::query_as(film).fetch_one(&story.app.pool).await.unwrap();
    assert_eq!((name.as_str(), text.as_str()), ("film.mp4", "See below."));
    assert!(
        (3_990_000..=4_010_000).contains(&bytes),
        "only the first megabyte was fetched, and its size is known: {bytes}"
    );
    // And two of which only the beginning of one was fetched: what they have together.
    let two = body(&(part("a.mp4", "video/mp4", 2_000_000) + &part("b.mp4", "video/mp4", 2_000_000)));
    story.comes("INBOX", &story.answer("r3", mixed, &two)).await;
    story.taken_in(3).await;
    let film = film.replace("r2%", "r3%");
    let (name, bytes, _): (String, i64, String) =
        sqlx::query_as(sqlx::AssertSqlSafe(film)).fetch_one(&story.app.pool).await.unwrap();
    assert_eq!(name, "a.mp4");
    assert!((3_990_000..=4_010_000).contains(&bytes), "{bytes}");
}

#[tokio::test]
async fn an_address_for_answers_that_nobody_reads_is_told_of() {
    let server = MailServer::start().await;
    let app = app_with(&server).await;
    let (anna, carl) = (server.mailbox("anna@sender.example"), server.mailbox("carl@sender.example"));
    let account = account(&app, &anna, json!({"reply_to": "Carl@sender.example"})).await;
    let path = format!("{PATH}/{account}");
    let told = async || app.member().get(&format!("{path}/usage")).await.expect(200)["reply_to_unread"].clone();
    assert_eq!(told().await, "Carl@sender.example");
    let campaign = json!({"name": "Founders", "account_ids": [account]});
    let campaign = app.member().post("/api/v1/campaigns", campaign).await.expect(201);
    let validate = format!("/api/v1/campaigns/{}/validate", campaign["id"].as_str().unwrap());
    let warnings = async || app.member().post(&validate, json!({})).await.expect(200)["warnings"].clone();
    let warned = warnings().await;
    assert_eq!((&warned[0]["pointer"], &warned[0]["code"]), (&json!("/account_ids/0"), &json!("reply_to_unread")));
    // Another organization's mailbox reads nothing for this one.
    super::sending::made(&app.outsider(), PATH, carl.request()).await;
    assert_eq!(told().await, "Carl@sender.example");
    super::sending::made(&app.member(), PATH, carl.request()).await;
    assert_eq!((told().await, warnings().await), (Value::Null, json!([])));
    app.member().patch(&path, json!({"reply_to": null})).await.expect(200);
    assert_eq!(told().await, Value::Null);
}
