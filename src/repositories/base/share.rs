//! What one organization may hold of the pools at a time, so that no organization, however busy, keeps the others waiting.

use std::time::Duration;

use crate::{
    errors::{AppError, Result},
    models::OrganizationId,
    utils::keyed_limit::{KeyedLimit, Place},
};

/// Each organization's share of a pool.
#[derive(Debug, Clone)]
pub(super) struct Shares {
    limit: KeyedLimit<OrganizationId>,
    patience: Duration,
}

impl Shares {
    /// `connections` for each organization; who wants more waits for `patience`.
    pub(super) fn new(connections: u32, patience: Duration) -> Self {
        let connections = usize::try_from(connections).unwrap_or(usize::MAX);
        Self { limit: KeyedLimit::new(connections.max(1)), patience }
    }

    /// Leave to take one more connection.
    ///
    /// # Errors
    /// 503 `organization_busy`.
    pub(super) async fn take(&self, organization: OrganizationId) -> Result<Place> {
        let place = tokio::time::timeout(self.patience, self.limit.enter(organization)).await;
        place.ok().flatten().ok_or_else(|| {
            let detail = "Your organization has too many requests at work. Nothing was changed; try again.";
            AppError::unavailable("organization_busy", detail)
        })
    }
}
