//! The audit log.

use axum::{Json, extract::State};

use crate::{
    dto::{
        CsvDownload, ListQuery, PageDto, PageParams, Paged, QueryParams,
        audit_logs::{AuditLogDto, AuditLogParams, AuditLogVerificationDto},
    },
    errors::Result,
    models::ExportedAuditLog,
    repositories::OrgAdmin,
    services::AuditLogService,
};

/// List the audit log
///
/// Who did what in the organization, newest first: one line for each change, with what was there before and after. A line is sealed
/// within seconds; until then `seq` and `hash` are null.
#[utoipa::path(get, path = "/audit-logs", params(PageParams, AuditLogParams), responses((status = 200, body = PageDto<AuditLogDto>)))]
pub async fn list(
    admin: OrgAdmin,
    State(logs): State<AuditLogService>,
    query: ListQuery<AuditLogParams>,
) -> Result<Paged<AuditLogDto>> {
    let page = logs.list(&admin, &query.filter.into(), &query.page).await?;
    Ok(Paged::new(page, &query.page, AuditLogDto::from))
}

/// Export the audit log
///
/// Every line that the filters let through, the oldest first, as CSV: one snapshot, sent as it is read. `before` and `after` are JSON. Text
/// that a spreadsheet might run as a formula has an apostrophe before it.
#[utoipa::path(get, path = "/audit-logs/export.csv", params(AuditLogParams), responses((status = 200, content_type = "text/csv", body = String)))]
pub async fn export(
    admin: OrgAdmin,
    State(logs): State<AuditLogService>,
    QueryParams(filter): QueryParams<AuditLogParams>,
) -> Result<CsvDownload<ExportedAuditLog>> {
    Ok(CsvDownload { name: "audit-logs.csv", rows: logs.export(&admin, filter.into()).await? })
}

/// Verify the audit log
///
/// Computes the seal of every line anew. A line that was altered, removed, moved or forged after it was sealed is found; so is an end
/// that was cut off. Somebody who can rewrite the whole chain and its recorded head in the database is found by comparing `head` with
/// the server's log, which names it at each sealing.
#[utoipa::path(get, path = "/audit-logs/verify", responses((status = 200, body = AuditLogVerificationDto), (status = 409, description = "It is being verified already.")))]
pub async fn verify(admin: OrgAdmin, State(logs): State<AuditLogService>) -> Result<Json<AuditLogVerificationDto>> {
    Ok(Json(logs.verify(&admin).await?.into()))
}
