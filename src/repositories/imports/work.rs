//! The work on imports, which no caller waits for: the door to an import's organization, and what undoing takes away.

use std::collections::HashSet;

use chrono::{DateTime, Utc};

use super::ImportRepository;
use crate::{
    errors::Result,
    jobs::WorkOnImport,
    models::{Import, ImportId, LeadId, LeadListId, UndoCounts},
    repositories::{BaseRepository as _, Database, OrgTx, base::Actor},
};

impl Database {
    /// A transaction for the work on an import, in the name of who started it, with the import locked. None if there is no such import
    /// any more.
    ///
    /// # Errors
    /// No connection is free in time.
    pub async fn begin_import(&self, job: &WorkOnImport, now: DateTime<Utc>) -> Result<Option<(OrgTx, Import)>> {
        let mut tx = self.begin_job(job.organization_id, now).await?;
        let Some(import) = tx.imports().lock(job.import_id).await? else { return Ok(None) };
        tx.act_as(Actor::of_import(&import));
        Ok(Some((tx, import)))
    }
}

impl ImportRepository<'_> {
    /// Locks the imports that are under way onto a list. Whoever works on one locks it before it touches the list, so whoever deletes the
    /// list must too.
    ///
    /// # Errors
    /// The database's.
    pub async fn lock_onto_list(&mut self, list: LeadListId) -> Result<()> {
        sqlx::query!(
            r#"select id from imports where organization_id = $1 and lead_list_id = $2 and status in ('queued', 'running')
               order by id for update"#,
            self.scope.id(),
            list.0,
        )
        .fetch_all(&mut *self.conn)
        .await?;
        Ok(())
    }

    /// Which of the leads that a piece made nobody has touched since, locked: those whose version is the first, that came onto no further list,
    /// into no campaign and into no conversation. Answers them, and how many others there still are.
    ///
    /// # Errors
    /// The database's.
    pub async fn untouched(&mut self, id: ImportId, number: i32) -> Result<(Vec<LeadId>, i64)> {
        let rows = sqlx::query!(
            r#"select l.id as "id!: LeadId", (l.version = 1 and not l.on_more_lists and not l.enrolled) as "untouched!"
               from import_pieces p cross join unnest(string_to_array(p.outcomes, null), p.lead_ids) as row (outcome, lead_id)
               join leads l on l.organization_id = p.organization_id and l.id = row.lead_id
               where p.organization_id = $1 and p.import_id = $2 and p.number = $3 and row.outcome = 'c'
               order by l.id for update of l"#,
            self.scope.id(),
            id.0,
            number,
        )
        .fetch_all(&mut *self.conn)
        .await?;
        let all = rows.len();
        let mut untouched: Vec<LeadId> = rows.into_iter().filter(|row| row.untouched).map(|row| row.id).collect();
        // Only now that they are locked: no conversation can begin any more, and all that have begun are seen.
        let talked_to = self.talked_to(&untouched).await?;
        untouched.retain(|id| !talked_to.contains(id));
        let kept = i64::try_from(all - untouched.len()).unwrap_or(i64::MAX);
        Ok((untouched, kept))
    }

    async fn talked_to(&mut self, leads: &[LeadId]) -> Result<HashSet<LeadId>> {
        let ids: Vec<_> = leads.iter().map(|id| id.0).collect();
        let talked_to = sqlx::query_scalar!(
            r#"select lead_id as "lead_id!: LeadId" from conversations where organization_id = $1 and lead_id = any($2)"#,
            self.scope.id(),
            &ids,
        );
        Ok(talked_to.fetch_all(&mut *self.conn).await?.into_iter().collect())
    }

    /// What undoing the import would take away and leave, were it done now.
    ///
    /// # Errors
    /// The database's.
    pub async fn count_untouched(&mut self, id: ImportId) -> Result<UndoCounts> {
        Ok(sqlx::query_as!(
            UndoCounts,
            r#"select count(*) filter (where l.version = 1 and not l.on_more_lists and not l.enrolled and c.lead_id is null) as "leads_removed!",
                      count(*) filter (where l.version > 1 or l.on_more_lists or l.enrolled or c.lead_id is not null) as "leads_kept!"
               from import_pieces p cross join unnest(string_to_array(p.outcomes, null), p.lead_ids) as row (outcome, lead_id)
               join leads l on l.organization_id = p.organization_id and l.id = row.lead_id
               left join conversations c on c.organization_id = l.organization_id and c.lead_id = l.id
               where p.organization_id = $1 and p.import_id = $2 and row.outcome = 'c'"#,
            self.scope.id(),
            id.0,
        )
        .fetch_one(&mut *self.conn)
        .await?)
    }
}
