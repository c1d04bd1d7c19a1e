//! `admit_api_key`: a key is let at what its scopes name, in its own organization, and at nothing else.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::Method,
    middleware::Next,
    response::Response,
};

use super::{
    membership::organization_header,
    observe::request_context,
    watched_body::watched,
    witness::{PresentedKey, not_for_keys},
};
use crate::{
    errors::{AppError, Result},
    models::ApiResource,
    repositories::Need,
    state::AppState,
};

/// Stands before the guards of a person. Lets a request without a key through as it is. One with a key gets past only where the zone is
/// about a resource that keys may be let at, and leaves an `OrgMember` then: the guards of a person have nothing to ask of it.
///
/// # Errors
/// 403 `api_key_not_allowed` or `scope_missing`; 404 if the request names another organization than the key's.
pub async fn admit_api_key(
    State((state, resource)): State<(AppState, Option<ApiResource>)>,
    mut request: Request,
    next: Next,
) -> Result<Response> {
    let Some(PresentedKey { key }) = request.extensions().get::<PresentedKey>().cloned() else {
        return Ok(next.run(request).await);
    };
    let resource = resource.ok_or_else(not_for_keys)?;
    if organization_header(request.headers())?.is_some_and(|named| !key.belongs_to(&named)) {
        return Err(AppError::not_found("organization"));
    }
    let needed = resource.scope(is_read(request.method()));
    if !key.has(needed) {
        let detail = format!("The API key lacks the scope {needed}.");
        return Err(AppError::forbidden("scope_missing", detail).with_member("scope", needed.as_str()));
    }
    let member = key.member();
    let context = request_context(&state, &request);
    request.extensions_mut().insert(member.acting_in(Arc::new(context)));
    let request = watched(&state, &member, Need::Scope(needed), request);
    let mut response = next.run(request).await;
    response.extensions_mut().insert(member);
    Ok(response)
}

fn is_read(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD)
}
