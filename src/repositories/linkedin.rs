//! What is known of leads on LinkedIn, and what may have been done there.

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::base::OrgScope;
use crate::{
    errors::Result,
    models::{AccountId, ExecutionId, LeadId, LinkedinAct, LinkedinPerson, StepId, workflow::NodeType},
};

/// People and acts on LinkedIn of one organization.
#[derive(Debug)]
pub struct LinkedinRepository<'c> {
    pub(in crate::repositories) conn: &'c mut PgConnection,
    pub(in crate::repositories) scope: OrgScope,
}

/// Somebody whom a list of connections names.
#[derive(Debug, Clone)]
pub struct HeardOf {
    /// The address of the profile, as leads have it.
    pub linkedin_url: String,
    /// LinkedIn's own id.
    pub provider_id: String,
    /// The last part of the profile's address.
    pub public_identifier: String,
}

impl LinkedinRepository<'_> {
    /// Who has this profile, as `account` last saw it.
    ///
    /// # Errors
    /// The database's.
    pub async fn person(&mut self, account: AccountId, linkedin_url: &str) -> Result<Option<LinkedinPerson>> {
        Ok(sqlx::query_as!(
            LinkedinPerson,
            r#"select account_id, linkedin_url, tier, provider_id, public_identifier, seen_at from linkedin_people
               where organization_id = $1 and account_id = $2 and linkedin_url = $3"#,
            self.scope.id(),
            account.0,
            linkedin_url,
        )
        .fetch_optional(&mut *self.conn)
        .await?)
    }

    /// Keeps who has a profile.
    ///
    /// # Errors
    /// The database's.
    pub async fn keep_person(&mut self, person: &LinkedinPerson) -> Result<()> {
        sqlx::query!(
            r#"insert into linkedin_people (organization_id, account_id, linkedin_url, tier, provider_id, public_identifier, seen_at)
               values ($1, $2, $3, $4, $5, $6, $7)
               on conflict (organization_id, account_id, linkedin_url) do update
                 set tier = excluded.tier, provider_id = excluded.provider_id, public_identifier = excluded.public_identifier,
                     seen_at = excluded.seen_at"#,
            self.scope.id(),
            person.account_id.0,
            person.linkedin_url,
            person.tier,
            person.provider_id,
            person.public_identifier,
            person.seen_at,
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(())
    }

    /// Keeps by which ids an account's connections are known that nobody has looked at yet. Before anything is done to them, their profiles are
    /// looked at all the same: `listed` is no tier that an account has.
    ///
    /// # Errors
    /// The database's.
    pub async fn hear_of(&mut self, account: AccountId, people: &[HeardOf], now: DateTime<Utc>) -> Result<()> {
        let of = |text: fn(&HeardOf) -> &String| people.iter().map(|it| text(it).clone()).collect::<Vec<_>>();
        sqlx::query!(
            r#"insert into linkedin_people (organization_id, account_id, linkedin_url, tier, provider_id, public_identifier, seen_at)
               select $1, $2, url, 'listed', id, name, $6 from unnest($3::text[], $4::text[], $5::text[]) as t (url, id, name)
               on conflict do nothing"#,
            self.scope.id(),
            account.0,
            &of(|it| &it.linkedin_url),
            &of(|it| &it.provider_id),
            &of(|it| &it.public_identifier),
            now,
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(())
    }

    /// Writes that something may be done from now on, if its attempt still answers to `token` and its campaign runs; whether it may. It may not
    /// either if the account has done it to that post already, as far as nobody can prove the contrary.
    ///
    /// # Errors
    /// The database's.
    pub async fn begin(&mut self, act: &LinkedinAct, token: Uuid) -> Result<bool> {
        let written = sqlx::query!(
            r#"insert into linkedin_acts (organization_id, step_id, execution_id, lead_id, account_id, node_id, action, person, target,
                                          chat_id, noted, begun_at, unipile_account)
               select $1, s.id, s.execution_id, s.lead_id, $8, s.node_id, s.action, $4, $5, $6, $7, $9, $10
               from execution_steps s
               join campaigns c on c.organization_id = $1 and c.id = s.campaign_id and c.status = 'running'
               where s.organization_id = $1 and s.id = $2 and s.token = $3 and s.state = 'sending'
               on conflict (organization_id, account_id, action, target) where action in ('like_post', 'comment_post') do update
                 set step_id = excluded.step_id, execution_id = excluded.execution_id, lead_id = excluded.lead_id,
                     node_id = excluded.node_id, person = excluded.person, begun_at = excluded.begun_at,
                     unipile_account = excluded.unipile_account
                 where not exists (select from execution_steps o where o.organization_id = $1 and o.id = linkedin_acts.step_id
                                     and o.state in ('sending', 'sent', 'needs_review'))"#,
            self.scope.id(),
            act.step_id.0,
            token,
            act.person,
            act.target,
            act.chat_id,
            act.noted,
            act.account_id.0,
            act.begun_at,
            act.unipile_account,
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(written.rows_affected() == 1)
    }

    /// What an attempt was about to do.
    ///
    /// # Errors
    /// The database's.
    pub async fn act(&mut self, step: StepId) -> Result<Option<LinkedinAct>> {
        Ok(sqlx::query_as!(
            LinkedinAct,
            r#"select step_id, execution_id, lead_id, account_id, node_id, action, person, target, chat_id, noted, begun_at,
                      unipile_account
               from linkedin_acts where organization_id = $1 and step_id = $2"#,
            self.scope.id(),
            step.0,
        )
        .fetch_optional(&mut *self.conn)
        .await?)
    }

    /// What the last attempt of a step was about to do it to: another attempt does it to the same.
    ///
    /// # Errors
    /// The database's.
    pub async fn last_target(&mut self, execution: ExecutionId, node: &str) -> Result<Option<String>> {
        Ok(sqlx::query_scalar!(
            r#"select target from linkedin_acts where organization_id = $1 and execution_id = $2 and node_id = $3
               order by begun_at desc, step_id desc limit 1"#,
            self.scope.id(),
            execution.0,
            node,
        )
        .fetch_optional(&mut *self.conn)
        .await?)
    }

    /// Of these posts those to which the account has done this already, as far as nobody can prove the contrary.
    ///
    /// # Errors
    /// The database's.
    pub async fn done_to(
        &mut self,
        (account, action): (AccountId, NodeType),
        targets: &[String],
    ) -> Result<Vec<String>> {
        Ok(sqlx::query_scalar!(
            r#"select a.target from linkedin_acts a
               join execution_steps s on s.organization_id = a.organization_id and s.id = a.step_id
               where a.organization_id = $1 and a.account_id = $2 and a.action = $3 and a.target = any($4)
                 and a.action in ('like_post', 'comment_post') and s.state in ('sending', 'sent', 'needs_review')"#,
            self.scope.id(),
            account.0,
            action.as_str(),
            targets,
        )
        .fetch_all(&mut *self.conn)
        .await?)
    }

    /// How many invitations with a note that counts an account has sent since `since`, as far as nobody can prove the contrary.
    ///
    /// # Errors
    /// The database's.
    pub async fn notes_since(&mut self, account: AccountId, since: DateTime<Utc>) -> Result<i64> {
        Ok(sqlx::query_scalar!(
            r#"select count(*) as "count!" from linkedin_acts a
               join execution_steps s on s.organization_id = a.organization_id and s.id = a.step_id
               where a.organization_id = $1 and a.account_id = $2 and a.noted and a.begun_at > $3
                 and s.state in ('sending', 'sent', 'needs_review')"#,
            self.scope.id(),
            account.0,
            since,
        )
        .fetch_one(&mut *self.conn)
        .await?)
    }

    /// How many attempts of an account's, charged to this day, only asked LinkedIn, and nothing came of it.
    ///
    /// # Errors
    /// The database's.
    pub async fn looked_up_in_vain(&mut self, account: AccountId, day: NaiveDate) -> Result<i64> {
        Ok(sqlx::query_scalar!(
            r#"select count(*) as "count!" from execution_steps
               where organization_id = $1 and account_id = $2 and charged_day = $3
                 and (state = 'skipped' or state = 'not_sent' and reason in ('lead_unanswered', 'not_found_at_provider'))"#,
            self.scope.id(),
            account.0,
            day,
        )
        .fetch_one(&mut *self.conn)
        .await?)
    }

    /// Whether an account has taken an invitation to this person back since `since`.
    ///
    /// # Errors
    /// The database's.
    pub async fn withdrawn_since(&mut self, account: AccountId, person: &str, since: DateTime<Utc>) -> Result<bool> {
        Ok(sqlx::query_scalar!(
            r#"select exists (select from linkedin_acts a
                              join execution_steps s on s.organization_id = a.organization_id and s.id = a.step_id
                              where a.organization_id = $1 and a.account_id = $2 and a.person = $3 and a.action = 'withdraw_request'
                                and a.begun_at > $4 and s.state in ('sending', 'sent', 'needs_review')) as "withdrawn!""#,
            self.scope.id(),
            account.0,
            person,
            since,
        )
        .fetch_one(&mut *self.conn)
        .await?)
    }

    /// By what Unipile knows the invitation that a lead was last sent from an account, if that is known.
    ///
    /// # Errors
    /// The database's.
    pub async fn last_invitation(&mut self, account: AccountId, lead: LeadId) -> Result<Option<String>> {
        Ok(sqlx::query_scalar!(
            r#"select s.provider_id as "provider_id!" from campaign_executions e
               join execution_steps s on s.organization_id = e.organization_id and s.execution_id = e.id
               where e.organization_id = $1 and e.lead_id = $2 and s.account_id = $3 and s.action = 'send_connection_request'
                 and s.state = 'sent' and s.provider_id is not null
               order by s.sending_at desc, s.id desc limit 1"#,
            self.scope.id(),
            lead.0,
            account.0,
        )
        .fetch_optional(&mut *self.conn)
        .await?)
    }
}
