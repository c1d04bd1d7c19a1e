//! Imports of leads from files.

mod kill;
mod outcomes;
mod page;
mod races;
mod refusals;
mod rejected;
mod statistics;
mod trouble;
mod undo;
mod upload;
mod watch;

use std::{future::Future, pin::Pin, task::Poll, time::Duration};

use clento::{errors::AppError, jobs::WorkOnImport, services::imports::Worked};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::support::{Answer, Caller, TestApp};

const LEADS: &str = "/api/v1/leads";
const LISTS: &str = "/api/v1/lead-lists";
const IMPORTS: &str = "/api/v1/imports";
const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
/// How long anything may take: other tests may be busy on the same machine.
const PATIENCE: Duration = Duration::from_mins(1);
/// The six outcomes, as an import counts them.
const OUTCOMES: [&str; 6] = ["created", "updated", "unchanged", "duplicate_in_file", "suppressed", "rejected"];

/// A new list's id.
async fn list(caller: &Caller) -> String {
    let list = caller.post(LISTS, json!({"name": "List"})).await.expect(201);
    list["id"].as_str().unwrap().to_owned()
}

/// A form's content type and body, of parts with a name and perhaps a file's name.
fn form(parts: &[(&str, Option<&str>, &[u8])]) -> (String, Vec<u8>) {
    let mut body = Vec::new();
    for (name, file, content) in parts {
        let file = file.map(|file| format!("; filename=\"{file}\"\r\ncontent-type: text/csv")).unwrap_or_default();
        body.extend_from_slice(
            format!("--x1x\r\ncontent-disposition: form-data; name=\"{name}\"{file}\r\n\r\n").as_bytes(),
        );
        body.extend_from_slice(content);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(b"--x1x--\r\n");
    ("multipart/form-data; boundary=x1x".to_owned(), body)
}

/// Sends a file, or a form, to where imports of a list begin.
async fn send(caller: &Caller, list: &str, query: &str, (kind, body): (&str, impl Into<reqwest::Body>)) -> Answer {
    let call = caller.request(Method::POST, &format!("{LISTS}/{list}/imports{query}"));
    call.header("content-type", kind).body(body).send().await
}

/// An import of a table as the body itself.
async fn upload(caller: &Caller, list: &str, query: &str, table: impl Into<reqwest::Body>) -> Value {
    send(caller, list, query, ("text/csv", table)).await.expect(202)
}

/// An import of a table in a form, with options.
async fn upload_with(caller: &Caller, list: &str, options: &Value, table: &str) -> Value {
    let options = options.to_string();
    let (kind, body) = form(&[("options", None, options.as_bytes()), ("file", Some("leads.csv"), table.as_bytes())]);
    send(caller, list, "", (&kind, body)).await.expect(202)
}

fn path_of(import: &Value) -> String {
    format!("{IMPORTS}/{}", import["id"].as_str().unwrap())
}

/// The job that an import's upload has put into the queue.
async fn job(app: &TestApp, import: &Value) -> WorkOnImport {
    let id: Uuid = import["id"].as_str().unwrap().parse().unwrap();
    let payload: Value = sqlx::query_scalar(
        "select json_build_object('organization_id', organization_id, 'import_id', id) from imports where id = $1",
    )
    .bind(id)
    .fetch_one(&app.pool)
    .await
    .unwrap();
    serde_json::from_value(payload).unwrap()
}

/// Works on an import, as the queue does.
async fn work(app: &TestApp, job: WorkOnImport) {
    let stop = CancellationToken::new();
    let worked = timeout(PATIENCE, app.state.imports().work(&job, &stop)).await.expect("its end");
    assert_eq!(worked.expect("whatever passes is waited out"), Worked::ToTheEnd);
}

/// The import when there is nothing left to be done, with counts that add up.
pub(crate) async fn done(app: &TestApp, caller: &Caller, import: &Value) -> Value {
    work(app, job(app, import).await).await;
    let import = caller.get(&path_of(import)).await.expect(200);
    let sum: i64 = OUTCOMES.iter().map(|outcome| import[*outcome].as_i64().unwrap()).sum();
    assert_eq!(import["rows_read"], sum, "{import}");
    if import["status"] == "completed" {
        assert_eq!(import["rows_total"], sum, "{import}");
    }
    import
}

/// The six counts, in the order of [`OUTCOMES`].
fn counts(import: &Value) -> [i64; 6] {
    OUTCOMES.map(|outcome| import[outcome].as_i64().unwrap())
}

async fn count(app: &TestApp, sql: &'static str) -> i64 {
    sqlx::query_scalar(sql).fetch_one(&app.pool).await.unwrap()
}

/// Waits until a number is what it should come to.
async fn comes_to(app: &TestApp, sql: &'static str, expected: i64) {
    let come = async {
        while count(app, sql).await != expected {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let in_time = timeout(PATIENCE, come).await.is_ok();
    assert!(in_time, "{sql}: {}, not {expected}", count(app, sql).await);
}

/// Everything that an upload might leave behind.
const TRACES: &str = "select (select count(*) from imports) + (select count(*) from import_pieces)
    + (select count(*) from import_rejections) + (select count(*) from leads) + (select count(*) from graphile_worker.jobs)
    + (select count(*) from audit_logs where entity_type = 'import')";

/// Polls a future that often, and no more. Answers nothing if it is not done by then.
async fn polls<F: Future>(work: &mut Pin<Box<F>>, times: usize) -> Option<F::Output> {
    let mut left = times;
    std::future::poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        work.as_mut().poll(context).map(Some)
    })
    .await
}

/// Works on an import until it has settled so many pieces, and is killed in the next.
async fn work_until(app: &TestApp, import: &Value, pieces: i32) {
    let (job, stop) = (job(app, import).await, CancellationToken::new());
    let mut work = Box::pin(app.state.imports().work(&job, &stop));
    loop {
        let done: Option<Result<Worked, AppError>> = polls(&mut work, 1).await;
        let settled: i32 = sqlx::query_scalar("select pieces_done from imports where id = $1")
            .bind(import["id"].as_str().unwrap().parse::<Uuid>().unwrap())
            .fetch_one(&app.pool)
            .await
            .unwrap();
        if settled >= pieces {
            return;
        }
        assert!(done.is_none(), "it ends before that");
    }
}

/// A table of so many people, from a number on.
fn people(from: usize, rows: usize) -> String {
    let lines = (from..from + rows).map(|i| format!("p{i}@example.com,P{i},Acme {}\n", i % 7));
    format!("email,first_name,company\n{}", lines.collect::<String>())
}
