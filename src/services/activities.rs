//! What happened to leads.

use super::{
    Context,
    exports::{self, Rows},
};
use crate::{
    errors::Result,
    models::{
        Activity, ActivityFilter, ExportedActivity, Scope,
        page::{Page, PageRequest},
    },
    repositories::{Need, OrgMember},
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

    /// Every activity that `filter` lets through as of now, the oldest first.
    pub async fn export(&self, member: &OrgMember, filter: ActivityFilter) -> Result<Rows<ExportedActivity>> {
        let mut conn = self.0.db.export(member).await?;
        let (feed, rows) = exports::export_to(&self.0, member, Need::Scope(Scope::ActivitiesRead));
        tokio::spawn(async move { feed.pour(conn.activities().export(&filter)).await });
        rows.begun().await
    }
}
