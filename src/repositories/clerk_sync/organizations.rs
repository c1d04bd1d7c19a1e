//! News of organizations.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use sqlx::types::Json;

use super::{Conn, Heard};
use crate::{
    errors::Result,
    models::{
        AuditEntry, OrganizationId, OrganizationSettings,
        clerk_sync::{Known, News, OrganizationProfile, Rank, Told},
    },
};

pub(super) struct OrganizationRow {
    pub(super) id: OrganizationId,
    name: String,
    slug: Option<String>,
    image_url: Option<String>,
    pub(super) settings: Json<OrganizationSettings>,
    version: i64,
    source_version: i64,
    source_told_at: i64,
    pub(super) deleted_at: Option<DateTime<Utc>>,
    updated_at: DateTime<Utc>,
}

impl OrganizationRow {
    fn known(&self) -> Known<OrganizationProfile> {
        let rank = Rank { version: self.source_version, told_at: self.source_told_at };
        if self.deleted_at.is_some() {
            return Known::Ended(rank);
        }
        let content =
            OrganizationProfile { name: self.name.clone(), slug: self.slug.clone(), image_url: self.image_url.clone() };
        Known::Alive(News { rank, content })
    }
}

pub(super) async fn hear(conn: Conn<'_>, told: Told<OrganizationProfile>, now: DateTime<Utc>) -> Result<Heard> {
    let Told { clerk_id, known: news } = told;
    let is_new = make_room(conn, &clerk_id, now).await?;
    let row = lock(conn, &clerk_id).await?;
    let (id, before) = (row.id, row.known());
    let after = before.clone().join(news);
    let changed = after != before;
    if changed {
        let seen = (!is_new).then_some(&before);
        let (version, updated_at) = after.stamp(seen, (row.version, row.updated_at), now);
        store(conn, OrganizationRow { version, updated_at, ..row }, &after, now).await?;
    }
    let seen_before = if is_new { None } else { before.content() };
    let audit = told_to_the_log(id, seen_before, after.content()).into_iter().collect();
    Ok(Heard { id, changed: changed || is_new, audit })
}

fn told_to_the_log(
    id: OrganizationId,
    before: Option<&OrganizationProfile>,
    after: Option<&OrganizationProfile>,
) -> Option<AuditEntry> {
    let action = match (before, after) {
        (None, Some(_)) => "organization.created",
        (Some(_), None) => "organization.deleted",
        (before, after) if before == after => return None,
        _ => "organization.updated",
    };
    Some(AuditEntry::new(action, "organization", id.0).change(before.map(facts), after.map(facts)))
}

fn facts(profile: &OrganizationProfile) -> Value {
    let OrganizationProfile { name, slug, image_url } = profile;
    json!({"name": name, "slug": slug, "image_url": image_url})
}

/// A row of which nothing is known but the id, unless there is one.
async fn make_room(conn: Conn<'_>, clerk_id: &str, now: DateTime<Utc>) -> Result<bool> {
    let done = sqlx::query!(
        r#"insert into organizations (id, clerk_organization_id, name, source_version, source_told_at, created_at, updated_at)
           values ($1, $2, '', $3, $4, $5, $5) on conflict do nothing"#,
        OrganizationId::new(now).0,
        clerk_id,
        Rank::TOKEN.version,
        Rank::TOKEN.told_at,
        now,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// The organization, locked: who holds this may read and write its memberships.
pub(super) async fn lock(conn: Conn<'_>, clerk_id: &str) -> Result<OrganizationRow> {
    Ok(sqlx::query_as!(
        OrganizationRow,
        r#"select id, name, slug, image_url, settings, version, source_version, source_told_at, deleted_at, updated_at
           from organizations where clerk_organization_id = $1 for no key update"#,
        clerk_id,
    )
    .fetch_one(conn)
    .await?)
}

/// Writes what is known now. Of an organization that has ended nothing stays but its plan.
async fn store(
    conn: Conn<'_>,
    row: OrganizationRow,
    known: &Known<OrganizationProfile>,
    now: DateTime<Utc>,
) -> Result<()> {
    let rank = known.rank();
    let ended = known.content().is_none();
    let OrganizationProfile { name, slug, image_url } = known.content().cloned().unwrap_or_default();
    sqlx::query!(
        r#"update organizations set name = $2, slug = $3, image_url = $4, version = $5, source_version = $6, source_told_at = $7,
                  updated_at = $8, deleted_at = $9, settings = case when $10 then '{}' else settings end
           where id = $1"#,
        row.id.0,
        name,
        slug,
        image_url,
        row.version,
        rank.version,
        rank.told_at,
        row.updated_at,
        ended.then(|| row.deleted_at.unwrap_or(now)),
        ended,
    )
    .execute(&mut *conn)
    .await?;
    if !ended {
        return Ok(());
    }
    forsake_accounts(&mut *conn, row.id, now).await?;
    keep_back(conn, row.id, now).await
}

/// Nothing leaves any more for an organization that has ended, whatever was claimed for it, and nobody looks up what has become of it.
async fn keep_back(conn: Conn<'_>, id: OrganizationId, now: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        r#"with letters as (
             update messages set state = 'failed', reason = 'organization_deleted', deadline = null where organization_id = $1 and state = 'sending')
           update execution_steps set state = 'needs_review', reason = 'organization_deleted', settled_at = $2
           where organization_id = $1 and state = 'sending'"#,
        id.0,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Nobody acts through the accounts of an organization that has ended: they are deleted at Unipile, where each costs a seat, and neither they nor
/// mailboxes are looked at any more.
async fn forsake_accounts(conn: Conn<'_>, id: OrganizationId, now: DateTime<Utc>) -> Result<()> {
    // First, and by itself: whoever settles a link just now is waited for, and the account that it made is seen.
    sqlx::query!(
        r#"update connect_links set state = 'failed', reason = 'organization_deleted', due_at = null, settled_at = $2
           where organization_id = $1 and state in ('open', 'reported')"#,
        id.0,
        now,
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        r#"with held as (
             select id from connected_accounts where organization_id = $1 order by id for update),
           left_behind as (
             delete from account_watches where organization_id = $1),
           unread as (
             delete from mailbox_watches where organization_id = $1),
           unheard as (
             delete from kept_mails where organization_id = $1),
           departs as (
             insert into unipile_departures (organization_id, unipile_account, due_at)
             select organization_id, unipile->>'account_id', $2 from connected_accounts where organization_id = $1 and unipile is not null
             on conflict do nothing)
           update connected_accounts
           set unipile = null, status = 'disconnected', status_reason = null, version = version + 1, updated_at = $2
           where organization_id = $1 and id in (select id from held) and unipile is not null"#,
        id.0,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}
