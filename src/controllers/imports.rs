//! Imports of leads from files.

use axum::{
    Json,
    extract::State,
    response::{
        Sse,
        sse::{Event, KeepAlive},
    },
};
use futures::{Stream, StreamExt as _};

use crate::{
    dto::{
        Accepted, PathId, QueryParams, RejectedDownload,
        imports::{
            ImportDto, ImportForm, ImportParams, ImportPreviewDto, ImportUndoPreviewDto, UndoAnswer, UndoParams, Upload,
        },
    },
    errors::Result,
    models::{ImportId, LeadListId},
    repositories::OrgMember,
    services::ImportService,
};

/// Preview an import
///
/// Reads a file to its end and keeps nothing: how it is read, what its columns would become, its first rows, and what is wrong with which of
/// all its rows.
#[utoipa::path(post, path = "/lead-lists/{id}/imports/preview", params(("id" = LeadListId, Path), ImportParams),
    request_body(content((ImportForm = "multipart/form-data"), (String = "text/csv"))),
    responses((status = 200, body = ImportPreviewDto)))]
pub async fn preview_import(
    member: OrgMember,
    State(imports): State<ImportService>,
    PathId(list): PathId<LeadListId>,
    Upload { file, options }: Upload,
) -> Result<Json<ImportPreviewDto>> {
    Ok(Json(imports.preview(&member, list, file, &options).await?.into()))
}

/// Import leads from a file
///
/// A CSV file in any usual encoding and dialect, or an Excel workbook, of up to 200 MB and a million rows, as the last part of a form or as
/// the body itself. A file that cannot be read, or whose columns tell nobody apart, is refused as a whole and nothing of it is kept. Otherwise its
/// rows are worked on in the background: see the import for how far it is.
#[utoipa::path(post, path = "/lead-lists/{id}/imports", params(("id" = LeadListId, Path), ImportParams),
    request_body(content((ImportForm = "multipart/form-data"), (String = "text/csv"))),
    responses((status = 202, body = ImportDto)))]
pub async fn import(
    member: OrgMember,
    State(imports): State<ImportService>,
    PathId(list): PathId<LeadListId>,
    Upload { file, options }: Upload,
) -> Result<Accepted<ImportDto>> {
    let import = imports.import(&member, list, file, &options).await?;
    Ok(Accepted { location: format!("/api/v1/imports/{}", import.id), body: ImportDto::of(import, imports.now()) })
}

/// Read an import
#[utoipa::path(get, path = "/imports/{id}", params(("id" = ImportId, Path)), responses((status = 200, body = ImportDto)))]
pub async fn get(
    member: OrgMember,
    State(imports): State<ImportService>,
    PathId(id): PathId<ImportId>,
) -> Result<Json<ImportDto>> {
    Ok(Json(ImportDto::of(imports.get(&member, id).await?, imports.now())))
}

/// Watch an import
///
/// Server-sent events: one `progress` at once and one with each change, at most one a second, until the import comes to its end. Each has the
/// import as its data.
#[utoipa::path(get, path = "/imports/{id}/events", params(("id" = ImportId, Path)), responses((status = 200, content_type = "text/event-stream", body = String)))]
pub async fn events(
    member: OrgMember,
    State(imports): State<ImportService>,
    PathId(id): PathId<ImportId>,
) -> Result<Sse<impl Stream<Item = std::result::Result<Event, axum::Error>>>> {
    let changes = imports.watch(member, id).await?;
    let events =
        changes.map(move |import| Event::default().event("progress").json_data(ImportDto::of(import, imports.now())));
    Ok(Sse::new(events).keep_alive(KeepAlive::default()))
}

/// Download rejected rows
///
/// Every row that could not be used, under the file's own headers and in its order, with a last column `rejection_reasons`: to be mended and
/// imported again, which leaves that column out. Kept for 30 days.
#[utoipa::path(get, path = "/imports/{id}/rejected.csv", params(("id" = ImportId, Path)), responses((status = 200, content_type = "text/csv", body = String)))]
pub async fn rejected(
    member: OrgMember,
    State(imports): State<ImportService>,
    PathId(id): PathId<ImportId>,
) -> Result<RejectedDownload> {
    Ok(RejectedDownload(imports.rejected(&member, id).await?))
}

/// Cancel an import
///
/// It stops before its next thousand rows. What it has done stays, and can be undone.
#[utoipa::path(post, path = "/imports/{id}/cancel", params(("id" = ImportId, Path)), responses((status = 202, body = ImportDto)))]
pub async fn cancel(
    member: OrgMember,
    State(imports): State<ImportService>,
    PathId(id): PathId<ImportId>,
) -> Result<Accepted<ImportDto>> {
    let import = imports.cancel(&member, id).await?;
    Ok(Accepted { location: format!("/api/v1/imports/{id}"), body: ImportDto::of(import, imports.now()) })
}

/// Undo an import
///
/// Takes away, in the background, the leads that the import made and nobody has touched since: neither changed nor put on another list nor
/// taken into a campaign or a conversation. What it changed of other leads stays. With `dry_run` nothing is done, and the answer (200) tells what would go.
#[utoipa::path(post, path = "/imports/{id}/undo", params(("id" = ImportId, Path), UndoParams),
    responses((status = 202, body = ImportDto), (status = 200, body = ImportUndoPreviewDto)))]
pub async fn undo(
    member: OrgMember,
    State(imports): State<ImportService>,
    PathId(id): PathId<ImportId>,
    QueryParams(params): QueryParams<UndoParams>,
) -> Result<UndoAnswer> {
    if params.dry_run {
        return Ok(UndoAnswer::Would(imports.would_undo(&member, id).await?.into()));
    }
    let import = imports.undo(&member, id).await?;
    let body = ImportDto::of(import, imports.now());
    Ok(UndoAnswer::Begun(Box::new(Accepted { location: format!("/api/v1/imports/{id}"), body })))
}
