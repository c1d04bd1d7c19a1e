//! Campaigns that cannot be worked on: told at once, and again only now and then, however many rounds they spoil.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use crate::{errors::AppError, models::CampaignId};

/// How often the same trouble of a campaign is told.
const AGAIN: Duration = Duration::from_mins(10);
/// Campaigns that are kept in mind at the most; beyond, all are told anew.
const MOST: usize = 10_000;

/// What is the matter with which campaign, and when that was last told.
#[derive(Debug, Default)]
pub(super) struct Troubles(Mutex<HashMap<CampaignId, (String, Duration)>>);

impl Troubles {
    /// Tells that a campaign cannot be worked on, unless it is known.
    pub(super) fn tell(&self, campaign: CampaignId, error: &AppError, now: Duration) {
        if self.is_news(campaign, error.code(), now) {
            let (code, at, cause) = (error.code(), error.location(), error.causes());
            tracing::error!(%campaign, code, %at, cause, "a campaign cannot be worked on");
        }
    }

    /// A campaign was worked on.
    pub(super) fn over(&self, campaign: CampaignId) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.remove(&campaign).is_some() {
            tracing::info!(%campaign, "a campaign can be worked on again");
        }
    }

    fn is_news(&self, campaign: CampaignId, code: &str, now: Duration) -> bool {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.get(&campaign).is_some_and(|(told, at)| told == code && now.saturating_sub(*at) < AGAIN) {
            return false;
        }
        if known.len() >= MOST {
            known.clear();
        }
        known.insert(campaign, (code.to_owned(), now));
        true
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    #[test]
    fn the_same_trouble_is_told_now_and_then_only() {
        let (troubles, campaign) = (Troubles::default(), CampaignId::new(DateTime::UNIX_EPOCH));
        let news = |code: &str, minutes: u64| troubles.is_news(campaign, code, Duration::from_mins(minutes));
        assert_eq!(
            [news("a", 0), news("a", 1), news("b", 1), news("b", 10), news("b", 11)],
            [true, false, true, false, true]
        );
        troubles.over(campaign);
        assert!(news("b", 12));
    }
}
