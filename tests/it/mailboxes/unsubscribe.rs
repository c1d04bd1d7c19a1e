//! The way out of a mail: asked by GET, taken by POST, and at once for the whole organization.

use std::time::Duration;

use clento::{
    config::{Config, Vars},
    models::{ExecutionId, LeadId, OrganizationId},
    services::UnsubscribeLinks,
};
use reqwest::Method;
use serde_json::json;
use uuid::Uuid;

use super::{
    app_with,
    sending::{account, campaign, minutes, two_mails},
    until,
};
use crate::support::{Browser, MailServer, TestApp, mail_server::TestMailbox};

/// The path that leads a lead of ours out.
async fn way_out(app: &TestApp, lead: &str) -> String {
    let keys = Config::from_vars(Vars::given([])).unwrap().encryption;
    let links = UnsubscribeLinks::new(&keys.0).unwrap();
    let base = "https://api.example/".parse().unwrap();
    let organization = OrganizationId(app.organization_id("org_ours").await);
    let ids = (organization, LeadId(lead.parse().unwrap()), ExecutionId(Uuid::new_v4()));
    let link = links.link(&base, &links.leaver(ids, "Ben@lead.example"));
    link.unwrap().path().to_owned()
}

async fn lead(app: &TestApp) -> String {
    let lead = json!({"first_name": "Ben", "email": "Ben@lead.example"});
    app.member().post("/api/v1/leads", lead).await.expect(201)["id"].as_str().unwrap().to_owned()
}

async fn suppressed(app: &TestApp) -> i64 {
    sqlx::query_scalar("select count(*) from suppressions where source = 'unsubscribe'")
        .fetch_one(&app.pool)
        .await
        .unwrap()
}

#[tokio::test]
async fn looking_does_nothing_and_one_click_does_it_for_good() {
    let app = TestApp::start().await;
    let lead = lead(&app).await;
    let path = way_out(&app, &lead).await;
    for _ in 0..2 {
        let page = app.anonymous().get(&path).await;
        assert_eq!(page.status, 200);
        assert!(page.text.contains("<form method=\"post\">") && !page.text.contains("lead.example"), "{}", page.text);
    }
    assert_eq!(suppressed(&app).await, 0);
    let click = || {
        let call = app.anonymous().request(Method::POST, &path);
        call.header("content-type", "application/x-www-form-urlencoded").body("List-Unsubscribe=One-Click").send()
    };
    for _ in 0..2 {
        assert_eq!(click().await.status, 200);
        assert_eq!(suppressed(&app).await, 1);
    }
    let lead = app.member().get(&format!("/api/v1/leads/{lead}")).await.expect(200);
    assert_eq!(lead["status"], "unsubscribed");
    let list = app.member().get("/api/v1/suppressions").await.expect(200);
    assert_eq!((&list["data"][0]["source"], &list["data"][0]["kind"]), (&json!("unsubscribe"), &json!("email")));
    assert_eq!(app.outsider().get("/api/v1/suppressions").await.expect(200)["data"], json!([]));

    for wrong in ["/u/x", "/u/AAAA", &format!("{path}A"), &path.replace("/u/", "/u/A")] {
        for method in [Method::GET, Method::POST] {
            let answer = app.anonymous().request(method, wrong).send().await;
            assert_eq!(answer.status, 404, "{wrong}: {}", answer.text);
        }
    }
}

#[tokio::test]
async fn who_takes_the_way_out_a_thousand_times_at_once_keeps_nobody_else_waiting() {
    let app = TestApp::start().await;
    let lead = lead(&app).await;
    let path = way_out(&app, &lead).await;
    let mut held = app.pool.begin().await.unwrap();
    let lock = "select pg_advisory_xact_lock(hashtextextended('suppressions.' || organization_id, 0)) from leads";
    sqlx::query(lock).execute(&mut *held).await.unwrap();
    let leave = |path: String| app.anonymous().request(Method::POST, &path).send();
    let clicks: Vec<_> = (0..100).map(|_| tokio::spawn(leave(path.clone()))).collect();
    let (one, waiting) =
        ("select count(*) = 1 from pg_stat_activity where ", "select count(*) from pg_stat_activity where ");
    let waits = "datname = current_database() and wait_event_type = 'Lock'";
    until(&app, &format!("{one}{waits}")).await;
    for _ in 0..20 {
        app.member().get("/api/v1/leads").await.expect(200);
    }
    let waiting: i64 =
        sqlx::query_scalar(sqlx::AssertSqlSafe(format!("{waiting}{waits}"))).fetch_one(&app.pool).await.unwrap();
    assert_eq!(waiting, 1, "of all the clicks");
    held.commit().await.unwrap();
    for click in clicks {
        assert_eq!(click.await.unwrap().status, 200);
    }
    assert_eq!(suppressed(&app).await, 1);
    // What was done a moment ago is not asked of the database again; later it is.
    sqlx::query("delete from suppressions").execute(&app.pool).await.unwrap();
    assert_eq!((leave(path.clone()).await.status.as_u16(), suppressed(&app).await), (200, 0));
    app.clock.advance(Duration::from_millis(1_500));
    assert_eq!((leave(path).await.status.as_u16(), suppressed(&app).await), (200, 1));
}

#[tokio::test]
async fn a_reader_unsubscribes_in_a_browser() {
    let app = TestApp::start().await;
    let lead = lead(&app).await;
    let browser = Browser::start().await;
    browser.open(&format!("{}{}", app.base, way_out(&app, &lead).await)).await;
    assert_eq!(browser.text("h1").await, "Unsubscribe");
    browser.click("button").await;
    browser.says("main", "no more mail").await;
    assert_eq!(browser.complaints().await, Vec::<String>::new());
    assert_eq!(suppressed(&app).await, 1);
}

#[tokio::test]
async fn where_no_address_of_the_web_can_be_named_a_mail_is_the_way_out() {
    let server = MailServer::start().await;
    let app = app_with(&server).await;
    let (anna, ben, text) = first_mail(&app, &server).await;
    let (url, _) = text.split("List-Unsubscribe: <").nth(1).unwrap().split_once('>').unwrap();
    let token = url.strip_prefix("mailto:anna@sender.example?subject=unsubscribe%20").unwrap();
    assert!(!text.contains("List-Unsubscribe-Post"), "nothing can be posted: {text}");
    // What merely begins so is nobody's wish; and a person may write from another address than the mail went to.
    for (id, token) in [("made-up", &token.replace('A', "B")[..]), ("theirs", token)] {
        let mail = format!(
            "From: Ben <ben.private@else.example>\r\nTo: anna@sender.example\r\nSubject: Unsubscribe {token}\r\nMessage-ID: <{id}@else.example>\r\n\r\n"
        );
        server.deliver(&anna, "INBOX", mail.as_bytes()).await;
    }
    until(&app, "select status = 'unsubscribed' from campaign_executions").await;
    assert_eq!(suppressed(&app).await, 1);
    let list = app.member().get("/api/v1/suppressions").await.expect(200);
    assert_eq!(list["data"][0]["value"], "ben@lead.example");
    minutes(&app, 90).await;
    assert_eq!(server.await_messages(&ben, "INBOX", 1).await.len(), 1);
}

/// The mailboxes of Anna and of Ben, and the first of two mails that a campaign sends from one to the other.
async fn first_mail(app: &TestApp, server: &MailServer) -> (TestMailbox, TestMailbox, String) {
    let (anna, ben) = (server.mailbox("anna@sender.example"), server.mailbox("ben@lead.example"));
    let account = account(app, &anna, json!({})).await;
    campaign(app, &account, &[&ben], two_mails()).await;
    minutes(app, 5).await;
    let text = server.await_messages(&ben, "INBOX", 1).await.remove(0).text();
    (anna, ben, text)
}

async fn only_lead(app: &TestApp) -> String {
    app.member().get("/api/v1/leads").await.expect(200)["data"][0]["id"].as_str().unwrap().to_owned()
}

/// The path that the header of a mail leads out by.
fn way_out_of(text: &str) -> String {
    let (url, _) = text.split("List-Unsubscribe: <https://api.sender.example").nth(1).unwrap().split_once('>').unwrap();
    url.to_owned()
}

/// The addresses that are barred because somebody left.
async fn barred(app: &TestApp) -> Vec<Option<String>> {
    let barred = "select value from suppressions where kind = 'email' and source = 'unsubscribe' order by value";
    sqlx::query_scalar(barred).fetch_all(&app.pool).await.unwrap()
}

async fn app_in_the_web(server: &MailServer) -> TestApp {
    TestApp::start_with(|settings| {
        server.trust(&mut settings.mail);
        settings.mail.public_url = Some("https://api.sender.example/".parse().unwrap());
    })
    .await
}

#[tokio::test]
async fn the_way_out_bars_the_address_of_a_lead_that_is_gone() {
    let server = MailServer::start().await;
    let app = app_in_the_web(&server).await;
    let path = way_out_of(&first_mail(&app, &server).await.2);
    let lead = only_lead(&app).await;
    app.member().delete(&format!("/api/v1/leads/{lead}")).await.expect(204);
    for _ in 0..2 {
        assert_eq!(app.anonymous().request(Method::POST, &path).send().await.status, 200);
        assert_eq!(barred(&app).await, [None], "once, by the hash alone: the person was deleted");
    }
    // By that hash everything that may be sent is asked for.
    let again = json!({"kind": "email", "value": "BEN@lead.example"});
    assert_eq!(app.member().post("/api/v1/suppressions", again).await.expect(409)["code"], "suppression_exists");
}

#[tokio::test]
async fn a_mail_is_the_way_out_for_a_lead_that_is_gone_too() {
    let server = MailServer::start().await;
    let app = app_with(&server).await;
    let (anna, _, text) = first_mail(&app, &server).await;
    let (token, _) = text.split("subject=unsubscribe%20").nth(1).unwrap().split_once('>').unwrap();
    let lead = only_lead(&app).await;
    app.member().delete(&format!("/api/v1/leads/{lead}")).await.expect(204);
    let mail =
        format!("From: ben@lead.example\r\nSubject: unsubscribe {token}\r\nMessage-ID: <out@lead.example>\r\n\r\n");
    server.deliver(&anna, "INBOX", mail.as_bytes()).await;
    until(&app, "select count(*) = 1 from suppressions where source = 'unsubscribe'").await;
    let again = json!({"kind": "email", "value": "ben@lead.example"});
    assert_eq!(app.member().post("/api/v1/suppressions", again).await.expect(409)["code"], "suppression_exists");
}

#[tokio::test]
async fn the_way_out_bars_the_address_that_the_mail_went_to_and_the_present_one() {
    let server = MailServer::start().await;
    let app = app_in_the_web(&server).await;
    let path = way_out_of(&first_mail(&app, &server).await.2);
    let lead = only_lead(&app).await;
    app.member().patch(&format!("/api/v1/leads/{lead}"), json!({"email": "ben@new.example"})).await.expect(200);
    assert_eq!(app.anonymous().request(Method::POST, &path).send().await.status, 200);
    let both = ["ben@lead.example", "ben@new.example"].map(|address| Some(address.to_owned()));
    assert_eq!(barred(&app).await, both);
    let ended: String =
        sqlx::query_scalar("select status from campaign_executions").fetch_one(&app.pool).await.unwrap();
    assert_eq!(ended, "unsubscribed");
}
