//! Members.

use sqlx::PgConnection;

use super::base::OrgScope;

/// The live members of one organization.
#[derive(Debug)]
pub struct MemberRepository<'c> {
    pub(in crate::repositories) conn: &'c mut PgConnection,
    pub(in crate::repositories) scope: OrgScope,
}
