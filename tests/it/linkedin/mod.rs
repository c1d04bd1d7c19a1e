//! LinkedIn accounts through Unipile: how they are connected, how they are, and what webhooks do.

mod answers;
mod attachments;
mod by_hand;
mod connect;
mod contract;
mod departures;
mod forged;
mod hand_limits;
mod health;
mod history;
mod inbox;
mod looks;
mod mailboxes;
mod multichannel;
mod one_person;
mod races;
mod status;
mod unread_first;
mod waits;
mod webhooks;
mod whose;

use std::sync::Arc;

use clento::config::ServerConfig;
use serde_json::{Value, json};
use sqlx::AssertSqlSafe;

use crate::support::{Answer, Caller, FakeUnipile, ManualClock, TestApp, unipile::WEBHOOK_SECRET};

const ACCOUNTS: &str = "/api/v1/connected-accounts";
const LINK: &str = "/api/v1/connected-accounts/connect-link";

/// A service with Unipile behind it, by one clock.
struct World {
    app: TestApp,
    fake: FakeUnipile,
}

impl World {
    async fn begin() -> Self {
        Self::begin_with(|_| {}).await
    }

    /// The same, with other settings.
    async fn begin_with(change: impl FnOnce(&mut ServerConfig)) -> Self {
        let clock = ManualClock::new();
        let fake = FakeUnipile::start(Arc::clone(&clock) as _).await;
        let app = TestApp::start_by(clock, |server| {
            fake.set_up(server);
            change(server);
        });
        Self { app: app.await, fake }
    }

    /// Another server over the same database, by the same clock, with the same Unipile behind it.
    async fn replica(&self) -> TestApp {
        let database = self.app.database.share();
        let db = database.open();
        TestApp::start_on(database, db, Arc::clone(&self.app.clock), |server| self.fake.set_up(server)).await
    }

    /// Unipile reports, without a signature or a content type.
    async fn report(&self, (path, body): &(String, Value)) -> Answer {
        self.app.anonymous().request(reqwest::Method::POST, path).body(body.to_string()).send().await
    }

    /// Unipile sends a webhook with this secret, without a content type.
    async fn webhook_with(&self, secret: Option<&str>, body: &Value) -> Answer {
        let mut call = self.app.anonymous().request(reqwest::Method::POST, "/api/v1/webhooks/unipile");
        if let Some(secret) = secret {
            call = call.header("Unipile-Auth", secret);
        }
        call.body(body.to_string()).send().await
    }

    async fn webhook(&self, body: &Value) -> Value {
        self.webhook_with(Some(WEBHOOK_SECRET), body).await.expect(200)
    }

    /// What the workers do at one instant.
    async fn work(&self) {
        let unipile = self.app.state.unipile();
        unipile.confirm_reported().await.unwrap();
        unipile.look_at_accounts().await.unwrap();
        unipile.see_off().await.unwrap();
    }

    /// Somebody of `caller`'s organization signs in, as the account with this id; ours of it.
    async fn connect(&self, caller: &Caller, account: &str) -> String {
        caller.post(LINK, json!({"provider": "linkedin"})).await.expect(201);
        let report = self.fake.world().sign_in(account);
        self.report(&report).await.expect(204);
        self.work().await;
        let query = "select id::text from connected_accounts where unipile->>'account_id' = $1";
        sqlx::query_scalar(query).bind(account).fetch_one(&self.app.pool).await.unwrap()
    }

    async fn account(&self, id: &str) -> Value {
        self.app.member().get(&format!("{ACCOUNTS}/{id}")).await.expect(200)
    }

    async fn count(&self, query: &str) -> i64 {
        sqlx::query_scalar(AssertSqlSafe(query.to_owned())).fetch_one(&self.app.pool).await.unwrap()
    }

    /// Where the links stand, and why.
    async fn links(&self) -> Vec<(String, Option<String>)> {
        sqlx::query_as("select state, reason from connect_links order by created_at, id")
            .fetch_all(&self.app.pool)
            .await
            .unwrap()
    }
}
