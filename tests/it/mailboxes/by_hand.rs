//! Answering from the inbox through a real mailbox: in the thread, at most once.

use std::time::Duration;

use serde_json::{Value, json};

use super::{app_with, reading::Story, replica, sending::account};
use crate::support::{
    MailServer,
    cut_imap::CutImap,
    cut_smtp::{Cut, CutSmtp},
    mail_server::PASSWORD,
};

impl Story {
    /// Answers what Ben wrote.
    async fn write(&self, text: &str) -> Value {
        let page = self.app.member().get("/api/v1/conversations").await.expect(200);
        let path = format!("/api/v1/conversations/{}/messages", page["data"][0]["id"].as_str().unwrap());
        self.app.member().post(&path, json!({"text": text})).await.expect(201)
    }
}

#[tokio::test]
async fn an_answer_goes_out_in_the_thread_and_its_answer_comes_back_to_it() {
    let story = Story::begin().await;
    story.comes("INBOX", &story.answer("r1", "", "Who are you?")).await;
    story.taken_in(1).await;
    let message = story.write("Anna, from Sender.").await;
    assert_eq!((&message["state"], &message["subject"]), (&json!("sent"), &json!("Re: Hello")));
    let arrived = story.server.await_messages(&story.ben, "INBOX", 2).await;
    let mail = arrived[1].read();
    assert_eq!(mail.in_reply_to().as_text(), Some("r1@lead.example"));
    assert_eq!(mail.references().as_text_list().unwrap(), [story.first.as_str(), "r1@lead.example"]);
    assert_eq!(mail.to().unwrap().first().unwrap().name(), Some("Ben"));
    assert_eq!(mail.body_text(0).unwrap().trim(), "Anna, from Sender.");
    let id = mail.message_id().unwrap();
    story.app.state.runs().copy_sent().await.unwrap();
    let copies = story.server.messages(&story.anna, "Sent").await;
    let copy = copies.iter().find(|copy| copy.read().message_id() == Some(id)).expect("a copy");
    assert!(mail_ends_with(&arrived[1].raw, &copy.raw), "the copy is what was sent");
    // Whoever answers that, from wherever, is the lead; and gets the next one.
    let assistant = format!(
        "From: Carla <carla@lead.example>\r\nTo: anna@sender.example\r\nSubject: AW: Hello\r\nMessage-ID: <c1@lead.example>\r\nIn-Reply-To: <{id}>\r\n\r\nFor Ben: yes.\r\n"
    );
    let carla = story.server.mailbox("carla@lead.example");
    story.comes("INBOX", &assistant).await;
    story.taken_in(3).await;
    story.write("Thank you, Carla.").await;
    assert_eq!(
        story.server.await_messages(&carla, "INBOX", 1).await[0].read().in_reply_to().as_text(),
        Some("c1@lead.example")
    );
    // Nobody who may not be written to, whoever the lead is.
    story.app.member().post("/api/v1/suppressions", json!({"value": "carla@lead.example"})).await.expect(201);
    let barred = story.write("Carla?").await;
    assert_eq!((&barred["state"], &barred["reason"]), (&json!("failed"), &json!("lead_suppressed")));
}

/// Whether a mail is as it was handed in, below what servers put above it.
fn mail_ends_with(arrived: &[u8], sent: &[u8]) -> bool {
    let lines = |raw: &[u8]| String::from_utf8_lossy(raw).replace("\r\n", "\n").trim_end().to_owned();
    lines(arrived).ends_with(&lines(sent))
}

#[tokio::test]
async fn copies_wait_for_a_server_that_is_away_and_hold_up_no_other() {
    let server = MailServer::start().await;
    let app = app_with(&server).await;
    let line = CutImap::to(server.address).await;
    let (anna, zoe) = (server.mailbox("anna@sender.example"), server.mailbox("zoe@sender.example"));
    let imap = json!({"imap": {"host": "127.0.0.1", "port": line.port(), "security": "none"}, "password": PASSWORD});
    let story = Story::begin_on(server, app, anna, imap).await;
    story.comes("INBOX", &story.answer("r1", "", "Who are you?")).await;
    story.taken_in(1).await;
    line.set_up(false);
    assert_eq!(story.write("Anna.").await["state"], "sent");
    let runs = story.app.state.runs();
    assert_eq!(runs.copy_sent().await.unwrap().done, 0);
    // Another mailbox's copies are made meanwhile, though they came later.
    let other = account(&story.app, &zoe, json!({})).await;
    for table in ["sent_mails", "messages"] {
        let sql = format!("update {table} set account_id = '{other}', copied_at = null where message_id = $1");
        sqlx::query(sqlx::AssertSqlSafe(sql)).bind(&story.first).execute(&story.app.pool).await.unwrap();
    }
    assert_eq!(runs.copy_sent().await.unwrap().done, 1);
    assert_eq!(story.server.messages(&zoe, "Sent").await.len(), 1);
    // The server is back. It is not asked again at once; another process, which knows nothing of that, makes the copy, and nobody a second one.
    line.set_up(true);
    assert_eq!(runs.copy_sent().await.unwrap().done, 0);
    let replica = replica(&story.app, &story.server).await;
    assert_eq!(replica.state.runs().copy_sent().await.unwrap().done, 1);
    story.app.clock.advance(Duration::from_mins(6));
    sqlx::query("update messages set copied_at = null").execute(&story.app.pool).await.unwrap();
    assert_eq!(runs.copy_sent().await.unwrap().done, 1);
    let copies = story.server.messages(&story.anna, "Sent").await;
    assert_eq!(copies.len(), 1, "one of what Anna wrote by hand");
    assert_eq!(copies[0].read().body_text(0).unwrap().trim(), "Anna.");
}

#[tokio::test]
async fn an_answer_of_which_nobody_can_tell_is_looked_up_and_not_sent_again() {
    let server = MailServer::start().await;
    let app = app_with(&server).await;
    let line = CutSmtp::to(server.address).await;
    let anna = server.mailbox("anna@sender.example");
    let smtp = json!({"smtp": {"host": "127.0.0.1", "port": line.port(), "security": "none"}, "password": PASSWORD});
    let story = Story::begin_on(server, app, anna, smtp).await;
    story.comes("INBOX", &story.answer("r1", "", "Who are you?")).await;
    story.taken_in(1).await;
    line.cut_next(Cut::BeforeVerdict);
    let message = story.write("Anna.").await;
    assert_eq!(message["state"], "sending");
    assert_eq!(story.server.await_messages(&story.ben, "INBOX", 2).await.len(), 2, "it had arrived");
    story.app.clock.advance(Duration::from_mins(2));
    story.app.state.runs().reconcile_letters().await.unwrap();
    let (state, reason, id): (String, Option<String>, String) =
        sqlx::query_as("select state, reason, message_id from messages where direction = 'outbound'")
            .fetch_one(&story.app.pool)
            .await
            .unwrap();
    assert_eq!((state.as_str(), reason.as_deref()), ("failed", Some("outcome_unknown")));
    // Another such, of which the provider has kept a copy.
    line.cut_next(Cut::BeforeVerdict);
    assert_eq!(story.write("Anna again.").await["state"], "sending");
    let again: String = sqlx::query_scalar("select message_id from messages where state = 'sending'")
        .fetch_one(&story.app.pool)
        .await
        .unwrap();
    assert_ne!(id, again);
    story.comes("Sent", &format!("Message-ID: <{again}>\r\nSubject: Re: Hello\r\n\r\nAnna again.\r\n")).await;
    story.app.clock.advance(Duration::from_mins(2));
    for _ in 0..2 {
        story.app.state.runs().reconcile_letters().await.unwrap();
    }
    assert_eq!(story.count("messages where state = 'sent'").await, 1);
    assert_eq!(story.server.await_messages(&story.ben, "INBOX", 3).await.len(), 3, "nothing is sent again");
}
