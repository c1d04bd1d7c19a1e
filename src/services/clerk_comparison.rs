//! Comparing members with Clerk's, since a webhook may never come: who left would keep access, and who joined would have none without a
//! token that says so. Clerk's list adds what is missing; who is not on it is asked for once more by name before anything ends.

use std::collections::HashSet;

use chrono::TimeDelta;

use super::{Clerk, Context};
use crate::{
    errors::{Kind, Result},
    integrations::clerk::{ClerkApi, ClerkMembership},
    models::{
        MemberId,
        clerk_sync::{KnownMember, OrganizationProfile, Rank, Told, ToldMembership, UserProfile},
    },
    repositories::{ComparedOrganization, RequestContext},
};

/// How often an organization's members are compared.
const EVERY: TimeDelta = TimeDelta::hours(6);
/// How soon it is tried again if Clerk did not answer.
const AGAIN_AFTER: TimeDelta = TimeDelta::minutes(10);
/// Who became known so shortly before may not be on Clerk's list yet.
const SETTLED_AFTER: TimeDelta = TimeDelta::minutes(5);
/// Members on a page, the most that Clerk gives.
const PAGE: u32 = 500;
/// Pages of one list: no organization has more members than that, and none keeps the others waiting for ever.
const MOST_PAGES: u32 = 200;

/// Comparing members with Clerk's.
#[derive(Clone)]
pub struct ClerkComparisonService {
    /// What every service stands on.
    pub context: Context,
    /// Whose members are the true ones.
    pub clerk: Clerk,
}

impl ClerkComparisonService {
    /// Compares the members of one organization, if it is any's turn; answers whether it was. Without a way to ask Clerk it never is.
    ///
    /// # Errors
    /// The database is away, or Clerk did not answer; the organization has its turn again soon.
    pub async fn compare_next(&self) -> Result<bool> {
        let Ok(clerk) = self.clerk.api() else { return Ok(false) };
        let now = self.context.clock.now();
        let db = &self.context.db;
        let Some(organization) = db.take_organization_to_compare(now - EVERY, now).await? else { return Ok(false) };
        match self.compare(clerk, &organization).await {
            // Nothing ends because of it: it may as well be another instance's key.
            Err(error) if error.kind() == Kind::NotFound => {
                tracing::warn!(organization = %organization.id, code = error.code(), "Clerk does not know an organization of ours");
            }
            Err(error) => {
                db.compare_again(organization.id, now - EVERY + AGAIN_AFTER).await?;
                return Err(error);
            }
            Ok(()) => {}
        }
        Ok(true)
    }

    async fn compare(&self, clerk: &dyn ClerkApi, organization: &ComparedOrganization) -> Result<()> {
        let known_before = self.context.clock.now() - SETTLED_AFTER;
        let Some(there) = self.take_over(clerk, &organization.clerk_organization_id).await? else { return Ok(()) };
        let mut after: Option<MemberId> = None;
        loop {
            let mut conn = self.context.db.engine_conn(organization.id).await?;
            let known = conn.members().known_since(known_before, after, PAGE.into()).await?;
            conn.give_back();
            let Some(last) = known.last() else { return Ok(()) };
            after = Some(last.id);
            for member in known.iter().filter(|member| !there.contains(&member.clerk_user_id)) {
                if self.has_left(clerk, &organization.clerk_organization_id, &member.clerk_user_id).await? {
                    self.end(organization, member).await?;
                }
            }
        }
    }

    /// Adds Clerk's list to what is known, and answers who is on it; nobody knows if it is too long.
    async fn take_over(&self, clerk: &dyn ClerkApi, organization: &str) -> Result<Option<HashSet<String>>> {
        let mut there = HashSet::new();
        for page in 0..MOST_PAGES {
            let listed = clerk.memberships(organization, PAGE, page * PAGE).await?.data;
            let last = listed.len() < PAGE as usize;
            there.extend(listed.iter().map(|membership| membership.user.user_id.clone()));
            self.hear(listed).await?;
            if last {
                return Ok(Some(there));
            }
        }
        tracing::warn!(organization, "an organization has more members than are compared");
        Ok(None)
    }

    async fn hear(&self, listed: Vec<ClerkMembership>) -> Result<()> {
        for membership in listed {
            let mut tx = self.context.db.begin_sync(RequestContext::default(), self.context.clock.now()).await?;
            if tx.hear_membership(membership.told_by_answer()).await? {
                tx.commit().await?;
            }
        }
        Ok(())
    }

    /// Whether Clerk, asked for one person, does not name the organization either. One whom it does not know at all has left everything.
    async fn has_left(&self, clerk: &dyn ClerkApi, organization: &str, user: &str) -> Result<bool> {
        for page in 0..MOST_PAGES {
            let listed = match clerk.memberships_of_user(user, PAGE, page * PAGE).await {
                Err(error) if error.kind() == Kind::NotFound => return Ok(true),
                listed => listed?.data,
            };
            if listed.iter().any(|membership| membership.organization.id == organization) {
                return Ok(false);
            }
            if listed.len() < PAGE as usize {
                return Ok(true);
            }
        }
        Ok(false)
    }

    async fn end(&self, organization: &ComparedOrganization, member: &KnownMember) -> Result<()> {
        tracing::info!(organization = %organization.id, member = %member.id, "a member has left, and no webhook told so");
        let mut tx = self.context.db.begin_sync(RequestContext::default(), self.context.clock.now()).await?;
        let KnownMember { id, user_id, clerk_user_id, clerk_membership_id } = member.clone();
        let changed = match clerk_membership_id {
            None => tx.forget_introduced(organization.id, id, user_id).await?,
            Some(membership) => {
                let now = tx.now().timestamp_millis();
                let told = ToldMembership {
                    membership: Told::ended(membership, Rank { version: now, told_at: now }),
                    created_at: 0,
                    // Nothing is said of the two ends but that they are.
                    organization: Told::alive(
                        organization.clerk_organization_id.clone(),
                        Rank::TOKEN,
                        OrganizationProfile::default(),
                    ),
                    user: Told::alive(clerk_user_id, Rank::TOKEN, UserProfile::default()),
                };
                tx.hear_membership(told).await?
            }
        };
        if changed { tx.commit().await } else { Ok(()) }
    }
}
