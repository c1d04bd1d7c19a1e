//! Mailboxes through Unipile: connected by a link, sent from, and read. What Unipile's stand-in says it sent is the truth.

use std::time::Duration;

use clento::models::WatchKind;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::{ACCOUNTS, LINK, World};
use crate::support::{
    Caller,
    unipile::{Act, On, Trouble},
};

/// Whatever word Unipile has for such accounts: it is not documented.
const KIND: &str = "SOME_MAIL";

impl World {
    /// Somebody signs in to a mailbox by a link.
    async fn connect_mailbox(&self, caller: &Caller, account: &str) -> Option<String> {
        self.fake.world().upkeep.kinds.insert(account.to_owned(), KIND);
        caller.post(LINK, json!({"provider": "gmail"})).await.expect(201);
        let report = self.fake.world().sign_in(account);
        self.report(&report).await.expect(204);
        self.work().await;
        let query = "select id::text from connected_accounts where unipile->>'account_id' = $1";
        sqlx::query_scalar(query).bind(account).fetch_optional(&self.app.pool).await.unwrap()
    }
}

/// A mailbox, and a campaign of two mails from it, the second a day later in the thread of the first, to so many leads.
pub(super) struct Story {
    pub(super) world: World,
    pub(super) account: String,
}

impl Story {
    pub(super) async fn begin(leads: usize) -> Self {
        let world = World::begin().await;
        let member = world.app.member();
        let account = world.connect_mailbox(&member, "box").await.unwrap();
        member.patch(&format!("{ACCOUNTS}/{account}"), json!({"spacing_seconds": 0})).await.expect(200);
        let list = member.post("/api/v1/lead-lists", json!({"name": "People"})).await.expect(201)["id"].clone();
        for i in 0..leads {
            let lead = json!({"first_name": format!("First{i}"), "email": format!("person{i}@lead.example"), "lead_list_id": list});
            member.post("/api/v1/leads", lead).await.expect(201);
        }
        let body = json!({
            "name": "Campaign", "lead_list_ids": [list], "account_ids": [account], "stop_on": ["reply", "bounce"],
            "schedule": {"timezone": "UTC", "days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"], "start_time": "00:00", "end_time": "24:00"},
            "workflow": {
                "nodes": [
                    {"id": "mail", "type": "send_email", "config": {"variants": [{"subject": "Hello {{ first_name }}", "text": "A <word>,\n\n{{ first_name }}?"}]}},
                    {"id": "bump", "type": "send_email", "config": {"thread": true, "variants": [{"html": "<p>And <b>this</b>?</p>"}]}}
                ],
                "edges": [{"source": "mail", "target": "bump", "delay": {"value": 24, "unit": "hours"}}]
            }
        });
        let campaign = member.post("/api/v1/campaigns", body).await.expect(201)["id"].as_str().unwrap().to_owned();
        member.post(&format!("/api/v1/campaigns/{campaign}/start"), json!({})).await.expect(200);
        Self { world, account }
    }

    pub(super) async fn look(&self) {
        self.world.app.state.unipile().look_in_turn(WatchKind::Messages).await.unwrap();
    }

    async fn work(&self) {
        let (runs, stop) = (self.world.app.state.runs(), CancellationToken::new());
        for _ in 0..3 {
            runs.enrol_all().await.unwrap();
            runs.begin_due().await.unwrap();
            runs.do_due(&stop).await.unwrap();
            runs.reconcile().await.unwrap();
        }
    }

    /// Lets so many minutes pass, as the workers see them.
    pub(super) async fn pass(&self, minutes: u64) {
        for _ in 0..minutes.div_ceil(15) {
            self.world.app.clock.advance(Duration::from_mins(minutes.min(15)));
            self.look().await;
            self.work().await;
        }
    }

    fn sent(&self) -> usize {
        self.world.fake.world().done(Act::Mail).len()
    }

    async fn one(&self, query: &str) -> String {
        sqlx::query_scalar(sqlx::AssertSqlSafe(query.to_owned())).fetch_one(&self.world.app.pool).await.unwrap()
    }
}

#[tokio::test]
async fn a_thread_that_unipile_never_shows_is_one_leads_and_its_mailbox_goes_on() {
    let story = Story::begin(2).await;
    story.pass(30).await;
    assert_eq!(story.sent(), 2);
    story.world.fake.world().refuse_query = Some("to=person0%40lead.example");
    for _ in 0..14 {
        story.world.app.clock.advance(Duration::from_hours(12));
        story.look().await;
        story.work().await;
    }
    assert_eq!(story.sent(), 3, "the other is written to again");
    let rests = "select count(*)::text from connected_accounts where rests_until is not null";
    assert_eq!(story.one(rests).await, "0");
    assert_eq!(story.one("select count(*)::text from campaign_executions where hold = 'needs_review'").await, "1");
}

#[tokio::test]
async fn a_mailbox_is_connected_by_a_link_and_nothing_else_by_one_for_mailboxes() {
    let world = World::begin().await;
    let member = world.app.member();
    let id = world.connect_mailbox(&member, "box").await.unwrap();
    assert_eq!(world.fake.world().upkeep.links[0]["providers"], "*:MAILING");
    let account = world.account(&id).await;
    let shown = ["provider", "channel", "email", "status"].map(|name| account[name].as_str().unwrap());
    assert_eq!(shown, ["mailbox", "email", "box@sender.example", "connected"]);
    assert_eq!((&account["linkedin"], &account["mailbox"]), (&json!(null), &json!(null)));
    assert_eq!(account["capabilities"], json!(["send_email"]));
    let again = member.post(&format!("{ACCOUNTS}/{id}/reconnect-link"), json!({})).await;
    assert!(again.expect(200)["url"].is_string());
    let signature = member.patch(&format!("{ACCOUNTS}/{id}"), json!({"signature": "Ada"})).await;
    signature.expect_problem(409, "account_not_a_mailbox");
    // Signed out: the account is held, and its provider is named as what it is.
    let told = world.fake.world().set_source("box", "CREDENTIALS");
    world.webhook(&told).await;
    world.work().await;
    let account = world.account(&id).await;
    assert_eq!(account["status"], "needs_reconnect");
    assert!(account["status_reason"].as_str().unwrap().starts_with("The mailbox's provider"), "{account}");

    // The same mailbox, signed in to anew: it goes on, and the old sign-in is deleted.
    world.fake.world().upkeep.names.insert("box2".into(), "BOX@sender.example".into());
    assert_eq!(world.connect_mailbox(&member, "box2").await, Some(id.clone()));
    assert_eq!(world.fake.world().upkeep.deleted, ["box"]);
    // One that is connected directly is not connected again, and one whose address nobody tells not at all.
    let direct = "update connected_accounts set unipile = null, mailbox = '{}', email = 'own@sender.example' where id = $1::uuid";
    sqlx::query(direct).bind(&id).execute(&world.app.pool).await.unwrap();
    world.fake.world().upkeep.names.insert("own".into(), "own@sender.example".into());
    world.fake.world().upkeep.names.insert("nameless".into(), "Somebody's mailbox".into());
    assert_eq!(world.connect_mailbox(&member, "own").await, None);
    assert_eq!(world.connect_mailbox(&member, "nameless").await, None);

    member.post(LINK, json!({"provider": "mailbox"})).await.expect(201);
    let report = world.fake.world().sign_in("acc");
    world.report(&report).await.expect(204);
    world.work().await;
    let mut refused = world.links().await.into_iter().filter_map(|(_, reason)| reason).collect::<Vec<_>>();
    refused.sort_unstable();
    assert_eq!(refused, ["mail_address_unknown", "mailbox_exists", "not_a_mailbox"]);
}

#[tokio::test]
async fn campaigns_send_from_it_in_the_thread_with_a_way_out_and_who_answers_gets_nothing_more() {
    let story = Story::begin(2).await;
    story.work().await;
    assert_eq!(story.sent(), 0, "nothing is sent from a mailbox that nobody has read");
    let why = "select moves->0->>'rule' from campaign_executions limit 1";
    assert_eq!(story.one(why).await, "mailbox_unread");
    story.pass(15).await;
    assert_eq!(story.sent(), 2);
    let mails = story.world.fake.world().mails.clone();
    let first = mails.iter().find(|mail| mail.to == "person0@lead.example").unwrap();
    assert_eq!(first.subject, "Hello First0");
    assert!(
        first.body.starts_with("<p>A &lt;word&gt;,</p><p>First0?</p><p><a href=\"https://api.clento.test/u/"),
        "{}",
        first.body
    );
    assert_eq!((first.headers.len(), first.headers[0].0.as_str(), &first.reply_to), (1, "X-Clento-Send-Id", &None));
    // Somebody sends a mail back with its header: that makes it none of ours, and changes nothing of what ours is called.
    let header = [("X-Clento-Send-Id", first.headers[0].1.as_str())];
    story.world.fake.world().mail_in("box", "shop@news.example", ("Fwd: Hello", "<p>See below</p>"), &header);
    // The mailbox is read: what was sent is known by what it is called.
    story.pass(15).await;
    let ids = "select string_agg(message_id, ' ' order by message_id) from sent_mails";
    let names = story.one(ids).await;
    assert!(!names.contains("invalid") && !names.contains("in-"), "{names}");
    // One answers, from another address: a webhook tells, twice, and it is read again in turn.
    let id = first.message_id.clone();
    let answer = ("Re: Hello First0", "<p>Yes, gladly.</p>");
    let told = story.world.fake.world().mail_in("box", "other@lead.example", answer, &[("In-Reply-To", id.as_str())]);
    let stranger = story.world.fake.world().mail_in("box", "shop@news.example", ("Sale", "<p>Buy</p>"), &[]);
    for body in [&told, &stranger, &told] {
        story.world.webhook(body).await;
    }
    story.look().await;
    assert_eq!(story.world.count("select count(*) from campaign_executions where status = 'replied'").await, 1);
    assert_eq!(story.world.count("select count(*) from messages").await, 1, "of strangers nothing is kept");
    story.pass(60 * 25).await;
    assert_eq!(story.sent(), 3, "only the other one gets the second mail");
    let second = story.world.fake.world().mails.iter().rfind(|mail| mail.sent).unwrap().clone();
    let parent = mails.iter().find(|mail| mail.to == "person1@lead.example").unwrap();
    assert_eq!((second.to.as_str(), second.subject.as_str()), ("person1@lead.example", "Re: Hello First1"));
    assert_eq!(second.reply_to.as_ref(), Some(&parent.id));
    assert!(second.body.starts_with("<p>And <b>this</b>?</p>"));
    // From the inbox, to whoever wrote, as an answer to that.
    let member = story.world.app.member();
    let list = member.get("/api/v1/conversations").await.expect(200);
    let path = format!("/api/v1/conversations/{}/messages", list["data"][0]["id"].as_str().unwrap());
    assert_eq!(list["data"][0]["preview"], "Yes, gladly.");
    let written = member.post(&path, json!({"text": "Tuesday?"})).await.expect(201);
    assert_eq!(written["state"], "sent");
    let by_hand = story.world.fake.world().mails.last().unwrap().clone();
    assert_eq!((by_hand.to.as_str(), by_hand.body.as_str()), ("other@lead.example", "<p>Tuesday?</p>"));
    let answered =
        story.world.fake.world().mails.iter().find(|mail| mail.from == "other@lead.example").unwrap().id.clone();
    assert_eq!(by_hand.reply_to, Some(answered));
    assert_eq!(story.world.fake.world().doubled(), []);
    let thread = member.get(&format!("{path}?sort=created_at")).await.expect(200);
    let texts: Vec<_> = thread["data"].as_array().unwrap().iter().map(|it: &Value| it["direction"].clone()).collect();
    assert_eq!(texts, ["outbound", "inbound", "outbound"]);
}

#[tokio::test]
async fn a_mail_whose_outcome_was_lost_is_looked_up_and_never_sent_twice() {
    for (trouble, hidden, mails, state) in [
        (Trouble::CutAfter, false, 1, "sent"),
        (Trouble::CutBefore, false, 0, "needs_review"),
        (Trouble::RefuseAfter(500, "provider_error"), false, 1, "sent"),
        (Trouble::Refuse(504, "request_timeout"), false, 0, "needs_review"),
        (Trouble::CutAfter, true, 1, "needs_review"),
        (Trouble::Refuse(418, "brand_new"), false, 0, "needs_review"),
        (Trouble::Busy(Some(120)), false, 1, "sent"),
    ] {
        let story = Story::begin(1).await;
        story.world.fake.trouble(On::post("/emails"), trouble.clone());
        story.world.fake.world().hides_headers = hidden;
        story.look().await;
        for _ in 0..8 {
            story.pass(5).await;
        }
        assert_eq!(story.sent(), mails, "{trouble:?}");
        let last = "select state from execution_steps order by sending_at desc, id desc limit 1";
        assert_eq!(story.one(last).await, state, "{trouble:?} {hidden}");
        assert_eq!(story.world.fake.world().doubled(), [], "{trouble:?}");
    }
}

#[tokio::test]
async fn what_was_seen_in_the_mailbox_before_its_outcome_was_looked_up_is_not_sent_again() {
    let story = Story::begin(1).await;
    story.world.fake.trouble(On::post("/emails"), Trouble::CutAfter);
    story.look().await;
    story.world.app.clock.advance(Duration::from_secs(1));
    let runs = story.world.app.state.runs();
    runs.enrol_all().await.unwrap();
    runs.begin_due().await.unwrap();
    runs.do_due(&CancellationToken::new()).await.unwrap();
    assert_eq!(story.one("select state from execution_steps").await, "sending");
    // Another worker reads the mailbox meanwhile, and from then on Unipile tells of no headers.
    story.world.fake.world().upkeep.sources.clear();
    sqlx::query("update account_watches set due_at = '-infinity'").execute(&story.world.app.pool).await.unwrap();
    story.look().await;
    story.world.fake.world().hides_headers = true;
    for _ in 0..6 {
        story.pass(5).await;
    }
    assert_eq!((story.sent(), story.one("select state from execution_steps").await.as_str()), (1, "sent"));
}

#[tokio::test]
async fn refusals_and_mails_that_come_back_mean_what_they_say() {
    let story = Story::begin(3).await;
    story.world.fake.world().refused_recipients.insert("person0@lead.example".into(), (422, "invalid_recipient"));
    story.world.fake.world().refused_recipients.insert("person1@lead.example".into(), (400, "content_too_large"));
    story.pass(30).await;
    assert_eq!(story.sent(), 1);
    let ends = "select string_agg(l.first_name || ' ' || e.status || ' ' || coalesce(e.status_reason, ''), ', ' order by l.first_name)
                from campaign_executions e join leads l on l.id = e.lead_id";
    let ends = story.one(ends).await;
    assert!(ends.starts_with("First0 bounced") && ends.contains("First2 waiting"), "{ends}");
    assert_eq!(
        story
            .world
            .count("select count(*) from execution_steps where state = 'failed' and reason = 'content_too_large'")
            .await,
        1
    );
    // It comes back: Unipile gives the report's words, and not its parts.
    let first = story.world.fake.world().mails.iter().find(|mail| mail.sent).unwrap().message_id.clone();
    let words = "<pre>This message was created automatically by mail delivery software.\n\nA message that you sent could not be delivered to one or more \
                 of its recipients. This is a permanent error. The following address(es) failed:\n\n  person2@lead.example\n    \
                 550 5.1.1 No such user here\n</pre>";
    let headers = [("Auto-Submitted", "auto-replied"), ("Return-Path", "<>"), ("References", first.as_str())];
    let told = story.world.fake.world().mail_in(
        "box",
        "mailer-daemon@provider.example",
        ("Mail delivery failed: returning message to sender", words),
        &headers,
    );
    story.world.webhook(&told).await;
    story.look().await;
    assert_eq!(story.world.count("select count(*) from campaign_executions where status = 'bounced'").await, 2);
    assert!(!story.account.is_empty());
}

#[tokio::test]
async fn a_mailbox_with_much_in_it_is_read_page_by_page_over_several_looks() {
    let story = Story::begin(1).await;
    story.pass(15).await;
    assert_eq!(story.sent(), 1);
    // The answer is on the last page: Unipile shows the newest mails first.
    story.world.fake.world().mail_in("box", "person0@lead.example", ("Re: Hello", "<p>Yes</p>"), &[]);
    for _ in 0..800 {
        story.world.fake.world().mail_in("box", "shop@news.example", ("Sale", "<p>Buy</p>"), &[]);
    }
    story.world.app.clock.advance(Duration::from_mins(15));
    let clock = story.world.app.clock.clone();
    story.world.fake.world().chance = Some(Box::new(move |_, path| {
        if path.contains("/emails") {
            clock.advance(Duration::from_secs(25));
        }
        None
    }));
    let asked = story.world.fake.world().requests.len();
    let replied = "select count(*) from campaign_executions where status = 'replied'";
    let mut looks = 0;
    while story.world.count(replied).await == 0 {
        story.look().await;
        story.world.app.clock.advance(Duration::from_secs(6));
        looks += 1;
        assert!(looks < 4, "each look goes on where the one before stopped");
    }
    assert_eq!(looks, 2);
    let pages = story.world.fake.world().requests[asked..].iter().filter(|it| it.contains("/emails")).count();
    assert_eq!(pages, 4, "no page is read twice");
}
