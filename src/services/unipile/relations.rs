//! Who has become a connection: asked of Unipile when a webhook hints at it, which may be hours late, and at a slow pace as long as somebody is
//! awaited. The newest come first.

use std::collections::HashSet;

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    UnipileService,
    look::{Look, Seen},
    people::Site,
};
use crate::{
    errors::Result,
    integrations::unipile::{PageQuery, Relation, UnipileError},
    models::LeadId,
    repositories::DueEvent,
    services::campaign_runs::Intake,
};

/// Connections on a page.
const PAGE: u32 = 100;
/// Pages that are read for one hint: whoever is hinted at is among the newest, but the hint may be hours late.
const PAGES_FOR_A_HINT: usize = 3;
/// Pages that are read when it is only time to look.
const PAGES_IN_TURN: usize = 10;
/// What is listed may be so much older than it says: clocks differ, and lists are late.
const OVERLAP: TimeDelta = TimeDelta::days(1);

/// What became of connections that were read.
#[derive(Debug, Default)]
pub(super) struct Read {
    /// Those that are done with, by LinkedIn's own ids and by the last parts of their profiles' addresses.
    pub(super) settled: HashSet<String>,
    /// Whether some must wait until a step of theirs is no longer on its way out.
    pub(super) later: bool,
}

impl UnipileService {
    /// Follows a hint that somebody is a connection. Strangers, whom accounts get all the time, are told from our data alone.
    pub(super) async fn follow_relation(&self, site: &Site, event: &DueEvent) -> Result<Follow> {
        let person = event.about["person"].as_str().unwrap_or_default().to_owned();
        let name = event.about["public_identifier"].as_str().map(str::to_owned);
        let found = self.find_people(site, std::slice::from_ref(&person), name.as_slice()).await?;
        let mut awaited = false;
        for (_, lead) in &found {
            let mut conn = self.context.db.engine_conn(site.organization).await?;
            awaited |= conn.unipile().has_invited(site.account, *lead).await?;
        }
        if !awaited {
            return Ok(Follow::Done("not_invited"));
        }
        match self.read_relations(site, None, PAGES_FOR_A_HINT, None).await? {
            Err(error) => Ok(Follow::Silent(error)),
            Ok(read) if read.later => Ok(Follow::Later),
            Ok(read) => {
                let is_there = read.settled.contains(&person) || name.is_some_and(|name| read.settled.contains(&name));
                Ok(if is_there { Follow::Done("taken_in") } else { Follow::NotThere })
            }
        }
    }

    /// Reads connections, the newest first, as far as `since`, and takes in those who were invited.
    pub(super) async fn read_relations(
        &self,
        site: &Site,
        since: Option<DateTime<Utc>>,
        pages: usize,
        mut look: Option<&mut Look>,
    ) -> Result<std::result::Result<Read, UnipileError>> {
        let (api, mut cursor, mut read) = (self.api()?, None::<String>, Read::default());
        for _ in 0..pages {
            if let Some(look) = &mut look
                && !self.holds(look).await?
            {
                break;
            }
            let page = match api.relations(&site.unipile.account_id, PageQuery::at(PAGE, cursor.as_deref())).await {
                Ok(page) => page,
                Err(error) => return Ok(Err(error)),
            };
            self.take_in_relations(site, &page.items, &mut read).await?;
            let oldest = page.items.iter().filter_map(|it| it.created_at).min();
            let far_enough = since.zip(oldest).is_some_and(|(since, oldest)| oldest < since - OVERLAP);
            cursor = page.cursor;
            if cursor.is_none() || far_enough {
                break;
            }
        }
        Ok(Ok(read))
    }

    /// The same, as far back as somebody is awaited. If nobody is, nothing is asked, unless looks have failed: whoever was awaited then may have been
    /// given up since, and is found all the same once connections can be read.
    pub(super) async fn look_for_relations(
        &self,
        site: &Site,
        look: &mut Look,
    ) -> Result<std::result::Result<Seen, UnipileError>> {
        let awaited =
            self.context.db.engine_conn(site.organization).await?.unipile().awaits_since(site.account).await?;
        if awaited.is_none() && look.watch.failures == 0 {
            return Ok(Ok(Seen::All));
        }
        let since = look.watch.seen_until.max(awaited);
        let read = self.read_relations(site, since, PAGES_IN_TURN, Some(look)).await?;
        Ok(read.map(|read| if read.later { Seen::Later } else { Seen::All }))
    }

    async fn take_in_relations(&self, site: &Site, relations: &[Relation], read: &mut Read) -> Result<()> {
        let ids: Vec<_> = relations.iter().filter_map(|it| it.member_id.clone()).collect();
        let names: Vec<_> = relations.iter().filter_map(|it| it.public_identifier.clone()).collect();
        let found = self.find_people(site, &ids, &names).await?;
        for relation in relations {
            let by: Vec<_> =
                [&relation.member_id, &relation.public_identifier].into_iter().flatten().cloned().collect();
            // One person may be several leads, under several addresses: whichever was invited has been accepted.
            let mut leads: Vec<_> = found.iter().filter(|(key, _)| by.contains(key)).map(|(_, lead)| *lead).collect();
            leads.dedup();
            if self.take_in_relation(site, relation, &leads).await? == Intake::Later {
                read.later = true;
                continue;
            }
            read.settled.extend(by);
        }
        Ok(())
    }

    /// Takes in a connection with the leads that are this person; comes again for those that must wait.
    async fn take_in_relation(&self, site: &Site, relation: &Relation, leads: &[LeadId]) -> Result<Intake> {
        let person = relation.member_id.as_deref().or(relation.public_identifier.as_deref()).unwrap_or_default();
        let mut came = Intake::NotOurs;
        for (index, lead) in leads.iter().enumerate() {
            // It is taken in once for each of them.
            let key = if index == 0 { person.to_owned() } else { format!("{person}/{lead}") };
            match self.runs.take_in_connection(site.with(*lead), &key).await? {
                Intake::Later => came = Intake::Later,
                intake if came == Intake::NotOurs => came = intake,
                _ => {}
            }
        }
        Ok(came)
    }
}

/// What came of following a hint.
#[derive(Debug)]
pub(super) enum Follow {
    /// It was followed to its end.
    Done(&'static str),
    /// Unipile does not show yet what was hinted at.
    NotThere,
    /// A step of the lead is on its way out.
    Later,
    /// Unipile does not answer.
    Silent(UnipileError),
}
