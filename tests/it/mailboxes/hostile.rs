//! Whoever connects a mailbox names its server, which may say anything.

use clento::{
    models::{AccountId, OrganizationId},
    services::campaign_runs::MailFate,
    utils::{clock::Clock as _, mail},
};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

use super::{PATH, app_with, faults, reading::Story, sending::account};
use crate::support::{MailServer, app::MEMBER};

/// A server that greets with one thing, and answers each command with another.
async fn says(greeting: String, answer: String) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut said = greeting.clone();
            let mut heard = [0; 4096];
            while stream.write_all(said.as_bytes()).await.is_ok() && stream.read(&mut heard).await.is_ok_and(|n| n > 0)
            {
                said.clone_from(&answer);
            }
        }
    });
    port
}

#[tokio::test]
async fn what_an_imap_server_nests_without_end_ends_its_connection_and_nothing_else() {
    let server = MailServer::start().await;
    let app = app_with(&server).await;
    let anna = server.mailbox("anna@sender.example");
    let deep = format!("* 1 FETCH (BODYSTRUCTURE {}\r\n", "(".repeat(100_000));
    for (greeting, answer) in [
        (deep.clone(), String::new()),
        ("* OK hello\r\n".to_owned(), deep.clone()),
        // As if it were a literal, in which anything may stand.
        (format!("* OK hello {{200000}}\r\n{deep}"), deep.clone()),
        ("* OK hello\r\n".to_owned(), format!("* 1 FETCH (UID 1 BODY[]<0> {{2}}\r\nxx BODYSTRUCTURE {deep}")),
    ] {
        let mut request = anna.request();
        let imap = json!({"host": "127.0.0.1", "port": says(greeting, answer).await, "security": "none"});
        request["imap"].as_object_mut().unwrap().extend(imap.as_object().unwrap().clone());
        let problem = app.member().post(PATH, request).await.expect_problem(422, "validation_failed");
        assert!(faults(&problem).iter().all(|(pointer, _)| pointer.starts_with("/imap")), "{problem}");
    }
}

#[tokio::test]
async fn a_report_that_names_an_address_is_believed_in_the_mailbox_that_wrote_there_only() {
    let story = Story::begin().await;
    let zoe = account(&story.app, &story.server.mailbox("zoe@sender.example"), json!({})).await;
    let organization = OrganizationId(story.app.organization_id(MEMBER.clerk_organization).await);
    let comes = async |account: &str, id: &str| {
        let raw = format!(
            "Return-Path: <>\r\nFrom: MAILER-DAEMON@mx.example\r\nSubject: Undelivered\r\nMessage-ID: <{id}@mx.example>\r\n\
             Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n\
             --b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\n\
             Final-Recipient: rfc822; ben@lead.example\r\nAction: failed\r\nStatus: 5.1.1\r\n--b--\r\n"
        );
        let read = mail::read(raw.as_bytes(), story.app.clock.now());
        let account = AccountId(account.parse().unwrap());
        let fate = story.app.state.runs().take_in_mail(organization, account, &read).await.unwrap();
        assert_eq!(fate, MailFate::TakenIn);
    };
    comes(&zoe, "one").await;
    assert_eq!((story.count("suppressions").await, story.status().await.as_str()), (0, "waiting"));
    assert_eq!(story.count("activities where type = 'report_unproved'").await, 1);
    comes(&story.account, "two").await;
    assert_eq!((story.count("suppressions").await, story.status().await.as_str()), (1, "bounced"));
}
