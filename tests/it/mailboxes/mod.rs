//! Mailboxes, against a real mail server.

mod accounts;
mod sending;
mod sending_domain;
mod unsubscribe;

use serde_json::Value;

use crate::support::{MailServer, TestApp};

const PATH: &str = "/api/v1/connected-accounts";

/// A service that trusts `server`.
async fn app_with(server: &MailServer) -> TestApp {
    TestApp::start_with(|settings| server.trust(&mut settings.mail)).await
}

/// Where and of what kind the faults of a problem are.
fn faults(problem: &Value) -> Vec<(String, String)> {
    let text = |fault: &Value, name: &str| fault[name].as_str().unwrap().to_owned();
    problem["errors"].as_array().unwrap().iter().map(|fault| (text(fault, "pointer"), text(fault, "code"))).collect()
}
