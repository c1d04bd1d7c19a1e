//! The signed-in user.

use sqlx::types::Json;

use super::Context;
use crate::{
    errors::Result,
    models::{
        User, UserOrganization,
        page::{Direction, Page, PageRequest},
        patch::Patch,
        version::VersionGuard,
    },
    repositories::UserScope,
};

/// The signed-in user.
#[derive(Clone)]
pub struct UserService(pub Context);

/// A merge patch of what users set themselves.
#[derive(Debug, Default)]
pub struct UserChanges {
    /// An IANA zone, or none.
    pub timezone: Patch<String>,
}

/// A user with the organizations they belong to.
#[derive(Debug)]
pub struct UserWithOrganizations {
    /// The user.
    pub user: User,
    /// The latest organizations.
    pub organizations: Vec<UserOrganization>,
}

/// Organizations told along with their user at the most.
const ORGANIZATIONS: PageRequest =
    PageRequest { limit: 200, after: None, direction: Direction::Descending, include_total: false };

impl UserService {
    /// The user.
    pub async fn get(&self, scope: UserScope) -> Result<UserWithOrganizations> {
        let mut conn = self.0.db.read_user(scope).await?;
        let user = conn.user().get().await?;
        let organizations = conn.user().organizations(&ORGANIZATIONS).await?.items;
        Ok(UserWithOrganizations { user, organizations })
    }

    /// Changes what users set themselves.
    pub async fn update(
        &self,
        scope: UserScope,
        seen: &VersionGuard,
        changes: UserChanges,
    ) -> Result<UserWithOrganizations> {
        let mut tx = self.0.db.begin_user(scope, self.0.clock.now()).await?;
        let mut user = tx.user().lock().await?;
        seen.check(user.version)?;
        let UserChanges { timezone } = changes;
        let Json(before) = user.preferences.clone();
        user.preferences.0.timezone = timezone.apply(before.timezone.clone());
        if user.preferences.0 != before {
            user.version += 1;
            user.updated_at = tx.now();
            tx.user().update(&user).await?;
        }
        let organizations = tx.user().organizations(&ORGANIZATIONS).await?.items;
        tx.commit().await?;
        Ok(UserWithOrganizations { user, organizations })
    }

    /// A page of the organizations that the user belongs to.
    pub async fn organizations(&self, scope: UserScope, page: &PageRequest) -> Result<Page<UserOrganization>> {
        self.0.db.read_user(scope).await?.user().organizations(page).await
    }
}
