//! What was written before an account was connected.

use std::time::Duration;

use chrono::TimeDelta;
use clento::models::WatchKind;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::{ACCOUNTS, World, answers::message};
use crate::support::{
    Caller,
    unipile::{Act, On, Trouble, world::Message},
};

/// An organization with so many leads, whose chats with the owner of `acc` are at Unipile before that is connected.
struct Before {
    world: World,
    account: String,
}

async fn leads(caller: &Caller, count: usize) -> Value {
    let person = |i: usize| json!({"first_name": format!("First{i}"), "linkedin_url": format!("https://www.linkedin.com/in/person-{i}")});
    let list = caller.post("/api/v1/lead-lists", json!({"name": "People"})).await.expect(201)["id"].clone();
    let people: Vec<_> = (0..count).map(person).collect();
    caller.post("/api/v1/leads/batch", json!({"lead_list_id": list, "leads": people})).await.expect(200);
    list
}

/// Somebody, or the owner, wrote this so long ago, in a chat between the two; the message's id.
pub(super) fn wrote(world: &World, person: &str, own: bool, text: &str, ago: TimeDelta) -> String {
    let id = world.fake.world().write("acc", person, text);
    let mut unipile = world.fake.world();
    let at = unipile.now() - ago;
    let mine = unipile.account("acc").provider_id.clone();
    let messages = unipile.chats.iter_mut().flat_map(|chat| &mut chat.messages);
    let it: &mut Message = messages.into_iter().find(|it| it.id == id).unwrap();
    it.at = at;
    if own {
        (it.sender, it.own) = (mine, true);
    }
    id
}

impl Before {
    /// Each of `count` leads is a connection, was written to, and has answered, a day and a minute apart.
    async fn begin(count: usize) -> (World, Value) {
        let world = World::begin().await;
        world.fake.world().account("acc");
        let list = leads(&world.app.member(), count).await;
        for i in 0..count {
            let name = format!("person-{i}");
            world.fake.world().accept("acc", &name);
            let ago = TimeDelta::days(i64::try_from(i).unwrap() + 1);
            wrote(&world, &name, true, &format!("Hello {i}"), ago + TimeDelta::minutes(2));
            wrote(&world, &name, false, &format!("Hello yourself, says {i}"), ago);
        }
        (world, list)
    }

    async fn connected(world: World) -> Self {
        let account = world.connect(&world.app.member(), "acc").await;
        world.app.clock.advance(Duration::from_mins(6));
        Self { world, account }
    }

    async fn look(&self) {
        self.world.app.state.unipile().look_in_turn(WatchKind::History).await.unwrap();
    }

    /// Both passes, to their ends.
    async fn read_back(&self) {
        for _ in 0..200 {
            if self.world.count("select count(*) from account_watches where kind = 'history'").await == 0 {
                return;
            }
            self.look().await;
            self.world.app.clock.advance(Duration::from_mins(1));
        }
        panic!("it does not end");
    }

    /// A campaign of two messages to the people of a list, that has not begun.
    async fn campaign(&self, list: &Value) -> String {
        let member = self.world.app.member();
        let open = json!({"limits": {"send_followup": {"per_day": 1000}}, "spacing_seconds": 0});
        member.patch(&format!("{ACCOUNTS}/{}", self.account), open).await.expect(200);
        let body = json!({
            "name": "Campaign", "lead_list_ids": [list], "account_ids": [self.account], "stop_on": ["reply"],
            "schedule": {"timezone": "UTC", "days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"], "start_time": "00:00", "end_time": "24:00"},
            "workflow": {
                "nodes": [
                    {"id": "chat", "type": "send_followup", "config": {"message": "A word, {{ first_name }}?"}},
                    {"id": "bump", "type": "send_followup", "config": {"message": "And this, {{ first_name }}?"}}
                ],
                "edges": [{"source": "chat", "target": "bump", "delay": {"value": 48, "unit": "hours"}}]
            }
        });
        member.post("/api/v1/campaigns", body).await.expect(201)["id"].as_str().unwrap().to_owned()
    }

    async fn messages(&self) -> i64 {
        self.world.count("select count(*) from messages").await
    }

    /// The conversations of one lead's first name: none or one, and its thread as direction and text.
    async fn thread(&self, caller: &Caller, first: &str) -> Vec<(String, String)> {
        let list = caller.get("/api/v1/conversations?limit=100").await.expect(200);
        let is = |it: &&Value| it["lead"]["name"].as_str().unwrap() == first;
        let Some(it) = list["data"].as_array().unwrap().iter().find(is) else { return Vec::new() };
        let path = format!("/api/v1/conversations/{}/messages?sort=created_at", it["id"].as_str().unwrap());
        let thread = caller.get(&path).await.expect(200);
        let text = |it: &Value, name: &str| it[name].as_str().unwrap().to_owned();
        thread["data"].as_array().unwrap().iter().map(|it| (text(it, "direction"), text(it, "text"))).collect()
    }
}

fn said(direction: &str, text: &str) -> (String, String) {
    (direction.to_owned(), text.to_owned())
}

#[tokio::test]
async fn what_leads_and_an_account_wrote_before_it_was_connected_is_in_the_conversations_and_waits_for_nobody() {
    let (world, _) = Before::begin(3).await;
    leads(&world.app.outsider(), 3).await;
    // A stranger, a lead who has never written, one whose last word is too old, and one of whom an old word is.
    for name in ["stranger", "silent", "long-ago", "both"] {
        world.fake.world().accept("acc", name);
    }
    let more: Vec<_> = ["silent", "long-ago", "both", "afar"]
        .map(|name| json!({"first_name": name, "linkedin_url": format!("https://www.linkedin.com/in/{name}")}))
        .into();
    world.app.member().post("/api/v1/leads/batch", json!({"leads": more})).await.expect(200);
    let day = TimeDelta::days(1);
    wrote(&world, "stranger", false, "Private.", day);
    wrote(&world, "silent", true, "Are you there?", day);
    wrote(&world, "long-ago", false, "In summer.", day * 91);
    wrote(&world, "both", false, "In summer.", day * 91);
    wrote(&world, "both", false, "And now.", day * 89);
    // No connection: whose chat this is cannot be known without a look at the profile.
    wrote(&world, "afar", false, "I am not a connection.", day);
    let story = Before::connected(world).await;
    let visits = story.world.fake.world().done(Act::Visit).len();
    story.read_back().await;

    let member = story.world.app.member();
    for i in 0..3 {
        let expected = [said("outbound", &format!("Hello {i}")), said("inbound", &format!("Hello yourself, says {i}"))];
        assert_eq!(story.thread(&member, &format!("First{i}")).await, expected);
    }
    assert_eq!(story.thread(&member, "both").await, [said("inbound", "And now.")]);
    assert_eq!(story.messages().await, 7, "nothing else is kept");
    let list = member.get("/api/v1/conversations").await.expect(200);
    let names: Vec<_> = list["data"].as_array().unwrap().iter().map(|it| it["lead"]["name"].clone()).collect();
    assert_eq!(names, ["First0", "First1", "First2", "both"], "in the order of what was written");
    let first = &list["data"][0];
    assert_eq!(
        (&first["unread_count"], &first["state"], &first["channel"], &first["preview"], &first["account"]["id"]),
        (&json!(0), &json!("closed"), &json!("linkedin"), &json!("Hello yourself, says 0"), &json!(story.account))
    );
    assert_eq!(member.get("/api/v1/conversations?unread=true").await.expect(200)["data"], json!([]));
    assert_eq!(story.world.app.outsider().get("/api/v1/conversations").await.expect(200)["data"], json!([]));
    for nothing in ["activities where type <> 'lead_created'", "leads where status <> 'new'"] {
        let happened = story.world.count(&format!("select count(*) from {nothing}")).await;
        assert_eq!(happened, 0, "{nothing}");
    }
    assert_eq!(story.world.fake.world().done(Act::Visit).len(), visits);
    let profiles =
        |request: &String| request.contains("/users/") && !request.contains("relations") && !request.contains("/me");
    assert_eq!(
        story.world.fake.world().requests.iter().filter(|it| profiles(it)).count(),
        0,
        "no profile is looked at"
    );
    let told = "select count(*) from audit_logs where action = 'connected_account.history_read'";
    assert_eq!(story.world.count(told).await, 1);
}

#[tokio::test]
async fn it_is_read_at_a_pace_and_goes_on_where_it_stopped_and_nothing_is_there_twice() {
    let (world, _) = Before::begin(50).await;
    let story = Before::connected(world).await;
    story.look().await;
    assert_eq!(story.messages().await, 40, "twenty chats in a look");
    let newest =
        "select count(*) from messages m join leads l on l.id = m.lead_id where substr(l.first_name, 6)::int >= 20";
    assert_eq!(story.world.count(newest).await, 0, "the newest first");
    story.look().await;
    assert_eq!(story.messages().await, 40, "it pauses");
    // A worker that died has told nobody how far it came: what it read is read again.
    sqlx::query("update account_watches set pass_read = '{}', pass_began = null where kind = 'history'")
        .execute(&story.world.app.pool)
        .await
        .unwrap();
    story.world.app.clock.advance(Duration::from_mins(1));
    story.look().await;
    assert_eq!(story.messages().await, 40);
    // Unipile is away, then the account is out: it waits.
    story.world.fake.trouble(On::get("/chats"), Trouble::Refuse(503, "network_down"));
    story.world.app.clock.advance(Duration::from_mins(1));
    story.look().await;
    let told = story.world.fake.world().set_source("acc", "CREDENTIALS");
    story.world.webhook(&told).await;
    story.world.work().await;
    story.world.app.clock.advance(Duration::from_hours(1));
    story.look().await;
    assert_eq!(story.messages().await, 40);
    let told = story.world.fake.world().set_source("acc", "OK");
    story.world.webhook(&told).await;
    story.world.work().await;
    story.world.app.clock.advance(Duration::from_hours(1));
    story.read_back().await;
    assert_eq!(story.messages().await, 100);
    assert_eq!(story.world.count("select count(*) from conversations").await, 50);
    // What Unipile fetched late was found by the second pass; what is connected again is not read back again.
    let asked = story.world.fake.world().requests.len();
    story.world.work().await;
    story.look().await;
    let reads = |request: &String| request.contains("/messages");
    assert_eq!(story.world.fake.world().requests[asked..].iter().filter(|it| reads(it)).count(), 0);
}

#[tokio::test]
async fn what_unipile_fetches_late_is_found_by_a_second_pass() {
    let (world, _) = Before::begin(2).await;
    let late = world.fake.world().chats.pop().unwrap();
    let story = Before::connected(world).await;
    story.look().await;
    assert_eq!(story.messages().await, 2);
    story.world.fake.world().chats.push(late);
    story.read_back().await;
    assert_eq!(story.messages().await, 4);
}

#[tokio::test]
async fn a_chat_that_cannot_be_read_keeps_no_other_waiting_and_is_left_out() {
    let (world, _) = Before::begin(3).await;
    let story = Before::connected(world).await;
    let chat = story.world.fake.world().chats[0].id.clone();
    story.world.fake.world().chance = Some(Box::new(move |_, path| {
        path.ends_with(&format!("/chats/{chat}/messages")).then_some(Trouble::Refuse(500, "unexpected_error"))
    }));
    for _ in 0..40 {
        story.look().await;
        story.world.app.clock.advance(Duration::from_mins(11));
    }
    assert_eq!(story.messages().await, 4, "the others are read");
    assert_eq!(story.world.count("select count(*) from account_watches where kind = 'history'").await, 0, "it ends");
}

#[tokio::test]
async fn what_cannot_be_taken_in_is_given_up_and_told_and_taken_up_again_when_somebody_asks() {
    let (world, _) = Before::begin(2).await;
    let story = Before::connected(world).await;
    let breaks = "create function breaks() returns trigger language plpgsql as $$ begin raise exception 'full'; end $$;
                  create trigger breaks before insert on messages for each row execute function breaks()";
    sqlx::raw_sql(breaks).execute(&story.world.app.pool).await.unwrap();
    let usage = format!("{ACCOUNTS}/{}/usage", story.account);
    let told = async || story.world.app.member().get(&usage).await.expect(200)["history"].clone();
    assert_eq!(told().await, json!({"status": "reading", "reason": null}));
    let due = "select extract(epoch from due_at)::bigint / 60 from account_watches where kind = 'history'";
    let now = || clento::utils::clock::Clock::now(&*story.world.app.clock).timestamp() / 60;
    let mut pauses = Vec::new();
    loop {
        story.look().await;
        if told().await["status"] == "given_up" {
            break;
        }
        pauses.push(story.world.count(due).await - now());
        assert!(pauses.len() < 30, "it does not end");
        story.world.app.clock.advance(Duration::from_hours(6));
    }
    assert_eq!(pauses.len(), 23);
    assert_eq!((pauses[3], pauses[9], pauses[11], pauses[22]), (4, 10, 40, 360), "{pauses:?}");
    let reason = told().await["reason"].clone();
    assert_eq!(reason, "It cannot be taken in (internal_error).");
    let asked = story.world.fake.world().requests.len();
    story.world.app.clock.advance(Duration::from_hours(24 * 30));
    story.look().await;
    assert_eq!(story.world.fake.world().requests.len(), asked, "nothing is tried any more");

    sqlx::raw_sql("drop trigger breaks on messages").execute(&story.world.app.pool).await.unwrap();
    let sync = format!("{ACCOUNTS}/{}/sync", story.account);
    story.world.app.member().post(&sync, json!({})).await.expect(200);
    story.read_back().await;
    assert_eq!((story.messages().await, told().await), (4, Value::Null));
}

#[tokio::test]
async fn an_account_that_is_called_too_busy_is_left_alone_while_it_is_read_back() {
    let (world, _) = Before::begin(1).await;
    let story = Before::connected(world).await;
    story.world.fake.trouble(On::get("/users/relations"), Trouble::Busy(Some(3_600)));
    story.look().await;
    let asked = story.world.fake.world().requests.len();
    story.world.app.clock.advance(Duration::from_mins(50));
    story.look().await;
    assert_eq!(story.world.fake.world().requests.len(), asked, "it is not its turn yet");
    story.read_back().await;
    assert_eq!(story.messages().await, 2);
}

#[tokio::test]
async fn two_hundred_chats_are_read_back_the_newest() {
    let (world, _) = Before::begin(3).await;
    let (hour, count) = (TimeDelta::hours(1), 210);
    let people: Vec<_> = (0..count)
        .map(|i| json!({"first_name": format!("{i}"), "linkedin_url": format!("https://www.linkedin.com/in/more-{i}")}))
        .collect();
    world.app.member().post("/api/v1/leads/batch", json!({"leads": people})).await.expect(200);
    for i in 0..count {
        let name = format!("more-{i}");
        world.fake.world().accept("acc", &name);
        wrote(&world, &name, false, "Hello", hour * i);
    }
    let story = Before::connected(world).await;
    story.read_back().await;
    assert_eq!(story.world.count("select count(*) from conversations").await, 200);
    let oldest = "select max(first_name::int) from leads l join conversations c on c.lead_id = l.id where first_name not like 'First%'";
    let oldest: i32 = sqlx::query_scalar(oldest).fetch_one(&story.world.app.pool).await.unwrap();
    // Between these are three others: one a day old, one two and one three days.
    assert_eq!(oldest, 196);
    let asked = |request: &&String| request.contains("/messages");
    assert!(story.world.fake.world().requests.iter().filter(asked).count() <= 402, "each once in a pass");
}

#[tokio::test]
async fn what_was_written_before_ends_no_campaign_and_what_is_written_after_its_step_does() {
    let (world, list) = Before::begin(2).await;
    let story = Before::connected(world).await;
    story.read_back().await;
    let app = &story.world.app;
    app.state.unipile().look_in_turn(WatchKind::Messages).await.unwrap();
    let campaign = story.campaign(&list).await;
    // What somebody writes after the account was connected, and before the campaign does, is the owner's own business.
    story.world.webhook(&writes(&story, 0, "By the way")).await;
    follow(&story).await;
    assert_eq!(story.messages().await, 4);
    assert_eq!(story.world.count("select count(*) from leads where status = 'replied'").await, 0);
    app.clock.advance(Duration::from_mins(1));
    app.member().post(&format!("/api/v1/campaigns/{campaign}/start"), json!({})).await.expect(200);
    work(&story).await;
    assert_eq!(story.world.fake.world().done(Act::Message).len(), 2, "both are written to");
    // Read again after that, by another pass say: it is known.
    sqlx::query("update account_watches set seen_until = null, due_at = '-infinity' where kind = 'messages'")
        .execute(&app.pool)
        .await
        .unwrap();
    app.state.unipile().look_in_turn(WatchKind::Messages).await.unwrap();
    assert_eq!(story.world.count("select count(*) from campaign_executions where status = 'waiting'").await, 2);
    app.clock.advance(Duration::from_mins(20));
    story.world.webhook(&writes(&story, 0, "Yes, tell me")).await;
    follow(&story).await;
    assert_eq!(story.world.count("select count(*) from campaign_executions where status = 'replied'").await, 1);
    assert_eq!(story.world.count("select count(*) from activities where type = 'lead_replied'").await, 1);
    // What was taken in is forgotten at some time, and conversations are not: what comes after that is there once, and nothing is again.
    sqlx::query("delete from taken_in").execute(&app.pool).await.unwrap();
    story.world.webhook(&writes(&story, 0, "And soon")).await;
    follow(&story).await;
    let thread = story.thread(&app.member(), "First0").await;
    let expected = [
        said("outbound", "Hello 0"),
        said("inbound", "Hello yourself, says 0"),
        said("outbound", "A word, First0?"),
        said("inbound", "Yes, tell me"),
        said("inbound", "And soon"),
    ];
    assert_eq!(thread, expected);
    for _ in 0..50 {
        app.clock.advance(Duration::from_hours(1));
        work(&story).await;
    }
    assert_eq!(story.world.fake.world().done(Act::Message).len(), 3, "only the other one gets another word");
    assert_eq!(story.world.fake.world().doubled(), []);
}

#[tokio::test]
async fn who_is_two_leads_has_answered_the_one_that_was_written_to() {
    let (world, _) = Before::begin(1).await;
    let provider_id = world.fake.world().person("person-0").provider_id.clone();
    // The name that the profile had before.
    world.fake.world().person("old-name").provider_id = provider_id;
    let url = "https://www.linkedin.com/in/old-name";
    let caller = world.app.member();
    let list = caller.post("/api/v1/lead-lists", json!({"name": "Again"})).await.expect(201)["id"].clone();
    let again = json!({"first_name": "Again", "linkedin_url": url, "lead_list_id": list});
    caller.post("/api/v1/leads", again).await.expect(201);
    let story = Before::connected(world).await;
    story.read_back().await;
    let app = &story.world.app;
    app.state.unipile().look_in_turn(WatchKind::Messages).await.unwrap();
    let campaign = story.campaign(&list).await;
    app.member().post(&format!("/api/v1/campaigns/{campaign}/start"), json!({})).await.expect(200);
    work(&story).await;
    assert_eq!(story.world.fake.world().done(Act::Message).len(), 1);
    app.clock.advance(Duration::from_mins(20));
    story.world.webhook(&writes(&story, 0, "Yes")).await;
    follow(&story).await;
    assert_eq!(story.world.count("select count(*) from campaign_executions where status = 'replied'").await, 1);
}

fn writes(story: &Before, person: usize, text: &str) -> Value {
    let id = story.world.fake.world().write("acc", &format!("person-{person}"), text);
    let unipile = story.world.fake.world();
    let chat = unipile.chats.iter().find(|chat| chat.messages.iter().any(|it| it.id == id)).unwrap();
    message(&chat.id, &id, text)
}

async fn follow(story: &Before) {
    while story.world.app.state.unipile().follow_hints().await.unwrap().more {}
}

async fn work(story: &Before) {
    let (runs, stop) = (story.world.app.state.runs(), CancellationToken::new());
    runs.enrol_all().await.unwrap();
    runs.begin_due().await.unwrap();
    runs.do_due(&stop).await.unwrap();
}
