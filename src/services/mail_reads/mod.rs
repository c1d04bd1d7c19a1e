//! Whether mails are read: their picture and links are fetched, and whoever does so gets what it asks for at once, whatever becomes of our
//! note of it. That note is one statement that is written behind the answer, and for one picture or link no more than one every few seconds. Who it
//! was, a person or a machine, is judged a moment later, and then told.

mod hosts;
mod judge;
mod links;
mod machines;

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use metrics::counter;
use serde_json::{Map, Value, json};
use sqlx::types::Json;
use tokio::sync::Semaphore;
use tokio_util::task::TaskTracker;
use url::Url;

use self::hosts::Hosts;
pub use self::{links::ReadLinks, machines::Visit};
use super::{Context, campaign_runs::Round};
use crate::{
    errors::{AppError, Result},
    models::{Activity, ActivityId, FreshRead, MailMark, OrganizationId},
    repositories::OrgTx,
    utils::brief_memory::BriefMemory,
};

/// Whatever fetches something so soon after a mail was handed over was waiting for it: filters do, on its way to the reader (of those that
/// craft-campaign's issue 546 counted, 84 % had fetched the picture within this time).
const TOO_SOON: TimeDelta = TimeDelta::seconds(20);
/// How long it is waited for what else is fetched at the same time: what was asked for then is noted by then, however busy the database is.
const JUDGED_AFTER: TimeDelta = TimeDelta::seconds(5);
/// Pictures and links that are judged in one transaction, and organizations in one round.
const BATCH: i64 = 500;

/// How long the database may take for a note: less than until it is judged.
const PATIENCE: Duration = Duration::from_secs(4);
/// Notes that a process writes at a time: more would take the connections that requests and workers need.
const AT_A_TIME: usize = 4;
/// Notes that may wait for that: a database that is slow is not given more and more to do.
const WAITING: usize = 1_000;
/// Pictures and links of which it is remembered that they were noted a moment ago.
const REMEMBERED: u64 = 10_000;

/// Notes and judges.
#[derive(Clone)]
pub struct MailReadService {
    context: Context,
    places: Arc<Semaphore>,
    noted: BriefMemory<(MailMark, bool), ()>,
    notes: TaskTracker,
    hosts: Hosts,
}

/// Where a link leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Leads {
    /// There.
    To(Url),
    /// Nowhere: it is none of ours, or not to be followed under this name.
    Nowhere,
    /// That cannot be told now: the database is away, and this name was not asked for before.
    NotNow,
}

impl MailReadService {
    /// Nothing noted yet.
    #[must_use]
    pub fn new(context: Context) -> Self {
        let noted = BriefMemory::new(REMEMBERED, Arc::clone(&context.clock));
        let hosts = Hosts::new(context.clone());
        Self { context, places: Arc::new(Semaphore::new(AT_A_TIME)), noted, notes: TaskTracker::new(), hosts }
    }

    /// A picture was fetched. Nobody learns whether it is one of ours.
    pub fn opened(&self, token: &str, visit: Visit<'_>) {
        if let Some(mark) = self.context.links.reads.read_picture(token) {
            self.note(mark, None, visit);
        }
    }

    /// A link was followed, of a server that is called by all of `hosts`.
    pub async fn followed(&self, token: &str, hosts: &[&str], visit: Visit<'_>) -> Leads {
        let Some((mark, target)) = self.context.links.reads.read_link(token) else { return Leads::Nowhere };
        match self.hosts.serve(mark.organization, hosts).await {
            Ok(true) => {
                self.note(mark, Some(&target), visit);
                Leads::To(target)
            }
            Ok(false) => Leads::Nowhere,
            Err(error) => {
                tracing::warn!(
                    code = error.code(),
                    "it cannot be told whose the domain is that a link was followed by"
                );
                Leads::NotNow
            }
        }
    }

    /// Waits until all that was noted is written, or lost.
    pub async fn settle(&self) {
        self.notes.close();
        self.notes.wait().await;
    }

    /// What proves to whoever has made a challenge that this is the service that links lead to.
    ///
    /// # Errors
    /// `challenge_not_found`.
    pub fn proof(&self, challenge: &str) -> Result<String> {
        self.context.links.proof(challenge).ok_or_else(|| AppError::not_found("challenge"))
    }

    /// Has it written down. Nobody waits for that, and of what cannot be written it is counted that it was not.
    fn note(&self, mark: MailMark, target: Option<&Url>, visit: Visit<'_>) {
        let told = (mark, visit.is_a_machines());
        if self.noted.recall(&told).is_some() {
            return;
        }
        if self.notes.len() >= WAITING {
            return lost("too_many");
        }
        self.noted.keep(told.clone(), (), self.noted.asking());
        let (service, target, now) = (self.clone(), target.map(Url::to_string), self.context.campaign_clock.now());
        self.notes.spawn(async move {
            match tokio::time::timeout(PATIENCE, service.write(&told, target.as_deref(), now)).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => lost(error.code()),
                Err(_) => lost("timed_out"),
            }
        });
    }

    async fn write(&self, (mark, machine): &(MailMark, bool), target: Option<&str>, now: DateTime<Utc>) -> Result<()> {
        // Never closed.
        let _place = self.places.acquire().await.map_err(AppError::internal)?;
        let mut conn = self.context.db.engine_conn(mark.organization).await?;
        conn.mail_reads().note(mark, target, (*machine, TOO_SOON), now).await?;
        conn.give_back();
        Ok(())
    }

    /// Judges by whom pictures and links were fetched, and tells of what people did first.
    ///
    /// # Errors
    /// The database is away.
    pub async fn judge(&self) -> Result<Round> {
        let before = self.context.campaign_clock.now() - JUDGED_AFTER;
        let organizations = self.context.db.with_fresh_reads(before, BATCH).await?;
        let mut done = 0;
        for organization in organizations {
            done += self.judge_of(organization, before).await?;
        }
        Ok(Round { done, more: done > 0 })
    }

    async fn judge_of(&self, organization: OrganizationId, before: DateTime<Utc>) -> Result<u64> {
        let mut tx = self.context.db.begin_engine(organization, self.context.campaign_clock.now()).await?;
        let fresh = tx.mail_reads().fresh(before, BATCH).await?;
        let steps: Vec<_> = fresh.iter().map(|read| read.step_id).collect();
        let links = tx.mail_reads().links_of(&steps).await?;
        let judged: Vec<_> = fresh.iter().map(|read| (read, judge::is_a_machines(read, &links))).collect();
        let people = judged.iter().filter(|(read, machine)| !machine && read.people == 0);
        let activities: Vec<_> = people.map(|(read, _)| activity(&tx, read)).collect();
        tx.mail_reads().judged(&judged).await?;
        tx.activities().record(&activities).await?;
        tx.commit().await?;
        Ok(u64::try_from(judged.len()).unwrap_or(u64::MAX))
    }
}

/// A note could not be written.
fn lost(code: &str) {
    counter!("mail_reads_lost_total").increment(1);
    tracing::warn!(code, "it is not counted that a mail was read");
}

/// A person has opened a mail, or followed one of its links, for the first time.
fn activity(tx: &OrgTx, read: &FreshRead) -> Activity {
    let kind = if read.link == 0 { "email_opened" } else { "link_clicked" };
    let mut data: Map<String, Value> = [("node_id".to_owned(), json!(read.node_id))].into_iter().collect();
    data.extend(read.url.as_ref().map(|url| ("url".to_owned(), json!(url))));
    Activity {
        id: ActivityId::new(tx.now()),
        organization_id: tx.organization_id(),
        r#type: kind.to_owned(),
        lead_id: Some(read.lead_id),
        campaign_id: Some(read.campaign_id),
        execution_id: Some(read.execution_id),
        account_id: read.account_id,
        user_id: None,
        data: Json(data),
        occurred_at: read.fresh_at,
    }
}
