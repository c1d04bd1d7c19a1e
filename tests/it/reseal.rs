//! Replacing the key that secrets are sealed with: afterwards the old one is not needed, whatever was going on meanwhile.

use std::{
    process::{Command, Output, Stdio},
    time::Duration,
};

use clento::{
    config::{Config, Vars},
    services::Reseal,
    utils::{
        clock::SharedClock,
        crypto::{Cipher, Place},
    },
};
use secrecy::ExposeSecret as _;
use serde_json::json;
use uuid::Uuid;

use crate::support::TestApp;

const OLD: &str = "b2xkb2xkb2xkb2xkb2xkb2xkb2xkb2xkb2xkb2xkb2w=";
const NEW: &str = "bmV3bmV3bmV3bmV3bmV3bmV3bmV3bmV3bmV3bmV3bmU=";
const BOTH: &str = "bmV3bmV3bmV3bmV3bmV3bmV3bmV3bmV3bmV3bmV3bmU=,b2xkb2xkb2xkb2xkb2xkb2xkb2xkb2xkb2xkb2xkb2w=";

fn cipher(keys: &str) -> Cipher {
    Cipher::new(&Config::from_vars(Vars::given([("ENCRYPTION_KEY", keys)])).unwrap().encryption.0).unwrap()
}

fn service(app: &TestApp, keys: &str) -> Reseal {
    let clock: SharedClock = app.clock.clone();
    Reseal::new(app.state.db().clone(), clock, cipher(keys))
}

/// The command as an operator runs it.
fn command(app: &TestApp, keys: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_clento"));
    command.arg("reseal").args(arguments).env_clear();
    command.env("DATABASE_URL", app.database.url.expose_secret()).env("ENCRYPTION_KEY", keys);
    command
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// One secret of each kind, by the API; answers the account that is used up.
async fn secrets(app: &TestApp) -> String {
    let (admin, member) = (app.admin(), app.member());
    let account = member
        .post("/api/v1/connected-accounts", json!({"provider": "sandbox", "channel": "email", "display_name": "A"}))
        .await
        .expect(201);
    let list = member.post("/api/v1/lead-lists", json!({"name": "L"})).await.expect(201);
    let path = format!("/api/v1/lead-lists/{}/clay-destinations", list["id"].as_str().unwrap());
    let url = "https://api.clay.com/v3/sources/webhook/pull-in-data-from-a-webhook-1";
    admin.post(&path, json!({"url": url, "auth_token": "a-token"})).await.expect(201);
    for _ in 0..2 {
        admin.post("/api/v1/webhook-secret/rotate", json!({})).await.expect(200);
    }
    account["id"].as_str().unwrap().to_owned()
}

/// So many more accounts of ours, with credentials that the old key has sealed.
async fn many(app: &TestApp, count: usize) {
    let organization = app.organization_id("org_ours").await;
    let old = cipher(OLD);
    for n in 0..count {
        let row = Uuid::from_u128(n as u128 + 1);
        let place = Place { organization, table: "connected_accounts", row, column: "credentials" };
        let sealed = old.seal(place, format!("secret {n}").as_bytes()).unwrap();
        sqlx::query(
            "insert into connected_accounts (id, organization_id, provider, channel, display_name, status, limits, spacing_seconds, credentials,
                                             credentials_key, credentials_key_id, created_at, updated_at)
             values ($1, $2, 'sandbox', 'email', 'M', 'paused', '{}', 30, $3, $4, $5, now(), now())",
        )
        .bind(row)
        .bind(organization)
        .bind(sealed.ciphertext)
        .bind(sealed.data_key)
        .bind(sealed.key_id)
        .execute(&app.pool)
        .await
        .unwrap();
    }
}

/// How many of the accounts that [`many`] made open with these keys, to what they held.
async fn opened(app: &TestApp, keys: &str) -> usize {
    let (organization, cipher) = (app.organization_id("org_ours").await, cipher(keys));
    let rows: Vec<(Uuid, Vec<u8>, Vec<u8>, String)> = sqlx::query_as(
        "select id, credentials, credentials_key, credentials_key_id from connected_accounts where display_name = 'M'",
    )
    .fetch_all(&app.pool)
    .await
    .unwrap();
    let opens = rows.into_iter().filter(|(row, ciphertext, data_key, key_id)| {
        let place = Place { organization, table: "connected_accounts", row: *row, column: "credentials" };
        let (ciphertext, data_key, key_id) = (ciphertext.clone(), data_key.clone(), key_id.clone());
        let open = cipher.open(place, &clento::utils::crypto::Sealed { ciphertext, data_key, key_id });
        open.is_ok_and(|open| open.expose_secret() == format!("secret {}", row.as_u128() - 1).as_bytes())
    });
    opens.count()
}

#[tokio::test]
async fn the_old_key_can_be_dropped_after_everything_was_sealed_anew() {
    let app = TestApp::start_with_keys(OLD).await;
    secrets(&app).await;
    let before = command(&app, BOTH, &["--count"]).output().unwrap();
    assert!(before.status.success() && said(&before).ends_with("left: 4\n"), "{}", said(&before));
    // Servers with both keys go on beside it.
    let both = app.replica_with_keys(BOTH).await;
    let done = command(&app, BOTH, &[]).output().unwrap();
    let told = said(&done);
    assert!(done.status.success() && told.contains("sealed anew: 4\n") && told.ends_with("left: 0\n"), "{told}");
    for column in [
        "connected_accounts.credentials",
        "clay_destinations.auth_token",
        "webhook_secrets.secret",
        "webhook_secrets.earlier",
    ] {
        assert!(told.contains(&format!(": 1 in {column}\n")), "{told}");
    }
    assert!(!told.contains(OLD) && !told.contains(NEW));
    let again = command(&app, BOTH, &[]).output().unwrap();
    assert!(again.status.success() && said(&again).contains("sealed anew: 0\n"));
    let noted: i64 = sqlx::query_scalar("select count(*) from audit_logs where action = 'secrets.resealed'")
        .fetch_one(&app.pool)
        .await
        .unwrap();
    assert_eq!(noted, 1);
    drop(both);

    // A server that has the new key only opens all of it, as it is used.
    let new = app.replica_with_keys(NEW).await;
    let stale = service(&new, NEW).run().await.unwrap();
    assert_eq!((stale.resealed, stale.unopened.len()), (0, 0));
    new.admin().post("/api/v1/webhook-secret/rotate", json!({})).await.expect(200);
    let organization = app.organization_id("org_ours").await;
    for (table, row, column, of) in [
        ("connected_accounts", "id", "credentials", "credentials"),
        ("clay_destinations", "id", "auth_token", "auth_token"),
        ("webhook_secrets", "organization_id", "secret", "secret"),
        ("webhook_secrets", "organization_id", "earlier", "secret"),
    ] {
        let sql = format!("select {row}, {column}, {column}_key, {column}_key_id from {table}");
        let (row, ciphertext, data_key, key_id): (Uuid, Vec<u8>, Vec<u8>, String) =
            sqlx::query_as(sqlx::AssertSqlSafe(sql)).fetch_one(&app.pool).await.unwrap();
        let place = Place { organization, table, row, column: of };
        let open = cipher(NEW).open(place, &clento::utils::crypto::Sealed { ciphertext, data_key, key_id });
        assert!(open.is_ok(), "{table}.{column}: {open:?}");
    }
}

#[tokio::test]
async fn killed_half_way_nothing_is_lost_and_another_run_goes_on() {
    let app = TestApp::start_with_keys(OLD).await;
    many(&app, 250).await;
    // Somebody holds a row of the second batch, so that the command waits there.
    let mut hold = app.pool.begin().await.unwrap();
    sqlx::query("select from connected_accounts where id = $1 for update")
        .bind(Uuid::from_u128(150))
        .execute(&mut *hold)
        .await
        .unwrap();
    let mut running = command(&app, BOTH, &[]).stdout(Stdio::null()).spawn().unwrap();
    let resealed = "select count(*) from connected_accounts where credentials_key_id = $1";
    let half = async {
        loop {
            let count: i64 =
                sqlx::query_scalar(resealed).bind(cipher(NEW).sealing_key()).fetch_one(&app.pool).await.unwrap();
            if count > 0 {
                return count;
            }
            // Another process tells nobody here how far it is.
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let half = tokio::time::timeout(Duration::from_mins(1), half).await.expect("a batch in time");
    running.kill().unwrap();
    running.wait().unwrap();
    hold.rollback().await.unwrap();
    assert_eq!(half, 100, "whole batches");
    assert_eq!((opened(&app, BOTH).await, opened(&app, NEW).await), (250, 100));
    let done = command(&app, BOTH, &[]).output().unwrap();
    assert!(said(&done).contains("sealed anew: 150\n"), "{}", said(&done));
    assert_eq!(opened(&app, NEW).await, 250);
}

#[tokio::test]
async fn what_a_server_stores_meanwhile_is_not_overwritten() {
    let app = TestApp::start_with_keys(OLD).await;
    many(&app, 3).await;
    let organization = app.organization_id("org_ours").await;
    let row = Uuid::from_u128(2);
    let place = Place { organization, table: "connected_accounts", row, column: "credentials" };
    let newer = cipher(BOTH).seal(place, b"secret 1").unwrap();
    let mut server = app.pool.begin().await.unwrap();
    sqlx::query(
        "update connected_accounts set credentials = $2, credentials_key = $3, credentials_key_id = $4 where id = $1",
    )
    .bind(row)
    .bind(&newer.ciphertext)
    .bind(&newer.data_key)
    .bind(&newer.key_id)
    .execute(&mut *server)
    .await
    .unwrap();
    let reseal = service(&app, BOTH);
    let running = tokio::spawn(async move { reseal.run().await });
    // It has read the old credentials, and waits for the row.
    let waits =
        "select exists (select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock')";
    while !sqlx::query_scalar::<_, bool>(waits).fetch_one(&app.pool).await.unwrap() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    server.commit().await.unwrap();
    let done = running.await.unwrap().unwrap();
    assert_eq!((done.resealed, done.unopened.len()), (2, 0));
    let kept: Vec<u8> = sqlx::query_scalar("select credentials from connected_accounts where id = $1")
        .bind(row)
        .fetch_one(&app.pool)
        .await
        .unwrap();
    assert_eq!(kept, newer.ciphertext, "what the server stored");
    assert_eq!(opened(&app, NEW).await, 3);
}

#[tokio::test]
async fn what_does_not_open_is_told_and_keeps_nothing_else_back() {
    let app = TestApp::start_with_keys(OLD).await;
    many(&app, 3).await;
    sqlx::query("update connected_accounts set credentials = '\\x00' || substr(credentials, 2) where id = $1")
        .bind(Uuid::from_u128(1))
        .execute(&app.pool)
        .await
        .unwrap();
    sqlx::query("update connected_accounts set credentials_key_id = 'fedcba9876543210' where id = $1")
        .bind(Uuid::from_u128(2))
        .execute(&app.pool)
        .await
        .unwrap();
    let done = command(&app, BOTH, &[]).output().unwrap();
    let told = said(&done);
    assert!(!done.status.success(), "the old key is still needed");
    assert!(told.contains("sealed anew: 1\n") && told.ends_with("left: 2\n"), "{told}");
    assert!(
        told.contains("it was changed, or sealed for another place") && told.contains("fedcba9876543210"),
        "{told}"
    );
    assert_eq!(opened(&app, NEW).await, 1);
}
