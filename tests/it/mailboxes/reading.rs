//! Reading mailboxes: who answers is not written to again, whatever happens to the lines, the numbers and the workers in between.

use std::time::Duration;

use serde_json::{Value, json};

use super::{
    PATH, app_with, read, replica,
    sending::{account, campaign, made, minutes, two_mails},
    until, watch,
};
use crate::support::{MailServer, TestApp, mail_server::TestMailbox};

/// A campaign of two mails from Anna, the first of which Ben has got.
pub(super) struct Story {
    pub(super) server: MailServer,
    pub(super) app: TestApp,
    pub(super) anna: TestMailbox,
    pub(super) ben: TestMailbox,
    pub(super) account: String,
    /// The Message-ID of the first mail.
    pub(super) first: String,
}

impl Story {
    pub(super) async fn begin() -> Self {
        let server = MailServer::start().await;
        let app = app_with(&server).await;
        let anna = server.mailbox("anna@sender.example");
        Self::begin_on(server, app, anna, json!({})).await
    }

    /// With these in the request that connects Anna's mailbox.
    pub(super) async fn begin_on(server: MailServer, app: TestApp, anna: TestMailbox, access: Value) -> Self {
        let ben = server.mailbox("ben@lead.example");
        let account = account(&app, &anna, access).await;
        campaign(&app, &account, &[&ben], two_mails()).await;
        minutes(&app, 1).await;
        let arrived = server.await_messages(&ben, "INBOX", 1).await;
        let first = arrived[0].read().message_id().unwrap().to_owned();
        Self { server, app, anna, ben, account, first }
    }

    /// From an account that is called something.
    pub(super) async fn begin_on_with_look() -> Self {
        let server = MailServer::start().await;
        let app = app_with(&server).await;
        let anna = server.mailbox("anna@sender.example");
        let look =
            json!({"display_name": "Anna Sender", "signature": "Anna\nSender Ltd", "reply_to": "anna@sender.example"});
        Self::begin_on(server, app, anna, look).await
    }

    /// What Ben answers, as it lies in Anna's mailbox.
    pub(super) fn answer(&self, id: &str, more: &str, text: &str) -> String {
        format!(
            "From: Ben <ben@lead.example>\r\nTo: anna@sender.example\r\nSubject: Re: Hello\r\nMessage-ID: <{id}@lead.example>\r\n\
             In-Reply-To: <{}>\r\nReferences: <{}>\r\n{more}\r\n{text}\r\n",
            self.first, self.first
        )
    }

    pub(super) async fn comes(&self, folder: &str, raw: &str) {
        self.server.deliver(&self.anna, folder, raw.as_bytes()).await;
    }

    /// Has the server forget how it has numbered the mails of the inbox; answers by what they are numbered now.
    async fn renumbered(&self) -> Option<i64> {
        for entry in std::fs::read_dir(self.server.maildir(&self.anna)).unwrap() {
            let entry = entry.unwrap();
            if entry.file_name().to_string_lossy().starts_with("dovecot") {
                // Its locks come and go by themselves.
                let _ = std::fs::remove_file(entry.path());
            }
        }
        let mut owner = self.server.open(&self.anna).await;
        let validity = owner.session().select("INBOX").await.unwrap().uid_validity;
        owner.logout().await;
        validity.map(i64::from)
    }

    /// Waits until so many messages are in conversations.
    pub(super) async fn taken_in(&self, messages: usize) {
        until(&self.app, &format!("select count(*) = {messages} from messages")).await;
    }

    pub(super) async fn status(&self) -> String {
        sqlx::query_scalar("select e.status from campaign_executions e").fetch_one(&self.app.pool).await.unwrap()
    }

    pub(super) async fn count(&self, what: &str) -> i64 {
        let query = format!("select count(*) from {what}");
        sqlx::query_scalar(sqlx::AssertSqlSafe(query)).fetch_one(&self.app.pool).await.unwrap()
    }

    /// All mails that Ben has got after more than the hour in which the second would be due.
    pub(super) async fn after_an_hour(&self) -> usize {
        minutes(&self.app, 75).await;
        // Exim delivers what it takes at once; what was sent is in the log of attempts anyhow.
        let sent = self.count("execution_steps where state = 'sent'").await;
        self.server.await_messages(&self.ben, "INBOX", usize::try_from(sent).unwrap()).await.len()
    }
}

#[tokio::test]
async fn who_answers_is_not_written_to_again_and_has_a_conversation() {
    let story = Story::begin().await;
    story.comes("INBOX", &story.answer("r1", "", "Sounds good. Thursday?")).await;
    story.taken_in(1).await;
    assert_eq!(story.status().await, "replied");
    assert_eq!(story.after_an_hour().await, 1);
    let page = story.app.member().get("/api/v1/conversations").await.expect(200);
    let conversation = &page["data"][0];
    assert_eq!(
        (&conversation["preview"], &conversation["unread_count"]),
        (&json!("Sounds good. Thursday?"), &json!(1))
    );
    assert_eq!(conversation["account"]["id"], json!(story.account));
    let lead = story.app.member().get("/api/v1/leads").await.expect(200);
    assert_eq!(lead["data"][0]["status"], "replied");
    assert_eq!(story.count("activities where type = 'lead_replied'").await, 1);
    // The mail itself stays as it was: unread.
    let mut owner = story.server.open(&story.anna).await;
    owner.session().examine("INBOX").await.unwrap();
    assert_eq!(owner.session().uid_search("UNSEEN").await.unwrap().len(), 1);
}

#[tokio::test]
async fn an_answer_without_references_is_known_by_who_wrote_it_and_a_machines_lets_the_sequence_go_on() {
    let story = Story::begin().await;
    let away = story.answer("a1", "Auto-Submitted: auto-replied\r\n", "I am out of the office until 4 December 2030.");
    story.comes("INBOX", &away).await;
    story.taken_in(1).await;
    assert_eq!(story.status().await, "waiting");
    assert_eq!(story.count("messages where verdict = 'auto_reply'").await, 1);
    assert_eq!(story.after_an_hour().await, 2, "the second mail goes out");
    let fresh = "From: Ben <Ben@Lead.example>\r\nTo: anna@sender.example\r\nSubject: About you\r\nMessage-ID: <n@lead.example>\r\n\r\nCall me.\r\n";
    story.comes("INBOX", fresh).await;
    story.taken_in(2).await;
    assert_eq!(story.status().await, "replied");
}

#[tokio::test]
async fn the_same_answer_in_the_inbox_and_among_junk_counts_once_and_strangers_not_at_all() {
    let story = Story::begin().await;
    let answer = story.answer("r1", "", "Yes.");
    let stranger = "From: shop@news.example\r\nTo: anna@sender.example\r\nSubject: Sale\r\nMessage-ID: <s@news.example>\r\n\r\nBuy!\r\n";
    story.comes("Junk", stranger).await;
    story.comes("Junk", &answer).await;
    story.comes("INBOX", stranger).await;
    story.comes("INBOX", &answer).await;
    story.taken_in(1).await;
    story.comes("INBOX", &story.answer("r2", "", "And one more thing.")).await;
    story.taken_in(2).await;
    assert_eq!(story.count("taken_in").await, 2, "of strangers nothing is kept");
    let unread: i32 =
        sqlx::query_scalar("select unread_count from conversations").fetch_one(&story.app.pool).await.unwrap();
    assert_eq!(unread, 2);
}

#[tokio::test]
async fn a_mail_that_comes_back_suppresses_its_address() {
    let server = MailServer::start().await;
    server.bounce("ben@lead.example");
    let app = app_with(&server).await;
    let (anna, ben) = (server.mailbox("anna@sender.example"), server.mailbox("ben@lead.example"));
    let account = account(&app, &anna, json!({})).await;
    campaign(&app, &account, &[&ben], two_mails()).await;
    minutes(&app, 1).await;
    until(&app, "select count(*) = 1 from suppressions where source = 'bounce' and value = 'ben@lead.example'").await;
    until(&app, "select bool_and(status = 'bounced') from campaign_executions").await;
    assert_eq!(server.messages(&ben, "INBOX").await.len(), 0);
}

#[tokio::test]
async fn what_comes_back_or_is_called_spam_bars_the_address_that_it_went_to() {
    let story = Story::begin().await;
    let _watch = watch(&story.app);
    let lead = story.app.member().get("/api/v1/leads").await.expect(200)["data"][0]["id"].as_str().unwrap().to_owned();
    let mended = json!({"email": "ben@new.example"});
    story.app.member().patch(&format!("/api/v1/leads/{lead}"), mended).await.expect(200);
    // It does not say which address it is about.
    let report = |id: &str, kind: &str, part: &str| {
        format!(
            "Return-Path: <>\r\nFrom: MAILER-DAEMON@mx.example\r\nSubject: Report\r\nMessage-ID: <{id}@mx.example>\r\n\
             Content-Type: multipart/report; report-type={kind}; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nSorry.\r\n\
             --b\r\n{part}\r\n--b\r\nContent-Type: message/rfc822\r\n\r\nMessage-ID: <{}>\r\nSubject: x\r\n\r\nx\r\n--b--\r\n",
            story.first
        )
    };
    let status = "Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\nAction: failed\r\nStatus: 5.1.1\r\n";
    story.comes("INBOX", &report("bounce", "delivery-status", status)).await;
    until(&story.app, "select count(*) = 1 from suppressions").await;
    let bounced = "suppressions where source = 'bounce' and value = 'ben@lead.example'";
    assert_eq!(story.count(bounced).await, 1, "and not the address that is right");
    let spam = "Content-Type: message/feedback-report\r\n\r\nFeedback-Type: abuse\r\nUser-Agent: x/1\r\nVersion: 1\r\n";
    story.comes("INBOX", &report("spam", "feedback-report", spam)).await;
    until(&story.app, "select count(*) = 2 from suppressions").await;
    let complained = "suppressions where source = 'complaint' and value = 'ben@new.example'";
    assert_eq!(story.count(complained).await, 1, "who complains wants no mail anywhere");
}

#[tokio::test]
async fn nothing_is_sent_from_a_mailbox_that_was_not_read_lately() {
    let server = MailServer::start().await;
    let app = app_with(&server).await;
    let (anna, ben) = (server.mailbox("anna@sender.example"), server.mailbox("ben@lead.example"));
    let id = account(&app, &anna, json!({})).await;
    campaign(&app, &id, &[&ben], two_mails()).await;
    minutes(&app, 1).await;
    let first = server.await_messages(&ben, "INBOX", 1).await[0].read().message_id().unwrap().to_owned();
    // The worker is gone, and time passes.
    app.stop.cancel();
    until(&app, "select worker is null from mailbox_watches").await;
    sqlx::query("update mailbox_watches set read_at = now() - interval '4 minutes'").execute(&app.pool).await.unwrap();
    let answer = format!(
        "From: ben@lead.example\r\nTo: anna@sender.example\r\nMessage-ID: <r@lead.example>\r\nIn-Reply-To: <{first}>\r\n\r\nNo, thanks.\r\n"
    );
    server.deliver(&anna, "INBOX", answer.as_bytes()).await;
    minutes(&app, 75).await;
    let why: String = sqlx::query_scalar("select moves->0->>'rule' from campaign_executions where status = 'waiting'")
        .fetch_one(&app.pool)
        .await
        .unwrap();
    assert_eq!(why, "mailbox_unread");
    let state = app.state.clone();
    let stop = tokio_util::sync::CancellationToken::new();
    let stopping = stop.clone();
    let watching = tokio::spawn(async move { state.mailbox_watch().watch(stopping).await });
    until(&app, "select bool_and(status = 'replied') from campaign_executions").await;
    minutes(&app, 75).await;
    assert_eq!(server.messages(&ben, "INBOX").await.len(), 1);
    stop.cancel();
    watching.await.unwrap().unwrap();
}

#[tokio::test]
async fn other_numbers_for_the_same_mails_count_nothing_twice_and_what_is_gone_is_no_harm() {
    let story = Story::begin().await;
    for n in 1..=3 {
        story.comes("INBOX", &story.answer(&format!("r{n}"), "", "Hm.")).await;
    }
    story.taken_in(3).await;
    // The mailbox's owner deletes one, and nobody reads for a while.
    let mut owner = story.server.open(&story.anna).await;
    owner.session().select("INBOX").await.unwrap();
    owner.session().run_command_and_check_ok("UID STORE 1 +FLAGS (\\Deleted)").await.unwrap();
    owner.session().run_command_and_check_ok("EXPUNGE").await.unwrap();
    owner.logout().await;
    let other = replica(&story.app, &story.server).await;
    story.app.stop.cancel();
    until(&other, "select worker is null from mailbox_watches").await;
    let before: i64 = sqlx::query_scalar("select uid_validity from mailbox_folders where name = 'INBOX'")
        .fetch_one(&other.pool)
        .await
        .unwrap();
    // The server goes by the second, and by what a connection that ends just now still knows: within it the numbers stay the same ones.
    while story.renumbered().await == Some(before) {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let _watch = watch(&other);
    until(&other, &format!("select uid_validity <> {before} from mailbox_folders where name = 'INBOX'")).await;
    story.comes("INBOX", &story.answer("r4", "", "At last.")).await;
    until(&other, "select count(*) = 4 from messages").await;
    assert_eq!(story.count("taken_in").await, 4);
}

#[tokio::test]
async fn a_wrong_password_is_told_and_the_mended_mailbox_is_read_on() {
    let story = Story::begin().await;
    story.server.change_password(&story.anna, "another");
    // Its line is still open; a change of the account has it opened anew.
    let path = format!("{PATH}/{}", story.account);
    story.app.member().patch(&path, json!({"display_name": "Anna"})).await.expect(200);
    until(&story.app, "select status = 'needs_reconnect' from connected_accounts").await;
    let account = story.app.member().get(&path).await.expect(200);
    let why = account["status_reason"].as_str().unwrap();
    assert!(why.starts_with("The IMAP server ") && why.contains("does not let us in"), "{why}");
    story.app.member().patch(&path, json!({"password": "another"})).await.expect(200);
    std::fs::write(story.server.maildir(&story.anna).join("new/1.M1.test"), story.answer("r1", "", "Yes.")).unwrap();
    story.taken_in(1).await;
}

#[tokio::test]
async fn a_pause_and_its_reason_outlast_a_password_that_is_wrong_and_mended() {
    let story = Story::begin().await;
    let because = "Too many of its mails came back.";
    let paused = "update connected_accounts set status = 'paused', status_reason = $1, version = version + 1";
    sqlx::query(paused).bind(because).execute(&story.app.pool).await.unwrap();
    let (path, member) = (format!("{PATH}/{}", story.account), story.app.member());
    let stands = async |when: &str| {
        let account = member.get(&path).await.expect(200);
        assert_eq!((&account["status"], &account["status_reason"]), (&json!("paused"), &json!(because)), "{when}");
    };
    story.server.change_password(&story.anna, "another");
    // Its line is opened anew, and is refused.
    member.patch(&path, json!({"display_name": "Anna"})).await.expect(200);
    until(&story.app, "select failures > 0 from mailbox_watches").await;
    stands("the worker was refused").await;
    member.post(&format!("{path}/sync"), json!({})).await.expect(200);
    stands("a person was refused").await;
    member.patch(&path, json!({"password": "another"})).await.expect(200);
    member.post(&format!("{path}/sync"), json!({})).await.expect(200);
    stands("it lets us in again").await;
}

#[tokio::test]
async fn mailboxes_of_an_organization_that_has_ended_are_not_read() {
    let story = Story::begin().await;
    let ended = crate::support::clerk_events::deleted("organization.deleted", "org_ours", story.app.now_millis());
    story.app.deliver("msg_1", &ended).await.expect(200);
    // Another's, connected after that, has been taken up by now: so would this one have been.
    let carl = story.server.mailbox("carl@sender.example");
    made(&story.app.outsider(), PATH, carl.request()).await;
    until(&story.app, "select count(*) = 1 from mailbox_watches w join connected_accounts a on a.id = w.account_id where a.email like 'carl%'").await;
    assert_eq!(story.count("mailbox_watches").await, 1);
}

#[tokio::test]
async fn two_workers_share_the_mailboxes_and_one_follows_the_other() {
    let story = Story::begin().await;
    let other = replica(&story.app, &story.server).await;
    let _watch = watch(&other);
    let (carl, theirs) = (story.server.mailbox("carl@sender.example"), story.app.outsider());
    made(&theirs, PATH, carl.request()).await;
    read(&story.app).await;
    // The first is stopped dead: what it had is free when it has not been heard of for long enough.
    sqlx::query("update mailbox_watches set worker = gen_random_uuid(), next_at = now()")
        .execute(&story.app.pool)
        .await
        .unwrap();
    until(&story.app, "select bool_and(next_at > now()) from mailbox_watches").await;
    story.comes("INBOX", &story.answer("r1", "", "Yes.")).await;
    story.taken_in(1).await;
    // One that ends in peace leaves its mailboxes to the other at once.
    story.app.stop.cancel();
    story.comes("INBOX", &story.answer("r2", "", "Really.")).await;
    story.taken_in(2).await;
    // An answer that comes into another's mailbox and names our mail is none of ours and none of theirs.
    story.server.deliver(&carl, "INBOX", story.answer("r9", "", "Quoted.").as_bytes()).await;
    until(&story.app, "select min(f.last_uid) = 1 from mailbox_folders f where f.name = 'INBOX'").await;
    assert_eq!(story.count("messages").await, 2);
    assert_eq!(story.count("conversations").await, 1);
}

#[tokio::test]
async fn mail_of_ours_that_comes_into_a_mailbox_of_ours_is_no_answer() {
    let story = Story::begin().await;
    made(&story.app.member(), PATH, story.ben.request()).await;
    read(&story.app).await;
    assert_eq!(story.after_an_hour().await, 2, "the second mail is not taken for an answer to the first");
    until(&story.app, "select max(last_uid) = 2 from mailbox_folders").await;
    assert_eq!((story.count("messages").await, story.count("taken_in").await), (0, 0));
    assert_eq!(story.status().await, "completed");
}

#[tokio::test]
async fn a_large_mailbox_is_read_in_pages_and_only_what_matters_of_it() {
    let server = MailServer::start().await;
    let anna = server.mailbox("anna@sender.example");
    server.deliver(&anna, "INBOX", b"Subject: First\r\n\r\nx\r\n").await;
    let new = server.maildir(&anna).join("new");
    for n in 0..1_500 {
        let raw = format!("From: p{n}@club.example\r\nSubject: {n}\r\nMessage-ID: <{n}@club.example>\r\n\r\nHello\r\n");
        std::fs::write(new.join(format!("1.M{n}.club")), raw).unwrap();
    }
    let app = app_with(&server).await;
    let story = Story::begin_on(server, app, anna, json!({})).await;
    until(&story.app, "select last_uid = 1501 from mailbox_folders where name = 'INBOX'").await;
    assert_eq!(story.count("taken_in").await, 0);
    story.comes("INBOX", &story.answer("r1", "", "Yes.")).await;
    story.taken_in(1).await;
}
