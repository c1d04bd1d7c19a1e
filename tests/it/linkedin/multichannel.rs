//! One campaign over LinkedIn and mail, from the first visit to the last word: before Unipile's stand-in and a real mail server. What each lead
//! got is theirs to say, not our own tables'.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use clento::{models::WatchKind, utils::clock::Clock as _};
use serde_json::{Value, json};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::{
    ACCOUNTS, World,
    answers::{message, relation},
};
use crate::support::{
    MailServer,
    mail_server::TestMailbox,
    unipile::{Act, On, Trouble},
};

/// Monday, 2026-11-23, 10:00 in Berlin.
const MONDAY: &str = "2026-11-23T09:00:00Z";
/// Who is written to, and what becomes of them.
const PEOPLE: [&str; 8] = ["accepts", "answers", "silent", "postless", "connected", "writes-back", "late", "late-chat"];

/// An organization with a LinkedIn account and a mailbox, and a campaign over both.
struct Story {
    world: World,
    server: MailServer,
    anna: TestMailbox,
    people: BTreeMap<&'static str, TestMailbox>,
    campaign: String,
    _watch: DropGuard,
}

/// A visit, a like, an invitation; two messages on LinkedIn to who accepts within three days, two mails to who does not.
fn workflow() -> Value {
    let hours = |value: u32| json!({"value": value, "unit": "hours"});
    let mail = json!({"variants": [{"subject": "Hello {{ first_name }}", "text": "A mail for {{ first_name }}."}]});
    let again = json!({"thread": true, "variants": [{"text": "Another mail for {{ first_name }}."}]});
    json!({
        "nodes": [
            {"id": "visit", "type": "profile_visit"},
            {"id": "like", "type": "like_post"},
            {"id": "invite", "type": "send_connection_request", "config": {"message": "Hi {{ first_name }}"}},
            {"id": "chat", "type": "send_followup", "config": {"message": "Thank you, {{ first_name }}!"}},
            {"id": "bump", "type": "send_followup", "config": {"message": "Did you see this, {{ first_name }}?"}},
            {"id": "mail", "type": "send_email", "config": mail},
            {"id": "again", "type": "send_email", "config": again}
        ],
        "edges": [
            {"source": "visit", "target": "like", "delay": hours(1)},
            {"source": "like", "target": "invite", "delay": hours(1)},
            {"source": "invite", "target": "chat", "condition": "accepted", "delay": hours(2)},
            {"source": "invite", "target": "mail", "condition": "not_accepted", "delay": hours(72)},
            {"source": "chat", "target": "bump", "delay": hours(48)},
            {"source": "mail", "target": "again", "delay": hours(48)}
        ]
    })
}

impl Story {
    async fn begin() -> Self {
        let server = MailServer::start().await;
        let world = World::begin_with(|settings| server.trust(&mut settings.mail)).await;
        world.app.clock.set(MONDAY.parse().unwrap());
        let member = world.app.member();
        // Who pays for LinkedIn may send any number of notes.
        world.fake.world().account("acc").premium = true;
        let linkedin = world.connect(&member, "acc").await;
        let limits: serde_json::Map<_, _> = ["profile_visit", "like_post", "send_connection_request", "send_followup"]
            .map(|action| (action.to_owned(), json!({"per_day": 100, "per_week": 100})))
            .into_iter()
            .collect();
        let open = json!({"limits": limits, "spacing_seconds": 0});
        member.patch(&format!("{ACCOUNTS}/{linkedin}"), open).await.expect(200);
        let anna = server.mailbox("anna@sender.example");
        let mut request = anna.request();
        request["spacing_seconds"] = 0.into();
        let mailbox = member.post(ACCOUNTS, request).await.expect(201)["id"].clone();
        let people = PEOPLE.map(|name| (name, server.mailbox(&format!("{name}@lead.example")))).into();
        let list = member.post("/api/v1/lead-lists", json!({"name": "People"})).await.expect(201)["id"].clone();
        for name in PEOPLE {
            let url = format!("https://www.linkedin.com/in/{name}");
            let lead = json!({"first_name": name, "email": format!("{name}@lead.example"), "linkedin_url": url, "lead_list_id": list});
            member.post("/api/v1/leads", lead).await.expect(201);
            world.fake.world().person(name);
            if name != "postless" {
                world.fake.world().post(name, MONDAY.parse().unwrap());
            }
        }
        world.fake.world().accept("acc", "connected");
        let always = json!({"timezone": "UTC", "days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"], "start_time": "00:00", "end_time": "24:00"});
        let body = json!({
            "name": "Both", "lead_list_ids": [list], "account_ids": [linkedin, mailbox], "workflow": workflow(), "schedule": always,
            "stop_on": ["reply"]
        });
        let campaign = member.post("/api/v1/campaigns", body).await.expect(201)["id"].as_str().unwrap().to_owned();
        member.post(&format!("/api/v1/campaigns/{campaign}/start"), json!({})).await.expect(200);
        let (state, stop) = (world.app.state.clone(), world.app.stop.child_token());
        let stopping = stop.clone();
        tokio::spawn(async move { state.mailbox_watch().watch(stopping).await });
        let story = Self { world, server, anna, people, campaign, _watch: stop.drop_guard() };
        story.until("select bool_and(read_at is not null) from mailbox_watches").await;
        story
    }

    /// Waits until a query says true: nobody here is told when a mailbox has been read.
    async fn until(&self, what: &'static str) {
        let all = async {
            while sqlx::query_scalar::<_, Option<bool>>(what).fetch_one(&self.world.app.pool).await.unwrap()
                != Some(true)
            {
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(std::time::Duration::from_mins(1), all).await.unwrap_or_else(|_| panic!("not: {what}"));
    }

    /// Lets so many hours pass, as the workers see them.
    async fn pass(&self, hours: u64) {
        let (runs, unipile, stop) =
            (self.world.app.state.runs(), self.world.app.state.unipile(), CancellationToken::new());
        for _ in 0..hours * 2 {
            unipile.look_in_turn(WatchKind::Messages).await.unwrap();
            unipile.look_in_turn(WatchKind::Relations).await.unwrap();
            while unipile.follow_hints().await.unwrap().more {}
            loop {
                let mut done = runs.enrol_all().await.unwrap().done;
                done += runs.begin_due().await.unwrap().done;
                done += runs.do_due(&stop).await.unwrap().done;
                done += runs.reconcile().await.unwrap().done;
                if done == 0 {
                    break;
                }
            }
            self.world.app.clock.advance(std::time::Duration::from_mins(30));
        }
    }

    /// Somebody accepts, and Unipile tells of it five times.
    async fn accepts(&self, name: &str) {
        self.world.fake.world().accept("acc", name);
        for _ in 0..5 {
            self.world.webhook(&relation(name)).await;
        }
    }

    /// Somebody writes on LinkedIn, and Unipile tells of it twice.
    async fn chats(&self, name: &str, text: &str) {
        let id = self.world.fake.world().write("acc", name, text);
        let of = |chat: &&crate::support::unipile::world::Chat| chat.messages.iter().any(|it| it.id == id);
        let chat = self.world.fake.world().chats.iter().find(of).unwrap().id.clone();
        for _ in 0..2 {
            self.world.webhook(&message(&chat, &id, text)).await;
        }
    }

    /// What somebody got on LinkedIn, in order, by Unipile's own log.
    fn on_linkedin(&self, name: &str) -> Vec<String> {
        let world = self.world.fake.world();
        let person = world.people.iter().find(|person| person.public_identifier == name).unwrap();
        let posts: Vec<_> = person.posts.iter().map(|post| post.social_id.clone()).collect();
        let of = |target: &String| *target == person.provider_id || posts.contains(target);
        let told = world.deeds.iter().filter(|deed| of(&deed.target));
        let mut told: Vec<_> = told
            .map(|deed| match &deed.text {
                Some(text) => format!("{:?}: {text}", deed.act),
                None => format!("{:?}", deed.act),
            })
            .collect();
        // A like is a state: one whose answer was lost is set again, and is no other.
        told.dedup_by(|a, b| a == b && a == "Like");
        told
    }

    /// What lies in somebody's mailbox, in order, once there are so many mails.
    async fn by_mail(&self, name: &str, count: usize) -> Vec<String> {
        let stored = self.server.await_messages(&self.people[name], "INBOX", count).await;
        stored.iter().map(|it| it.read().body_text(0).unwrap().trim().to_owned()).collect()
    }
}

/// Where each lead stands in the end, and why, by its first name.
async fn standing(story: &Story) -> BTreeMap<String, String> {
    let query = "select l.first_name, concat_ws(' ', e.status, e.status_reason) from campaign_executions e
                 join leads l on l.organization_id = e.organization_id and l.id = e.lead_id";
    let rows: Vec<(String, String)> = sqlx::query_as(query).fetch_all(&story.world.app.pool).await.unwrap();
    rows.into_iter().collect()
}

#[tokio::test]
async fn a_campaign_over_both_channels_gives_each_lead_what_its_way_says_once_and_in_order() {
    let story = Story::begin().await;
    // Of an invitation, of a like and of a message the answer is lost; another invitation is not taken at first.
    story.world.fake.trouble(On::post("/users/invite"), Trouble::CutAfter);
    story.world.fake.trouble(On::post("/users/invite"), Trouble::Refuse(429, "too_many_requests"));
    story.world.fake.trouble(On::post("/posts/reaction"), Trouble::CutAfter);
    story.world.fake.trouble(On::post("/chats"), Trouble::CutAfter);
    story.pass(5).await;
    assert_eq!(story.world.fake.world().done(Act::Invite).len(), PEOPLE.len() - 1, "who is connected is not invited");
    for name in ["accepts", "answers", "postless"] {
        story.accepts(name).await;
    }
    story.pass(5).await;
    // One of them answers on LinkedIn before the second message is due.
    story.chats("answers", "Let us talk.").await;
    story.pass(75).await;
    // The others got a mail by now. One answers it, one accepts after all, one accepts and then writes on LinkedIn.
    let mail = &story.server.await_messages(&story.people["writes-back"], "INBOX", 1).await[0];
    let id = mail.read().message_id().unwrap().to_owned();
    let answer = format!(
        "From: writes-back@lead.example\r\nTo: anna@sender.example\r\nSubject: Re: Hello\r\nMessage-ID: <r@lead.example>\r\nIn-Reply-To: <{id}>\r\n\r\nYes.\r\n"
    );
    story.server.deliver(&story.anna, "INBOX", answer.as_bytes()).await;
    story.until("select count(*) = 1 from messages where channel = 'email'").await;
    for name in ["late", "late-chat"] {
        story.accepts(name).await;
    }
    story.pass(1).await;
    story.chats("late-chat", "Sorry, I was away. Tell me more.").await;
    story.pass(60).await;

    let begins = |name: &str| ["Visit".to_owned(), "Like".to_owned(), format!("Invite: Hi {name}")];
    let chats = |name: &str| [format!("Message: Thank you, {name}!"), format!("Message: Did you see this, {name}?")];
    let mails = |name: &str| [format!("A mail for {name}."), format!("Another mail for {name}.")];
    for (name, linkedin, by_mail) in [
        ("accepts", [begins("accepts").to_vec(), chats("accepts").to_vec()].concat(), vec![]),
        ("answers", [begins("answers").to_vec(), chats("answers")[..1].to_vec()].concat(), vec![]),
        ("silent", begins("silent").to_vec(), mails("silent").to_vec()),
        ("postless", [vec!["Visit".into(), "Invite: Hi postless".into()], chats("postless").to_vec()].concat(), vec![]),
        ("connected", [begins("connected")[..2].to_vec(), chats("connected").to_vec()].concat(), vec![]),
        ("writes-back", begins("writes-back").to_vec(), mails("writes-back")[..1].to_vec()),
        ("late", begins("late").to_vec(), mails("late").to_vec()),
        ("late-chat", begins("late-chat").to_vec(), mails("late-chat")[..1].to_vec()),
    ] {
        assert_eq!(story.on_linkedin(name), linkedin, "{name}");
        assert_eq!(story.by_mail(name, by_mail.len()).await, by_mail, "{name}");
    }
    assert_eq!(story.world.fake.world().doubled(), []);
    let ends = standing(&story).await;
    for name in PEOPLE {
        let answered = ["answers", "writes-back", "late-chat"].contains(&name);
        assert_eq!(ends[name], if answered { "replied replied" } else { "completed" }, "{name}");
    }
    let conversations = story.world.app.member().get("/api/v1/conversations?sort=created_at").await.expect(200);
    let told = |it: &Value| format!("{} {}", it["lead"]["name"].as_str().unwrap(), it["channel"].as_str().unwrap());
    let told: Vec<_> = conversations["data"].as_array().unwrap().iter().map(told).collect();
    assert_eq!(told, ["answers linkedin", "writes-back email", "late-chat linkedin"]);
    // The thread of who was mailed and answered on LinkedIn holds both channels.
    let path =
        format!("/api/v1/conversations/{}/messages?sort=created_at", conversations["data"][2]["id"].as_str().unwrap());
    let thread = story.world.app.member().get(&path).await.expect(200);
    let channels: Vec<_> = thread["data"].as_array().unwrap().iter().map(|it| it["channel"].clone()).collect();
    assert_eq!(channels, ["linkedin", "email", "linkedin"], "the invitation, the mail, the answer");
    let path = format!("/api/v1/campaigns/{}", story.campaign);
    assert_eq!(story.world.app.member().get(&path).await.expect(200)["status"], "completed");
    assert!(
        story.world.app.clock.now() > MONDAY.parse::<chrono::DateTime<chrono::Utc>>().unwrap() + TimeDelta::days(5)
    );
}
