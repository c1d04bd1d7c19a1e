//! What keys are used for: counted in memory beside the requests, and told to the audit log from there.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde_json::json;

use super::ApiKeyService;
use crate::{
    errors::Result,
    models::{ApiKeyId, AuditLogId, KeyUse, KeyUsesLine, OrganizationId},
    repositories::IdentifiedApiKey,
    utils::clock::SharedClock,
};

/// How long uses of one kind are summed up once the first of them was told.
const SUMMED_UP_FOR: TimeDelta = TimeDelta::hours(1);
/// With so many kinds counted at a time, those that are new are told without their address: of keys and operations there are few.
const TOLD_APART: usize = 10_000;
/// Lines written in one statement.
const BITE: usize = 500;

/// Uses that are one kind: the same key does the same thing from the same address.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct UseKind {
    organization_id: OrganizationId,
    api_key_id: ApiKeyId,
    operation: String,
    ip_address: Option<String>,
}

/// Uses of one kind that were not told yet.
#[derive(Debug)]
struct Tally {
    first_at: DateTime<Utc>,
    last_at: DateTime<Utc>,
    requests: u64,
    /// How many were answered how. Less than all, if some callers hung up.
    statuses: BTreeMap<u16, u64>,
    user_agent: Option<String>,
    /// When the last line about this kind was made.
    told_at: Option<DateTime<Utc>>,
}

/// What was not told yet.
#[derive(Debug, Default)]
pub(super) struct Uses {
    counted: Mutex<HashMap<UseKind, Tally>>,
    /// Lines that are made and could not be written yet, one writer at a time.
    unwritten: tokio::sync::Mutex<Vec<KeyUsesLine>>,
}

/// A use that is under way. It counts when it is dropped, answered or not.
pub struct UnderWay {
    uses: Arc<Uses>,
    clock: SharedClock,
    organization_id: OrganizationId,
    api_key_id: ApiKeyId,
    used_for: KeyUse,
    status: Option<u16>,
}

impl UnderWay {
    /// How it was answered: the HTTP status.
    pub fn answered(mut self, status: u16) {
        self.status = Some(status);
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let KeyUse { operation, ip_address, user_agent } = &mut self.used_for;
        let (operation, ip_address) = (std::mem::take(operation), ip_address.take());
        let kind =
            UseKind { organization_id: self.organization_id, api_key_id: self.api_key_id, operation, ip_address };
        self.uses.count(kind, user_agent.take(), self.status, self.clock.now());
    }
}

impl ApiKeyService {
    /// Begins to count a use of `key`.
    #[must_use]
    pub fn using(&self, key: &IdentifiedApiKey, used_for: KeyUse) -> UnderWay {
        UnderWay {
            uses: Arc::clone(&self.uses),
            clock: Arc::clone(&self.context.clock),
            organization_id: key.member().organization_id(),
            api_key_id: key.id(),
            used_for,
            status: None,
        }
    }

    /// Tells the audit log what keys do that they have not done within the last hour, and how often they did the rest in an hour that is
    /// over. So a crash loses what a key began to do in the last seconds, and of what is told already how often it was done since.
    ///
    /// # Errors
    /// The database's. The lines are kept for the next time.
    pub async fn tell_uses(&self) -> Result<u64> {
        self.tell(false).await
    }

    /// Tells all that was counted: at the end of a process.
    ///
    /// # Errors
    /// The database's.
    pub async fn tell_all_uses(&self) -> Result<u64> {
        self.tell(true).await
    }

    async fn tell(&self, all: bool) -> Result<u64> {
        let mut lines = self.uses.unwritten.lock().await;
        lines.extend(self.uses.due(self.context.clock.now(), all));
        let mut told = 0;
        while !lines.is_empty() {
            let bite = lines.len().min(BITE);
            told += self.context.db.tell_api_key_uses(&lines[..bite]).await?;
            lines.drain(..bite);
        }
        Ok(told)
    }
}

impl Uses {
    fn counted(&self) -> MutexGuard<'_, HashMap<UseKind, Tally>> {
        self.counted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn count(&self, mut kind: UseKind, user_agent: Option<String>, status: Option<u16>, now: DateTime<Utc>) {
        let mut counted = self.counted();
        if counted.len() >= TOLD_APART && !counted.contains_key(&kind) {
            kind.ip_address = None;
        }
        let tally = counted.entry(kind).or_insert_with(|| Tally::none(None, now));
        if tally.requests == 0 {
            *tally = Tally { user_agent, ..Tally::none(tally.told_at, now) };
        }
        tally.requests += 1;
        tally.last_at = now;
        if let Some(status) = status {
            *tally.statuses.entry(status).or_default() += 1;
        }
    }

    /// Makes lines of what is to be told now, and forgets what was not done again.
    fn due(&self, now: DateTime<Utc>, all: bool) -> Vec<KeyUsesLine> {
        let mut lines = Vec::new();
        self.counted().retain(|kind, tally| {
            let over = tally.told_at.is_none_or(|told| told <= now - SUMMED_UP_FOR);
            if tally.requests > 0 && (over || all) {
                lines.push(tally.line(kind, now));
                *tally = Tally::none(Some(now), now);
                return true;
            }
            !over
        });
        lines
    }
}

impl Tally {
    fn none(told_at: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Self {
        Self { first_at: now, last_at: now, requests: 0, statuses: BTreeMap::new(), user_agent: None, told_at }
    }

    fn line(&mut self, kind: &UseKind, now: DateTime<Utc>) -> KeyUsesLine {
        let UseKind { organization_id, api_key_id, operation, ip_address } = kind.clone();
        let time = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::AutoSi, true);
        let told = json!({
            "operation": operation, "requests": self.requests, "statuses": self.statuses,
            "first_at": time(self.first_at), "last_at": time(self.last_at),
        });
        let user_agent = self.user_agent.take();
        let id = AuditLogId::new(now);
        KeyUsesLine { id, organization_id, api_key_id, told_at: now, ip_address, user_agent, told }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(address: usize) -> UseKind {
        UseKind {
            organization_id: OrganizationId(uuid::Uuid::nil()),
            api_key_id: ApiKeyId(uuid::Uuid::nil()),
            operation: "GET /api/v1/leads".to_owned(),
            ip_address: Some(address.to_string()),
        }
    }

    #[test]
    fn what_is_new_is_told_at_once_and_the_rest_of_its_hour_together() {
        let (uses, start) = (Uses::default(), DateTime::UNIX_EPOCH);
        let use_at = |minutes| uses.count(kind(1), None, Some(200), start + TimeDelta::minutes(minutes));
        let told = |minutes, all| -> Vec<u64> {
            let lines = uses.due(start + TimeDelta::minutes(minutes), all);
            lines.iter().map(|line| line.told["requests"].as_u64().unwrap()).collect()
        };
        use_at(0);
        assert_eq!((told(0, false), told(0, false)), (vec![1], vec![]));
        (1..=5).for_each(use_at);
        assert_eq!((told(59, false), told(60, false), told(61, false)), (vec![], vec![5], vec![]));
        use_at(70);
        assert_eq!(
            (told(70, false), told(70, true), told(70, true)),
            (vec![], vec![1], vec![]),
            "at the end all is told"
        );
        assert_eq!((told(130, false), uses.counted().len()), (vec![], 0), "what is not done again is forgotten");
        use_at(131);
        assert_eq!(told(131, false), vec![1]);
    }

    #[test]
    fn a_crowd_of_addresses_costs_no_more_memory() {
        let (uses, now) = (Uses::default(), DateTime::UNIX_EPOCH);
        for address in 0..TOLD_APART + 500 {
            uses.count(kind(address), None, None, now);
        }
        uses.count(kind(0), None, Some(200), now);
        assert_eq!(uses.counted().len(), TOLD_APART + 1);
        let lines = uses.due(now, false);
        let requests: u64 = lines.iter().map(|line| line.told["requests"].as_u64().unwrap()).sum();
        assert_eq!(requests, TOLD_APART as u64 + 501);
        let crowd: Vec<_> = lines.iter().filter(|line| line.ip_address.is_none()).collect();
        assert_eq!((crowd.len(), &crowd[0].told["requests"]), (1, &json!(500)));
    }
}
