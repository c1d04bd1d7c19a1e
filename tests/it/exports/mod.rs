//! Exports: whole tables as CSV.

mod flow;
mod leads;
mod logs;

use clento::utils::spreadsheet::unguard;

use crate::support::{Answer, Caller, TestApp};

const EXPORT: &str = "/api/v1/leads/export.csv";

/// A table as it was read: the fields' names, and each line's cells as they were before they were guarded.
#[derive(Debug, PartialEq, Eq)]
struct Table {
    header: Vec<String>,
    lines: Vec<Vec<String>>,
}

impl Table {
    fn read(text: &str) -> Self {
        let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(false).from_reader(text.as_bytes());
        let cells = |record: csv::StringRecord| record.iter().map(|cell| unguard(cell).to_owned()).collect();
        let mut lines: Vec<Vec<String>> = reader.records().map(|record| cells(record.unwrap())).collect();
        let header = lines.remove(0);
        Self { header, lines }
    }

    /// The cells of one column.
    fn column(&self, name: &str) -> Vec<&str> {
        let index = self.header.iter().position(|field| field == name).unwrap_or_else(|| panic!("no column {name}"));
        self.lines.iter().map(|line| line[index].as_str()).collect()
    }
}

async fn export(caller: &Caller, path: &str) -> Table {
    Table::read(&whole(caller.get(path).await))
}

#[track_caller]
fn whole(answer: Answer) -> String {
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(answer.header("content-type"), "text/csv; charset=utf-8; header=present");
    answer.text
}

/// Many leads with large custom fields, written past the service.
async fn fill(app: &TestApp, leads: i32) {
    let organization = app.organization_id("org_ours").await;
    sqlx::query(
        "insert into leads (id, organization_id, email, status, source, custom_fields, created_at, updated_at)
         select gen_random_uuid(), $1, 'p' || i || '@example.com', 'new', 'api', jsonb_build_object('x', repeat('x', 600)),
                now() + i * interval '1 microsecond', now()
         from generate_series(1, $2) i",
    )
    .bind(organization)
    .bind(leads)
    .execute(&app.pool)
    .await
    .unwrap();
}
