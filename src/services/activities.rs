//! What happened to leads.

use super::Context;
use crate::{
    errors::Result,
    models::{
        Activity, ActivityFilter,
        page::{Page, PageRequest},
    },
    repositories::OrgMember,
};

/// What happened to leads.
#[derive(Clone)]
pub struct ActivityService(pub Context);

impl ActivityService {
    /// A page of the activities that `filter` lets through.
    pub async fn list(
        &self,
        member: &OrgMember,
        filter: &ActivityFilter,
        page: &PageRequest,
    ) -> Result<Page<Activity>> {
        self.0.db.search(member).await?.activities().search(filter, page).await
    }
}
