//! What happened to leads.

use axum::extract::State;

use crate::{
    dto::{
        ListQuery, PageDto, PageParams, Paged,
        activities::{ActivityDto, ActivityFilterParams},
    },
    errors::Result,
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
