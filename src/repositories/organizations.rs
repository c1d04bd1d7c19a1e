//! The organization itself.

use sqlx::PgConnection;

use super::base::OrgScope;

/// The organization that a handle is about.
#[derive(Debug)]
pub struct OrganizationRepository<'c> {
    pub(in crate::repositories) conn: &'c mut PgConnection,
    pub(in crate::repositories) scope: OrgScope,
}
