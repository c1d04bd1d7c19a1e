//! How many may be at something at a time, counted for each key by itself.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Leave to be at it, until it is dropped.
#[derive(Debug)]
pub struct Place(#[expect(dead_code, reason = "held, and given back when it is dropped")] OwnedSemaphorePermit);

/// So many places for each key.
#[derive(Debug, Clone)]
pub struct KeyedLimit<K> {
    most: usize,
    used: Arc<Mutex<Used<K>>>,
}

#[derive(Debug)]
struct Used<K> {
    by_key: HashMap<K, Arc<Semaphore>>,
    /// With so many keys, those that nobody uses any more are looked for.
    sweep_at: usize,
}

/// Keys that are not worth looking through.
const FEW: usize = 1_000;

impl<K: Eq + Hash> KeyedLimit<K> {
    /// `most` places for each key.
    #[must_use]
    pub fn new(most: usize) -> Self {
        Self { most, used: Arc::new(Mutex::new(Used { by_key: HashMap::new(), sweep_at: FEW })) }
    }

    /// A place, as soon as one is free; those who came first are first. None if there will never be one.
    pub async fn enter(&self, key: K) -> Option<Place> {
        self.places(key).acquire_owned().await.ok().map(Place)
    }

    /// A place, if one is free now.
    #[must_use]
    pub fn try_enter(&self, key: K) -> Option<Place> {
        self.places(key).try_acquire_owned().ok().map(Place)
    }

    fn places(&self, key: K) -> Arc<Semaphore> {
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        if used.by_key.len() >= used.sweep_at {
            // Whoever has a place or waits for one also has a share in the count.
            used.by_key.retain(|_, places| Arc::strong_count(places) > 1);
            used.sweep_at = FEW.max(used.by_key.len() * 2);
        }
        Arc::clone(used.by_key.entry(key).or_insert_with(|| Arc::new(Semaphore::new(self.most))))
    }
}

#[cfg(test)]
mod tests {
    use futures::{FutureExt as _, poll};

    use super::*;

    #[tokio::test]
    async fn each_key_has_places_of_its_own() {
        let limit = KeyedLimit::new(2);
        let (first, _second) = (limit.try_enter("a").unwrap(), limit.try_enter("a").unwrap());
        assert!(limit.try_enter("a").is_none());
        assert!(limit.try_enter("b").is_some());
        let mut third = std::pin::pin!(limit.enter("a"));
        assert!(poll!(third.as_mut()).is_pending());
        drop(first);
        assert!(third.now_or_never().flatten().is_some());
    }

    #[test]
    fn keys_that_nobody_uses_are_forgotten() {
        let limit = KeyedLimit::new(1);
        let _place = limit.try_enter(0).unwrap();
        for key in 1..=FEW * 3 {
            assert!(limit.try_enter(key).is_some());
        }
        assert!(limit.used.lock().unwrap().by_key.len() <= FEW);
        assert!(limit.try_enter(0).is_none(), "a key in use is not forgotten");
    }
}
