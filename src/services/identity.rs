//! Who is calling: from a verified token to a user and a proved membership, remembered for a moment.

use std::{sync::Arc, time::Duration};

use moka::sync::Cache;

use super::Context;
use crate::{
    errors::Result,
    integrations::clerk::SessionToken,
    repositories::{Identified, OrganizationRef},
};

/// How long a proof is believed without asking again. A removal or demotion must bite within 2 s on every replica, so this is counted
/// from before the question is asked, and leaves room for the answer.
const REMEMBERED_FOR: Duration = Duration::from_millis(1500);
/// Callers remembered at a time.
const CALLERS: u64 = 10_000;

type Caller = (String, Option<OrganizationRef>);

/// Who is calling.
#[derive(Clone)]
pub struct IdentityService {
    context: Context,
    remembered: Cache<Caller, (Arc<Identified>, Duration)>,
}

impl IdentityService {
    /// A service that remembers nobody yet.
    #[must_use]
    pub fn new(context: Context) -> Self {
        Self { context, remembered: Cache::builder().max_capacity(CALLERS).time_to_live(REMEMBERED_FOR * 2).build() }
    }

    /// What the database knows of the token's user, and of how they stand in `organization`.
    ///
    /// # Errors
    /// The database is away.
    pub async fn identify(
        &self,
        token: &SessionToken,
        organization: Option<OrganizationRef>,
    ) -> Result<Arc<Identified>> {
        let asked_at = self.context.clock.monotonic();
        let caller = (token.user_id.clone(), organization);
        if let Some((identified, since)) = self.remembered.get(&caller)
            && asked_at.saturating_sub(since) < REMEMBERED_FOR
        {
            return Ok(identified);
        }
        let identified = Arc::new(self.context.db.identify(&caller.0, caller.1.as_ref()).await?);
        self.remembered.insert(caller, (Arc::clone(&identified), asked_at));
        Ok(identified)
    }
}
