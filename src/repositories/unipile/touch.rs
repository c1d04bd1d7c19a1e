//! What an account has had to do with a lead: what comes in from anybody else is its owner's own business.

use chrono::{DateTime, Utc};

use super::UnipileRepository;
use crate::{
    errors::Result,
    models::{AccountId, ExecutionId, LeadId},
};

impl UnipileRepository<'_> {
    /// The leads whom an account knows by LinkedIn's own ids of them, or to whom it has done something under these, whatever address of a profile
    /// they have by now, or whose profiles have these addresses; each with the id or address that found it, those who came first before others.
    ///
    /// # Errors
    /// The database's.
    pub async fn people(
        &mut self,
        account: AccountId,
        provider_ids: &[String],
        profiles: &[String],
    ) -> Result<Vec<(String, LeadId)>> {
        let rows = sqlx::query!(
            r#"select p.provider_id as "by!", l.id from linkedin_people p
               join leads l on l.organization_id = p.organization_id and l.linkedin_url = p.linkedin_url
               where p.organization_id = $1 and p.account_id = $2 and p.provider_id = any($3)
               union
               select a.person, a.lead_id from linkedin_acts a
               where a.organization_id = $1 and a.account_id = $2 and a.person = any($3)
               union
               select l.linkedin_url, l.id from leads l where l.organization_id = $1 and l.linkedin_url = any($4)
               order by 2"#,
            self.scope.id(),
            account.0,
            provider_ids,
            profiles,
        )
        .fetch_all(&mut *self.conn)
        .await?;
        Ok(rows.into_iter().filter_map(|row| Some((row.by, LeadId(row.id?)))).collect())
    }

    /// Whether an account has invited a lead, as far as nobody can prove the contrary.
    ///
    /// # Errors
    /// The database's.
    pub async fn has_invited(&mut self, account: AccountId, lead: LeadId) -> Result<bool> {
        Ok(sqlx::query_scalar!(
            r#"select exists (select from execution_steps where organization_id = $1 and lead_id = $2 and account_id = $3
                              and action = 'send_connection_request' and state in ('sending', 'sent', 'needs_review')) as "has!""#,
            self.scope.id(),
            lead.0,
            account.0,
        )
        .fetch_one(&mut *self.conn)
        .await?)
    }

    /// Whether a lead is awaited to accept an account's invitation.
    ///
    /// # Errors
    /// The database's.
    pub async fn awaits_acceptance(&mut self, account: AccountId, lead: LeadId) -> Result<bool> {
        Ok(sqlx::query_scalar!(
            r#"select exists (select from campaign_executions where organization_id = $1 and lead_id = $2 and linkedin_account_id = $3
                              and awaiting = 'acceptance' and status = 'waiting') as "awaits!""#,
            self.scope.id(),
            lead.0,
            account.0,
        )
        .fetch_one(&mut *self.conn)
        .await?)
    }

    /// The invitation by this account that a lead has not accepted in time on its way, nor since.
    ///
    /// # Errors
    /// The database's.
    pub async fn not_accepted(&mut self, execution: ExecutionId, account: AccountId) -> Result<Option<String>> {
        Ok(sqlx::query_scalar!(
            r#"select s.node_id from execution_steps s
               where s.organization_id = $1 and s.execution_id = $2 and s.account_id = $3 and s.action = 'send_connection_request'
                 and s.state = 'sent'
                 and exists (select from activities a where a.organization_id = $1 and a.execution_id = $2
                             and a.type = 'connection_not_accepted' and a.data->>'node_id' = s.node_id)
                 and not exists (select from activities a where a.organization_id = $1 and a.execution_id = $2
                                 and a.type = 'connection_accepted')
               order by s.sending_at desc limit 1"#,
            self.scope.id(),
            execution.0,
            account.0,
        )
        .fetch_optional(&mut *self.conn)
        .await?)
    }

    /// Since when somebody has been awaited to accept an account's invitation; nobody is if there is none.
    ///
    /// # Errors
    /// The database's.
    pub async fn awaits_since(&mut self, account: AccountId) -> Result<Option<DateTime<Utc>>> {
        Ok(sqlx::query_scalar!(
            r#"select min(coalesce(begun_at, updated_at)) from campaign_executions
               where organization_id = $1 and linkedin_account_id = $2 and awaiting = 'acceptance' and status = 'waiting'"#,
            self.scope.id(),
            account.0,
        )
        .fetch_one(&mut *self.conn)
        .await?)
    }

    /// Since when an account has had to do with a lead, by a campaign or by hand; not at all if there is none.
    ///
    /// # Errors
    /// The database's.
    pub async fn in_touch_since(&mut self, account: AccountId, lead: LeadId) -> Result<Option<DateTime<Utc>>> {
        Ok(sqlx::query_scalar!(
            r#"select least(
                 (select min(sending_at) from execution_steps
                  where organization_id = $1 and lead_id = $2 and account_id = $3 and state in ('sending', 'sent', 'needs_review')),
                 (select min(sent_at) from messages
                  where organization_id = $1 and lead_id = $2 and account_id = $3 and direction = 'outbound' and not past))"#,
            self.scope.id(),
            lead.0,
            account.0,
        )
        .fetch_one(&mut *self.conn)
        .await?)
    }

    /// With whom of these, who are one person, an account has had to do: the one first that it had last written to by an instant.
    ///
    /// # Errors
    /// The database's.
    pub async fn in_touch(&mut self, account: AccountId, leads: &[LeadId], by: DateTime<Utc>) -> Result<Vec<LeadId>> {
        let ids = sqlx::query_scalar!(
            r#"select l.id as "id!" from unnest($3::uuid[]) with ordinality as l (id, place)
               cross join lateral (
                 select min(at) as since, max(at) filter (where writes and at <= $4) as written
                 from (select sending_at as at, action in ('send_connection_request', 'send_followup', 'send_inmail') as writes
                       from execution_steps
                       where organization_id = $1 and lead_id = l.id and account_id = $2 and state in ('sending', 'sent', 'needs_review')
                       union all
                       select sent_at, true from messages
                       where organization_id = $1 and lead_id = l.id and account_id = $2 and direction = 'outbound' and not past) acts) t
               where t.since is not null
               order by t.written desc nulls last, t.since <= $4 desc, l.place"#,
            self.scope.id(),
            account.0,
            &leads.iter().map(|lead| lead.0).collect::<Vec<_>>(),
            by,
        )
        .fetch_all(&mut *self.conn)
        .await?;
        Ok(ids.into_iter().map(LeadId).collect())
    }

    /// Those of these leads whom an account has written to, as far as nobody can prove the contrary; an invitation is written too.
    ///
    /// # Errors
    /// The database's.
    pub async fn written_to(&mut self, account: AccountId, leads: &[LeadId]) -> Result<Vec<LeadId>> {
        let ids = sqlx::query_scalar!(
            r#"select l.id as "id!" from unnest($3::uuid[]) as l (id)
               where exists (select from execution_steps where organization_id = $1 and lead_id = l.id and account_id = $2
                               and action in ('send_connection_request', 'send_followup', 'send_inmail')
                               and state in ('sending', 'sent', 'needs_review'))
                  or exists (select from messages where organization_id = $1 and lead_id = l.id and account_id = $2
                               and direction = 'outbound' and not past)
               order by l.id"#,
            self.scope.id(),
            account.0,
            &leads.iter().map(|lead| lead.0).collect::<Vec<_>>(),
        )
        .fetch_all(&mut *self.conn)
        .await?;
        Ok(ids.into_iter().map(LeadId).collect())
    }

    /// Whether an account has written just this to one of these leads.
    ///
    /// # Errors
    /// The database's.
    pub async fn has_written(&mut self, account: AccountId, leads: &[LeadId], text: &str) -> Result<bool> {
        Ok(sqlx::query_scalar!(
            r#"select exists (select from execution_steps where organization_id = $1 and lead_id = any($2) and account_id = $3
                              and action in ('send_connection_request', 'send_followup', 'send_inmail')
                              and state in ('sending', 'sent', 'needs_review') and $4 <> ''
                              and btrim(content->>'text', E' \n\r\t') = $4) as "has!""#,
            self.scope.id(),
            &leads.iter().map(|lead| lead.0).collect::<Vec<_>>(),
            account.0,
            text,
        )
        .fetch_one(&mut *self.conn)
        .await?)
    }

    /// The texts that campaigns and the inbox have sent these leads from an account, as far as nobody can prove the contrary.
    ///
    /// # Errors
    /// The database's.
    pub async fn texts_to(&mut self, account: AccountId, leads: &[LeadId]) -> Result<Vec<String>> {
        Ok(sqlx::query_scalar!(
            r#"select content->>'text' as "text!" from execution_steps
               where organization_id = $1 and lead_id = any($2) and account_id = $3 and content->>'text' is not null
                 and action in ('send_connection_request', 'send_followup', 'send_inmail')
                 and state in ('sending', 'sent', 'needs_review')
               union all
               -- Of the inbox: what was typed on LinkedIn is known by LinkedIn's id of it.
               select text from messages
               where organization_id = $1 and lead_id = any($2) and account_id = $3 and direction = 'outbound'
                 and provider_key = id::text"#,
            self.scope.id(),
            &leads.iter().map(|lead| lead.0).collect::<Vec<_>>(),
            account.0,
        )
        .fetch_all(&mut *self.conn)
        .await?)
    }

    /// Whether something was taken in at an account already.
    ///
    /// # Errors
    /// The database's.
    pub async fn has_taken_in(&mut self, account: AccountId, key: &str) -> Result<bool> {
        Ok(sqlx::query_scalar!(
            r#"select exists (select from taken_in where organization_id = $1 and account_id = $2 and key = $3) as "has!""#,
            self.scope.id(),
            account.0,
            key,
        )
        .fetch_one(&mut *self.conn)
        .await?)
    }
}
