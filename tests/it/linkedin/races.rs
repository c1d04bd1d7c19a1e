//! A thousand answers that race the follow-ups which are due at that moment.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use chrono::{DateTime, Utc};
use clento::{
    errors::AppError,
    models::WatchKind,
    services::campaign_runs::Round,
    utils::{
        clock::{Clock as _, SystemClock},
        draw::Draw,
    },
};
use futures::{StreamExt as _, stream};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::{ACCOUNTS, World, answers::message};
use crate::support::{
    TestApp,
    unipile::{Act, WEBHOOK_SECRET},
};

const PEOPLE: usize = 1_000;
/// Of so many each, one is told of by no webhook.
const UNTOLD: usize = 4;
/// Of so many each, one asks not to be written to any more.
const ASKS: usize = 50;

/// When the first byte of something that an account writes has come to Unipile, by whom it goes to.
type Wire = Arc<Mutex<Vec<(String, DateTime<Utc>)>>>;

/// Everybody is a connection, has got a first message, and is to get a second one now.
async fn all_due(world: &World) -> Wire {
    let member = world.app.member();
    let account = world.connect(&member, "acc").await;
    world.app.state.unipile().look_in_turn(WatchKind::Messages).await.unwrap();
    let open = json!({"limits": {"send_followup": {"per_day": 10_000}}, "spacing_seconds": 0});
    member.patch(&format!("{ACCOUNTS}/{account}"), open).await.expect(200);
    let list = member.post("/api/v1/lead-lists", json!({"name": "People"})).await.expect(201)["id"].clone();
    let person = |i: usize| json!({"first_name": format!("First{i}"), "linkedin_url": format!("https://www.linkedin.com/in/person-{i}")});
    let people: Vec<_> = (0..PEOPLE).map(person).collect();
    member.post("/api/v1/leads/batch", json!({"lead_list_id": list, "leads": people})).await.expect(200);
    for i in 0..PEOPLE {
        world.fake.world().accept("acc", &format!("person-{i}"));
    }
    let body = json!({
        "name": "Campaign", "lead_list_ids": [list], "account_ids": [account], "stop_on": ["reply"],
        "schedule": {"timezone": "UTC", "days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"], "start_time": "00:00", "end_time": "24:00"},
        "workflow": {
            "nodes": [
                {"id": "chat", "type": "send_followup", "config": {"message": "Hello, {{ first_name }}!"}},
                {"id": "bump", "type": "send_followup", "config": {"message": "Did you see this, {{ first_name }}?"}}
            ],
            "edges": [{"source": "chat", "target": "bump", "delay": {"value": 48, "unit": "hours"}}]
        }
    });
    let campaign = member.post("/api/v1/campaigns", body).await.expect(201)["id"].as_str().unwrap().to_owned();
    member.post(&format!("/api/v1/campaigns/{campaign}/start"), json!({})).await.expect(200);
    let (runs, stop) = (world.app.state.runs(), CancellationToken::new());
    while world.fake.world().done(Act::Message).len() < PEOPLE {
        runs.enrol_all().await.unwrap();
        runs.begin_due().await.unwrap();
        runs.do_due(&stop).await.unwrap();
    }
    world.app.clock.advance(std::time::Duration::from_hours(48));
    watch_the_wire(world)
}

/// Notes from now on when something comes to Unipile that is to be written into a chat.
fn watch_the_wire(world: &World) -> Wire {
    let wire = Wire::default();
    let mut unipile = world.fake.world();
    let people: BTreeMap<_, _> =
        unipile.chats.iter().map(|chat| (format!("/api/v1/chats/{}/messages", chat.id), chat.person.clone())).collect();
    let noted = Arc::clone(&wire);
    unipile.chance = Some(Box::new(move |method, path| {
        if method == "POST"
            && let Some(person) = people.get(path)
        {
            noted.lock().unwrap().push((person.clone(), SystemClock::new().now()));
        }
        None
    }));
    wire
}

/// Has the database note when each answer is written down, by the same machine's clock, within the transaction that takes it in.
async fn watch_the_store(app: &TestApp) {
    let noting = "create table written_down (lead_id uuid not null, at timestamptz not null);
         create function write_down() returns trigger language plpgsql as $$
           begin insert into written_down values (new.lead_id, clock_timestamp()); return new; end $$;
         create trigger write_down after insert on messages for each row when (new.direction = 'inbound') execute function write_down()";
    sqlx::raw_sql(noting).execute(&app.pool).await.unwrap();
}

/// Everybody answers; the webhooks that tell of it, each of them two to four times, in any order.
fn answers(world: &World) -> Vec<Value> {
    let mut told = Vec::new();
    for i in 0..PEOPLE {
        let text = if i % ASKS == 0 { "Please stop writing to me.".to_owned() } else { format!("Answer {i}") };
        let mut unipile = world.fake.world();
        let id = unipile.write("acc", &format!("person-{i}"), &text);
        let person = format!("ACo_person-{i}");
        let chat = unipile.chats.iter().find(|chat| chat.person == person).unwrap();
        let times = if i % UNTOLD == 0 { 0 } else { 2 + i % 3 };
        told.extend((0..times).map(|time| (i, time, message(&chat.id, &id, &text))));
    }
    let place = |i: usize, time: usize| Draw::of(&[&i.to_be_bytes(), &time.to_be_bytes()]).below(1 << 30);
    told.sort_by_key(|(i, time, _)| place(*i, *time));
    told.into_iter().map(|(_, _, body)| body).collect()
}

/// Webhooks come in, eight at a time.
async fn tell(world: &World, told: Vec<Value>) {
    let sent = stream::iter(told).map(|body| async move {
        world.webhook_with(Some(WEBHOOK_SECRET), &body).await.expect(200);
    });
    sent.buffer_unordered(8).count().await;
}

/// What a worker's task does that finds no connection to the database for too long, as with so much at once on a slow machine: it is tried again.
fn tried(outcome: Result<Round, AppError>) -> Round {
    outcome.unwrap_or_else(|error| {
        assert_eq!(error.code(), "database_unavailable", "{error}");
        Round::default()
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_of_a_thousand_has_answered_before_the_wire_gets_nothing_more_and_nobody_anything_twice() {
    let world = World::begin().await;
    let wire = all_due(&world).await;
    watch_the_store(&world.app).await;
    let mut told = answers(&world);
    // Some answers are there before anybody sets to work; the others race.
    let first = told.drain(..told.len() / 4).collect();
    tell(&world, first).await;
    for _ in 0..PEOPLE / 60 {
        world.app.state.unipile().follow_hints().await.unwrap();
    }
    let others = [world.replica().await, world.replica().await];
    let stop = CancellationToken::new();
    let work = async |app: &TestApp| {
        for _ in 0..6 {
            tried(app.state.runs().do_due(&stop).await);
        }
    };
    let hints = async |app: &TestApp| {
        for _ in 0..60 {
            tried(app.state.unipile().follow_hints().await);
        }
    };
    let looks = async {
        for _ in 0..2 {
            sqlx::query("update account_watches set due_at = '-infinity' where claimed_until is null")
                .execute(&world.app.pool)
                .await
                .unwrap();
            tried(others[1].state.unipile().look_in_turn(WatchKind::Messages).await);
        }
    };
    tokio::join!(
        tell(&world, told),
        work(&world.app),
        work(&others[0]),
        work(&others[1]),
        hints(&world.app),
        hints(&others[0]),
        looks
    );
    let raced = wire.lock().unwrap().len();
    // What had to wait until a step was no longer on its way out, and what is not read yet.
    for _ in 0..60 {
        world.app.clock.advance(std::time::Duration::from_secs(30));
        while world.app.state.unipile().follow_hints().await.unwrap().more {}
        world.app.state.unipile().look_in_turn(WatchKind::Messages).await.unwrap();
        if world.count("select count(*) from written_down").await >= i64::try_from(PEOPLE).unwrap() {
            break;
        }
    }
    let runs = world.app.state.runs();
    for _ in 0..60 {
        world.app.clock.advance(std::time::Duration::from_hours(1));
        runs.reconcile().await.unwrap();
        runs.do_due(&stop).await.unwrap();
    }
    assert_told_once(&world).await;
    let wire = wire.lock().unwrap().clone();
    assert_eq!(wire.len(), raced, "nothing is written after that");
    assert!((1..PEOPLE).contains(&raced), "there was a race: {raced} were written to");
    assert_nothing_after(&world, &wire).await;
}

/// Every answer is there once, whoever told of it, and everybody's way has ended for it.
async fn assert_told_once(world: &World) {
    let all = i64::try_from(PEOPLE).unwrap();
    for (what, count) in [
        ("written_down", all),
        ("(select distinct lead_id from written_down) w", all),
        ("conversations where unread_count = 1", all),
        ("activities where type = 'lead_replied'", all),
        ("activities where type = 'execution_replied'", all),
        ("leads where status = 'replied'", all),
        ("campaign_executions where status = 'replied' and status_reason = 'replied' and hold is null", all),
        ("conversations where asks_to_stop", all / i64::try_from(ASKS).unwrap()),
        ("execution_steps where state in ('sending', 'needs_review', 'failed')", 0),
        (
            "(select 1 from execution_steps where state = 'sent' group by execution_id, node_id having count(*) > 1) t",
            0,
        ),
    ] {
        assert_eq!(world.count(&format!("select count(*) from {what}")).await, count, "{what}");
    }
    let sent = world.count("select count(*) from execution_steps where state = 'sent'").await;
    let unipile = world.fake.world();
    assert_eq!(i64::try_from(unipile.done(Act::Message).len()).unwrap(), sent, "what was sent is what is written down");
    assert_eq!(unipile.doubled(), []);
}

/// Nothing came to Unipile for somebody whose answer had been written down.
async fn assert_nothing_after(world: &World, wire: &[(String, DateTime<Utc>)]) {
    let query = "select p.provider_id, w.at from written_down w join leads l on l.id = w.lead_id
                 join linkedin_people p on p.linkedin_url = l.linkedin_url";
    let rows: Vec<(String, DateTime<Utc>)> = sqlx::query_as(query).fetch_all(&world.app.pool).await.unwrap();
    let written: BTreeMap<_, _> = rows.into_iter().collect();
    assert_eq!(written.len(), PEOPLE);
    let after: Vec<_> = wire.iter().filter(|(person, at)| *at > written[person]).collect();
    assert!(after.is_empty(), "{after:?}");
}
