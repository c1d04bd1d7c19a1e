//! Requests that carry a great deal are worked on a few at a time: what is made of a body takes many times its size in memory.

use std::{sync::Arc, time::Duration};

use axum::{
    body::Body,
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::whole_body::whole;
use crate::{
    errors::{AppError, Result},
    models::OrganizationId,
    repositories::OrgMember,
    utils::keyed_limit::{KeyedLimit, Place},
};

/// Such requests that one organization may have here at a time.
const OF_ONE: usize = 2;
/// Such requests that are worked on at a time, of all organizations together.
const AT_WORK: usize = 4;
/// How long a request waits for its turn.
const PATIENCE: Duration = Duration::from_secs(5);

/// Whose turn it is.
#[derive(Debug, Clone)]
pub struct BulkTurns {
    of_one: KeyedLimit<OrganizationId>,
    at_work: Arc<Semaphore>,
}

impl Default for BulkTurns {
    fn default() -> Self {
        Self { of_one: KeyedLimit::new(OF_ONE), at_work: Arc::new(Semaphore::new(AT_WORK)) }
    }
}

/// A request's turn: lasts as long as the work on it.
#[derive(Debug, Clone)]
pub(super) struct Turn(
    #[expect(dead_code, reason = "held, and given back when it is dropped")] Arc<(Place, OwnedSemaphorePermit)>,
);

/// Lets a request through when it is its turn, with all of its body: whoever sends slowly keeps only their own organization waiting.
///
/// # Errors
/// 413; 503 `server_busy`.
pub async fn few_at_once(
    State(turns): State<BulkTurns>,
    member: OrgMember,
    request: Request,
    next: Next,
) -> Result<Response> {
    let place = in_time(turns.of_one.enter(member.organization_id())).await?;
    let (parts, body) = whole(request).await?;
    let mut request = Request::from_parts(parts, Body::from(body));
    let permit = in_time(async { Arc::clone(&turns.at_work).acquire_owned().await.ok() }).await?;
    let turn = Turn(Arc::new((place, permit)));
    request.extensions_mut().insert(turn.clone());
    let response = next.run(request).await;
    drop(turn);
    Ok(response)
}

async fn in_time<T>(turn: impl Future<Output = Option<T>>) -> Result<T> {
    tokio::time::timeout(PATIENCE, turn).await.ok().flatten().ok_or_else(|| {
        let detail = "Too many requests with many records are being worked on. Nothing was changed; try again.";
        AppError::unavailable("server_busy", detail)
    })
}
