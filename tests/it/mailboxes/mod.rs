//! Mailboxes, against a real mail server.

mod accounts;
mod breaks;
mod by_hand;
mod health;
mod hostile;
mod kept;
mod link_domains;
mod lost_answers;
mod reading;
mod refused;
mod sending;
mod sending_domain;
mod tracking;
mod unsubscribe;

use std::{sync::Arc, time::Duration};

use serde_json::Value;
use tokio_util::sync::DropGuard;

use crate::support::{MailServer, TestApp};

const PATH: &str = "/api/v1/connected-accounts";

/// A service that trusts `server`, of organizations with seats enough.
async fn app_with(server: &MailServer) -> TestApp {
    let app = TestApp::start_with(|settings| server.trust(&mut settings.mail)).await;
    plan(&app, "pro").await;
    app
}

/// Gives all organizations this plan.
async fn plan(app: &TestApp, plan: &str) {
    sqlx::query("update organizations set plan = $1").bind(plan).execute(&app.pool).await.unwrap();
}

/// Where and of what kind the faults of a problem are.
fn faults(problem: &Value) -> Vec<(String, String)> {
    let text = |fault: &Value, name: &str| fault[name].as_str().unwrap().to_owned();
    problem["errors"].as_array().unwrap().iter().map(|fault| (text(fault, "pointer"), text(fault, "code"))).collect()
}

/// How long reading may take: other tests may be busy on the same machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// Reads the mailboxes until what is given back is dropped, or the service ends.
fn watch(app: &TestApp) -> DropGuard {
    let stop = app.stop.child_token();
    let (state, stopping) = (app.state.clone(), stop.clone());
    tokio::spawn(async move { state.mailbox_watch().watch(stopping).await });
    stop.drop_guard()
}

/// Another service over the same database, which trusts `server` too.
async fn replica(app: &TestApp, server: &MailServer) -> TestApp {
    let database = app.database.share();
    let db = database.open();
    TestApp::start_on(database, db, Arc::clone(&app.clock), |settings| server.trust(&mut settings.mail)).await
}

/// Waits until a query says true.
pub(crate) async fn until(app: &TestApp, what: &str) {
    let all = async {
        loop {
            let is: Option<bool> =
                sqlx::query_scalar(sqlx::AssertSqlSafe(what.to_owned())).fetch_one(&app.pool).await.unwrap();
            if is == Some(true) {
                return;
            }
            // Nobody here is told when a mailbox has been read.
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, all).await.unwrap_or_else(|_| panic!("not in time: {what}"));
}

/// Waits until every mailbox has been read.
async fn read(app: &TestApp) {
    let unread = "select bool_and(w.read_at is not null) from connected_accounts a left join mailbox_watches w on w.account_id = a.id
                  where a.mailbox is not null and a.status = 'connected'";
    until(app, unread).await;
}
