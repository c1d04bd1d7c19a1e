//! The audit log: who may read it, and that its chain tells every tampering.

use std::time::Duration;

use clento::{
    repositories::{Database, DatabaseSettings},
    workers::{Done, forget_expired_keys, forget_inbound_events, seal_once},
};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, PgPool};

use crate::support::{ManualClock, TestApp, app::ADMIN, postgres::TestDatabase};

const LOGS: &str = "/api/v1/audit-logs";
const VERIFY: &str = "/api/v1/audit-logs/verify";

/// Makes `count` lists, hence as many lines, each a second after the other.
async fn write_lines(app: &TestApp, count: usize) {
    for i in 0..count {
        app.admin().post("/api/v1/lead-lists", json!({"name": format!("List {i}")})).await.expect(201);
        app.clock.advance(Duration::from_secs(1));
    }
}

async fn sealed_lines(count: usize) -> TestApp {
    let app = TestApp::start().await;
    write_lines(&app, count).await;
    assert_eq!(seal_once(&app.state).await.unwrap(), Done { rows: count as u64, more: false });
    app
}

async fn verify(app: &TestApp) -> Value {
    app.admin().get(VERIFY).await.expect(200)
}

/// Does what only the tables' owner can: changes lines behind the triggers' back.
async fn tamper(pool: &PgPool, statement: &str) {
    let statement =
        format!("set session_replication_role = replica; {statement}; set session_replication_role = origin");
    sqlx::raw_sql(AssertSqlSafe(statement)).execute(pool).await.unwrap();
}

#[tokio::test]
async fn a_change_is_told_with_its_author_and_its_before_and_after() {
    let app = TestApp::start().await;
    let made = app.admin().request(reqwest::Method::POST, "/api/v1/lead-lists");
    let made = made.header("x-request-id", "req-7").header("user-agent", "tests/1").json(json!({"name": "A"}));
    let list = made.send().await.expect(201);
    app.clock.advance(Duration::from_secs(1));
    let path = format!("/api/v1/lead-lists/{}", list["id"].as_str().unwrap());
    app.member().patch(&path, json!({"name": "B"})).await.expect(200);

    let lines = app.admin().get(LOGS).await.expect(200);
    let [changed, created] = &lines["data"].as_array().unwrap()[..] else { panic!("{lines}") };
    assert_eq!(created["action"], "lead_list.created");
    assert_eq!(created["entity"], json!({"type": "lead_list", "id": list["id"]}));
    assert_eq!(created["actor"]["type"], "user");
    assert_eq!(created["actor"]["email"], "user_admin@clento.test");
    assert_eq!(created["actor"]["name"], "Test user_admin");
    assert_eq!((&created["request_id"], &created["user_agent"]), (&json!("req-7"), &json!("tests/1")));
    assert_eq!(created["ip_address"], "127.0.0.1");
    assert_eq!((&created["before"], &created["after"]["name"]), (&json!(null), &json!("A")));
    assert_eq!((&created["seq"], &created["hash"]), (&json!(null), &json!(null)));
    assert_eq!((&changed["before"]["name"], &changed["after"]["name"]), (&json!("A"), &json!("B")));
    assert_eq!(changed["actor"]["email"], "user_member@clento.test");
}

#[tokio::test]
async fn who_acts_as_a_user_is_named_and_sealed() {
    let app = TestApp::start().await;
    let support = app.impersonated(ADMIN, "user_support");
    let made = support.request(reqwest::Method::POST, "/api/v1/lead-lists").header("idempotency-key", "key");
    made.json(json!({"name": "A"})).send().await.expect(201);
    app.clock.advance(Duration::from_secs(1));
    write_lines(&app, 1).await;
    let lines = app.admin().get(LOGS).await.expect(200);
    let [own, acted] = &lines["data"].as_array().unwrap()[..] else { panic!("{lines}") };
    assert_eq!(acted["actor"]["email"], "user_admin@clento.test");
    assert_eq!(acted["actor"]["impersonator"], "user_support");
    assert_eq!(own["actor"]["impersonator"], json!(null));
    seal_once(&app.state).await.unwrap();
    assert_eq!(verify(&app).await["valid"], true);
    for forged in ["null", "'user_another'"] {
        tamper(&app.pool, &format!("update audit_logs set impersonator = {forged} where seq = 1")).await;
        assert_eq!(verify(&app).await["first_bad_seq"], 1, "{forged}");
    }
}

#[tokio::test]
async fn only_an_administrator_of_the_organization_reads_its_log() {
    let app = sealed_lines(1).await;
    for path in [LOGS, VERIFY] {
        app.anonymous().get(path).await.expect_problem(401, "token_missing");
        app.member().get(path).await.expect_problem(403, "admin_required");
    }
    assert_eq!(app.outsider().get(LOGS).await.expect(200)["data"], json!([]));
    let theirs = app.outsider().get(VERIFY).await.expect(200);
    assert_eq!(theirs, json!({"valid": true, "checked": 0, "first_bad_seq": null, "head": null, "unsealed": 0}));
}

#[tokio::test]
async fn filters_narrow_the_list_and_unknown_ones_are_refused() {
    let app = TestApp::start().await;
    write_lines(&app, 3).await;
    let all = app.admin().get(LOGS).await.expect(200)["data"].clone();
    let middle = &all[1];
    let list = middle["entity"]["id"].as_str().unwrap();
    app.member().delete(&format!("/api/v1/lead-lists/{list}")).await.expect(204);
    let at = middle["occurred_at"].as_str().unwrap();
    let ids = |query: String| {
        let admin = app.admin();
        async move {
            let page = admin.get(&format!("{LOGS}?include_total=true&{query}")).await.expect(200);
            let ids: Vec<Value> = page["data"].as_array().unwrap().iter().map(|line| line["id"].clone()).collect();
            assert_eq!(page["total"], ids.len(), "{query}");
            ids
        }
    };
    let [newest, middle, oldest] = [0, 1, 2].map(|i| all[i]["id"].clone());
    assert_eq!(ids(format!("occurred_after={at}&action=lead_list.created")).await, [newest.clone(), middle.clone()]);
    assert_eq!(ids(format!("occurred_before={at}")).await, std::slice::from_ref(&oldest));
    assert_eq!(ids(format!("occurred_before={at}&sort=created_at")).await, std::slice::from_ref(&oldest));
    assert_eq!(ids(format!("occurred_after={at}&sort=created_at")).await[..2], [middle.clone(), newest]);
    assert_eq!(ids(format!("entity_id={list}")).await.len(), 2);
    assert_eq!(ids(format!("entity_id={list}&action=lead_list.created")).await, [middle]);
    assert_eq!(ids("entity_type=campaign".into()).await, Vec::<Value>::new());
    let admin = all[0]["actor"]["id"].as_str().unwrap();
    assert_eq!(ids(format!("actor_id={admin}")).await.len(), 3);
    // Far beyond what an id's time can say.
    assert_eq!(ids("occurred_after=%2B99999-01-01T00:00:00Z".into()).await, Vec::<Value>::new());
    app.admin().get(&format!("{LOGS}?colour=red")).await.expect_problem(400, "invalid_parameter");
    app.admin().get(&format!("{LOGS}?entity_id=7")).await.expect_problem(400, "invalid_parameter");
}

#[tokio::test]
async fn pages_join_without_gap_or_repetition() {
    let app = TestApp::start().await;
    for i in 0..7 {
        app.admin().post("/api/v1/lead-lists", json!({"name": format!("{i}")})).await.expect(201);
    }
    for sort in ["-created_at", "created_at"] {
        let whole = app.admin().get(&format!("{LOGS}?sort={sort}")).await.expect(200)["data"].clone();
        let mut joined = Vec::new();
        let mut cursor = String::new();
        for page in 1..=3 {
            let answer = app.admin().get(&format!("{LOGS}?limit=3&sort={sort}{cursor}")).await.expect(200);
            joined.extend(answer["data"].as_array().unwrap().clone());
            assert_eq!(answer["next_cursor"].is_null(), page == 3, "{sort}, page {page}");
            cursor = format!("&cursor={}", answer["next_cursor"].as_str().unwrap_or_default());
        }
        assert_eq!(Value::from(joined), whole, "{sort}");
    }
}

#[tokio::test]
async fn sealing_numbers_lines_and_verification_finds_them_whole() {
    let app = sealed_lines(3).await;
    write_lines(&app, 1).await;
    let lines = app.admin().get(LOGS).await.expect(200);
    let seqs: Vec<_> = lines["data"].as_array().unwrap().iter().map(|line| line["seq"].as_i64()).collect();
    assert_eq!(seqs, [None, Some(3), Some(2), Some(1)]);
    let verified = verify(&app).await;
    assert_eq!(verified["head"], json!({"seq": 3, "hash": lines["data"][1]["hash"]}));
    assert_eq!((&verified["valid"], &verified["checked"], &verified["unsealed"]), (&json!(true), &json!(3), &json!(1)));
    assert_eq!(seal_once(&app.state).await.unwrap().rows, 1);
    assert_eq!(seal_once(&app.state).await.unwrap().rows, 0);
    let verified = verify(&app).await;
    assert_eq!((&verified["valid"], &verified["checked"], &verified["unsealed"]), (&json!(true), &json!(4), &json!(0)));
}

#[tokio::test]
async fn every_tampering_is_found_at_its_place() {
    let swap = "update audit_logs set seq = case seq when 2 then 103 else 102 end where seq in (2, 3);
                update audit_logs set seq = seq - 100 where seq > 100";
    let table = [
        ("altered", "update audit_logs set after = jsonb_set(after, '{name}', '\"Other\"') where seq = 3", 3),
        ("another author", "update audit_logs set actor_id = gen_random_uuid() where seq = 2", 2),
        ("first removed", "delete from audit_logs where seq = 1", 1),
        ("removed", "delete from audit_logs where seq = 3", 3),
        ("end removed", "delete from audit_logs where seq >= 4", 4),
        ("all removed", "delete from audit_logs", 1),
        ("gap closed", "delete from audit_logs where seq = 2; update audit_logs set seq = seq - 1 where seq > 2", 2),
        ("swapped", swap, 2),
        ("forged seal", "update audit_logs set hash = sha256('x') where seq = 5", 5),
        ("forged link", "update audit_logs set previous_hash = sha256('x') where seq = 4", 4),
        (
            "forged line after the end",
            "insert into audit_logs (id, organization_id, occurred_at, actor_type, action, entity_type, seq, previous_hash, hash)
             select gen_random_uuid(), organization_id, now(), 'system', 'a', 'b', 6, hash, sha256('x') from audit_logs where seq = 5",
            6,
        ),
        ("unsealed again", "update audit_logs set seq = null, previous_hash = null, hash = null where seq = 2", 2),
        ("head forged", "update audit_chain_heads set hash = sha256('x')", 5),
        ("head removed", "delete from audit_chain_heads", 1),
    ];
    let app = sealed_lines(5).await;
    assert_eq!(verify(&app).await["valid"], true);
    sqlx::raw_sql("create table kept_logs as table audit_logs; create table kept_heads as table audit_chain_heads")
        .execute(&app.pool)
        .await
        .unwrap();
    for (name, statement, bad) in table {
        tamper(&app.pool, statement).await;
        let verified = verify(&app).await;
        assert_eq!(
            (&verified["valid"], &verified["first_bad_seq"]),
            (&json!(false), &json!(bad)),
            "{name}: {verified}"
        );
        assert_eq!(verified["checked"], bad - 1, "{name}");
        let restore = "delete from audit_logs; insert into audit_logs table kept_logs;
                       delete from audit_chain_heads; insert into audit_chain_heads table kept_heads";
        tamper(&app.pool, restore).await;
        assert_eq!(verify(&app).await["valid"], true, "{name}, undone");
    }
}

#[tokio::test]
async fn a_cut_end_stays_found_when_more_is_sealed() {
    let app = sealed_lines(4).await;
    tamper(&app.pool, "delete from audit_logs where seq = 4").await;
    write_lines(&app, 2).await;
    assert_eq!(seal_once(&app.state).await.unwrap().rows, 2);
    let verified = verify(&app).await;
    assert_eq!((&verified["first_bad_seq"], &verified["head"]["seq"]), (&json!(4), &json!(6)));
}

#[tokio::test]
async fn the_database_refuses_what_the_log_forbids() {
    let app = sealed_lines(2).await;
    for statement in [
        "update audit_logs set action = 'x'",
        "update audit_logs set seq = seq + 10",
        "update audit_logs set hash = sha256('x')",
        "delete from audit_logs",
        "truncate audit_logs",
        "update audit_chain_heads set seq = 1",
        "delete from audit_chain_heads",
        "truncate audit_chain_heads",
    ] {
        let refused = sqlx::query(statement).execute(&app.pool).await.unwrap_err();
        let refused = refused.into_database_error().unwrap();
        assert_eq!(refused.code().unwrap(), "42501", "{statement}: {refused}");
    }
    assert_eq!(verify(&app).await["valid"], true);
}

#[tokio::test]
async fn a_line_that_commits_later_is_sealed_later_whatever_its_time() {
    let app = TestApp::start().await;
    let organization = app.organization_id("org_ours").await;
    let mut slow = app.pool.begin().await.unwrap();
    sqlx::query(
        "insert into audit_logs (id, organization_id, occurred_at, actor_type, action, entity_type)
         values ('01900000-0000-7000-8000-000000000000', $1, '2024-06-01', 'system', 'slow', 'test')",
    )
    .bind(organization)
    .execute(&mut *slow)
    .await
    .unwrap();
    write_lines(&app, 2).await;
    assert_eq!(seal_once(&app.state).await.unwrap().rows, 2, "the sealer waits for nobody");
    slow.commit().await.unwrap();
    assert_eq!(seal_once(&app.state).await.unwrap().rows, 1);
    let last = app.admin().get(&format!("{LOGS}?action=slow")).await.expect(200);
    assert_eq!(last["data"][0]["seq"], 3);
    assert_eq!(verify(&app).await["valid"], true);
}

#[tokio::test]
async fn replicas_that_seal_at_the_same_time_make_one_chain() {
    let app = TestApp::start().await;
    for person in [app.admin(), app.outsider()] {
        for i in 0..20 {
            person.post("/api/v1/lead-lists", json!({"name": format!("{i}")})).await.expect(201);
        }
    }
    let replicas = futures::future::join_all((0..4).map(|_| seal_once(&app.state))).await;
    let sealed: u64 = replicas.into_iter().map(|done| done.unwrap().rows).sum();
    assert_eq!(sealed + seal_once(&app.state).await.unwrap().rows, 40);
    for admin in [app.admin(), app.outsider()] {
        let verified = admin.get(VERIFY).await.expect(200);
        assert_eq!((&verified["valid"], &verified["checked"]), (&json!(true), &json!(20)), "{verified}");
    }
}

#[tokio::test]
async fn a_long_backlog_is_sealed_in_batches_and_verified_in_chunks() {
    let app = TestApp::start().await;
    let organization = app.organization_id("org_ours").await;
    sqlx::query(
        "insert into audit_logs (id, organization_id, occurred_at, actor_type, action, entity_type, after)
         select gen_random_uuid(), $1, now() + i * interval '1 microsecond', 'system', 'bulk', 'test',
                jsonb_build_object('n', i, 'x', i / 7.0, 'big', 9007199254740993 + i, 'text', chr(i % 1000 + 1) || 'é😀\"\\')
         from generate_series(1, 2500) i",
    )
    .bind(organization)
    .execute(&app.pool)
    .await
    .unwrap();
    app.outsider().post("/api/v1/lead-lists", json!({"name": "Theirs"})).await.expect(201);
    // The first round gives each of the two its half of a batch, so that the one line need not wait for all the others.
    for round in [(501, true), (1000, true), (1000, true), (0, false)] {
        let done = seal_once(&app.state).await.unwrap();
        assert_eq!((done.rows, done.more), round);
    }
    let verified = verify(&app).await;
    assert_eq!((&verified["valid"], &verified["checked"]), (&json!(true), &json!(2500)), "{verified}");
    let theirs = app.outsider().get(VERIFY).await.expect(200);
    assert_eq!((&theirs["valid"], &theirs["checked"]), (&json!(true), &json!(1)), "{theirs}");
}

#[tokio::test]
async fn an_organization_that_cannot_be_sealed_does_not_hold_up_the_others() {
    let app = sealed_lines(1).await;
    tamper(&app.pool, "delete from audit_chain_heads").await;
    write_lines(&app, 1).await;
    app.outsider().post("/api/v1/lead-lists", json!({"name": "Theirs"})).await.expect(201);
    seal_once(&app.state).await.unwrap_err();
    let theirs = app.outsider().get(VERIFY).await.expect(200);
    assert_eq!((&theirs["valid"], &theirs["checked"], &theirs["unsealed"]), (&json!(true), &json!(1), &json!(0)));
}

#[tokio::test]
async fn an_organization_that_is_busy_does_not_hold_up_the_others() {
    let app = TestApp::start().await;
    let hasty = DatabaseSettings {
        statement_timeout: Duration::from_millis(300),
        ..TestDatabase::settings(app.database.url.clone())
    };
    let db = Database::new(&hasty).unwrap();
    let app = TestApp::start_on(app.database.share(), db, ManualClock::new(), |_| {}).await;
    // So that whichever organization comes first, the other comes after it.
    for busy in ["org_ours", "org_theirs"] {
        write_lines(&app, 1).await;
        app.outsider().post("/api/v1/lead-lists", json!({"name": "Theirs"})).await.expect(201);
        seal_once(&app.state).await.unwrap();
        write_lines(&app, 1).await;
        app.outsider().post("/api/v1/lead-lists", json!({"name": "Theirs"})).await.expect(201);
        let mut blocker = app.pool.begin().await.unwrap();
        sqlx::query("select from audit_chain_heads h join organizations o on o.id = h.organization_id where clerk_organization_id = $1 for update of h")
            .bind(busy)
            .execute(&mut *blocker)
            .await
            .unwrap();
        assert_eq!(seal_once(&app.state).await.unwrap_err().code(), "database_busy");
        blocker.rollback().await.unwrap();
        assert_eq!(seal_once(&app.state).await.unwrap().rows, 1, "only the busy one's line was left");
    }
}

#[tokio::test]
async fn an_organization_verifies_once_at_a_time() {
    let app = sealed_lines(1).await;
    let mut blocker = app.pool.begin().await.unwrap();
    sqlx::query("lock table audit_logs in access exclusive mode").execute(&mut *blocker).await.unwrap();
    let first = tokio::spawn(app.admin().request(reqwest::Method::GET, VERIFY).send());
    let waiting =
        "select exists (select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock')";
    let one_waits = async {
        while !sqlx::query_scalar::<_, bool>(waiting).fetch_one(&app.pool).await.unwrap() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), one_waits).await.expect("one that waits");
    app.admin().get(VERIFY).await.expect_problem(409, "verification_running");
    blocker.rollback().await.unwrap();
    first.await.unwrap().expect(200);
    assert_eq!(verify(&app).await["valid"], true);
}

#[tokio::test]
async fn housekeeping_forgets_what_has_served_its_time() {
    let app = TestApp::start().await;
    let create = |key: &'static str| {
        let call = app.admin().request(reqwest::Method::POST, "/api/v1/lead-lists").header("idempotency-key", key);
        call.json(json!({"name": key})).send()
    };
    create("old").await.expect(201);
    sqlx::query("insert into inbound_events (source, external_id, type, outcome, received_at) values ('clerk', 'old', 't', 'applied', $1)")
        .bind(clento::utils::clock::Clock::now(&*app.clock))
        .execute(&app.pool)
        .await
        .unwrap();
    app.clock.advance(Duration::from_hours(23));
    assert_eq!(forget_expired_keys(&app.state).await.unwrap(), Done::default());
    app.clock.advance(Duration::from_hours(2));
    create("new").await.expect(201);
    assert_eq!(forget_expired_keys(&app.state).await.unwrap().rows, 1);
    let left: Vec<String> = sqlx::query_scalar("select key from idempotency_keys").fetch_all(&app.pool).await.unwrap();
    assert_eq!(left, ["new"]);

    app.clock.advance(Duration::from_hours(28 * 24));
    assert_eq!(forget_inbound_events(&app.state).await.unwrap().rows, 0);
    app.clock.advance(Duration::from_hours(2 * 24));
    assert_eq!(forget_inbound_events(&app.state).await.unwrap().rows, 1);
}
