//! Sending from mailboxes: what arrives is the recipient's own mailbox to say.

use clento::utils::clock::Clock as _;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::{PATH, app_with, read, watch};
use crate::campaign_runs::paused_before_the_wire;
use crate::support::{
    Caller, MailServer, TestApp,
    cut_smtp::{Cut, CutSmtp},
    mail_server::{PASSWORD, TestMailbox},
};

/// Monday, 2026-11-23, 10:00 in Berlin: within everybody's hours.
const MONDAY: &str = "2026-11-23T09:00:00Z";

pub(super) async fn made(caller: &Caller, path: &str, body: Value) -> String {
    caller.post(path, body).await.expect(201)["id"].as_str().unwrap().to_owned()
}

/// A mail, and another an hour later in its thread.
pub(super) fn two_mails() -> Value {
    json!({
        "nodes": [
            {"id": "mail", "type": "send_email", "config": {"variants": [{"subject": "Grüße an {{ first_name }}", "text": "Hallo {{ first_name }}!", "html": "<p>Hallo <b>{{ first_name }}</b>!</p><script>x()</script>"}]}},
            {"id": "bump", "type": "send_email", "config": {"thread": true, "variants": [{"text": "Noch einmal, {{ first_name }}?"}]}}
        ],
        "edges": [{"source": "mail", "target": "bump", "delay": {"value": 1, "unit": "hours"}}]
    })
}

/// A running campaign from `account` to `people`.
pub(super) async fn campaign(app: &TestApp, account: &str, people: &[&TestMailbox], workflow: Value) -> String {
    app.clock.set(MONDAY.parse().unwrap());
    let member = app.member();
    let list = made(&member, "/api/v1/lead-lists", json!({"name": "People"})).await;
    for person in people {
        let name = person.email.split('@').next().unwrap();
        let lead = json!({"first_name": name, "last_name": "Żółć", "email": person.email, "lead_list_id": list});
        made(&member, "/api/v1/leads", lead).await;
    }
    let always = json!({"timezone": "Europe/Berlin", "days": ["mon", "tue", "wed", "thu", "fri"], "start_time": "00:00", "end_time": "24:00"});
    let body = json!({"name": "c", "lead_list_ids": [list], "account_ids": [account], "workflow": workflow, "schedule": always});
    let id = made(&member, "/api/v1/campaigns", body).await;
    member.post(&format!("/api/v1/campaigns/{id}/start"), json!({})).await.expect(200);
    // Nothing is sent from a mailbox that nobody reads.
    watch(app).disarm();
    read(app).await;
    id
}

/// What the workers do at one instant.
pub(super) async fn tick(app: &TestApp) {
    let (runs, stop) = (app.state.runs(), CancellationToken::new());
    loop {
        let mut done = runs.enrol_all().await.unwrap().done;
        done += runs.begin_due().await.unwrap().done;
        done += runs.do_due(&stop).await.unwrap().done;
        if done == 0 {
            return;
        }
    }
}

/// The same, minute after minute.
pub(super) async fn minutes(app: &TestApp, count: u64) {
    for _ in 0..count {
        tick(app).await;
        app.clock.advance(std::time::Duration::from_mins(1));
    }
    tick(app).await;
}

pub(super) async fn states(app: &TestApp) -> Vec<(String, Option<String>)> {
    sqlx::query_as("select state, reason from execution_steps order by sending_at, id")
        .fetch_all(&app.pool)
        .await
        .unwrap()
}

pub(super) async fn account(app: &TestApp, mailbox: &TestMailbox, more: Value) -> String {
    let mut request = mailbox.request();
    request.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    made(&app.member(), PATH, request).await
}

#[tokio::test]
async fn mails_arrive_as_they_were_meant_and_thread() {
    let server = MailServer::start().await;
    let (anna, ben) = (server.mailbox("anna@sender.example"), server.mailbox("ben@lead.example"));
    let app = TestApp::start_with(|settings| {
        server.trust(&mut settings.mail);
        settings.mail.public_url = Some("https://api.sender.example/".parse().unwrap());
    })
    .await;
    let look =
        json!({"display_name": "Anna Müller", "signature": "Anna\nSender Ltd", "reply_to": "answers@sender.example"});
    let account = account(&app, &anna, look).await;
    let id = campaign(&app, &account, &[&ben], two_mails()).await;
    let lead = app.member().get("/api/v1/leads").await.expect(200)["data"][0]["id"].clone();
    let preview = app.member().post(&format!("/api/v1/campaigns/{id}/preview"), json!({"lead_ids": [lead]})).await;
    let preview = preview.expect(200)["leads"][0]["messages"][0].clone();
    minutes(&app, 70).await;
    let arrived = server.await_messages(&ben, "INBOX", 2).await;
    assert_eq!(arrived.len(), 2);
    let (first, second) = (arrived[0].read(), arrived[1].read());
    assert_eq!(first.subject(), Some("Grüße an ben"));
    let from = first.from().unwrap().first().unwrap();
    assert_eq!((from.name(), from.address()), (Some("Anna Müller"), Some("anna@sender.example")));
    assert_eq!(first.to().unwrap().first().unwrap().name(), Some("ben Żółć"));
    assert_eq!(first.reply_to().unwrap().first().unwrap().address(), Some("answers@sender.example"));
    assert_eq!(first.body_text(0).unwrap().replace("\r\n", "\n").trim_end(), "Hallo ben!\n\nAnna\nSender Ltd");
    let html = first.body_html(0).unwrap();
    let previewed = format!("{}<div>Anna<br>Sender Ltd</div>", preview["html"].as_str().unwrap());
    assert_eq!(html.trim_end(), previewed, "what was previewed, with the signature");
    let thread = "select content->>'html' from execution_steps where node_id = 'mail'";
    let kept: String = sqlx::query_scalar(thread).fetch_one(&app.pool).await.unwrap();
    assert_eq!(kept, preview["html"].as_str().unwrap(), "and what is shown afterwards");
    assert!(html.contains("<b>ben</b>") && !html.contains("script"), "{html}");
    let id = first.message_id().unwrap();
    assert!(id.ends_with("@sender.example"), "{id}");
    assert_eq!(second.subject(), Some("Re: Grüße an ben"));
    assert_eq!((second.in_reply_to().as_text(), second.references().as_text()), (Some(id), Some(id)));
    let text = arrived[0].text();
    assert!(text.contains("List-Unsubscribe: <https://api.sender.example/u/"), "{text}");
    assert!(text.contains("List-Unsubscribe-Post: List-Unsubscribe=One-Click"), "{text}");

    // Answers find their step by index; copies are in Sent, once, however often that is tried.
    let found: (String, String) = sqlx::query_as(
        "select m.node_id, l.email from sent_mails m join leads l on l.id = m.lead_id where m.message_id = $1",
    )
    .bind(id)
    .fetch_one(&app.pool)
    .await
    .unwrap();
    assert_eq!(found, ("mail".to_owned(), ben.email.clone()));
    server.deliver(&anna, "Sent", b"Message-ID: <other@sender.example>\r\nSubject: Sent by hand\r\n\r\nx\r\n").await;
    app.state.runs().copy_sent().await.unwrap();
    sqlx::query("update sent_mails set copied_at = null").execute(&app.pool).await.unwrap();
    app.state.runs().copy_sent().await.unwrap();
    let copies = server.messages(&anna, "Sent").await;
    assert_eq!(copies.len(), 3);
    assert_eq!(copies[1].read().message_id(), Some(id));
}

#[tokio::test]
async fn a_pause_keeps_back_what_was_claimed() {
    let server = MailServer::start().await;
    let (anna, ben) = (server.mailbox("anna@sender.example"), server.mailbox("ben@lead.example"));
    let app = app_with(&server).await;
    let account = account(&app, &anna, json!({})).await;
    let id = campaign(&app, &account, &[&ben], two_mails()).await;
    paused_before_the_wire(&app, &id, "sent_mails", Box::pin(minutes(&app, 10))).await;
    assert_eq!(states(&app).await, [("not_sent".to_owned(), Some("not_begun".to_owned()))]);
    app.member().post(&format!("/api/v1/campaigns/{id}/resume"), json!({})).await.expect(200);
    minutes(&app, 10).await;
    assert_eq!(server.await_messages(&ben, "INBOX", 1).await.len(), 1);
    assert_eq!(states(&app).await[1], ("sent".to_owned(), None));
}

#[tokio::test]
async fn a_mail_is_tried_out_on_oneself_marked_and_without_a_way_out() {
    let server = MailServer::start().await;
    let (anna, ben) = (server.mailbox("anna@sender.example"), server.mailbox("ben@lead.example"));
    let me = server.mailbox("user_member@clento.test");
    let app = TestApp::start_with(|settings| {
        server.trust(&mut settings.mail);
        settings.mail.public_url = Some("https://api.sender.example/".parse().unwrap());
    })
    .await;
    let account = account(&app, &anna, json!({"signature": "Anna"})).await;
    let id = campaign(&app, &account, &[&ben], two_mails()).await;
    let lead = app.member().get("/api/v1/leads").await.expect(200)["data"][0]["id"].clone();
    let told = app
        .member()
        .post(&format!("/api/v1/campaigns/{id}/test-send"), json!({"node_id": "mail", "lead_id": lead}))
        .await
        .expect(200);
    assert_eq!((&told["outcome"], &told["account_id"]), (&json!("sent"), &json!(account)));
    let arrived = server.await_messages(&me, "INBOX", 1).await;
    let mail = arrived[0].read();
    assert_eq!(mail.subject(), Some("[Test] Grüße an ben"));
    assert!(mail.body_text(0).unwrap().trim_end().ends_with("Anna"));
    assert!(!arrived[0].text().contains("List-Unsubscribe"), "nobody is unsubscribed by trying");
    assert!(server.messages(&ben, "INBOX").await.is_empty());
}

#[tokio::test]
async fn who_is_not_there_ends_and_who_is_busy_is_tried_again() {
    let server = MailServer::start().await;
    let (anna, ben) = (server.mailbox("anna@sender.example"), server.mailbox("ben@lead.example"));
    let nobody = TestMailbox::named("nobody@lead.example", server.address);
    let app = app_with(&server).await;
    let account = account(&app, &anna, json!({})).await;
    server.answer("ben@lead.example", "451 4.2.1 Busy");
    campaign(&app, &account, &[&ben, &nobody], two_mails()).await;
    minutes(&app, 3).await;
    let states = states(&app).await;
    assert!(states.contains(&("failed".into(), Some("no_such_recipient".into()))), "{states:?}");
    assert!(states.contains(&("not_sent".into(), Some("temporary".into()))), "{states:?}");
    assert_eq!(server.messages(&ben, "INBOX").await.len(), 0);
}

#[tokio::test]
async fn a_refused_password_holds_what_waits_until_the_account_is_mended() {
    let server = MailServer::start().await;
    let (anna, ben) = (server.mailbox("anna@sender.example"), server.mailbox("ben@lead.example"));
    let app = app_with(&server).await;
    let account = account(&app, &anna, json!({})).await;
    campaign(&app, &account, &[&ben], two_mails()).await;
    server.change_password(&anna, "another");
    minutes(&app, 2).await;
    let path = format!("{PATH}/{account}");
    assert_eq!(app.member().get(&path).await.expect(200)["status"], "needs_reconnect");
    assert_eq!(states(&app).await, [("not_sent".to_owned(), Some("account_needs_reconnect".to_owned()))]);
    app.member().patch(&path, json!({"password": "another"})).await.expect(200);
    minutes(&app, 2).await;
    assert_eq!(server.await_messages(&ben, "INBOX", 1).await.len(), 1);
}

#[tokio::test]
async fn an_access_token_that_was_taken_back_is_replaced() {
    let server = MailServer::start().await;
    let (anna, ben, carl) = (
        server.mailbox("anna@sender.example"),
        server.mailbox("ben@lead.example"),
        server.mailbox("carl@lead.example"),
    );
    let app = app_with(&server).await;
    let mut request = anna.request();
    request.as_object_mut().unwrap().remove("password");
    let refresh = server.tokens.refresh_token(&anna.email);
    request["oauth"] = json!({"token_url": server.tokens.url(), "client_id": "c", "refresh_token": refresh});
    let account = made(&app.member(), PATH, request).await;
    campaign(&app, &account, &[&ben, &carl], json!({"nodes": [two_mails()["nodes"][0]], "edges": []})).await;
    for _ in 0..60 {
        tick(&app).await;
        if !states(&app).await.is_empty() {
            break;
        }
        app.clock.advance(std::time::Duration::from_secs(1));
    }
    assert_eq!(states(&app).await, [("sent".to_owned(), None)], "the second waits for its slot");
    // It is remembered for an hour here, and good for nothing there.
    server.tokens.expire_access();
    minutes(&app, 3).await;
    assert_eq!(states(&app).await, vec![("sent".to_owned(), None); 2]);
    let status = app.member().get(&format!("{PATH}/{account}")).await.expect(200)["status"].clone();
    assert_eq!(status, "connected");
    for person in [&ben, &carl] {
        assert_eq!(server.await_messages(person, "INBOX", 1).await.len(), 1);
    }
}

/// Where the dialogue is cut, and what must be known of the mail then.
const CUTS: [(Cut, &str); 8] = [
    (Cut::Greeting, "not_sent"),
    (Cut::BeforeMail, "not_sent"),
    (Cut::AfterRecipient, "not_sent"),
    (Cut::AtData, "not_sent"),
    // A short mail is handed to the network whole, with its end, before anybody notices.
    (Cut::InData, "needs_review"),
    (Cut::AfterEnd, "needs_review"),
    (Cut::BeforeVerdict, "needs_review"),
    (Cut::AfterVerdict, "sent"),
];

#[tokio::test]
async fn a_dialogue_that_is_cut_anywhere_sends_nothing_twice_and_loses_nothing_silently() {
    let server = MailServer::start().await;
    for (n, (cut, expected)) in CUTS.into_iter().enumerate() {
        let (anna, ben) =
            (server.mailbox(&format!("anna{n}@sender.example")), server.mailbox(&format!("ben{n}@lead.example")));
        let line = CutSmtp::to(server.address).await;
        let app = app_with(&server).await;
        let account = account(
            &app,
            &anna,
            json!({"smtp": {"host": "127.0.0.1", "port": line.port(), "security": "none"}, "password": PASSWORD}),
        )
        .await;
        line.cut_next(cut);
        campaign(&app, &account, &[&ben], json!({"nodes": [two_mails()["nodes"][0]], "edges": []})).await;
        minutes(&app, 1).await;
        app.clock.advance(std::time::Duration::from_mins(5));
        app.state.runs().reconcile().await.unwrap();
        let first = states(&app).await.first().map(|(state, _)| state.clone()).unwrap();
        assert_eq!(first, expected, "{cut:?}: {:?}", states(&app).await);
        // The line is whole again. What was not sent goes out now; what nobody can tell waits for a person.
        minutes(&app, 12).await;
        let expects = expected != "needs_review" || cut == Cut::BeforeVerdict;
        let came = server.await_messages(&ben, "INBOX", usize::from(expects)).await.len();
        let known = states(&app).await.iter().filter(|(state, _)| state == "sent").count();
        match expected {
            "needs_review" => {
                assert_eq!((came, known), (usize::from(expects), 0), "{cut:?}");
                let held: String =
                    sqlx::query_scalar("select hold from campaign_executions").fetch_one(&app.pool).await.unwrap();
                assert_eq!(held, "needs_review");
            }
            _ => assert_eq!((came, known), (1, 1), "{cut:?}: {:?}", states(&app).await),
        }
        assert!(app.clock.now() > MONDAY.parse::<chrono::DateTime<chrono::Utc>>().unwrap());
    }
}

/// A mailbox whose mails go over a line that can break, with a second for each.
async fn on_a_line(server: &MailServer, app: &TestApp, anna: &TestMailbox) -> (CutSmtp, String) {
    let line = CutSmtp::to(server.address).await;
    let smtp = json!({"host": "127.0.0.1", "port": line.port(), "security": "none"});
    let account = account(app, anna, json!({"smtp": smtp, "password": PASSWORD, "spacing_seconds": 0})).await;
    (line, account)
}

async fn rests(app: &TestApp) -> bool {
    sqlx::query_scalar("select rests_until is not null from connected_accounts").fetch_one(&app.pool).await.unwrap()
}

#[tokio::test]
async fn a_line_that_its_server_has_closed_is_replaced_and_a_server_that_is_busy_is_left_alone() {
    for (cut, rested) in [(Cut::BusyAgain, false), (Cut::Busy, true)] {
        let server = MailServer::start().await;
        let anna = server.mailbox("anna@sender.example");
        let people = ["ben", "carl", "dora"].map(|name| server.mailbox(&format!("{name}@lead.example")));
        let app = app_with(&server).await;
        let (line, account) = on_a_line(&server, &app, &anna).await;
        line.cut_next(cut);
        let one = json!({"nodes": [two_mails()["nodes"][0]], "edges": []});
        campaign(&app, &account, &people.iter().collect::<Vec<_>>(), one).await;
        minutes(&app, 1).await;
        assert!(!line.is_to_break(), "{cut:?}");
        assert_eq!(rests(&app).await, rested, "{cut:?}: {:?}", states(&app).await);
        if !rested {
            assert_eq!(states(&app).await, vec![("sent".to_owned(), None); 3]);
            for person in &people {
                assert_eq!(server.await_messages(person, "INBOX", 1).await.len(), 1);
            }
        }
    }
}

#[tokio::test]
async fn who_is_refused_by_a_password_that_was_replaced_meanwhile_stays_connected() {
    let server = MailServer::start().await;
    let (anna, ben) = (server.mailbox("anna@sender.example"), server.mailbox("ben@lead.example"));
    let app = app_with(&server).await;
    let (line, account) = on_a_line(&server, &app, &anna).await;
    campaign(&app, &account, &[&ben], json!({"nodes": [two_mails()["nodes"][0]], "edges": []})).await;
    server.change_password(&anna, "another");
    line.hold_sign_in();
    let path = format!("{PATH}/{account}");
    let mends = async {
        line.signs_in().await;
        app.member().patch(&path, json!({"password": "another"})).await.expect(200);
        line.go_on();
    };
    tokio::join!(minutes(&app, 1), mends);
    assert_eq!(app.member().get(&path).await.expect(200)["status"], "connected");
    let refused = ("not_sent".to_owned(), Some("account_needs_reconnect".to_owned()));
    assert_eq!(states(&app).await[0], refused);
    read(&app).await;
    minutes(&app, 5).await;
    assert_eq!(states(&app).await[1..], [("sent".to_owned(), None)]);
    assert_eq!(server.await_messages(&ben, "INBOX", 1).await.len(), 1);
}
