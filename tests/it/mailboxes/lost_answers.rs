//! Mails whose server took them and was not heard, from mailboxes that show all that was sent: what the Sent folder says decides, and what it does
//! not say is no "no". And servers that call mails otherwise than we do.

use std::time::Duration;

use serde_json::json;

use super::{
    app_with,
    reading::Story,
    sending::{account, campaign, minutes, states, two_mails},
};
use crate::support::{
    MailServer, TestApp,
    cut_imap::{CutImap, Trip},
    cut_smtp::{Cut, CutSmtp},
    mail_server::{PASSWORD, TestMailbox},
};

/// A mail that was handed in over a line that broke, from a mailbox whose server makes the copies.
struct Lost {
    server: MailServer,
    app: TestApp,
    imap: CutImap,
    anna: TestMailbox,
    ben: TestMailbox,
}

impl Lost {
    async fn at(cut: Cut) -> Self {
        Self::of("mailbox", cut).await
    }

    /// With a mailbox of this provider; the servers of `outlook` rename mails.
    async fn of(provider: &str, cut: Cut) -> Self {
        let server = MailServer::start().await;
        let (anna, ben) = (server.mailbox("anna@sender.example"), server.mailbox("ben@lead.example"));
        let (smtp, imap) = (CutSmtp::to(server.address).await, CutImap::to(server.address).await);
        let app = app_with(&server).await;
        let at = |port: u16| json!({"host": "127.0.0.1", "port": port, "security": "none"});
        let mut terms = json!({"smtp": at(smtp.port()), "imap": at(imap.port()), "password": PASSWORD});
        terms["provider"] = provider.into();
        terms["sent_copy"] = "provider".into();
        if provider == "outlook" {
            smtp.rename();
        }
        let account = account(&app, &anna, terms).await;
        smtp.cut_next(cut);
        campaign(&app, &account, &[&ben], json!({"nodes": [two_mails()["nodes"][0]], "edges": []})).await;
        minutes(&app, 1).await;
        assert_eq!(states(&app).await, [("sending".to_owned(), None)], "nobody can tell yet");
        Self { server, app, imap, anna, ben }
    }

    /// It is looked up once, after so long.
    async fn looked_up_after(&self, minutes: u64) -> (String, Option<String>) {
        self.app.clock.advance(Duration::from_mins(minutes));
        self.app.state.runs().reconcile().await.unwrap();
        states(&self.app).await.remove(0)
    }

    /// How many mails have come, after all that may still be done was done.
    async fn came(&self) -> usize {
        minutes(&self.app, 12).await;
        self.server.await_messages(&self.ben, "INBOX", 1).await.len()
    }
}

#[tokio::test]
async fn what_a_server_refuses_to_say_of_its_sent_folder_sends_nothing_again() {
    for how in [
        ("SEARCH HEADER", Trip::No),
        ("SEARCH HEADER", Trip::Bad),
        ("SEARCH HEADER", Trip::Nothing),
        ("SEARCH HEADER", Trip::HangUp),
        ("LIST", Trip::No),
        ("LIST", Trip::HangUp),
        ("EXAMINE", Trip::No),
        ("EXAMINE", Trip::HangUp),
    ] {
        let lost = Lost::at(Cut::BeforeVerdict).await;
        lost.imap.trip(Some(how));
        assert_eq!(lost.looked_up_after(5).await, ("sending".to_owned(), None), "{how:?}: it is asked again");
        let ended = lost.looked_up_after(31).await;
        assert_eq!(ended, ("needs_review".to_owned(), Some("outcome_unknown".to_owned())), "{how:?}");
        assert_eq!(lost.came().await, 1, "{how:?}");
        assert_eq!(states(&lost.app).await.len(), 1, "{how:?}");
    }
}

#[tokio::test]
async fn what_is_in_sent_was_sent_though_its_server_was_busy_before() {
    let lost = Lost::at(Cut::BeforeVerdict).await;
    let id: String = sqlx::query_scalar("select message_id from sent_mails").fetch_one(&lost.app.pool).await.unwrap();
    let copy = format!("Message-ID: <{id}>\r\nSubject: A copy\r\n\r\nx\r\n");
    lost.server.deliver(&lost.anna, "Sent", copy.as_bytes()).await;
    lost.imap.trip(Some(("SEARCH HEADER", Trip::No)));
    assert_eq!(lost.looked_up_after(5).await.0, "sending");
    lost.imap.trip(None);
    assert_eq!(lost.looked_up_after(1).await, ("sent".to_owned(), None));
    assert_eq!((lost.came().await, states(&lost.app).await.len()), (1, 1));
}

#[tokio::test]
async fn what_is_surely_not_in_sent_is_sent_once_more() {
    let lost = Lost::at(Cut::AfterEnd).await;
    let other = b"Message-ID: <other@sender.example>\r\nSubject: Another\r\n\r\nx\r\n";
    lost.server.deliver(&lost.anna, "Sent", other).await;
    let ended = lost.looked_up_after(5).await;
    assert_eq!(ended, ("not_sent".to_owned(), Some("not_found_at_provider".to_owned())));
    assert_eq!(lost.came().await, 1);
    assert_eq!(states(&lost.app).await[1], ("sent".to_owned(), None));
}

const NAMED: &str = "select message_id from sent_mails where node_id = 'mail'";

#[tokio::test]
async fn what_microsoft_has_renamed_is_found_by_the_name_that_it_had() {
    let lost = Lost::of("outlook", Cut::BeforeVerdict).await;
    let arrived = lost.server.await_messages(&lost.ben, "INBOX", 1).await;
    let named = arrived[0].read().message_id().unwrap().to_owned();
    assert!(named.ends_with("@PN3PR01MB9597.INDPRD01.PROD.OUTLOOK.COM"), "{named}");
    lost.server.deliver(&lost.anna, "Sent", &arrived[0].raw).await;
    lost.imap.trip(Some(("SEARCH HEADER X-Microsoft", Trip::No)));
    assert_eq!(lost.looked_up_after(5).await.0, "sending");
    lost.imap.trip(None);
    assert_eq!(lost.looked_up_after(1).await, ("sent".to_owned(), None));
    assert_eq!((lost.came().await, states(&lost.app).await.len()), (1, 1));
    let known: String = sqlx::query_scalar(NAMED).fetch_one(&lost.app.pool).await.unwrap();
    assert_eq!(known, named, "answers name that");
}

#[tokio::test]
async fn what_is_not_in_sent_at_microsoft_waits_for_a_person() {
    let lost = Lost::of("outlook", Cut::BeforeVerdict).await;
    assert_eq!(lost.looked_up_after(5).await.0, "sending");
    assert_eq!(lost.looked_up_after(31).await.0, "needs_review");
    assert_eq!((lost.came().await, states(&lost.app).await.len()), (1, 1));
}

#[tokio::test]
async fn that_a_server_has_named_a_mail_proves_that_it_took_it() {
    let lost = Lost::of("outlook", Cut::BeforeVerdict).await;
    // The name was written down, and then the process ended.
    sqlx::query("update sent_mails set message_id = 'named@PROD.OUTLOOK.COM'").execute(&lost.app.pool).await.unwrap();
    lost.imap.set_up(false);
    assert_eq!(lost.looked_up_after(5).await, ("sent".to_owned(), None));
    let known: String =
        sqlx::query_scalar("select provider_id from execution_steps").fetch_one(&lost.app.pool).await.unwrap();
    assert_eq!(known, "named@PROD.OUTLOOK.COM");
}

/// A story whose mails are renamed, as Microsoft's servers do.
async fn renamed() -> Story {
    let server = MailServer::start().await;
    let app = app_with(&server).await;
    let line = CutSmtp::to(server.address).await;
    line.rename();
    let anna = server.mailbox("anna@sender.example");
    let smtp = json!({"host": "127.0.0.1", "port": line.port(), "security": "none"});
    let access = json!({"provider": "outlook", "smtp": smtp, "password": PASSWORD, "sent_copy": "provider"});
    Story::begin_on(server, app, anna, access).await
}

#[tokio::test]
async fn the_name_that_a_server_gives_a_mail_is_what_answers_and_follow_ups_go_by() {
    let story = renamed().await;
    let known: String = sqlx::query_scalar(NAMED).fetch_one(&story.app.pool).await.unwrap();
    assert_eq!(known, story.first);
    let provider_id: String =
        sqlx::query_scalar("select provider_id from execution_steps").fetch_one(&story.app.pool).await.unwrap();
    assert_eq!(provider_id, story.first);
    // Somebody answers from another address: only by its References is it known to be to this.
    let assistant = format!(
        "From: Carla <carla@elsewhere.example>\r\nTo: anna@sender.example\r\nSubject: Re: Hello\r\nMessage-ID: <c1@elsewhere.example>\r\n\
         In-Reply-To: <{}>\r\nAuto-Submitted: auto-replied\r\n\r\nAway.\r\n",
        story.first
    );
    story.comes("INBOX", &assistant).await;
    story.taken_in(1).await;
    assert_eq!(story.after_an_hour().await, 2);
    let arrived = story.server.await_messages(&story.ben, "INBOX", 2).await;
    let second = arrived[1].read();
    assert_eq!(second.in_reply_to().as_text(), Some(story.first.as_str()));
    assert_eq!(second.references().as_text(), Some(story.first.as_str()));
}
