//! News of users.

use chrono::{DateTime, Utc};

use super::Conn;
use crate::{
    errors::Result,
    models::{
        UserId,
        clerk_sync::{Known, News, Rank, Told, UserProfile},
    },
};

struct UserRow {
    id: UserId,
    email: Option<String>,
    first_name: Option<String>,
    last_name: Option<String>,
    image_url: Option<String>,
    banned: bool,
    version: i64,
    source_version: i64,
    source_told_at: i64,
    deleted_at: Option<DateTime<Utc>>,
    updated_at: DateTime<Utc>,
}

impl UserRow {
    fn known(&self) -> Known<UserProfile> {
        let rank = Rank { version: self.source_version, told_at: self.source_told_at };
        if self.deleted_at.is_some() {
            return Known::Ended(rank);
        }
        let content = UserProfile {
            email: self.email.clone(),
            first_name: self.first_name.clone(),
            last_name: self.last_name.clone(),
            image_url: self.image_url.clone(),
            banned: self.banned,
        };
        Known::Alive(News { rank, content })
    }
}

/// What a piece of news did to a user. No audit log is kept of what belongs to no organization.
pub(super) struct HeardUser {
    pub(super) id: UserId,
    /// Whether anything was new.
    pub(super) changed: bool,
    /// Whether the user lives and is not banned.
    pub(super) welcome: bool,
}

pub(super) async fn hear(conn: Conn<'_>, told: Told<UserProfile>, now: DateTime<Utc>) -> Result<HeardUser> {
    let Told { clerk_id, known: news } = told;
    let is_new = make_room(conn, &clerk_id, now).await?;
    let row = lock(conn, &clerk_id).await?;
    let (id, before) = (row.id, row.known());
    let after = before.clone().join(news);
    let changed = after != before;
    if changed {
        let seen = (!is_new).then_some(&before);
        let (version, updated_at) = after.stamp(seen, (row.version, row.updated_at), now);
        store(conn, UserRow { version, updated_at, ..row }, &after, now).await?;
    }
    let welcome = after.content().is_some_and(|profile| !profile.banned);
    Ok(HeardUser { id, changed: changed || is_new, welcome })
}

/// A row of which nothing is known but the id, unless there is one.
async fn make_room(conn: Conn<'_>, clerk_id: &str, now: DateTime<Utc>) -> Result<bool> {
    let done = sqlx::query!(
        r#"insert into users (id, clerk_user_id, source_version, source_told_at, created_at, updated_at)
           values ($1, $2, $3, $4, $5, $5) on conflict do nothing"#,
        UserId::new(now).0,
        clerk_id,
        Rank::TOKEN.version,
        Rank::TOKEN.told_at,
        now,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

async fn lock(conn: Conn<'_>, clerk_id: &str) -> Result<UserRow> {
    Ok(sqlx::query_as!(
        UserRow,
        r#"select id, email, first_name, last_name, image_url, banned, version, source_version, source_told_at, deleted_at, updated_at
           from users where clerk_user_id = $1 for no key update"#,
        clerk_id,
    )
    .fetch_one(conn)
    .await?)
}

/// Writes what is known now. Of a user who has ended nothing personal stays, our own settings included.
async fn store(conn: Conn<'_>, row: UserRow, known: &Known<UserProfile>, now: DateTime<Utc>) -> Result<()> {
    let rank = known.rank();
    let ended = known.content().is_none();
    let UserProfile { email, first_name, last_name, image_url, banned } = known.content().cloned().unwrap_or_default();
    sqlx::query!(
        r#"update users set email = $2, first_name = $3, last_name = $4, image_url = $5, banned = $6, version = $7, source_version = $8,
                  source_told_at = $9, updated_at = $10, deleted_at = $11, preferences = case when $12 then '{}' else preferences end
           where id = $1"#,
        row.id.0,
        email,
        first_name,
        last_name,
        image_url,
        banned,
        row.version,
        rank.version,
        rank.told_at,
        row.updated_at,
        ended.then(|| row.deleted_at.unwrap_or(now)),
        ended,
    )
    .execute(conn)
    .await?;
    Ok(())
}
