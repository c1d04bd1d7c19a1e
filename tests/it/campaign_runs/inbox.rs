//! The inbox's filters: what each of them shows, and what it must not, of two channels, two campaigns and two organizations.

use std::{collections::BTreeSet, time::Duration};

use clento::utils::clock::Clock as _;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{CAMPAIGNS, MONDAY, account, act, at, made, nobody, run_until, schedule};
use crate::support::{
    Caller, TestApp,
    app::{MEMBER, OUTSIDER, Person},
};

const CONVERSATIONS: &str = "/api/v1/conversations";

/// What one organization has: a mailbox and a LinkedIn account, and a campaign on each.
struct Side {
    mailbox: String,
    linkedin: String,
    mails: String,
    invites: String,
}

/// The same people on both sides: three who get mails, three who are invited, and one of them, the third, in both campaigns.
async fn side(app: &TestApp, person: Person) -> Side {
    let member = &app.caller(person);
    let terms = json!({"spacing_seconds": 0, "email": "ada@clento.example"});
    let mailbox = account(member, "email", nobody(json!({})), terms).await;
    let linkedin = account(member, "linkedin", nobody(json!({})), json!({"spacing_seconds": 0})).await;
    let node =
        |kind: &str, config: Value| json!({"nodes": [{"id": "it", "type": kind, "config": config}], "edges": []});
    let mail = node("send_email", json!({"variants": [{"subject": "Hello {{ first_name }}", "text": "Our offer."}]}));
    let invite = node("send_connection_request", json!({"message": "Hello"}));
    let mut campaigns = Vec::new();
    for (name, from, channel, workflow) in [("Mails", 0, &mailbox, mail), ("Invitations", 2, &linkedin, invite)] {
        let member = &app.caller(person);
        let list = made(member, "/api/v1/lead-lists", json!({"name": name})).await;
        let people: Vec<_> = (from..from + 3)
            .map(|i| {
                json!({
                    "first_name": format!("First{i}"), "email": format!("person{i}@company{i}.example"), "title": format!("Head of {i}"),
                    "linkedin_url": format!("https://www.linkedin.com/in/person-{i}"), "company": format!("Com_any {i}")
                })
            })
            .collect();
        member.post("/api/v1/leads/batch", json!({"lead_list_id": list, "leads": people})).await.expect(200);
        let body = json!({
            "name": name, "lead_list_ids": [list], "account_ids": [channel], "workflow": workflow, "schedule": schedule(),
            "settings": {"skip_in_another_campaign": false}
        });
        let id = made(member, CAMPAIGNS, body).await;
        act(member, &id, "start").await;
        campaigns.push(id);
        run_until(app, app.clock.now() + chrono::TimeDelta::hours(3)).await;
    }
    let invites = campaigns.pop().unwrap();
    Side { mailbox, linkedin, mails: campaigns.pop().unwrap(), invites }
}

/// Somebody answers at an account.
async fn answers(app: &TestApp, account: &str, person: usize, text: &str) {
    let done = sqlx::query(
        "insert into sandbox_happenings (id, organization_id, account_id, lead_id, kind, text, due_at)
         select gen_random_uuid(), l.organization_id, a.id, l.id, 'replied', $3, $4
         from connected_accounts a join leads l on l.organization_id = a.organization_id where a.id = $1 and l.email = $2",
    )
    .bind(account.parse::<Uuid>().unwrap())
    .bind(format!("person{person}@company{person}.example"))
    .bind(text)
    .bind(app.clock.now())
    .execute(&app.pool)
    .await
    .unwrap();
    assert_eq!(done.rows_affected(), 1);
    app.state.runs().take_in().await.unwrap();
    app.clock.advance(Duration::from_mins(1));
}

/// Both organizations' inboxes. Of the answers, in this order: First0 and First1 by mail, First2 by mail and then on LinkedIn, First3 and First4
/// on LinkedIn. In ours First0's is read, labelled and closed, and First3's is labelled.
struct Inboxes {
    app: TestApp,
    ours: Side,
    theirs: Side,
}

impl Inboxes {
    async fn fill() -> Self {
        let app = TestApp::start().await;
        app.clock.set(at(MONDAY));
        let ours = side(&app, MEMBER).await;
        let theirs = side(&app, OUTSIDER).await;
        for it in [&ours, &theirs] {
            answers(&app, &it.mailbox, 0, "The price is 100% fine").await;
            answers(&app, &it.mailbox, 1, "Not now, 100 other things").await;
            answers(&app, &it.mailbox, 2, "First by mail").await;
            answers(&app, &it.linkedin, 2, "Then on LinkedIn").await;
            answers(&app, &it.linkedin, 3, "Tell me the PRICE").await;
            answers(&app, &it.linkedin, 4, "Grüße aus Köln").await;
        }
        let inboxes = Self { app, ours, theirs };
        let member = inboxes.app.member();
        let all = inboxes.all(&member, "").await;
        let path = |first: &str| {
            let it = all.iter().find(|it| name(it) == first).unwrap();
            format!("{CONVERSATIONS}/{}", it["id"].as_str().unwrap())
        };
        member.patch(&path("First0"), json!({"label": "interested", "state": "closed"})).await.expect(200);
        member.post(&format!("{}/read", path("First0")), json!({})).await.expect(200);
        member.patch(&path("First3"), json!({"label": "Interested later"})).await.expect(200);
        inboxes
    }

    async fn all(&self, caller: &Caller, query: &str) -> Vec<Value> {
        let page = caller.get(&format!("{CONVERSATIONS}?limit=100&include_total=true{query}")).await.expect(200);
        let data = page["data"].as_array().unwrap().clone();
        assert_eq!(page["total"], json!(data.len()), "{query}: the total is of the same filter");
        data
    }

    /// The first names of those whom a filter shows, page by page, the latest first.
    async fn shown(&self, caller: &Caller, query: &str) -> Vec<String> {
        let whole: Vec<_> = self.all(caller, query).await.iter().map(name).collect();
        let (mut paged, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = caller.get(&format!("{CONVERSATIONS}?limit=2{query}{cursor}")).await.expect(200);
            paged.extend(page["data"].as_array().unwrap().iter().map(name));
            let Some(next) = page["next_cursor"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        assert_eq!(paged, whole, "{query}: pages show what one list shows");
        whole
    }
}

fn name(conversation: &Value) -> String {
    conversation["lead"]["name"].as_str().unwrap().split(' ').next().unwrap().to_owned()
}

#[tokio::test]
async fn each_filter_shows_all_that_it_means_and_nothing_else_nor_of_anybody_else() {
    let inboxes = Inboxes::fill().await;
    let (member, outsider) = (inboxes.app.member(), inboxes.app.outsider());
    let Side { mailbox, linkedin, mails, invites } = &inboxes.ours;
    let all = ["First4", "First3", "First2", "First1", "First0"];
    for (query, expected) in [
        (String::new(), &all[..]),
        (format!("&account_id={mailbox}"), &["First2", "First1", "First0"]),
        (format!("&account_id={linkedin}"), &["First4", "First3", "First2"]),
        (format!("&campaign_id={mails}"), &["First2", "First1", "First0"]),
        (format!("&campaign_id={invites}"), &["First4", "First3", "First2"]),
        (format!("&campaign_id={mails}&account_id={linkedin}"), &["First2"]),
        ("&channel=linkedin".into(), &["First4", "First3", "First2"]),
        ("&channel=email".into(), &["First2", "First1", "First0"]),
        ("&state=open".into(), &all[..4]),
        ("&state=closed".into(), &all[4..]),
        ("&unread=true".into(), &all[..4]),
        ("&unread=false".into(), &all[4..]),
        ("&label=interested".into(), &["First0"]),
        ("&label=Interested%20later".into(), &["First3"]),
        ("&label=nobody".into(), &[]),
        ("&assigned=false".into(), &all[..]),
        ("&assigned=true".into(), &[]),
        ("&search=price".into(), &["First3", "First0"]),
        ("&search=PRICE&state=open".into(), &["First3"]),
        ("&search=100%25".into(), &["First0"]),
        ("&search=com_any%203".into(), &["First3"]),
        ("&search=com%25any".into(), &[]),
        ("&search=person1%40company1".into(), &["First1"]),
        ("&search=head%20of%204".into(), &["First4"]),
        ("&search=GR%C3%9CSSE".into(), &[]),
        ("&search=gr%C3%BC%C3%9Fe".into(), &["First4"]),
        ("&search=by%20mail".into(), &["First2"]),
        ("&search=our%20offer".into(), &[]),
        (
            format!("&account_id={linkedin}&unread=true&search=price&channel=linkedin&label=Interested%20later"),
            &["First3"],
        ),
        (format!("&account_id={mailbox}&state=closed&unread=true"), &[]),
    ] {
        assert_eq!(inboxes.shown(&member, &query).await, expected, "{query}");
    }
    // Theirs are as they came: nothing of what was done to ours is seen there, and by none of our ids anything is found.
    for (query, expected) in [
        (String::new(), &all[..]),
        (format!("&account_id={}", inboxes.theirs.linkedin), &["First4", "First3", "First2"]),
        (format!("&campaign_id={}", inboxes.theirs.mails), &["First2", "First1", "First0"]),
        ("&unread=true".into(), &all[..]),
        ("&state=closed".into(), &[]),
        ("&label=interested".into(), &[]),
        ("&search=price".into(), &["First3", "First0"]),
        (format!("&account_id={mailbox}"), &[]),
        (format!("&account_id={linkedin}"), &[]),
        (format!("&campaign_id={mails}"), &[]),
        (format!("&campaign_id={invites}"), &[]),
    ] {
        assert_eq!(inboxes.shown(&outsider, &query).await, expected, "theirs {query}");
    }
    let ids = async |caller: &Caller| -> BTreeSet<String> {
        let all = inboxes.all(caller, "").await;
        all.iter().map(|it| it["id"].as_str().unwrap().to_owned()).collect()
    };
    let (ours, others) = (ids(&member).await, ids(&outsider).await);
    assert!(ours.len() == 5 && others.len() == 5 && ours.is_disjoint(&others));
    let lead = inboxes.all(&member, "&search=first2").await[0]["lead"]["id"].as_str().unwrap().to_owned();
    assert_eq!(inboxes.shown(&member, &format!("&lead_id={lead}")).await, ["First2"]);
    assert_eq!(inboxes.shown(&outsider, &format!("&lead_id={lead}")).await, [""; 0]);
}

#[tokio::test]
async fn a_filter_that_cannot_be_read_is_refused_and_not_left_out() {
    let app = TestApp::start().await;
    for query in
        ["unread=maybe", "account_id=1", "campaign_id=x", "state=gone", "channel=fax", "label=", "search=", "labels=a"]
    {
        let answer = app.member().get(&format!("{CONVERSATIONS}?{query}")).await;
        assert!((400..500).contains(&answer.status.as_u16()), "{query}: {}", answer.status);
        let field = query.split('=').next().unwrap();
        assert!(answer.text.contains(field), "{query}: {}", answer.text);
    }
}
