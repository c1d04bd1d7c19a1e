//! What leads answer becomes conversations, and is answered from there.

use std::time::Duration;

use chrono::{DateTime, Utc};
use clento::{
    models::{AccountId, OrganizationId},
    services::campaign_runs::MailFate,
    utils::{clock::Clock as _, mail},
};
use serde_json::{Value, json};

use super::{MONDAY, account, act, at, campaign, count, list_of, nobody, run_until, schedule, two_mails};
use crate::support::{
    Caller, TestApp,
    app::{ADMIN, MEMBER},
};

const CONVERSATIONS: &str = "/api/v1/conversations";

/// A campaign of two mails to so many leads, the first of which has been sent to all, by nobody who answers by themselves.
pub(super) struct Sent {
    pub(super) app: TestApp,
    pub(super) member: Caller,
    pub(super) account: String,
    campaign: String,
}

impl Sent {
    pub(super) async fn to(leads: usize) -> Self {
        let app = TestApp::start().await;
        app.clock.set(at(MONDAY));
        let member = app.member();
        let list = list_of(&member, leads).await;
        let terms = json!({"spacing_seconds": 0, "email": "ada@clento.example"});
        let account = account(&member, "email", nobody(json!({})), terms).await;
        let campaign = campaign(&member, &[&list], &[&account], two_mails(), schedule()).await;
        act(&member, &campaign, "start").await;
        run_until(&app, at("2026-11-23T12:00:00Z")).await;
        Self { member: app.member(), app, account, campaign }
    }

    /// Something happens in the sandbox, now, to the person of that number.
    pub(super) async fn happens(&self, person: usize, kind: &str, text: Option<&str>) {
        sqlx::query(
            "insert into sandbox_happenings (id, organization_id, account_id, lead_id, kind, text, due_at)
             select gen_random_uuid(), organization_id, $1, id, $3, $4, $5 from leads where email = $2",
        )
        .bind(self.account.parse::<uuid::Uuid>().unwrap())
        .bind(format!("person{person}@company{person}.example"))
        .bind(kind)
        .bind(text)
        .bind(self.app.clock.now())
        .execute(&self.app.pool)
        .await
        .unwrap();
        self.app.state.runs().take_in().await.unwrap();
    }

    /// A mail comes into the mailbox.
    pub(super) async fn comes(&self, raw: &str) -> MailFate {
        let organization = OrganizationId(self.app.organization_id(MEMBER.clerk_organization).await);
        let read = mail::read(raw.as_bytes(), self.app.clock.now());
        let account = AccountId(self.account.parse().unwrap());
        self.app.state.runs().take_in_mail(organization, account, &read).await.unwrap()
    }

    pub(super) async fn conversations(&self, query: &str) -> Vec<Value> {
        let page = self.app.member().get(&format!("{CONVERSATIONS}{query}")).await.expect(200);
        page["data"].as_array().unwrap().clone()
    }

    async fn thread(&self, conversation: &Value) -> Vec<Value> {
        let path = format!("{CONVERSATIONS}/{}/messages?sort=created_at", conversation["id"].as_str().unwrap());
        self.app.member().get(&path).await.expect(200)["data"].as_array().unwrap().clone()
    }

    pub(super) fn path_of(conversation: &Value, rest: &str) -> String {
        format!("{CONVERSATIONS}/{}{rest}", conversation["id"].as_str().unwrap())
    }

    pub(super) async fn status(&self, person: usize) -> (String, String) {
        sqlx::query_as(
            "select l.status, e.status from leads l join campaign_executions e on e.lead_id = l.id where l.email = $1",
        )
        .bind(format!("person{person}@company{person}.example"))
        .fetch_one(&self.app.pool)
        .await
        .unwrap()
    }

    pub(super) async fn suppressed(&self) -> Vec<(String, String)> {
        sqlx::query_as("select value, source from suppressions order by value").fetch_all(&self.app.pool).await.unwrap()
    }
}

fn mail_from(person: usize, more: &str, text: &str) -> String {
    format!(
        "From: First{person} Last <Person{person}@Company{person}.example>\r\nTo: ada@clento.example\r\nSubject: Re: Hello\r\n\
         Date: Mon, 23 Nov 2026 11:00:00 +0000\r\n{more}\r\n\r\n{text}\r\n"
    )
}

pub(super) fn bounce_of(person: usize, id: &str, status: &str, action: &str) -> String {
    format!(
        "Return-Path: <>\r\nFrom: MAILER-DAEMON@mx.example\r\nSubject: Undelivered\r\nMessage-ID: <{id}@mx.example>\r\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nSorry.\r\n\
         --b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\n\
         Final-Recipient: rfc822; person{person}@company{person}.example\r\nAction: {action}\r\nStatus: {status}\r\n\r\n\
         Final-Recipient: rfc822; somebody@else.example\r\nAction: delivered\r\nStatus: 2.0.0\r\n--b--\r\n"
    )
}

#[tokio::test]
async fn an_answer_is_shown_below_what_it_answers_and_ends_the_way() {
    let sent = Sent::to(3).await;
    sent.happens(1, "replied", Some("Sounds good. Call me on Thursday?")).await;
    sent.happens(2, "auto_replied", Some("I am out of the office until 4 December 2026.")).await;
    let all = sent.conversations("").await;
    assert_eq!(all.len(), 2);
    let answer = all.iter().find(|it| it["unread_count"] == 1).unwrap();
    assert_eq!(answer["lead"]["name"], "First1 Last");
    assert_eq!(
        (&answer["channel"], &answer["state"], &answer["account"]["id"]),
        (&json!("email"), &json!("open"), &json!(sent.account))
    );
    assert_eq!(
        (&answer["preview"], &answer["subject"]),
        (&json!("Sounds good. Call me on Thursday?"), &json!("Re: Hello First1"))
    );
    let thread = sent.thread(answer).await;
    let told: Vec<_> = thread.iter().map(|it| (it["direction"].as_str().unwrap(), it["node_id"].as_str())).collect();
    assert_eq!(told, [("outbound", Some("mail")), ("inbound", None)]);
    assert!(thread[0]["text"].as_str().unwrap().contains("First1 of Company 1"), "{thread:?}");
    assert_eq!((&thread[1]["verdict"], &thread[1]["campaign_id"]), (&json!("reply"), &json!(sent.campaign)));
    // A machine's answer waits for nobody, and the way goes on.
    let machine = all.iter().find(|it| it["unread_count"] == 0).unwrap();
    let thread = sent.thread(machine).await;
    assert_eq!((&thread[1]["verdict"], &thread[1]["away_until"]), (&json!("auto_reply"), &json!("2026-12-04")));
    assert_eq!(sent.status(1).await, ("replied".into(), "replied".into()));
    assert_eq!(sent.status(2).await, ("contacted".into(), "waiting".into()));
    run_until(&sent.app, at("2026-12-01T00:00:00Z")).await;
    let thread = sent.thread(machine).await;
    assert_eq!(thread.last().unwrap()["node_id"], "bump", "what campaigns send later is shown too");
    assert_eq!(sent.conversations("").await.len(), 2, "who never wrote has no conversation");
}

#[tokio::test]
async fn conversations_are_found_by_whom_where_and_what() {
    let sent = Sent::to(6).await;
    for (person, text) in [(0, "The price is fine"), (1, "100% interested"), (2, "Not now"), (3, "Stop"), (4, "Later")]
    {
        sent.happens(person, "replied", Some(text)).await;
        sent.app.clock.advance(Duration::from_mins(1));
    }
    let names = |found: Vec<Value>| -> Vec<String> {
        found.iter().map(|it| it["lead"]["name"].as_str().unwrap().split(' ').next().unwrap().to_owned()).collect()
    };
    assert_eq!(
        names(sent.conversations("").await),
        ["First4", "First3", "First2", "First1", "First0"],
        "the latest first"
    );
    let ours = sent.app.organization_id(ADMIN.clerk_organization).await;
    let members = sent.member.get(&format!("/api/v1/organizations/{ours}/members")).await.expect(200);
    let member = members["data"][0]["id"].as_str().unwrap().to_owned();
    let first = sent.conversations("").await.remove(4);
    let path = Sent::path_of(&first, "");
    let changes = json!({"label": " interested ", "assignee_id": member, "state": "closed"});
    let changed = sent.member.patch(&path, changes).await.expect(200);
    assert_eq!(
        (&changed["label"], &changed["assignee"]["id"], &changed["state"]),
        (&json!("interested"), &json!(member), &json!("closed"))
    );
    let read = sent.member.post(&Sent::path_of(&first, "/read"), json!({})).await.expect(200);
    assert_eq!(read["unread_count"], 0);
    let lead = first["lead"]["id"].as_str().unwrap();
    let other = uuid::Uuid::new_v4();
    for (query, expected) in [
        ("label=interested".to_owned(), vec!["First0"]),
        (format!("assignee_id={member}"), vec!["First0"]),
        ("assigned=false".to_owned(), vec!["First4", "First3", "First2", "First1"]),
        ("state=closed".to_owned(), vec!["First0"]),
        ("unread=false".to_owned(), vec!["First0"]),
        (format!("lead_id={lead}"), vec!["First0"]),
        (
            format!("account_id={}&campaign_id={}&unread=true", sent.account, sent.campaign),
            vec!["First4", "First3", "First2", "First1"],
        ),
        (format!("account_id={other}"), vec![]),
        (format!("campaign_id={other}"), vec![]),
        ("channel=linkedin".to_owned(), vec![]),
        ("search=PRICE".to_owned(), vec!["First0"]),
        ("search=100%25".to_owned(), vec!["First1"]),
        ("search=company+2".to_owned(), vec!["First2"]),
    ] {
        assert_eq!(names(sent.conversations(&format!("?{query}")).await), expected, "{query}");
    }
    let page = sent.member.get(&format!("{CONVERSATIONS}?limit=2&include_total=true")).await.expect(200);
    assert_eq!(page["total"], 5);
    let next = format!("{CONVERSATIONS}?limit=2&cursor={}", page["next_cursor"].as_str().unwrap());
    let next = sent.member.get(&next).await.expect(200);
    assert_eq!(names(next["data"].as_array().unwrap().clone()), ["First2", "First1"]);
    // An answer opens a conversation again; a version that is stale changes nothing.
    sent.happens(0, "replied", Some("One more thing")).await;
    let again = sent.member.get(&path).await.expect(200);
    assert_eq!(
        (&again["state"], &again["unread_count"], &again["label"]),
        (&json!("open"), &json!(1), &json!("interested"))
    );
    let stale = sent.member.request(reqwest::Method::PATCH, &path).header("if-match", "\"1\"");
    stale.json(json!({"label": null})).send().await.expect_problem(412, "version_mismatch");
    let nobody = sent.member.patch(&path, json!({"assignee_id": other})).await;
    assert_eq!(nobody.expect_problem(422, "validation_failed")["errors"][0]["pointer"], "/assignee_id");
}

#[tokio::test]
async fn an_answer_by_hand_is_sent_once_and_shown_in_the_thread() {
    let sent = Sent::to(2).await;
    sent.happens(1, "replied", Some("Who are you?")).await;
    let conversation = sent.conversations("").await.remove(0);
    let path = Sent::path_of(&conversation, "/messages");
    let body = json!({"text": "Ada, from Clento.\r\nHello!"});
    let write =
        || sent.member.request(reqwest::Method::POST, &path).header("idempotency-key", "one").json(body.clone()).send();
    let (first, second) = (write().await.expect(201), write().await);
    assert_eq!(second.header("idempotent-replayed"), "true");
    assert_eq!(first, second.expect(201));
    assert_eq!(
        (&first["state"], &first["text"], &first["subject"]),
        (&json!("sent"), &json!("Ada, from Clento.\nHello!"), &json!("Re: Hello First1"))
    );
    assert!(first["user_id"].is_string() && first["direction"] == "outbound");
    let written = "select count(*) from sandbox_acts where content->>'text' like 'Ada, from%'";
    assert_eq!(count(&sent.app, written).await, 1);
    let thread = sent.thread(&conversation).await;
    assert_eq!(thread.len(), 3);
    assert_eq!(thread[2]["id"], first["id"]);
    let shown = sent.member.get(&Sent::path_of(&conversation, "")).await.expect(200);
    assert_eq!((&shown["preview"], &shown["last_direction"]), (&json!("Ada, from Clento. Hello!"), &json!("outbound")));
    assert_eq!(
        count(
            &sent.app,
            "select count(*) from activities where type = 'message_written' and data::text not like '%Ada%'"
        )
        .await,
        1
    );
    // Not from an account that the lead never wrote to, not from one that is paused, and not to whom nobody may write.
    let stranger = account(&sent.member, "linkedin", nobody(json!({})), json!({})).await;
    let from = json!({"text": "Hi", "account_id": stranger});
    assert_eq!(
        sent.member.post(&path, from).await.expect_problem(422, "validation_failed")["errors"][0]["pointer"],
        "/account_id"
    );
    let paused = format!("{}/{}", super::ACCOUNTS, sent.account);
    sent.member.patch(&paused, json!({"status": "paused"})).await.expect(200);
    sent.member.post(&path, json!({"text": "Hi"})).await.expect_problem(409, "account_not_connected");
    sent.member.patch(&paused, json!({"status": "connected"})).await.expect(200);
    sent.member.post("/api/v1/suppressions", json!({"value": "company1.example"})).await.expect(201);
    sent.member.post(&path, json!({"text": "Hi"})).await.expect_problem(409, "lead_suppressed");
    assert_eq!(count(&sent.app, "select count(*) from messages where direction = 'outbound'").await, 1);
}

#[tokio::test]
async fn a_message_of_which_nobody_told_how_it_ended_is_looked_up_and_not_sent_again() {
    let sent = Sent::to(1).await;
    sent.happens(0, "replied", Some("Who are you?")).await;
    let conversation = sent.conversations("").await.remove(0);
    for text in ["took", "did not take"] {
        sent.member.post(&Sent::path_of(&conversation, "/messages"), json!({"text": text})).await.expect(201);
    }
    // Two workers died over them: the provider has one, and not the other.
    sqlx::raw_sql(
        "update messages set state = 'sending', deadline = created_at + interval '60 s' where direction = 'outbound';
         delete from sandbox_acts where content->>'text' = 'did not take'",
    )
    .execute(&sent.app.pool)
    .await
    .unwrap();
    let acts = count(&sent.app, "select count(*) from sandbox_acts").await;
    let used = "select sum(used)::int8 from account_usage";
    assert_eq!(count(&sent.app, used).await, 3, "the campaign's mail, and both");
    assert_eq!(sent.app.state.runs().reconcile_letters().await.unwrap().done, 0, "their leases are not over");
    sent.app.clock.advance(Duration::from_secs(130));
    for _ in 0..2 {
        sent.app.state.runs().reconcile_letters().await.unwrap();
    }
    let thread = sent.thread(&conversation).await;
    let states: Vec<_> =
        thread[2..].iter().map(|it| (it["text"].as_str().unwrap(), it["state"].as_str().unwrap())).collect();
    assert_eq!(states, [("took", "sent"), ("did not take", "failed")]);
    assert_eq!(thread[3]["reason"], "not_found_at_provider");
    assert_eq!(count(&sent.app, used).await, 2, "what was not sent is given back");
    assert_eq!(count(&sent.app, "select count(*) from sandbox_acts").await, acts, "nothing is sent again by itself");
}

#[tokio::test]
async fn mail_that_comes_back_for_good_bars_that_address_and_nobody_elses() {
    let sent = Sent::to(3).await;
    sent.happens(0, "bounced", None).await;
    assert_eq!(sent.suppressed().await, [("person0@company0.example".to_owned(), "bounce".to_owned())]);
    assert_eq!(sent.status(0).await, ("bounced".into(), "bounced".into()));
    assert_eq!(sent.comes(&bounce_of(1, "b1", "5.1.1", "failed")).await, MailFate::TakenIn);
    assert_eq!(sent.comes(&bounce_of(1, "b1", "5.1.1", "failed")).await, MailFate::Known);
    assert_eq!(sent.suppressed().await.len(), 2);
    assert_eq!(sent.status(1).await, ("bounced".into(), "bounced".into()));
    assert_eq!(sent.status(2).await, ("contacted".into(), "waiting".into()));
    assert_eq!(count(&sent.app, "select count(*) from activities where type = 'email_bounced'").await, 2);
    assert!(sent.conversations("").await.is_empty(), "a report is nobody's answer");
}

#[tokio::test]
async fn mail_that_comes_back_for_now_again_and_again_counts_as_for_good() {
    let sent = Sent::to(2).await;
    for (id, action) in
        [("w1", "delayed"), ("w2", "delayed"), ("w3", "delayed"), ("s1", "failed"), ("s1", "failed"), ("s2", "failed")]
    {
        sent.comes(&bounce_of(0, id, "4.4.1", action)).await;
    }
    assert_eq!(
        sent.status(0).await,
        ("contacted".into(), "waiting".into()),
        "delays do not count, and no report twice"
    );
    assert!(sent.suppressed().await.is_empty());
    // An answer shows that the address is right, so it counts anew.
    sent.comes(&mail_from(0, "Message-ID: <r1@c0.example>\r\nX-Autoreply: yes", "Away")).await;
    for id in ["s3", "s4"] {
        sent.comes(&bounce_of(0, id, "4.4.1", "failed")).await;
    }
    assert!(sent.suppressed().await.is_empty());
    sent.comes(&bounce_of(0, "s5", "4.4.1", "failed")).await;
    assert_eq!(sent.suppressed().await, [("person0@company0.example".to_owned(), "bounce".to_owned())]);
    assert_eq!(sent.status(0).await, ("bounced".into(), "bounced".into()));
}

#[tokio::test]
async fn a_wish_is_flagged_and_granted_if_the_organization_wants_that() {
    let sent = Sent::to(2).await;
    sent.comes(&mail_from(0, "Message-ID: <a@c.example>", "Please take me off your list.")).await;
    let flagged = sent.conversations("").await.remove(0);
    assert_eq!((&flagged["asks_to_stop"], &flagged["unread_count"]), (&json!(true), &json!(1)));
    assert!(sent.suppressed().await.is_empty());
    assert_eq!(sent.status(0).await, ("replied".into(), "replied".into()));
    let organization = format!("/api/v1/organizations/{}", sent.app.organization_id(ADMIN.clerk_organization).await);
    sent.app.admin().patch(&organization, json!({"settings": {"suppress_on_request": true}})).await.expect(200);
    sent.comes(&mail_from(1, "Message-ID: <b@c.example>", "Unsubscribe")).await;
    assert_eq!(sent.suppressed().await, [("person1@company1.example".to_owned(), "unsubscribe".to_owned())]);
    assert_eq!(sent.status(1).await, ("unsubscribed".into(), "unsubscribed".into()));
    assert_eq!(
        count(&sent.app, "select count(*) from activities where type = 'lead_replied'").await,
        2,
        "both have answered"
    );
    assert_eq!(sent.conversations("").await.len(), 2);
}

#[tokio::test]
async fn a_complaint_ends_everything() {
    let sent = Sent::to(2).await;
    let complaint = bounce_of(0, "c1", "", "")
        .replace("report-type=delivery-status", "report-type=feedback-report")
        .replace("message/delivery-status", "message/feedback-report")
        .replace(
            "Reporting-MTA: dns; mx.example\r\n\r\n",
            "Feedback-Type: abuse\r\nOriginal-Rcpt-To: person0@company0.example\r\n\r\n",
        );
    assert_eq!(sent.comes(&complaint).await, MailFate::TakenIn);
    assert_eq!(sent.suppressed().await, [("person0@company0.example".to_owned(), "complaint".to_owned())]);
    assert_eq!(sent.status(0).await, ("do_not_contact".into(), "stopped".into()));
    let why = "select count(*) from campaign_executions where status_reason = 'complaint'";
    assert_eq!(count(&sent.app, why).await, 1);
}

#[tokio::test]
async fn mail_that_is_none_of_ours_leaves_no_trace() {
    let sent = Sent::to(1).await;
    for raw in [
        mail_from(7, "Message-ID: <x1@c.example>", "I am nobody's lead"),
        mail_from(0, "Message-ID: <x2@c.example>\r\nList-Id: <club.example>", "Minutes"),
        "From: ada@clento.example\r\nTo: person0@company0.example\r\nMessage-ID: <own@c.example>\r\n\r\nMy own\r\n"
            .to_owned(),
        bounce_of(9, "x3", "5.1.1", "failed"),
        String::new(),
    ] {
        assert_eq!(sent.comes(&raw).await, MailFate::NotOurs, "{raw}");
    }
    for table in ["conversations", "messages", "taken_in", "suppressions", "soft_bounces"] {
        assert_eq!(count(&sent.app, &format!("select count(*) from {table}")).await, 0, "{table}");
    }
}

/// What of a run is to be the same in whatever order mail comes, and however often.
async fn outcome(sent: &Sent) -> Vec<String> {
    let rows: Vec<(String,)> = sqlx::query_as(
        "select concat_ws(' ', l.email, l.status, e.status, c.unread_count, c.preview, c.last_message_at,
                (select count(*) from messages m where m.lead_id = l.id), (select count(*) from activities a where a.lead_id = l.id
                  and a.type in ('lead_replied', 'lead_auto_replied', 'email_bounced')),
                (select count(*) from suppressions s where s.value = l.email))
         from leads l join campaign_executions e on e.lead_id = l.id left join conversations c on c.lead_id = l.id order by l.email",
    )
    .fetch_all(&sent.app.pool)
    .await
    .unwrap();
    rows.into_iter().map(|(row,)| row).collect()
}

#[tokio::test]
async fn the_order_and_repetition_of_mail_make_no_difference() {
    let mails: Vec<String> = (0..4)
        .flat_map(|person| {
            let dated = |id: &str, minute: u32, text: &str| {
                let id = format!("Message-ID: <{id}{person}@c.example>");
                mail_from(person, &id, text).replace("11:00:00", &format!("11:{minute:02}:00"))
            };
            [
                dated("auto", 1, "Away").replace("Subject: Re", "Auto-Submitted: auto-replied\r\nSubject: Re"),
                dated("first", 2, "First answer"),
                dated("second", 3, "Second answer"),
                bounce_of(person, &format!("late{person}"), "4.4.1", "delayed"),
            ]
        })
        .collect();
    let mut outcomes = Vec::new();
    for seed in [1_u64, 2, 3] {
        let sent = Sent::to(4).await;
        let mut order: Vec<&String> = mails.iter().chain(&mails).chain(mails.iter().step_by(3)).collect();
        let mut dice = 0x0139_408d_cbbf_7a44_u64 ^ seed;
        for last in (1..order.len()).rev() {
            dice ^= dice << 13;
            dice ^= dice >> 7;
            dice ^= dice << 17;
            order.swap(last, usize::try_from(dice % (last as u64 + 1)).unwrap());
        }
        for raw in order {
            assert_ne!(sent.comes(raw).await, MailFate::NotOurs);
        }
        outcomes.push(outcome(&sent).await);
    }
    assert!(outcomes[0][0].contains("replied replied 2 Second answer"), "{:?}", outcomes[0]);
    assert_eq!(outcomes[0], outcomes[1]);
    assert_eq!(outcomes[0], outcomes[2]);
}

#[tokio::test]
async fn two_workers_that_bring_the_same_mail_take_it_in_once() {
    let sent = Sent::to(8).await;
    let replica = sent.app.replica().await;
    let organization = OrganizationId(sent.app.organization_id(MEMBER.clerk_organization).await);
    let account = AccountId(sent.account.parse().unwrap());
    let received: DateTime<Utc> = sent.app.clock.now();
    let bring = async |state: &clento::state::AppState| {
        let mut taken = 0;
        for person in 0..8 {
            let raw = mail_from(person, &format!("Message-ID: <m{person}@c.example>"), "Yes");
            let read = mail::read(raw.as_bytes(), received);
            let fate = state.runs().take_in_mail(organization, account, &read).await.unwrap();
            taken += u32::from(fate == MailFate::TakenIn);
        }
        taken
    };
    let (one, other) = tokio::join!(bring(&sent.app.state), bring(&replica.state));
    assert_eq!(one + other, 8);
    assert_eq!(count(&sent.app, "select count(*) from messages").await, 8);
    assert_eq!(count(&sent.app, "select sum(unread_count)::int8 from conversations").await, 8);
}

#[tokio::test]
async fn erasing_a_person_erases_what_was_written() {
    let sent = Sent::to(1).await;
    sent.happens(0, "replied", Some("Secret words")).await;
    let conversation = sent.conversations("").await.remove(0);
    let lead = conversation["lead"]["id"].as_str().unwrap();
    let path = Sent::path_of(&conversation, "/messages");
    sent.member
        .request(reqwest::Method::POST, &path)
        .header("idempotency-key", "k")
        .json(json!({"text": "More secrets"}))
        .send()
        .await
        .expect(201);
    sent.member.delete(&format!("/api/v1/leads/{lead}?erase=true")).await.expect(204);
    assert_eq!(count(&sent.app, "select count(*) from messages").await, 0);
    assert_eq!(count(&sent.app, "select count(*) from conversations").await, 0);
    assert_eq!(
        count(&sent.app, "select count(*) from idempotency_keys where position('secrets'::bytea in body) > 0").await,
        0
    );
}
