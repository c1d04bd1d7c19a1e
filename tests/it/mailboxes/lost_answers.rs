//! Mails whose server took them and was not heard, from mailboxes that show all that was sent: what the Sent folder says decides, and what it does
//! not say is no "no".

use std::time::Duration;

use serde_json::json;

use super::{
    app_with,
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
        let server = MailServer::start().await;
        let (anna, ben) = (server.mailbox("anna@sender.example"), server.mailbox("ben@lead.example"));
        let (smtp, imap) = (CutSmtp::to(server.address).await, CutImap::to(server.address).await);
        let app = app_with(&server).await;
        let at = |port: u16| json!({"host": "127.0.0.1", "port": port, "security": "none"});
        let terms =
            json!({"smtp": at(smtp.port()), "imap": at(imap.port()), "password": PASSWORD, "sent_copy": "provider"});
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
