//! Following a campaign's activities as they come, without a gap and without a repetition.
//!
//! An activity's id and time are drawn before its transaction commits, so that by either of them one may turn up behind others that were read
//! already. By the number of its transaction it cannot: only what is below every transaction under way is read, and of that no more comes.

use sqlx::types::Json;

use super::ActivityRepository;
use crate::{
    errors::Result,
    models::{Activity, ActivityPlace, CampaignId},
};

impl ActivityRepository<'_> {
    /// The place before which everything is there.
    ///
    /// # Errors
    /// The database's.
    pub async fn here(&mut self) -> Result<ActivityPlace> {
        let xact = sqlx::query_scalar!(r#"select pg_snapshot_xmin(pg_current_snapshot())::text::bigint as "xact!""#)
            .fetch_one(&mut *self.conn)
            .await?;
        Ok(ActivityPlace::before(xact))
    }

    /// Whether this database can have named that place: one that was restored from a backup counts anew.
    ///
    /// # Errors
    /// The database's.
    pub async fn knows(&mut self, place: ActivityPlace) -> Result<bool> {
        Ok(sqlx::query_scalar!(
            r#"select $1::text::xid8 <= pg_snapshot_xmax(pg_current_snapshot()) as "known!""#,
            place.xact.to_string()
        )
        .fetch_one(&mut *self.conn)
        .await?)
    }

    /// What came after `place` in a campaign, in order, each with its own place.
    ///
    /// # Errors
    /// The database's.
    pub async fn after(
        &mut self,
        campaign: CampaignId,
        place: ActivityPlace,
        limit: i64,
    ) -> Result<Vec<(ActivityPlace, Activity)>> {
        let rows = sqlx::query!(
            r#"select id, organization_id, type, lead_id, campaign_id, execution_id, account_id, user_id, data, occurred_at,
                      xact::text::bigint as "xact!"
               from activities
               where organization_id = $1 and campaign_id = $2 and (xact, id) > ($3::text::xid8, $4::uuid)
                 and xact < pg_snapshot_xmin(pg_current_snapshot())
               order by xact, id limit $5"#,
            self.scope.id(),
            campaign.0,
            place.xact.to_string(),
            place.id,
            limit,
        )
        .fetch_all(&mut *self.conn)
        .await?;
        let placed = rows.into_iter().map(|row| {
            let place = ActivityPlace { xact: row.xact, id: row.id.0 };
            let activity = Activity {
                id: row.id,
                organization_id: row.organization_id,
                r#type: row.r#type,
                lead_id: row.lead_id,
                campaign_id: row.campaign_id,
                execution_id: row.execution_id,
                account_id: row.account_id,
                user_id: row.user_id,
                data: Json(row.data.0),
                occurred_at: row.occurred_at,
            };
            (place, activity)
        });
        Ok(placed.collect())
    }
}
