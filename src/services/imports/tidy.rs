//! Tidying the search index beside the work. PostgreSQL puts new entries of that index on a list first, and has whoever makes it too long sort
//! them in, which takes as long as writing thousands of leads. An import writes on meanwhile, and another connection sorts them in.

use tokio_util::task::AbortOnDropHandle;

use crate::{
    errors::Result,
    models::OrganizationId,
    repositories::{Database, OrgTx},
};

/// After how many leads. They make the list about as long as PostgreSQL lets it become anyway (`gin_pending_list_limit`, 4 MiB), so that no
/// search looks through a longer one.
const AFTER: usize = 2_000;

/// Has the search index tidied from time to time, one time after the other.
pub(super) struct Tidier {
    db: Database,
    organization: OrganizationId,
    /// Leads written since it was last begun.
    written: usize,
    under_way: Option<AbortOnDropHandle<()>>,
}

impl Tidier {
    pub(super) fn new(db: Database, organization: OrganizationId) -> Self {
        Self { db, organization, written: 0, under_way: None }
    }

    /// Lets a transaction write without tidying by itself.
    pub(super) async fn let_rest(&self, tx: &mut OrgTx) -> Result<()> {
        tx.leads().leave_search_untidy().await
    }

    /// Notes that so many leads were written, and begins to tidy if it is time.
    pub(super) fn written(&mut self, leads: usize) {
        self.written += leads;
        let busy = self.under_way.as_ref().is_some_and(|task| !task.is_finished());
        if busy || self.written < AFTER {
            return;
        }
        self.written = 0;
        let (db, organization) = (self.db.clone(), self.organization);
        self.under_way = Some(AbortOnDropHandle::new(tokio::spawn(async move {
            if let Err(error) = db.tidy_search(organization).await {
                // Then somebody who writes does it.
                tracing::debug!(code = error.code(), cause = error.causes(), "the search index could not be tidied");
            }
        })));
    }
}
