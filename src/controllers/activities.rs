//! What happened to leads.

use axum::extract::State;

use crate::{
    dto::{
        CsvDownload, ListQuery, PageDto, PageParams, Paged, QueryParams,
        activities::{ActivityDto, ActivityFilterParams},
    },
    errors::Result,
    models::ExportedActivity,
    repositories::OrgMember,
    services::ActivityService,
};

/// List activities
///
/// What happened to the organization's leads, newest first; `sort` is by time. Activities are never changed.
#[utoipa::path(get, path = "/activities", params(PageParams, ActivityFilterParams), responses((status = 200, body = PageDto<ActivityDto>)))]
pub async fn list(
    member: OrgMember,
    State(activities): State<ActivityService>,
    query: ListQuery<ActivityFilterParams>,
) -> Result<Paged<ActivityDto>> {
    let page = activities.list(&member, &query.filter.into(), &query.page).await?;
    Ok(Paged::new(page, &query.page, ActivityDto::from))
}

/// Export activities
///
/// Every activity that the filters let through, the oldest first, as CSV: one snapshot, sent as it is read. `data` is JSON. Text that a
/// spreadsheet might run as a formula has an apostrophe before it.
#[utoipa::path(get, path = "/activities/export.csv", params(ActivityFilterParams), responses((status = 200, content_type = "text/csv", body = String)))]
pub async fn export(
    member: OrgMember,
    State(activities): State<ActivityService>,
    QueryParams(filter): QueryParams<ActivityFilterParams>,
) -> Result<CsvDownload<ExportedActivity>> {
    Ok(CsvDownload { name: "activities.csv", rows: activities.export(&member, filter.into()).await? })
}
