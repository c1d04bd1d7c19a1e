//! News of memberships.
//!
//! One who leaves and joins again has a new membership with an id of its own. Of all of a person's in an organization only the one that
//! was made last can be alive, whatever has or has not been heard of the others: so the end of an older one need never arrive, and no
//! older one comes back. One that a session token introduced has no id until the first news of any is taken for news of it.

use chrono::{DateTime, Utc};
use serde_json::json;

use super::{Conn, Heard, organizations, users};
use crate::{
    errors::Result,
    models::{
        AuditEntry, MemberId, OrganizationId, UserId,
        clerk_sync::{Known, News, Rank, Told, ToldMembership},
    },
};

struct MembershipRow {
    id: MemberId,
    clerk_membership_id: Option<String>,
    clerk_role: Option<String>,
    version: i64,
    source_version: i64,
    source_told_at: i64,
    source_created_at: i64,
    deleted_at: Option<DateTime<Utc>>,
    updated_at: DateTime<Utc>,
}

/// One of a person's memberships, before and after the news.
struct Membership {
    row: MembershipRow,
    /// What was known; nothing if it was not.
    before: Option<Known<String>>,
    after: Known<String>,
    /// Whether its id of Clerk's, or when it was made, became known.
    identified: bool,
}

pub(super) async fn hear(conn: Conn<'_>, told: ToldMembership, now: DateTime<Utc>) -> Result<Heard> {
    let ToldMembership { membership, created_at, organization, user } = told;
    let organization = organizations::hear(conn, organization, now).await?;
    let user = users::hear(conn, user, now).await?;
    let mut all: Vec<_> = of_person(conn, organization.id, user.id).await?.into_iter().map(Membership::known).collect();
    add(&mut all, membership, created_at, now);
    all.retain(Membership::has_changed);
    // The ended ones first: two must not be alive at any moment.
    all.sort_by_key(|one| one.after.content().is_some());
    let mut audit = organization.audit;
    let changed = organization.changed || user.changed || !all.is_empty();
    for mut one in all {
        audit.extend(one.told_to_the_log(user.id));
        one.settle(now);
        store(conn, organization.id, user.id, &one).await?;
    }
    Ok(Heard { id: organization.id, changed, audit })
}

/// Adds the news to a person's memberships.
fn add(all: &mut Vec<Membership>, told: Told<String>, created_at: i64, now: DateTime<Utc>) {
    let Told { clerk_id, known: news } = told;
    let same = |one: &Membership| one.row.clerk_membership_id.as_deref() == Some(clerk_id.as_str());
    let index = all.iter().position(same).or_else(|| all.iter().position(|one| one.row.clerk_membership_id.is_none()));
    match index.and_then(|index| all.get_mut(index)) {
        Some(one) => {
            one.identified = one.row.clerk_membership_id.is_none() || one.row.source_created_at < created_at;
            one.row.clerk_membership_id = Some(clerk_id);
            one.row.source_created_at = one.row.source_created_at.max(created_at);
            one.after = one.after.clone().join(news);
        }
        None => all.push(Membership::new(clerk_id, created_at, news, now)),
    }
    let made = |one: &Membership| (one.row.source_created_at, one.row.clerk_membership_id.clone());
    let last = all.iter().map(made).max();
    for one in all.iter_mut().filter(|one| Some(made(one)) != last) {
        one.after = one.after.clone().end();
    }
}

impl Membership {
    fn known(row: MembershipRow) -> Self {
        let rank = Rank { version: row.source_version, told_at: row.source_told_at };
        let known = match &row.clerk_role {
            Some(role) if row.deleted_at.is_none() => Known::Alive(News { rank, content: role.clone() }),
            _ => Known::Ended(rank),
        };
        Self { row, before: Some(known.clone()), after: known, identified: false }
    }

    fn new(clerk_id: String, created_at: i64, news: Known<String>, now: DateTime<Utc>) -> Self {
        let row = MembershipRow {
            id: MemberId::new(now),
            clerk_membership_id: Some(clerk_id),
            clerk_role: None,
            version: 1,
            source_version: 0,
            source_told_at: 0,
            source_created_at: created_at,
            deleted_at: None,
            updated_at: now,
        };
        Self { row, before: None, after: news, identified: true }
    }

    fn role_before(&self) -> Option<&String> {
        self.before.as_ref().and_then(Known::content)
    }

    fn has_changed(&self) -> bool {
        self.identified || self.before.as_ref() != Some(&self.after)
    }

    fn told_to_the_log(&self, user: UserId) -> Option<AuditEntry> {
        let (before, after) = (self.role_before(), self.after.content());
        let action = match (before, after) {
            (None, Some(_)) => "member.added",
            (Some(_), None) => "member.removed",
            (before, after) if before == after => return None,
            _ => "member.role_changed",
        };
        let facts = |role: &String| json!({"user_id": user, "role": role});
        Some(AuditEntry::new(action, "member", self.row.id.0).change(before.map(facts), after.map(facts)))
    }

    /// Brings the row's columns to what is known now.
    fn settle(&mut self, now: DateTime<Utc>) {
        let rank = self.after.rank();
        self.row.clerk_role = self.after.content().cloned();
        self.row.source_version = rank.version;
        self.row.source_told_at = rank.told_at;
        (self.row.version, self.row.updated_at) =
            self.after.stamp(self.before.as_ref(), (self.row.version, self.row.updated_at), now);
        if self.after.content().is_none() {
            self.row.deleted_at.get_or_insert(now);
        }
    }
}

async fn of_person(conn: Conn<'_>, organization: OrganizationId, user: UserId) -> Result<Vec<MembershipRow>> {
    Ok(sqlx::query_as!(
        MembershipRow,
        r#"select id, clerk_membership_id, clerk_role, version, source_version, source_told_at, source_created_at, deleted_at, updated_at
           from organization_members where organization_id = $1 and user_id = $2 order by id for no key update"#,
        organization.0,
        user.0,
    )
    .fetch_all(conn)
    .await?)
}

async fn store(conn: Conn<'_>, organization: OrganizationId, user: UserId, one: &Membership) -> Result<()> {
    let row = &one.row;
    sqlx::query!(
        r#"insert into organization_members
             (organization_id, user_id, id, clerk_membership_id, clerk_role, version, source_version, source_told_at, source_created_at,
              deleted_at, created_at, updated_at)
           values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11)
           on conflict (organization_id, id) do update set
             clerk_membership_id = excluded.clerk_membership_id, clerk_role = excluded.clerk_role, version = excluded.version,
             source_version = excluded.source_version, source_told_at = excluded.source_told_at,
             source_created_at = excluded.source_created_at, deleted_at = excluded.deleted_at, updated_at = excluded.updated_at"#,
        organization.0,
        user.0,
        row.id.0,
        row.clerk_membership_id,
        row.clerk_role,
        row.version,
        row.source_version,
        row.source_told_at,
        row.source_created_at,
        row.deleted_at,
        row.updated_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Makes a member of whom no membership was ever heard, on a session token's word.
pub(super) async fn introduce(
    conn: Conn<'_>,
    organization: OrganizationId,
    user: UserId,
    clerk_role: String,
    now: DateTime<Utc>,
) -> Result<Option<AuditEntry>> {
    if !of_person(conn, organization, user).await?.is_empty() {
        return Ok(None);
    }
    let known = Known::Alive(News { rank: Rank::TOKEN, content: clerk_role });
    let mut one = Membership::new(String::new(), 0, known, now);
    one.row.clerk_membership_id = None;
    one.settle(now);
    store(conn, organization, user, &one).await?;
    Ok(one.told_to_the_log(user))
}
