//! What leads do: acceptances and messages, by webhook and in turn, through a campaign that is under way.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use clento::{models::WatchKind, utils::clock::Clock as _};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::{ACCOUNTS, World};
use crate::support::{
    TestApp,
    unipile::{Act, On, Trouble},
};

/// A campaign that invites `count` people, writes to who accepts after two hours and again after two days, and visits who does not within a week,
/// and again after two days.
pub(super) struct Stage {
    pub(super) world: World,
    pub(super) account: String,
    pub(super) campaign: String,
}

impl Stage {
    pub(super) async fn set(count: usize) -> Self {
        Self::set_by(count, json!({})).await
    }

    /// With these settings of the campaign.
    pub(super) async fn set_by(count: usize, settings: Value) -> Self {
        Self::set_in(World::begin().await, count, settings).await
    }

    /// In this world.
    pub(super) async fn set_in(world: World, count: usize, settings: Value) -> Self {
        let member = world.app.member();
        let account = world.connect(&member, "acc").await;
        world.app.state.unipile().look_in_turn(WatchKind::Messages).await.unwrap();
        let open = json!({"limits": {"send_connection_request": {"per_day": 1000, "per_week": 1000}, "send_followup": {"per_day": 1000}}, "spacing_seconds": 0});
        member.patch(&format!("{ACCOUNTS}/{account}"), open).await.expect(200);
        for i in 0..count {
            world.fake.world().person(&format!("person-{i}"));
        }
        let people: Vec<_> = (0..count)
            .map(|i| json!({"first_name": format!("First{i}"), "linkedin_url": format!("https://www.linkedin.com/in/person-{i}")}))
            .collect();
        let list = member.post("/api/v1/lead-lists", json!({"name": "People"})).await.expect(201)["id"].clone();
        member.post("/api/v1/leads/batch", json!({"lead_list_id": list, "leads": people})).await.expect(200);
        let hours = |value: u32| json!({"value": value, "unit": "hours"});
        let body = json!({
            "name": "Campaign", "settings": settings, "lead_list_ids": [list], "account_ids": [account], "stop_on": ["reply"],
            "schedule": {"timezone": "UTC", "days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"], "start_time": "00:00", "end_time": "24:00"},
            "workflow": {
                "nodes": [
                    {"id": "invite", "type": "send_connection_request", "config": {"message": "Hello {{ first_name }}"}},
                    {"id": "chat", "type": "send_followup", "config": {"message": "Thank you, {{ first_name }}!"}},
                    {"id": "bump", "type": "send_followup", "config": {"message": "Did you see this, {{ first_name }}?"}},
                    {"id": "visit", "type": "profile_visit"},
                    {"id": "look", "type": "profile_visit"}
                ],
                "edges": [
                    {"source": "invite", "target": "chat", "condition": "accepted", "delay": hours(2)},
                    {"source": "invite", "target": "visit", "condition": "not_accepted", "delay": hours(168)},
                    {"source": "chat", "target": "bump", "delay": hours(48)},
                    {"source": "visit", "target": "look", "delay": hours(48)}
                ]
            }
        });
        let campaign = member.post("/api/v1/campaigns", body).await.expect(201)["id"].as_str().unwrap().to_owned();
        member.post(&format!("/api/v1/campaigns/{campaign}/start"), json!({})).await.expect(200);
        let stage = Self { world, account, campaign };
        stage.campaigns().await;
        assert_eq!(stage.done(Act::Invite).len(), count);
        stage
    }

    pub(super) fn app(&self) -> &TestApp {
        &self.world.app
    }

    /// What the campaigns' workers do now.
    pub(super) async fn campaigns(&self) {
        let (runs, stop) = (self.app().state.runs(), CancellationToken::new());
        for _ in 0..6 {
            runs.enrol_all().await.unwrap();
            runs.begin_due().await.unwrap();
            runs.do_due(&stop).await.unwrap();
            runs.reconcile().await.unwrap();
        }
    }

    pub(super) async fn follow(&self) {
        while self.app().state.unipile().follow_hints().await.unwrap().more {}
    }

    pub(super) async fn look(&self, kind: WatchKind) {
        self.app().state.unipile().look_in_turn(kind).await.unwrap();
    }

    pub(super) async fn pass(&self, time: TimeDelta) {
        self.app().clock.advance(time.to_std().unwrap());
        self.campaigns().await;
    }

    /// The wait for person 0 is over, and who has accepted is read: the other way begins.
    async fn pass_unaccepted(&self) {
        self.pass(TimeDelta::hours(169)).await;
        self.look(WatchKind::Relations).await;
        self.pass(TimeDelta::hours(1)).await;
        assert_eq!(self.done(Act::Visit).len(), 1);
    }

    pub(super) fn now(&self) -> DateTime<Utc> {
        self.app().clock.now()
    }

    pub(super) fn done(&self, act: Act) -> Vec<(String, String)> {
        self.world.fake.world().done(act)
    }

    pub(super) fn accept(&self, person: usize) -> Value {
        let name = format!("person-{person}");
        self.world.fake.world().accept("acc", &name);
        relation(&name)
    }

    /// Somebody writes; the webhook of it.
    pub(super) fn write(&self, person: usize, text: &str) -> Value {
        let id = self.world.fake.world().write("acc", &format!("person-{person}"), text);
        let chat = self
            .world
            .fake
            .world()
            .chats
            .iter()
            .find(|chat| chat.messages.iter().any(|it| it.id == id))
            .unwrap()
            .id
            .clone();
        let mut told = message(&chat, &id, text);
        let provider_id = format!("ACo_person-{person}");
        told["sender"] = json!({"attendee_id": "at", "attendee_name": "Some Body", "attendee_provider_id": provider_id, "attendee_profile_url": null});
        told
    }

    pub(super) async fn leads(&self, status: &str) -> i64 {
        self.world.count(&format!("select count(*) from leads where status = '{status}'")).await
    }

    pub(super) async fn ways(&self, status: &str) -> i64 {
        self.world.count(&format!("select count(*) from campaign_executions where status = '{status}'")).await
    }

    pub(super) async fn told(&self, kind: &str) -> i64 {
        self.world.count(&format!("select count(*) from activities where type = '{kind}'")).await
    }
}

pub(super) fn relation(person: &str) -> Value {
    json!({
        "event": "new_relation", "account_id": "acc", "account_type": "LINKEDIN", "webhook_name": "clento-users", "user_full_name": person,
        "user_provider_id": format!("ACo_{person}"), "user_public_identifier": person, "user_profile_url": null, "user_picture_url": null
    })
}

pub(super) fn message(chat: &str, id: &str, text: &str) -> Value {
    json!({
        "event": "message_received", "account_id": "acc", "account_type": "LINKEDIN", "chat_id": chat, "message_id": id, "message": text,
        "timestamp": "2026-11-22T12:00:00.000Z", "sender": {}, "attendees": [], "attachments": [], "webhook_name": "clento-messaging"
    })
}

#[tokio::test]
async fn an_acceptance_told_five_times_and_shuffled_sends_each_lead_on_once() {
    let stage = Stage::set(6).await;
    let mut told: Vec<_> = (0..4).map(|person| stage.accept(person)).collect();
    // A stranger, somebody who did not accept, and one of another account.
    told.extend([relation("stranger"), relation("person-5")]);
    for round in 0..5 {
        for i in 0..told.len() {
            stage.world.webhook(&told[(i * 5 + round) % told.len()]).await;
        }
        stage.follow().await;
    }
    assert_eq!((stage.leads("connected").await, stage.told("connection_accepted").await), (4, 4));
    assert_eq!(stage.world.count("select count(*) from campaign_executions where node_id = 'chat'").await, 4);
    stage.pass(TimeDelta::hours(3)).await;
    assert_eq!(stage.done(Act::Message).len(), 4);
    // Told again hours later, and looked at in turn: nothing more.
    for body in &told {
        stage.world.webhook(body).await;
    }
    stage.follow().await;
    stage.look(WatchKind::Relations).await;
    stage.campaigns().await;
    assert_eq!((stage.done(Act::Message).len(), stage.told("connection_accepted").await), (4, 4));
    assert_eq!(stage.world.fake.world().doubled(), []);
}

#[tokio::test]
async fn an_acceptance_of_which_no_webhook_tells_is_found_in_turn() {
    let stage = Stage::set(3).await;
    stage.look(WatchKind::Relations).await;
    stage.accept(1);
    stage.pass(TimeDelta::hours(2)).await;
    stage.look(WatchKind::Relations).await;
    assert_eq!(stage.leads("connected").await, 0, "it is not its turn yet");
    stage.pass(TimeDelta::hours(4)).await;
    stage.look(WatchKind::Relations).await;
    assert_eq!(stage.leads("connected").await, 1);
    stage.pass(TimeDelta::hours(3)).await;
    assert_eq!(stage.done(Act::Message), [("acc".to_owned(), "ACo_person-1".to_owned())]);
}

#[tokio::test]
async fn strangers_cost_no_request_and_what_does_not_show_yet_is_looked_at_again() {
    let stage = Stage::set(1).await;
    let asked = stage.world.fake.world().requests.len();
    for i in 0..50 {
        stage.world.webhook(&relation(&format!("stranger-{i}"))).await;
    }
    stage.follow().await;
    assert_eq!(stage.world.fake.world().requests.len(), asked);
    // The webhook comes before the list shows it.
    stage.world.webhook(&relation("person-0")).await;
    stage.follow().await;
    assert_eq!(stage.leads("connected").await, 0);
    stage.accept(0);
    stage.world.fake.trouble(On::get("/users/relations"), Trouble::Refuse(503, "network_down"));
    for _ in 0..4 {
        stage.app().clock.advance(Duration::from_mins(5));
        stage.follow().await;
    }
    assert_eq!(stage.leads("connected").await, 1);
}

#[tokio::test]
async fn an_acceptance_after_the_other_way_began_is_noted_and_moves_nobody() {
    let stage = Stage::set(1).await;
    stage.pass_unaccepted().await;
    let told = stage.accept(0);
    stage.world.webhook(&told).await;
    stage.follow().await;
    stage.pass(TimeDelta::hours(5)).await;
    assert_eq!((stage.leads("connected").await, stage.done(Act::Message).len()), (1, 0));
}

#[tokio::test]
async fn an_acceptance_after_the_other_way_began_moves_or_stops_the_lead_if_its_campaign_says_so() {
    for (setting, messages, visits, end, why) in [
        ("note", 0, 2, "completed", None),
        ("move", 2, 1, "completed", None),
        ("stop", 0, 1, "stopped", Some("accepted_late")),
    ] {
        let stage = Stage::set_by(1, json!({"late_acceptance": setting})).await;
        stage.pass_unaccepted().await;
        let told = stage.accept(0);
        for _ in 0..3 {
            stage.world.webhook(&told).await;
            stage.follow().await;
        }
        assert_eq!((stage.leads("connected").await, stage.told("connection_accepted").await), (1, 1));
        for _ in 0..30 {
            stage.pass(TimeDelta::hours(2)).await;
        }
        assert_eq!((stage.done(Act::Message).len(), stage.done(Act::Visit).len()), (messages, visits), "{setting}");
        let (status, reason): (String, Option<String>) =
            sqlx::query_as("select status, status_reason from campaign_executions")
                .fetch_one(&stage.app().pool)
                .await
                .unwrap();
        assert_eq!((status.as_str(), reason.as_deref()), (end, why), "{setting}");
        assert_eq!(stage.world.fake.world().doubled(), []);
    }
}

#[tokio::test]
async fn who_accepted_in_time_is_moved_by_nothing_that_is_told_later() {
    let stage = Stage::set_by(1, json!({"late_acceptance": "move"})).await;
    let told = stage.accept(0);
    stage.world.webhook(&told).await;
    stage.follow().await;
    stage.pass(TimeDelta::hours(3)).await;
    // As if it were told of under another id of the person's.
    sqlx::query("delete from taken_in").execute(&stage.app().pool).await.unwrap();
    stage.world.webhook(&told).await;
    stage.follow().await;
    for _ in 0..30 {
        stage.pass(TimeDelta::hours(2)).await;
    }
    assert_eq!((stage.done(Act::Message).len(), stage.ways("completed").await), (2, 1));
    assert_eq!(stage.world.fake.world().doubled(), []);
}

#[tokio::test]
async fn a_note_that_comes_back_is_no_answer_and_an_answer_ends_the_way() {
    let stage = Stage::set(2).await;
    for person in 0..2 {
        let told = stage.accept(person);
        stage.world.webhook(&told).await;
    }
    // Unipile tells of the note in the chat that acceptance has made.
    let notes: Vec<_> =
        stage.world.fake.world().chats.iter().map(|chat| message(&chat.id, &chat.messages[0].id, "Hello")).collect();
    for note in &notes {
        stage.world.webhook(note).await;
    }
    stage.follow().await;
    stage.pass(TimeDelta::hours(3)).await;
    assert_eq!((stage.leads("replied").await, stage.done(Act::Message).len()), (0, 2));

    stage.app().clock.advance(Duration::from_mins(10));
    let answer = stage.write(0, "Sounds interesting. When?");
    for _ in 0..5 {
        stage.world.webhook(&answer).await;
        stage.follow().await;
    }
    stage.app().clock.advance(Duration::from_mins(30));
    stage.look(WatchKind::Messages).await;
    assert_eq!(
        (stage.leads("replied").await, stage.ways("replied").await, stage.told("lead_replied").await),
        (1, 1, 1)
    );
    let list = stage.app().member().get("/api/v1/conversations?unread=true").await.expect(200);
    assert_eq!(list["data"].as_array().unwrap().len(), 1);
    let conversation = &list["data"][0];
    assert_eq!((&conversation["channel"], &conversation["unread_count"]), (&json!("linkedin"), &json!(1)));
    assert_eq!(conversation["preview"], "Sounds interesting. When?");
    stage.pass(TimeDelta::hours(50)).await;
    assert_eq!(stage.done(Act::Message).len(), 3, "only the other one is written to again");
}

#[tokio::test]
async fn an_answer_of_which_no_webhook_tells_is_found_in_turn() {
    let stage = Stage::set(1).await;
    let told = stage.accept(0);
    stage.world.webhook(&told).await;
    stage.follow().await;
    stage.pass(TimeDelta::hours(3)).await;
    stage.write(0, "No, thank you.");
    stage.app().clock.advance(Duration::from_mins(15));
    stage.look(WatchKind::Messages).await;
    assert_eq!(stage.ways("replied").await, 1);
}

#[tokio::test]
async fn what_strangers_write_and_what_is_in_others_chats_is_not_read_into_anything() {
    let stage = Stage::set(1).await;
    stage.world.fake.world().account("theirs");
    stage.world.fake.world().person("stranger");
    let private = stage.world.fake.world().write("acc", "stranger", "Private.");
    let foreign = stage.world.fake.world().write("theirs", "person-0", "To somebody else's account.");
    let chats: Vec<_> = stage.world.fake.world().chats.iter().map(|chat| chat.id.clone()).collect();
    for chat in &chats {
        for id in [&private, &foreign] {
            stage.world.webhook(&message(chat, id, "?")).await;
        }
    }
    stage.follow().await;
    stage.app().clock.advance(Duration::from_mins(15));
    stage.look(WatchKind::Messages).await;
    assert_eq!(stage.world.count("select count(*) from messages").await, 0);
    assert_eq!(stage.leads("replied").await, 0);
    assert_eq!(stage.now(), stage.app().clock.now());
}

#[tokio::test]
async fn an_account_that_is_out_for_a_day_loses_nobodys_place() {
    let stage = Stage::set(3).await;
    let told: Vec<_> = (0..2).map(|person| stage.accept(person)).collect();
    for body in &told {
        stage.world.webhook(body).await;
    }
    stage.follow().await;
    let status = async |word: &'static str| {
        let told = stage.world.fake.world().set_source("acc", word);
        stage.world.webhook(&told).await;
        stage.world.work().await;
    };
    status("CREDENTIALS").await;
    stage.pass(TimeDelta::hours(3)).await;
    assert_eq!(stage.done(Act::Message).len(), 0, "nothing is done by an account that is out");
    let held = "select count(*) from campaign_executions where hold = 'account_unavailable'";
    assert_eq!(stage.world.count(held).await, 2);
    // Somebody accepts meanwhile, and the webhook comes while nothing can be read.
    let late = stage.accept(2);
    stage.world.webhook(&late).await;
    stage.follow().await;
    stage.pass(TimeDelta::hours(20)).await;
    status("OK").await;
    for _ in 0..12 {
        stage.look(WatchKind::Messages).await;
        stage.follow().await;
        stage.pass(TimeDelta::hours(1)).await;
    }
    assert_eq!(stage.done(Act::Message).len(), 3);
    assert_eq!(stage.world.fake.world().doubled(), []);
    assert_eq!(stage.ways("failed").await, 0);
    assert!(!stage.account.is_empty() && !stage.campaign.is_empty());
}

#[tokio::test]
async fn answers_that_race_follow_ups_are_never_written_after() {
    let stage = Stage::set(60).await;
    for person in 0..60 {
        let told = stage.accept(person);
        stage.world.webhook(&told).await;
    }
    stage.follow().await;
    stage.pass(TimeDelta::hours(3)).await;
    assert_eq!(stage.done(Act::Message).len(), 60);
    stage.app().clock.advance(Duration::from_hours(48));
    // All follow-ups are due, and everybody answers at once.
    let answers: Vec<_> = (0..60).map(|person| stage.write(person, &format!("Answer {person}"))).collect();
    let hint = async {
        for answer in &answers {
            stage.world.webhook(answer).await;
            stage.app().state.unipile().follow_hints().await.unwrap();
        }
    };
    let (runs, stop) = (stage.app().state.runs(), CancellationToken::new());
    let work = async {
        for _ in 0..10 {
            runs.do_due(&stop).await.unwrap();
        }
    };
    tokio::join!(hint, work);
    for _ in 0..20 {
        stage.app().clock.advance(Duration::from_secs(6));
        stage.follow().await;
    }
    assert_eq!((stage.leads("replied").await, stage.told("lead_replied").await), (60, 60));
    let after =
        "select count(*) from execution_steps s join taken_in t on t.account_id = s.account_id and t.kind = 'reply'
                   join messages m on m.provider_key = t.key and m.lead_id = s.lead_id
                 where s.sending_at > t.taken_at";
    assert_eq!(stage.world.count(after).await, 0, "nothing is begun after an answer was taken in");
    let before = stage.done(Act::Message).len();
    stage.pass(TimeDelta::hours(60)).await;
    assert_eq!(stage.done(Act::Message).len(), before);
}
