//! Many suppressions at once on the wire: a JSON document, or a table of one column.

use axum::{
    body::Bytes,
    extract::{FromRequest, FromRequestParts as _, Request},
    http::header,
};
use csv::{ByteRecord, ReaderBuilder};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use crate::{
    dto::extract::{Body, QueryParams, ShortText, unread},
    errors::{AppError, Kind, Result},
    models::{SuppressionId, SuppressionKind, SuppressionOutcome, SuppressionTarget, SuppressionVerdict},
    services::suppressions::SuppressionImport,
    state::AppState,
    utils::{spreadsheet::unguard, text},
};

/// Entries of one call at the most.
const MAX_ENTRIES: usize = 10_000;
/// What a column of addresses or domains is called, spelled in small letters with underscores.
const HEADERS: [&str; 7] = ["value", "email", "e_mail", "email_address", "domain", "linkedin", "linkedin_url"];

/// Up to 10,000 addresses and domains to be suppressed. Each entry is judged by itself: one that cannot be read does not keep the others
/// from being suppressed.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"entries": ["jane@acme.com", "competitor.example"], "reason": "Customers' list of March"}))]
pub struct ImportSuppressionsRequest {
    /// What all of them are; each what it looks like, unless said.
    pub kind: Option<SuppressionKind>,
    /// The addresses and domains, in any form that people copy.
    #[schema(min_items = 1, max_items = 10000)]
    pub entries: Vec<String>,
    /// Why.
    #[schema(min_length = 1, max_length = 500, pattern = r"\S")]
    pub reason: Option<String>,
}

/// What a table's sender says in the address.
#[derive(Debug, Default, Deserialize, Validate, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ImportParams {
    /// What all entries of a table are; each what it looks like, unless said.
    #[param(inline)]
    pub kind: Option<SuppressionKind>,
    /// Why, of all entries of a table.
    #[param(max_length = 500, value_type = Option<String>)]
    pub reason: Option<ShortText<500>>,
}

/// The entries, whichever way they came.
#[derive(Debug)]
pub struct SuppressionEntries(pub SuppressionImport);

impl FromRequest<AppState> for SuppressionEntries {
    type Rejection = AppError;

    async fn from_request(request: Request, state: &AppState) -> Result<Self> {
        let (mut parts, body) = request.into_parts();
        let QueryParams(params) = QueryParams::<ImportParams>::from_request_parts(&mut parts, state).await?;
        let ImportParams { kind, reason } = params;
        let reason = reason.map(|reason| reason.0);
        let content_type =
            parts.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let is_table = content_type.to_ascii_lowercase().starts_with("text/csv");
        let request = Request::from_parts(parts, body);
        let (kind, entries, reason) = if is_table {
            let bytes = Bytes::from_request(request, state).await.map_err(|rejection| unread(&rejection))?;
            (kind, column(&bytes)?, reason)
        } else {
            let Body(request) = Body::<ImportSuppressionsRequest>::from_request(request, state).await?;
            (request.kind.or(kind), request.entries, request.reason.or(reason))
        };
        let entries = entries.iter().map(|entry| SuppressionTarget::parse(kind, entry)).collect();
        Ok(Self(SuppressionImport { reason, entries }))
    }
}

/// The entries of a table of one column, without its header, if it has one, and without blank lines.
fn column(table: &[u8]) -> Result<Vec<String>> {
    let table = std::str::from_utf8(table).map_err(|_| malformed("The table is not UTF-8."))?;
    let table = table.strip_prefix('\u{feff}').unwrap_or(table);
    let mut reader = ReaderBuilder::new().has_headers(false).flexible(true).from_reader(table.as_bytes());
    let (mut record, mut entries) = (ByteRecord::new(), Vec::new());
    let mut first = true;
    while reader
        .read_byte_record(&mut record)
        .map_err(|error| malformed("The table cannot be read.").with_source(error))?
    {
        let mut cells = record.iter().map(|cell| String::from_utf8_lossy(cell));
        let entry = unguard(&cells.next().unwrap_or_default()).to_owned();
        if cells.any(|cell| !text::trim(&cell).is_empty()) {
            return Err(AppError::fault("", "too_many_columns", "The table must have one column."));
        }
        let is_header = std::mem::take(&mut first) && is_header(&entry);
        if !is_header && !text::trim(&entry).is_empty() {
            entries.push(entry);
        }
        if entries.len() > MAX_ENTRIES {
            return Err(AppError::fault("", "too_many", format!("At most {MAX_ENTRIES} entries are allowed.")));
        }
    }
    if entries.is_empty() {
        return Err(AppError::fault("", "too_few", "At least 1 entry is needed."));
    }
    Ok(entries)
}

fn is_header(cell: &str) -> bool {
    HEADERS.contains(&text::fold(text::trim(cell)).replace([' ', '-'], "_").as_str())
}

#[track_caller]
fn malformed(detail: &'static str) -> AppError {
    AppError::new(Kind::BadRequest, "invalid_csv", detail)
}

/// What became of each entry.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ImportSuppressions)]
pub struct ImportSuppressionsDto {
    /// Entries by outcome.
    pub counts: SuppressionCounts,
    /// One verdict for each entry, in the entries' order.
    pub results: Vec<SuppressionResult>,
}

/// Entries by outcome.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct SuppressionCounts {
    /// Suppressed now.
    #[schema(example = 2)]
    pub created: usize,
    /// Suppressed already.
    #[schema(example = 0)]
    pub unchanged: usize,
    /// The same as an earlier entry.
    #[schema(example = 0)]
    pub duplicate_in_request: usize,
    /// Not to be read.
    #[schema(example = 0)]
    pub rejected: usize,
}

/// What became of one entry.
#[derive(Debug, Serialize, ToSchema)]
pub struct SuppressionResult {
    /// The entry, counted from 0; of a table, without its header and blank lines.
    pub index: usize,
    /// What became of it.
    pub outcome: SuppressionOutcome,
    /// The suppression, if there is one.
    pub id: Option<SuppressionId>,
    /// What it was taken for.
    pub kind: Option<SuppressionKind>,
    /// Why it cannot be read.
    #[schema(example = json!(null))]
    pub reason: Option<String>,
}

impl From<Vec<SuppressionVerdict>> for ImportSuppressionsDto {
    fn from(verdicts: Vec<SuppressionVerdict>) -> Self {
        let mut counts = SuppressionCounts::default();
        for verdict in &verdicts {
            *match verdict.outcome {
                SuppressionOutcome::Created => &mut counts.created,
                SuppressionOutcome::Unchanged => &mut counts.unchanged,
                SuppressionOutcome::DuplicateInRequest => &mut counts.duplicate_in_request,
                SuppressionOutcome::Rejected => &mut counts.rejected,
            } += 1;
        }
        let result = |(index, verdict)| {
            let SuppressionVerdict { outcome, id, kind, refusal } = verdict;
            SuppressionResult { index, outcome, id, kind, reason: refusal.map(|refusal| refusal.code.to_owned()) }
        };
        Self { counts, results: verdicts.into_iter().enumerate().map(result).collect() }
    }
}
