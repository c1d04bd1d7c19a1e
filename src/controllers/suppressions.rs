//! Whom nobody may write to.

use axum::{Json, extract::State};

use crate::{
    dto::{
        Body, Created, IfMatch, ListQuery, NoContent, PageDto, PageParams, Paged, PathId, QueryParams,
        suppressions::{
            CreateSuppressionRequest, ImportParams, ImportSuppressionsDto, ImportSuppressionsRequest, ReasonParams,
            SuppressionDto, SuppressionEntries, SuppressionFilterParams,
        },
    },
    errors::Result,
    models::SuppressionId,
    repositories::OrgMember,
    services::SuppressionService,
};

/// List suppressions
///
/// E-mail addresses, domains and LinkedIn profiles that nobody may write to, newest first.
#[utoipa::path(get, path = "/suppressions", params(PageParams, SuppressionFilterParams), responses((status = 200, body = PageDto<SuppressionDto>)))]
pub async fn list(
    member: OrgMember,
    State(suppressions): State<SuppressionService>,
    query: ListQuery<SuppressionFilterParams>,
) -> Result<Paged<SuppressionDto>> {
    let page = suppressions.list(&member, query.filter, &query.page).await?;
    Ok(Paged::new(page, &query.page, SuppressionDto::from))
}

/// Suppress an address or a domain
///
/// From now on no lead can be made with it, and nothing be sent to it. Leads who have it stay, with the status `do_not_contact`; of leads at a
/// domain up to 1,000 get that status at once, and the others are as safe without. What is suppressed already is refused with
/// `suppression_exists` and its `suppression_id`.
#[utoipa::path(post, path = "/suppressions", request_body = CreateSuppressionRequest, responses((status = 201, body = SuppressionDto)))]
pub async fn create(
    member: OrgMember,
    State(suppressions): State<SuppressionService>,
    Body(new): Body<CreateSuppressionRequest>,
) -> Result<Created<SuppressionDto>> {
    let made = suppressions.create(&member, new).await?;
    Ok(Created { location: format!("/api/v1/suppressions/{}", made.id), version: None, body: made.into() })
}

/// Read a suppression
#[utoipa::path(get, path = "/suppressions/{id}", params(("id" = SuppressionId, Path)), responses((status = 200, body = SuppressionDto)))]
pub async fn get(
    member: OrgMember,
    State(suppressions): State<SuppressionService>,
    PathId(id): PathId<SuppressionId>,
) -> Result<Json<SuppressionDto>> {
    Ok(Json(suppressions.get(&member, id).await?.into()))
}

/// Lift a suppression
///
/// The person may be written to again. Leads keep the status that the suppression gave them.
#[utoipa::path(delete, path = "/suppressions/{id}", params(("id" = SuppressionId, Path), ReasonParams), responses((status = 204)))]
pub async fn delete(
    member: OrgMember,
    State(suppressions): State<SuppressionService>,
    PathId(id): PathId<SuppressionId>,
    QueryParams(params): QueryParams<ReasonParams>,
    IfMatch(seen): IfMatch,
) -> Result<NoContent> {
    suppressions.delete(&member, id, &seen, params.reason.map(|reason| reason.0)).await?;
    Ok(NoContent)
}

/// Suppress many addresses and domains
///
/// Up to 10,000 entries of up to 8 MiB together, as JSON or as a table (`text/csv`) of one column, with or without a header. Each entry gets
/// its own verdict, so that one that cannot be read does not keep the others from being suppressed. The same again does nothing.
#[utoipa::path(post, path = "/suppressions/import", params(ImportParams),
    request_body(content((ImportSuppressionsRequest = "application/json"), (String = "text/csv"))),
    responses((status = 200, body = ImportSuppressionsDto)))]
pub async fn import(
    member: OrgMember,
    State(suppressions): State<SuppressionService>,
    SuppressionEntries(import): SuppressionEntries,
) -> Result<Json<ImportSuppressionsDto>> {
    Ok(Json(suppressions.import(&member, import).await?.into()))
}
