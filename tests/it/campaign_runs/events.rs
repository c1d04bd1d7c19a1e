//! Following a campaign: what happens in it, as it becomes visible, without a gap and without a repetition.

use std::{collections::HashSet, time::Duration};

use reqwest::{Method, Response};
use serde_json::{Value, json};
use tokio::time::timeout;

use super::{CAMPAIGNS, MONDAY, account, act, at, campaign, list_of, nobody, schedule, tick, two_mails};
use crate::support::{Caller, TestApp, app::MEMBER};

/// How long something is waited for that surely comes.
const PATIENCE: Duration = Duration::from_secs(20);

/// A stream that is being read.
struct Stream(Response, String);

impl Stream {
    async fn open(caller: &Caller, campaign: &str, last: Option<&str>) -> Self {
        let call = caller.request(Method::GET, &format!("{CAMPAIGNS}/{campaign}/events"));
        let call = last.into_iter().fold(call, |call, last| call.header("last-event-id", last));
        let response = call.open().await;
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self(response, String::new())
    }

    /// The next event: its id, its kind and its data; none if the stream ended.
    async fn next(&mut self) -> Option<(String, String, Value)> {
        loop {
            if let Some(end) = self.1.find("\n\n") {
                let event: String = self.1.drain(..end + 2).collect();
                let field = |name: &str| event.lines().find_map(|line| line.strip_prefix(name)).map(str::to_owned);
                if let Some(id) = field("id: ") {
                    let data = serde_json::from_str(&field("data: ").unwrap()).unwrap();
                    return Some((id, field("event: ").unwrap(), data));
                }
                continue;
            }
            let chunk = timeout(PATIENCE, self.0.chunk()).await.expect("an event").unwrap()?;
            self.1 += std::str::from_utf8(&chunk).unwrap();
        }
    }

    async fn some(&mut self, count: usize) -> Vec<(String, Value)> {
        let mut told = Vec::new();
        while told.len() < count {
            let (id, kind, data) = self.next().await.expect("the stream goes on");
            assert_eq!(kind, "activity");
            told.push((id, data));
        }
        told
    }
}

/// A campaign of so many leads that was started, and nothing else.
async fn started(app: &TestApp, leads: usize) -> String {
    app.clock.set(at(MONDAY));
    let member = app.member();
    let list = list_of(&member, leads).await;
    let mailbox = account(&member, "email", nobody(json!({})), json!({"spacing_seconds": 0})).await;
    let id = campaign(&member, &[&list], &[&mailbox], two_mails(), schedule()).await;
    act(&member, &id, "start").await;
    id
}

async fn listed(app: &TestApp, campaign: &str) -> HashSet<String> {
    let listed = app.member().get(&format!("/api/v1/activities?campaign_id={campaign}&limit=200")).await.expect(200);
    listed["data"].as_array().unwrap().iter().map(|it| it["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn whoever_follows_is_told_of_everything_once_and_goes_on_on_another_server() {
    let app = TestApp::start().await;
    let id = started(&app, 5).await;
    let mut stream = Stream::open(&app.member(), &id, None).await;
    tick(&app).await;
    let begun = stream.some(5).await;
    assert!(begun.iter().all(|(_, it)| it["type"] == "execution_begun"), "{begun:?}");
    assert_eq!(
        begun.iter().map(|(_, it)| it["id"].as_str().unwrap().to_owned()).collect::<HashSet<_>>(),
        listed(&app, &id).await
    );
    // The connection is lost after the second event; the rest is told by another server, and so is what came meanwhile.
    drop(stream);
    app.clock.set(at("2026-11-23T08:00:00Z"));
    tick(&app).await;
    let other = app.replica().await;
    let mut stream = Stream::open(&other.member(), &id, Some(&begun[1].0)).await;
    let rest = stream.some(3 + 5).await;
    let all: Vec<_> = begun[..2].iter().chain(&rest).map(|(_, it)| it["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!((all.len(), all.iter().cloned().collect::<HashSet<_>>()), (10, listed(&app, &id).await));
    assert_eq!(rest[7].1["type"], "email_sent");
}

#[tokio::test]
async fn what_is_committed_late_is_not_passed_over() {
    let app = TestApp::start().await;
    let id = started(&app, 1).await;
    let mut stream = Stream::open(&app.member(), &id, None).await;
    // Somebody has begun to write an activity, and is slow; another comes after it and is faster.
    let write = "insert into activities (id, organization_id, type, campaign_id, data, occurred_at)
                 select gen_random_uuid(), organization_id, $2, id, '{}', now() from campaigns where id = $1::uuid";
    let mut slow = app.pool.begin().await.unwrap();
    sqlx::query(write).bind(&id).bind("slow").execute(&mut *slow).await.unwrap();
    sqlx::query(write).bind(&id).bind("fast").execute(&app.pool).await.unwrap();
    // A stream that is begun now is told of both, too: what is on its way counts as what comes.
    let mut late = Stream::open(&app.member(), &id, None).await;
    assert!(timeout(Duration::from_millis(1_500), stream.next()).await.is_err(), "nothing is told before the slow one");
    slow.commit().await.unwrap();
    for stream in [&mut stream, &mut late] {
        let kinds: Vec<_> =
            stream.some(2).await.into_iter().map(|(_, it)| it["type"].as_str().unwrap().to_owned()).collect();
        assert_eq!(kinds, ["slow", "fast"]);
    }
}

#[tokio::test]
async fn a_place_that_is_none_of_this_databases_begins_anew() {
    let app = TestApp::start().await;
    let id = started(&app, 1).await;
    let future = format!("{}-{}", i64::MAX, uuid::Uuid::nil());
    let mut stream = Stream::open(&app.member(), &id, Some(&future)).await;
    assert_eq!(stream.next().await.unwrap().1, "reset");
    tick(&app).await;
    assert_eq!(stream.some(1).await[0].1["type"], "execution_begun");
    for bad in ["x", "1", "-1-00000000-0000-0000-0000-000000000000", "1-x"] {
        let path = format!("{CAMPAIGNS}/{id}/events");
        let answer = app.member().request(Method::GET, &path).header("last-event-id", bad).send().await;
        answer.expect_problem(400, "invalid_last_event_id");
    }
}

#[tokio::test]
async fn streams_end_with_the_membership_the_campaign_and_the_process() {
    let app = TestApp::start().await;
    let id = started(&app, 1).await;
    let draft = campaign(&app.member(), &[], &[], json!({"nodes": []}), schedule()).await;
    let mut of_draft = Stream::open(&app.admin(), &draft, None).await;
    let (mut theirs, mut ours) =
        (Stream::open(&app.member(), &id, None).await, Stream::open(&app.admin(), &id, None).await);
    app.admin().delete(&format!("{CAMPAIGNS}/{draft}")).await.expect(204);
    assert!(of_draft.next().await.is_none(), "the campaign is gone");
    app.remove(MEMBER.clerk_user).await;
    assert!(theirs.next().await.is_none(), "who is no member any more is told nothing more");
    tick(&app).await;
    assert_eq!(ours.some(1).await.len(), 1);
    app.state.following().end();
    assert!(ours.next().await.is_none(), "a stop does not wait for those who follow");
}

#[tokio::test]
async fn so_many_follow_and_no_more() {
    let app = TestApp::start().await;
    let id = started(&app, 1).await;
    let mut open = Vec::new();
    for _ in 0..5 {
        open.push(Stream::open(&app.member(), &id, None).await);
    }
    let path = format!("{CAMPAIGNS}/{id}/events");
    app.member().get(&path).await.expect_problem(503, "too_many_watchers");
    open.push(Stream::open(&app.admin(), &id, None).await);
    app.outsider().get(&path).await.expect_problem(404, "campaign_not_found");
    // Whoever goes makes room.
    drop(open.remove(0));
    timeout(PATIENCE, async {
        while app.member().request(Method::GET, &path).open().await.status() != 200 {
            tokio::task::yield_now().await;
        }
    })
    .await
    .expect("a place");
}

/// What this process holds of memory, in bytes.
fn resident() -> u64 {
    let pages: u64 = std::fs::read_to_string("/proc/self/statm").unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    pages * 4_096
}

#[tokio::test]
async fn who_reads_slowly_costs_neither_memory_nor_a_connection_and_misses_nothing() {
    const EVENTS: usize = 3_000;
    const BYTES: usize = 8_000;
    let app = TestApp::start().await;
    let id = started(&app, 1).await;
    let mut slow = Stream::open(&app.member(), &id, None).await;
    let mut quick = Stream::open(&app.admin(), &id, None).await;
    let write = "insert into activities (id, organization_id, type, campaign_id, data, occurred_at)
                 select gen_random_uuid(), c.organization_id, 'told', c.id, jsonb_build_object('n', n, 'text', repeat('x', $3)), now()
                 from campaigns c, generate_series(1, $2) n where c.id = $1::uuid";
    let (events, bytes) = (i32::try_from(EVENTS).unwrap(), i32::try_from(BYTES).unwrap());
    sqlx::query(write).bind(&id).bind(events).bind(bytes).execute(&app.pool).await.unwrap();
    let before = resident();
    // They take turns: when the quick one has all, the slow one could have had all.
    let mut numbers = HashSet::new();
    while numbers.len() < EVENTS {
        let (_, _, it) = quick.next().await.expect("the stream goes on");
        numbers.insert(it["data"]["n"].as_i64());
    }
    drop(quick);
    let grown = resident().saturating_sub(before);
    assert!(grown < u64::try_from(EVENTS * BYTES / 2).unwrap(), "{grown} bytes for a reader who does not read");
    timeout(PATIENCE, async {
        loop {
            let (open, idle) = app.state.db().connections();
            if usize::try_from(open).unwrap() == idle {
                return;
            }
            tokio::task::yield_now().await;
        }
    })
    .await
    .expect("no connection is held");
    let mut numbers = Vec::new();
    while numbers.len() < EVENTS {
        let (_, _, it) = slow.next().await.expect("the stream goes on");
        numbers.push(it["data"]["n"].as_i64());
    }
    let all: HashSet<_> = numbers.iter().collect();
    assert_eq!(all.len(), EVENTS, "each once");
}
