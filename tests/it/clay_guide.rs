//! `docs/clay.md`, replayed as it is written: the columns filled in from its tables, the commands sent from its blocks.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use clento::workers::push_to_clay;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, Caller, TestApp, fake_clay::FakeClay};

const GUIDE: &str = include_str!("../../docs/clay.md");
const SERVER: &str = "https://<your server>";

/// What stands below a heading, up to the next one.
fn section(heading: &str) -> &'static str {
    let (_, rest) = GUIDE.split_once(&format!("## {heading}\n")).unwrap_or_else(|| panic!("no section {heading}"));
    rest.split("\n## ").next().unwrap()
}

/// The first table of a section: what stands on the right of each field.
fn fields(section: &'static str) -> BTreeMap<&'static str, &'static str> {
    let rows = section.lines().skip_while(|line| !line.starts_with("| field |")).skip(2);
    let rows = rows.take_while(|line| line.starts_with('|'));
    rows.map(|row| {
        let mut cells = row.split('|').skip(1).map(str::trim);
        (cells.next().unwrap(), cells.next().unwrap())
    })
    .collect()
}

/// What stands in code in a text.
fn codes(text: &'static str) -> Vec<&'static str> {
    text.split('`').skip(1).step_by(2).collect()
}

/// The body of the first command of the guide that goes to `path`.
fn body_for(path: &str) -> Value {
    let (_, command) = GUIDE.split_once(&format!("call \"$API{path}\"")).unwrap();
    let body = command.split("-d '").nth(1).unwrap().split('\'').next().unwrap();
    serde_json::from_str(body).unwrap_or_else(|error| panic!("{body}: {error}"))
}

/// The first block of JSON in a section.
fn block(section: &'static str) -> &'static str {
    section.split("```json\n").nth(1).unwrap().split("```").next().unwrap()
}

/// A column of a table in Clay, set up as the guide says.
struct Column<'a> {
    app: &'a TestApp,
    fields: BTreeMap<&'static str, &'static str>,
    key: String,
}

impl<'a> Column<'a> {
    /// With a key that was made by the guide's own command.
    async fn set_up(app: &'a TestApp, section: &'static str) -> Self {
        let made = app.admin().post("/api/v1/api-keys", body_for("/api-keys")).await.expect(201);
        Self { app, fields: fields(section), key: made["key"].as_str().unwrap().to_owned() }
    }

    /// What stands in code for a field.
    fn field(&self, name: &str) -> &'static str {
        codes(self.fields[name])[0]
    }

    /// The parameters that the guide names, a list's id in its place, with these in addition.
    fn path(&self, list: &str, more: &[(&str, &str)]) -> String {
        let path = self.field("Endpoint").strip_prefix(SERVER).unwrap();
        let parameters = self.fields["Query String"].split(", ").map(|pair| match codes(pair)[..] {
            ["lead_list_id"] => format!("lead_list_id={list}"),
            [name, value] => format!("{name}={value}"),
            _ => panic!("{pair}"),
        });
        let more = more.iter().map(|(name, value)| format!("{name}={value}"));
        format!("{path}?{}", parameters.chain(more).collect::<Vec<_>>().join("&"))
    }

    async fn call(&self, path: &str, body: Option<String>) -> Answer {
        let method: Method = self.field("Method").parse().unwrap();
        let [header, value] = codes(self.fields["Headers"])[..] else { panic!("one header") };
        assert!(self.key.starts_with(value.trim_end_matches('…')));
        let call = self.app.anonymous().request(method, path).header(header, &self.key);
        match body {
            Some(body) => call.header("content-type", "application/json").body(body),
            None => call,
        }
        .send()
        .await
    }
}

/// The guide's body with a row's cells put in for the columns, as texts, the way Clay does; an empty cell is null.
fn filled_in(cells: &[(&str, &str)]) -> String {
    let mut body = block(section("Rows to leads: an HTTP API column")).to_owned();
    while let Some((before, rest)) = body.split_once("{{") {
        let (column, after) = rest.split_once("}}").unwrap();
        let cell = cells.iter().find(|(name, _)| *name == column).map(|(_, text)| json!(text)).unwrap_or_default();
        body = format!("{before}{cell}{after}");
    }
    body
}

const ADA: [(&str, &str); 9] = [
    ("Row ID", "r_0t1"),
    ("Work Email", "Ada@Acme.com"),
    ("LinkedIn Profile", "linkedin.com/in/ada/"),
    ("First Name", "Ada"),
    ("Last Name", "Love\"lace"),
    ("Job Title", "CTO"),
    ("Company", "Acme"),
    ("Company Domain", "https://acme.com"),
    ("Head Count", "40"),
];

async fn list(caller: &Caller) -> String {
    let made = caller.post("/api/v1/lead-lists", json!({"name": "Founders"})).await.expect(201);
    made["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn the_column_writes_rows_and_may_be_run_again() {
    let app = TestApp::start().await;
    let (member, list) = (app.member(), list(&app.member()).await);
    let column = Column::set_up(&app, section("Rows to leads: an HTTP API column")).await;
    let path = column.path(&list, &[]);
    let made = column.call(&path, Some(filled_in(&ADA))).await.expect(201);
    let returned: BTreeSet<_> = column.field("Field Paths to Return").split(", ").collect();
    assert_eq!(made.as_object().unwrap().keys().map(String::as_str).collect::<BTreeSet<_>>(), returned);
    assert_eq!((&made["outcome"], &made["status"]), (&json!("created"), &json!(201)));
    let lead = member.get(&format!("/api/v1/leads/{}", made["lead_id"].as_str().unwrap())).await.expect(200);
    for (field, value) in [
        ("email", json!("ada@acme.com")),
        ("linkedin_url", json!("https://www.linkedin.com/in/ada")),
        ("last_name", json!("Love\"lace")),
        ("company_domain", json!("acme.com")),
        ("location", json!(null)),
        ("source", json!("clay")),
        ("external_id", json!("r_0t1")),
        ("custom_fields", json!({"Head count": "40"})),
        ("lead_list_ids", json!([list])),
    ] {
        assert_eq!(lead[field], value, "{field}");
    }
    app.clock.advance(Duration::from_secs(1));
    let again = column.call(&path, Some(filled_in(&ADA))).await.expect(200);
    assert_eq!((&again["outcome"], &again["lead_id"]), (&json!("unchanged"), &made["lead_id"]));
    let mut promoted = ADA;
    promoted[5].1 = "CEO";
    let skipped = column.call(&column.path(&list, &[("on_duplicate", "skip")]), Some(filled_in(&promoted))).await;
    assert_eq!(skipped.expect(200)["outcome"], "unchanged");
    assert_eq!(column.call(&path, Some(filled_in(&promoted))).await.expect(200)["outcome"], "updated");
}

#[tokio::test]
async fn the_columns_verdicts_are_those_of_the_guide() {
    let app = TestApp::start().await;
    let list = list(&app.member()).await;
    let column = Column::set_up(&app, section("Rows to leads: an HTTP API column")).await;
    let path = column.path(&list, &[]);
    app.member().post("/api/v1/suppressions", json!({"value": "ada@acme.com"})).await.expect(201);
    let mut told = BTreeMap::new();
    let rows: [&[_]; 5] = [&ADA, &[("Row ID", "r")], &[("Row ID", "r"), ("Company", "B")], &[("Row ID", "r")], &[]];
    for row in rows {
        let answer = column.call(&path, Some(filled_in(row))).await;
        let status = answer.status.as_u16();
        assert!(answer.body["errors"].is_array() == (status == 422), "{}", answer.text);
        assert!(
            answer.body["reason"].is_string()
                == matches!(answer.body["outcome"].as_str(), Some("rejected" | "suppressed"))
        );
        told.insert(answer.body["outcome"].as_str().unwrap().to_owned(), status);
    }
    let table =
        section("Rows to leads: an HTTP API column").lines().skip_while(|line| !line.starts_with("| `outcome`"));
    let written = table.skip(2).take_while(|line| line.starts_with('|')).map(|row| {
        let cells: Vec<_> = row.split('|').map(str::trim).collect();
        (cells[1].trim_matches('`').to_owned(), cells[2].parse::<u16>().unwrap())
    });
    assert_eq!(told, written.collect());
}

#[tokio::test]
async fn the_pace_of_the_answers_is_that_of_the_guide() {
    let app = TestApp::start_with(|server| server.rate_limit_per_second = 50).await;
    let column = Column::set_up(&app, section("Rows to leads: an HTTP API column")).await;
    let path = column.path(&list(&app.member()).await, &[]);
    let number = |field: &str| -> u32 { column.field(field).parse().unwrap() };
    assert_eq!(number("Duration (ms)"), 1_000);
    // One window's requests at its end, the next one's at its beginning: of these none is refused, whatever they do otherwise.
    for _ in 0..2 * number("Request Limit") {
        let answer = column.call(&path, Some("{}".to_owned())).await;
        let policy = format!("`RateLimit-Policy: {}`", answer.header("ratelimit-policy"));
        assert!(GUIDE.contains(&policy), "{policy}");
        answer.expect_problem(422, "validation_failed");
    }
}

#[tokio::test]
async fn the_source_reads_a_list_to_its_end() {
    let app = TestApp::start().await;
    let (member, list) = (app.member(), list(&app.member()).await);
    let add = async |numbers: std::ops::Range<usize>| {
        let leads: Vec<_> = numbers.map(|n| json!({"email": format!("lead{n}@acme.com")})).collect();
        member.post("/api/v1/leads/batch", json!({"lead_list_id": list, "leads": leads})).await.expect(200);
        app.clock.advance(Duration::from_secs(1));
    };
    add(0..450).await;
    let source = Column::set_up(&app, section("Leads to rows: a list as a source")).await;
    let [rows, next, cursor] =
        ["Where the rows are", "Where the next cursor is", "Parameter of the cursor"].map(|field| source.field(field));
    let (mut emails, mut page, mut at) = (Vec::new(), 0, None::<String>);
    loop {
        let more: Vec<_> = at.iter().map(|at| (cursor, at.as_str())).collect();
        let answer = source.call(&source.path(&list, &more), None).await.expect(200);
        emails.extend(answer[rows].as_array().unwrap().iter().map(|lead| lead["email"].as_str().unwrap().to_owned()));
        page += 1;
        if page == 1 {
            add(450..460).await;
        }
        let Some(next) = answer[next].as_str() else { break };
        at = Some(next.to_owned());
    }
    assert_eq!((page, emails.len()), (3, 460), "those that came meanwhile are on the last page");
    emails.sort_unstable();
    emails.dedup();
    assert_eq!(emails.len(), 460);
}

#[tokio::test]
async fn the_push_is_set_up_and_set_aside_by_the_guides_commands() {
    let (app, clay) = (TestApp::start().await, FakeClay::start().await);
    let (member, list) = (app.member(), list(&app.member()).await);
    let leads = json!([{"email": "ada@acme.com"}]);
    member.post("/api/v1/leads/batch", json!({"lead_list_id": list, "leads": leads})).await.expect(200);
    let mut body = body_for("/lead-lists/$LIST/clay-destinations");
    body["url"] = clay.hook("a").into();
    body["auth_token"] = "t0ken".into();
    let made = member.post(&format!("/api/v1/lead-lists/{list}/clay-destinations"), body).await.expect(201);
    assert_eq!(push_to_clay(&app.state).await.unwrap().rows, 1);
    assert_eq!((clay.taken("email"), clay.tokens()), (vec!["ada@acme.com".to_owned()], vec![Some("t0ken".to_owned())]));
    let path = format!("/api/v1/clay-destinations/{}", made["id"].as_str().unwrap());
    for status in ["paused", "active"] {
        assert!(section("Leads to rows: pushed as they come").contains(&format!("-d '{{\"status\": \"{status}\"}}'")));
        assert_eq!(member.patch(&path, json!({"status": status})).await.expect(200)["status"], status);
    }
}
