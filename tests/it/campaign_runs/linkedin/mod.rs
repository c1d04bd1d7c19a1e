//! LinkedIn through Unipile, before a server that speaks as Unipile documents it. Its own log is the truth about what was done.

mod freshness;
mod identity;
mod inbox;
mod invitations;
mod limits;
mod posts;
mod reconciling;
mod refusals;

use clento::config::{Config, Vars};
use serde_json::{Value, json};
use sqlx::AssertSqlSafe;

use super::{
    CAMPAIGNS, MONDAY, account, act, at, list_of, made, nobody, paused_before_the_wire, run_until, schedule, tick,
};
use crate::support::{
    FakeUnipile, TestApp,
    unipile::{API_KEY, Act},
};

/// A service that is set up for LinkedIn, and Unipile; at eight o'clock on a Monday in Berlin.
struct Stage {
    app: TestApp,
    fake: FakeUnipile,
}

impl Stage {
    async fn set() -> Self {
        let fake = FakeUnipile::start(crate::support::ManualClock::new()).await;
        let dsn = fake.dsn().to_string();
        let app = TestApp::start_with(|server| {
            let vars = Vars::given([("UNIPILE_DSN", dsn.as_str()), ("UNIPILE_API_KEY", API_KEY)]);
            server.unipile = Config::from_vars(vars).unwrap().server.unipile;
        })
        .await;
        fake.world().clock = app.clock.clone();
        app.clock.set(at(MONDAY));
        Self { app, fake }
    }

    /// An account that Unipile calls `name`, for which LinkedIn is paid or not.
    async fn account(&self, name: &str, paid: bool) -> String {
        self.fake.world().account(name).premium = paid;
        let id = account(&self.app.member(), "linkedin", nobody(json!({})), json!({"spacing_seconds": 60})).await;
        self.connect(&id, name, paid).await;
        id
    }

    /// Makes an account one of Unipile's.
    async fn connect(&self, id: &str, name: &str, paid: bool) {
        let unipile =
            json!({"account_id": name, "wire": "v1", "provider_id": format!("ACo-{name}"), "tier": {"premium": paid}});
        sqlx::query("update connected_accounts set provider = 'linkedin', unipile = $2 where id = $1::uuid")
            .bind(id)
            .bind(unipile)
            .execute(&self.app.pool)
            .await
            .unwrap();
        messages_read(&self.app, id, "now()").await;
        relations_read(&self.app, id).await;
    }

    /// A list of so many people who are on LinkedIn.
    async fn people(&self, count: usize) -> String {
        for i in 0..count {
            self.fake.world().person(&format!("person-{i}"));
        }
        list_of(&self.app.member(), count).await
    }

    /// A campaign of these accounts that is under way.
    async fn start(&self, list: &str, accounts: &[&str], workflow: Value) -> String {
        let body = json!({
            "name": "Campaign", "lead_list_ids": [list], "account_ids": accounts, "workflow": workflow, "schedule": schedule(),
            "stop_on": ["unsubscribe"], "settings": {"skip_in_another_campaign": false}
        });
        let id = made(&self.app.member(), CAMPAIGNS, body).await;
        act(&self.app.member(), &id, "start").await;
        id
    }

    /// Lets so many hours pass, as the workers see it.
    async fn pass(&self, hours: i64) {
        let until = clento::utils::clock::Clock::now(&*self.app.clock) + chrono::TimeDelta::hours(hours);
        run_until(&self.app, until).await;
    }

    /// Lets time pass until this was done, whatever is said of it.
    async fn until_done(&self, act: Act) {
        while self.done(act).is_empty() {
            self.app.clock.advance(std::time::Duration::from_secs(30));
            tick(&self.app).await;
        }
    }

    fn done(&self, act: Act) -> Vec<(String, String)> {
        self.fake.world().done(act)
    }

    fn nothing_twice(&self) {
        assert_eq!(self.fake.world().doubled(), []);
    }

    /// One column of text, in order.
    async fn texts(&self, query: &str) -> Vec<String> {
        sqlx::query_scalar(AssertSqlSafe(query.to_owned())).fetch_all(&self.app.pool).await.unwrap()
    }

    /// Every attempt: its node, state and reason.
    async fn attempts(&self) -> Vec<String> {
        self.texts("select concat_ws(' ', node_id, state, reason) from execution_steps order by sending_at, id").await
    }

    /// Where the leads stand: node, state, and why.
    async fn standing(&self) -> Vec<String> {
        self.texts(
            "select concat_ws(' ', e.node_id, e.status, coalesce(e.hold, e.awaiting, e.status_reason)) from campaign_executions e
             join leads l on l.id = e.lead_id order by l.email",
        )
        .await
    }

    /// The activities of this type: their reasons.
    async fn reasons(&self, kind: &str) -> Vec<String> {
        let query = format!(
            "select coalesce(data ->> 'reason', '') from activities where type = '{kind}' order by occurred_at, id"
        );
        self.texts(&query).await
    }
}

/// Has the account's messages read at an instant of the database's, and never again by itself.
pub(crate) async fn messages_read(app: &TestApp, account: &str, at: &str) {
    let query = format!(
        "insert into account_watches (organization_id, account_id, kind, due_at, read_at)
         select organization_id, id, 'messages', 'infinity', {at} from connected_accounts where id = '{account}'
         on conflict (organization_id, account_id, kind) do update set read_at = excluded.read_at"
    );
    sqlx::query(AssertSqlSafe(query)).execute(&app.pool).await.unwrap();
}

/// Has all connections of the account been read, now and at any time.
pub(crate) async fn relations_read(app: &TestApp, account: &str) {
    let query = format!(
        "insert into account_watches (organization_id, account_id, kind, due_at, read_at, seen_until)
         select organization_id, id, 'relations', 'infinity', now(), 'infinity' from connected_accounts where id = '{account}'
         on conflict (organization_id, account_id, kind) do nothing"
    );
    sqlx::query(AssertSqlSafe(query)).execute(&app.pool).await.unwrap();
}

/// One node.
fn only(kind: &str, config: &Value) -> Value {
    json!({"nodes": [{"id": "it", "type": kind, "config": config}], "edges": []})
}

/// An invitation; a message to who accepts, and the invitation is taken back from who does not.
fn invitation(note: &Value) -> Value {
    json!({
        "nodes": [
            {"id": "invite", "type": "send_connection_request", "config": {"message": note}},
            {"id": "chat", "type": "send_followup", "config": {"message": "Thank you, {{ first_name }}!"}},
            {"id": "withdraw", "type": "withdraw_request"}
        ],
        "edges": [
            {"source": "invite", "target": "chat", "condition": "accepted"},
            {"source": "invite", "target": "withdraw", "condition": "not_accepted", "delay": {"value": 7, "unit": "days"}}
        ]
    })
}

#[tokio::test]
async fn a_pause_keeps_back_what_was_claimed() {
    let stage = Stage::set().await;
    let account = stage.account("A1", true).await;
    let list = stage.people(1).await;
    let id = stage.start(&list, &[&account], only("send_connection_request", &json!({}))).await;
    paused_before_the_wire(&stage.app, &id, "linkedin_acts", Box::pin(stage.pass(24))).await;
    assert_eq!((stage.done(Act::Invite), stage.attempts().await), (vec![], vec!["it not_sent not_begun".to_owned()]));
    act(&stage.app.member(), &id, "resume").await;
    stage.pass(24).await;
    assert_eq!(stage.done(Act::Invite).len(), 1);
}

#[tokio::test]
async fn a_whole_way_is_walked_and_leaves_its_traces_once() {
    let stage = Stage::set().await;
    let account = stage.account("A1", false).await;
    let list = stage.people(2).await;
    let now = at(MONDAY);
    let social = stage.fake.world().post("person-0", now).social_id.clone();
    let day = json!({"value": 1, "unit": "days"});
    let workflow = json!({
        "nodes": [
            {"id": "visit", "type": "profile_visit"},
            {"id": "like", "type": "like_post"},
            {"id": "comment", "type": "comment_post", "config": {"message": "Well said, {{ first_name }}"}},
            {"id": "invite", "type": "send_connection_request", "config": {"message": "Hello {{ first_name }}"}},
            {"id": "chat", "type": "send_followup", "config": {"message": "Thank you"}},
            {"id": "withdraw", "type": "withdraw_request"}
        ],
        "edges": [
            {"source": "visit", "target": "like", "delay": day},
            {"source": "like", "target": "comment", "delay": day},
            {"source": "comment", "target": "invite", "delay": day},
            {"source": "invite", "target": "chat", "condition": "accepted"},
            {"source": "invite", "target": "withdraw", "condition": "not_accepted", "delay": {"value": 7, "unit": "days"}}
        ]
    });
    stage.start(&list, &[&account], workflow).await;
    stage.pass(24 * 30).await;

    let both = |name: &str| vec![("A1".to_owned(), format!("ACo_{name}"))];
    let people = [both("person-0"), both("person-1")].concat();
    let sorted = |act| {
        let mut done = stage.done(act);
        done.sort();
        done
    };
    for act in [Act::Visit, Act::Invite, Act::Withdraw] {
        assert_eq!(sorted(act), people, "{act:?}");
    }
    for act in [Act::Like, Act::Comment] {
        assert_eq!(stage.done(act), [("A1".into(), social.clone())], "{act:?}");
    }
    assert_eq!(stage.done(Act::Message), []);
    stage.nothing_twice();
    let texts: Vec<_> = stage.fake.world().deeds.iter().filter_map(|deed| deed.text.clone()).collect();
    assert!(texts.contains(&"Hello First0".to_owned()) && texts.contains(&"Well said, First0".to_owned()), "{texts:?}");
    assert_eq!(stage.reasons("step_skipped").await, ["no_recent_post", "no_recent_post"]);
    assert_eq!(stage.standing().await, ["withdraw completed", "withdraw completed"]);
    for kind in ["profile_visited", "connection_request_sent", "connection_request_withdrawn"] {
        assert_eq!(stage.reasons(kind).await.len(), 2, "{kind}");
    }
}

#[tokio::test]
async fn a_server_without_a_key_says_so_and_goes_on_when_it_has_one() {
    let stage = Stage::set().await;
    let account = stage.account("A1", false).await;
    let list = stage.people(1).await;
    let bare =
        TestApp::start_on(stage.app.database.share(), stage.app.database.open(), stage.app.clock.clone(), |_| {});
    let bare = bare.await;
    stage.start(&list, &[&account], only("profile_visit", &json!({}))).await;
    run_until(&bare, at("2026-11-23T09:00:00Z")).await;
    let reasons = stage.reasons("step_not_sent").await;
    assert!(!reasons.is_empty() && reasons.iter().all(|reason| reason == "linkedin_not_set_up"), "{reasons:?}");
    assert_eq!((stage.done(Act::Visit), stage.standing().await), (vec![], vec!["it waiting".to_owned()]));
    stage.pass(24).await;
    assert_eq!((stage.done(Act::Visit).len(), stage.standing().await), (1, vec!["it completed".to_owned()]));
}
