//! Reports that name an address and no mail of ours: anybody can write one.

use std::time::Duration;

use clento::services::campaign_runs::MailFate;

use super::{
    conversations::{Sent, bounce_of},
    count,
};

const NOTED: &str = "select count(*) from activities where type = 'report_unproved'";
const DAY: Duration = Duration::from_hours(24);

fn complaint_of(person: usize, id: &str) -> String {
    let named = format!("Feedback-Type: abuse\r\nOriginal-Rcpt-To: person{person}@company{person}.example\r\n\r\n");
    bounce_of(person, id, "", "")
        .replace("report-type=delivery-status", "report-type=feedback-report")
        .replace("message/delivery-status", "message/feedback-report")
        .replace("Reporting-MTA: dns; mx.example\r\n\r\n", &named)
}

#[tokio::test]
async fn a_report_that_nothing_ties_to_a_mail_of_ours_is_noted_and_bars_nobody() {
    let sent = Sent::to(1).await;
    let report = |id: &str| bounce_of(0, id, "5.1.1", "failed");
    let forged = [
        // A server's report is returned to nobody.
        report("f1").replace("Return-Path: <>", "Return-Path: <mallory@evil.example>"),
        // Where nothing tells that, it is by whom it is written.
        report("f2").replace("Return-Path: <>\r\n", "").replace("MAILER-DAEMON@mx.example", "mallory@evil.example"),
        // Given up for the time being, again and again.
        report("f3").replace("Return-Path: <>", "Return-Path: <mallory@evil.example>").replace("5.1.1", "4.4.1"),
        report("f4").replace("Return-Path: <>", "Return-Path: <mallory@evil.example>").replace("5.1.1", "4.4.1"),
        report("f5").replace("Return-Path: <>", "Return-Path: <mallory@evil.example>").replace("5.1.1", "4.4.1"),
    ];
    for raw in &forged {
        assert_eq!(sent.comes(raw).await, MailFate::TakenIn, "{raw}");
        assert_eq!(sent.comes(raw).await, MailFate::Known);
    }
    // It comes within days of the mail.
    sent.app.clock.advance(8 * DAY);
    assert_eq!(sent.comes(&report("f8")).await, MailFate::TakenIn);
    sent.app.clock.advance(30 * DAY);
    assert_eq!(sent.comes(&complaint_of(0, "f9")).await, MailFate::TakenIn);
    assert!(sent.suppressed().await.is_empty());
    assert_eq!(sent.status(0).await, ("contacted".into(), "waiting".into()));
    assert_eq!(count(&sent.app, NOTED).await, 7);
    let counted = "select count(*) from activities where type in ('email_bounced', 'email_delayed', 'lead_complained')";
    assert_eq!(count(&sent.app, counted).await, 0, "no guardrail counts them");
}

#[tokio::test]
async fn a_report_that_comes_in_time_to_whoever_has_written_is_believed() {
    let sent = Sent::to(3).await;
    // Its mail server does not note where it would be returned.
    let bare = bounce_of(0, "g1", "5.1.1", "failed").replace("Return-Path: <>\r\n", "");
    assert_eq!(sent.comes(&bare).await, MailFate::TakenIn);
    sent.app.clock.advance(6 * DAY);
    assert_eq!(sent.comes(&bounce_of(1, "g2", "5.1.1", "failed")).await, MailFate::TakenIn);
    sent.app.clock.advance(20 * DAY);
    assert_eq!(sent.comes(&complaint_of(2, "g3")).await, MailFate::TakenIn);
    let sources: Vec<_> = sent.suppressed().await.into_iter().map(|(_, source)| source).collect();
    assert_eq!(sources, ["bounce", "bounce", "complaint"]);
    assert_eq!(count(&sent.app, NOTED).await, 0);
}
