//! The program as a newcomer starts it: no settings, no database, no account.

use std::{fs::Permissions, os::unix::fs::PermissionsExt as _, path::Path, process::Stdio, time::Duration};

use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader, Lines},
    process::{Child, ChildStdout, Command},
};

use crate::support::Caller;

/// A folder that PostgreSQL's account, which is not root's, may pass through.
fn folder() -> TempDir {
    tempfile::Builder::new().prefix("clento-first-start").permissions(Permissions::from_mode(0o755)).tempdir().unwrap()
}

fn clento(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_clento"));
    command.args(arguments).current_dir(folder).env("CLENTO_DATA_DIR", folder.join("data")).env("PORT", "0");
    for name in ["APP_ENV", "DATABASE_URL", "CLERK_JWT_KEY", "CLERK_ISSUER", "CLERK_PUBLISHABLE_KEY", "CLERK_JWKS_URL"]
    {
        command.env_remove(name);
    }
    command.stdout(Stdio::piped()).kill_on_drop(true);
    command
}

/// What follows `label` in the lines that the program prints.
async fn told(lines: &mut Lines<BufReader<ChildStdout>>, label: &str) -> String {
    loop {
        let line = lines.next_line().await.unwrap().expect("the program went on to the end");
        if let Some((_, rest)) = line.split_once(label) {
            return rest.trim().to_owned();
        }
    }
}

async fn start(folder: &Path) -> (Child, Caller) {
    let mut child = clento(folder, &[]).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let documentation = told(&mut lines, "API documentation").await;
    let token = told(&mut lines, "Demo token").await;
    let http = reqwest::Client::builder().timeout(Duration::from_mins(1)).build().unwrap();
    let base = documentation.strip_suffix("/api-docs").unwrap().to_owned();
    (child, Caller { base, http, token: Some(token) })
}

async fn stop(mut child: Child) {
    let pid = child.id().unwrap().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().await.unwrap().success());
    assert!(child.wait().await.unwrap().success());
}

#[tokio::test]
async fn a_newcomer_finds_a_token_that_works_and_leads_to_look_at() {
    let folder = folder();
    let (child, newcomer) = start(folder.path()).await;
    let me = newcomer.get("/api/v1/me").await.expect(200);
    assert_eq!(me["first_name"], "Dana");
    let leads = newcomer.get("/api/v1/leads?include_total=true&limit=1").await.expect(200);
    assert_eq!(leads["total"], 320);
    let id = leads["data"][0]["id"].as_str().unwrap().to_owned();
    newcomer.delete(&format!("/api/v1/leads/{id}")).await.expect(204);
    stop(child).await;
    assert!(!folder.path().join("data/postgres/data/postmaster.pid").exists(), "the database stops with the server");

    let minted = clento(folder.path(), &["dev-token"]).output().await.unwrap();
    let (child, newcomer) = start(folder.path()).await;
    let newcomer = Caller { token: Some(String::from_utf8(minted.stdout).unwrap().trim().to_owned()), ..newcomer };
    let leads = newcomer.get("/api/v1/leads?include_total=true&limit=1").await.expect(200);
    assert_eq!(leads["total"], 319, "what was done is kept, and nothing is seeded twice");
    stop(child).await;
}
