//! Reading mailboxes while something breaks: nothing is lost, nothing counts twice, and no mail stands in the way of those behind it.

use secrecy::ExposeSecret as _;
use serde_json::json;

use super::{
    app_with, read,
    reading::Story,
    replica,
    sending::{account, campaign, minutes, tick, two_mails},
    until, watch,
};
use crate::support::{
    MailServer, TestApp,
    cut_imap::CutImap,
    mail_server::{IMAP, PASSWORD},
};

/// A story whose mailbox is read through a line that can break.
async fn on_a_line() -> (Story, CutImap) {
    let server = MailServer::start().await;
    let app = app_with(&server).await;
    let line = CutImap::to(server.address).await;
    let anna = server.mailbox("anna@sender.example");
    let imap = json!({"imap": {"host": "127.0.0.1", "port": line.port(), "security": "none"}, "password": PASSWORD});
    (Story::begin_on(server, app, anna, imap).await, line)
}

#[tokio::test]
async fn a_line_that_breaks_amid_a_mail_loses_nothing() {
    let (story, line) = on_a_line().await;
    line.cut_mails(2);
    let long = "A long answer. ".repeat(2_000);
    for n in 1..=3 {
        story.comes("INBOX", &story.answer(&format!("r{n}"), "", &long)).await;
    }
    story.taken_in(3).await;
    assert_eq!(line.cuts_left(), 0);
    assert_eq!(story.status().await, "replied");
    assert_eq!(story.count("unreadable_mails").await, 0);
    assert_eq!(story.count("activities where type = 'lead_replied'").await, 3);
    let stuck: i64 = story.count("mailbox_folders where stuck_uid is not null").await;
    assert_eq!(stuck, 0, "what was read at last is not held against it");
}

#[tokio::test]
async fn a_server_that_is_away_is_told_of_and_read_when_it_is_back() {
    let (story, line) = on_a_line().await;
    line.set_up(false);
    until(&story.app, "select failure is not null and worker is null from mailbox_watches").await;
    sqlx::query("update mailbox_watches set failures = 4, next_at = now()").execute(&story.app.pool).await.unwrap();
    let path = format!("{}/{}", super::PATH, story.account);
    until(&story.app, "select status_reason is not null from connected_accounts").await;
    let shown = story.app.member().get(&path).await.expect(200);
    assert_eq!(shown["status"], "connected", "what passes by itself holds nothing");
    assert!(shown["status_reason"].as_str().unwrap().starts_with("The IMAP server 127.0.0.1:"), "{shown}");
    story.comes("INBOX", &story.answer("r1", "", "Yes.")).await;
    line.set_up(true);
    // It would be tried again after half a minute.
    let woken = "with woken as (update mailbox_watches set next_at = now() where worker is null)";
    until(&story.app, &format!("{woken} select count(*) = 1 from messages")).await;
    until(&story.app, "select status_reason is null from connected_accounts").await;
}

#[tokio::test]
async fn a_mail_that_cannot_be_taken_in_is_noted_and_passed_over() {
    let story = Story::begin().await;
    let refuse = "alter table messages add constraint tried_out check (text not like '%poison%')";
    sqlx::raw_sql(refuse).execute(&story.app.pool).await.unwrap();
    story.comes("INBOX", &story.answer("p1", "", "This is poison.")).await;
    story.comes("INBOX", &story.answer("r1", "", "Yes.")).await;
    story.taken_in(1).await;
    assert_eq!(story.count("unreadable_mails where uid = 1 and folder = 'INBOX'").await, 1);
    assert_eq!(story.count("taken_in").await, 1, "nothing of it is half done");
}

#[tokio::test]
async fn a_mail_at_which_reading_breaks_off_again_and_again_is_passed_over() {
    let (story, line) = on_a_line().await;
    let other = replica(&story.app, &story.server).await;
    story.comes("INBOX", &story.answer("r1", "", "First.")).await;
    story.taken_in(1).await;
    story.app.stop.cancel();
    until(&other, "select worker is null from mailbox_watches").await;
    // Seven times it broke off at the next mail already, which breaks the line this time too.
    let seven = "update mailbox_folders set stuck_uid = 2, stuck_times = 7 where name = 'INBOX'";
    sqlx::raw_sql(seven).execute(&other.pool).await.unwrap();
    story.comes("INBOX", &story.answer("r2", "", "Poison.")).await;
    story.comes("INBOX", &story.answer("r3", "", "Third.")).await;
    line.cut_mails(1);
    let _watch = watch(&other);
    until(&other, "select count(*) = 2 from messages").await;
    assert_eq!(story.count("unreadable_mails where uid = 2").await, 1);
    assert_eq!(story.count("messages where text = 'Third.'").await, 1);
}

#[tokio::test]
async fn an_answer_that_races_the_follow_up_is_never_overtaken() {
    let server = MailServer::start().await;
    let app = app_with(&server).await;
    let anna = server.mailbox("anna@sender.example");
    let people: Vec<_> = (0..8).map(|n| server.mailbox(&format!("p{n}@lead.example"))).collect();
    let terms = json!({"spacing_seconds": 0});
    let id = account(&app, &anna, terms).await;
    campaign(&app, &id, &people.iter().collect::<Vec<_>>(), two_mails()).await;
    minutes(&app, 58).await;
    assert_eq!(sent(&app, "mail").await, 8);
    let answers = async {
        for n in 0..8 {
            let first: String = sqlx::query_scalar("select message_id from sent_mails where recipient = $1")
                .bind(format!("p{n}@lead.example"))
                .fetch_one(&app.pool)
                .await
                .unwrap();
            let answer = format!(
                "From: p{n}@lead.example\r\nTo: anna@sender.example\r\nMessage-ID: <r{n}@lead.example>\r\nIn-Reply-To: <{first}>\r\n\r\nNo.\r\n"
            );
            server.deliver(&anna, "INBOX", answer.as_bytes()).await;
        }
    };
    let follow_ups = async {
        for _ in 0..20 {
            tick(&app).await;
            app.clock.advance(std::time::Duration::from_secs(10));
            tokio::task::yield_now().await;
        }
    };
    tokio::join!(answers, follow_ups);
    until(&app, "select count(*) = 8 from messages").await;
    minutes(&app, 10).await;
    let overtaken = "select count(*) from execution_steps s join messages m on m.lead_id = s.lead_id
                     where s.node_id = 'bump' and s.sending_at > m.created_at";
    let overtaken: i64 = sqlx::query_scalar(overtaken).fetch_one(&app.pool).await.unwrap();
    assert_eq!(overtaken, 0);
    let replied: i64 = sqlx::query_scalar("select count(*) from campaign_executions where status = 'replied'")
        .fetch_one(&app.pool)
        .await
        .unwrap();
    assert_eq!(replied, 8, "also whose follow-up was faster");
    read(&app).await;
}

/// A worker process, which ends with the test.
struct Worker(std::process::Child);

impl Worker {
    fn start(app: &TestApp) -> Self {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_clento"));
        command.arg("worker").env_clear().env("DATABASE_URL", app.database.url.expose_secret());
        let null = std::process::Stdio::null;
        Self(command.stdout(null()).stderr(null()).spawn().unwrap())
    }
}

impl Drop for Worker {
    /// `kill -9`.
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test]
async fn readers_that_are_killed_amid_their_work_lose_nothing_and_repeat_nothing() {
    const ANSWERS: i64 = 300;
    let server = MailServer::start().await;
    let app = app_with(&server).await;
    let anna = server.mailbox("anna@sender.example");
    let plain =
        json!({"imap": {"host": server.address.to_string(), "port": IMAP, "security": "none"}, "password": PASSWORD});
    let story = Story::begin_on(server, app, anna, plain).await;
    story.app.stop.cancel();
    until(&story.app, "select worker is null from mailbox_watches").await;
    let mut client = story.server.open(&story.anna).await;
    for n in 0..ANSWERS {
        let answer = story.answer(&format!("r{n}"), "", &format!("Answer {n}."));
        client.session().append("INBOX", None, None, answer.as_bytes()).await.unwrap();
    }
    client.logout().await;
    for at_least in [20, 90, 170] {
        let worker = Worker::start(&story.app);
        until(&story.app, &format!("select count(*) >= {at_least} from messages")).await;
        drop(worker);
        let so_far = story.count("messages").await;
        assert!(so_far < ANSWERS, "it was killed amid its work: {so_far}");
        // As if the minute had passed after which another may follow.
        sqlx::query("update mailbox_watches set next_at = clock_timestamp()").execute(&story.app.pool).await.unwrap();
    }
    let _worker = Worker::start(&story.app);
    until(&story.app, &format!("select last_uid = {ANSWERS} from mailbox_folders where name = 'INBOX'")).await;
    assert_eq!(story.count("messages").await, ANSWERS);
    assert_eq!(story.count("(select distinct text from messages) t").await, ANSWERS);
    assert_eq!(story.count("activities where type = 'lead_replied'").await, ANSWERS);
    assert_eq!(story.count("conversations where unread_count = 300").await, 1);
    assert_eq!(story.count("unreadable_mails").await, 0);
    assert_eq!(story.server.messages(&story.ben, "INBOX").await.len(), 1, "nothing was sent after the answer");
}

async fn sent(app: &TestApp, node: &str) -> i64 {
    sqlx::query_scalar("select count(*) from execution_steps where node_id = $1 and state = 'sent'")
        .bind(node)
        .fetch_one(&app.pool)
        .await
        .unwrap()
}
