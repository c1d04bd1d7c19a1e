//! What happened to leads.

use sqlx::PgConnection;

use super::base::OrgScope;

/// The activities of one organization: append-only, so no base verbs.
#[derive(Debug)]
pub struct ActivityRepository<'c> {
    pub(in crate::repositories) conn: &'c mut PgConnection,
    pub(in crate::repositories) scope: OrgScope,
}
