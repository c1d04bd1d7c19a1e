//! API keys.

use axum::extract::State;

use crate::{
    dto::{
        Body, Created, IfMatch, ListQuery, NoContent, PageDto, PageParams, Paged, PathId, ShownOnce, Versioned,
        api_keys::{ApiKeyDto, ApiKeyWithSecretDto, CreateApiKeyRequest, RotateApiKeyRequest, UpdateApiKeyRequest},
    },
    errors::Result,
    models::ApiKeyId,
    repositories::OrgAdmin,
    services::{ApiKeyService, api_keys::ApiKeyView},
};

/// List API keys
///
/// The organization's keys, newest first, expired ones included. Of a secret only its end is shown.
#[utoipa::path(get, path = "/api-keys", params(PageParams), responses((status = 200, body = PageDto<ApiKeyDto>)))]
pub async fn list(admin: OrgAdmin, State(keys): State<ApiKeyService>, query: ListQuery) -> Result<Paged<ApiKeyDto>> {
    let page = keys.list(&admin, &query.page).await?;
    Ok(Paged::new(page, &query.page, ApiKeyDto::from))
}

/// Create an API key
///
/// `key` in the answer is the secret, which is shown this once. It is not kept under an `Idempotency-Key` either: a repetition makes
/// no second key, and is answered with 409 `idempotency_answer_lost`.
#[utoipa::path(post, path = "/api-keys", request_body = CreateApiKeyRequest, responses((status = 201, body = ApiKeyWithSecretDto)))]
pub async fn create(
    admin: OrgAdmin,
    State(keys): State<ApiKeyService>,
    Body(request): Body<CreateApiKeyRequest>,
) -> Result<ShownOnce<Created<ApiKeyWithSecretDto>>> {
    let made = keys.create(&admin, request.into()).await?;
    let (id, version) = (made.0.key.id, made.0.key.version);
    let location = format!("/api/v1/api-keys/{id}");
    Ok(ShownOnce(Created { location, version: Some(version), body: made.into() }))
}

/// Read an API key
#[utoipa::path(get, path = "/api-keys/{id}", params(("id" = ApiKeyId, Path)), responses((status = 200, body = ApiKeyDto)))]
pub async fn get(
    admin: OrgAdmin,
    State(keys): State<ApiKeyService>,
    PathId(id): PathId<ApiKeyId>,
) -> Result<Versioned<ApiKeyDto>> {
    Ok(versioned(keys.get(&admin, id).await?))
}

/// Change an API key
///
/// Its name, scopes and end; the secret stays. Every server goes by it within 2 seconds.
#[utoipa::path(patch, path = "/api-keys/{id}", params(("id" = ApiKeyId, Path)), request_body = UpdateApiKeyRequest,
    responses((status = 200, body = ApiKeyDto)))]
pub async fn update(
    admin: OrgAdmin,
    State(keys): State<ApiKeyService>,
    PathId(id): PathId<ApiKeyId>,
    IfMatch(seen): IfMatch,
    Body(request): Body<UpdateApiKeyRequest>,
) -> Result<Versioned<ApiKeyDto>> {
    Ok(versioned(keys.update(&admin, id, &seen, request.into()).await?))
}

/// Revoke an API key
///
/// Every server refuses it within 2 seconds. It cannot be brought back.
#[utoipa::path(delete, path = "/api-keys/{id}", params(("id" = ApiKeyId, Path)), responses((status = 204)))]
pub async fn delete(
    admin: OrgAdmin,
    State(keys): State<ApiKeyService>,
    PathId(id): PathId<ApiKeyId>,
    IfMatch(seen): IfMatch,
) -> Result<NoContent> {
    keys.revoke(&admin, id, &seen).await?;
    Ok(NoContent)
}

/// Rotate an API key
///
/// Makes a new secret, shown this once in `key`. The earlier ones go on working for `overlap_seconds`, so that programs can be changed
/// over one by one; `earlier_secrets` tells whether one is still used.
#[utoipa::path(post, path = "/api-keys/{id}/rotate", params(("id" = ApiKeyId, Path)), request_body = RotateApiKeyRequest,
    responses((status = 200, body = ApiKeyWithSecretDto)))]
pub async fn rotate(
    admin: OrgAdmin,
    State(keys): State<ApiKeyService>,
    PathId(id): PathId<ApiKeyId>,
    Body(request): Body<RotateApiKeyRequest>,
) -> Result<ShownOnce<Versioned<ApiKeyWithSecretDto>>> {
    let rotated = keys.rotate(&admin, id, request.overlap()).await?;
    let version = rotated.0.key.version;
    Ok(ShownOnce(Versioned(rotated.into(), version)))
}

fn versioned(view: ApiKeyView) -> Versioned<ApiKeyDto> {
    let version = view.key.version;
    Versioned(view.into(), version)
}
