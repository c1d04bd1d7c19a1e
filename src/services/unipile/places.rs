//! Places for what one account is owed. An account whose provider takes its time to answer keeps its own place, and whatever else becomes due
//! meanwhile gets the others: one customer's slow account delays no other's answers.

use std::{collections::HashMap, time::Duration};

use futures::{
    FutureExt as _, StreamExt as _,
    future::BoxFuture,
    stream::{self, FuturesUnordered},
};
use tokio::time::timeout;

use crate::{errors::Result, services::campaign_runs::Round};

/// Accounts that are served at a time.
const PLACES: usize = 8;
/// How often it is looked what has become due, while no place is given back.
const LOOK: Duration = Duration::from_millis(500);
/// After how much a round ends, so that it is told, and that a process can stop.
const A_ROUND: usize = 100;

/// Does what is due until nothing is. `claim` is told who has a place, and gives no more than are free; `whose` says who it is for; of what is for
/// the same one, `serve` does one after the other.
///
/// # Errors
/// Nothing more could be claimed. What had been is done all the same.
pub(super) async fn fill<'s, T>(
    claim: impl Fn(Vec<String>, i64) -> BoxFuture<'s, Result<Vec<T>>>,
    whose: impl Fn(&T) -> String,
    serve: impl Fn(T) -> BoxFuture<'s, ()>,
) -> Result<Round> {
    let (mut taken, mut under_way) = (Vec::<String>::new(), FuturesUnordered::new());
    let (mut begun, mut failure) = (0, None);
    loop {
        let free = PLACES.saturating_sub(taken.len());
        if free > 0 && begun < A_ROUND && failure.is_none() {
            let mut of_each = HashMap::<String, Vec<T>>::new();
            match claim(taken.clone(), i64::try_from(free).unwrap_or(1)).await {
                Ok(claimed) => claimed.into_iter().for_each(|it| of_each.entry(whose(&it)).or_default().push(it)),
                Err(error) => failure = Some(error),
            }
            for (who, theirs) in of_each {
                begun += theirs.len();
                taken.push(who.clone());
                let served = stream::iter(theirs).for_each(&serve);
                under_way.push(served.map(|()| who));
            }
        }
        if under_way.is_empty() {
            break;
        }
        if let Ok(Some(who)) = timeout(LOOK, under_way.next()).await {
            taken.retain(|it| *it != who);
        }
    }
    failure.map_or(Ok(Round { done: u64::try_from(begun).unwrap_or(0), more: begun >= A_ROUND }), Err)
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use tokio::sync::Notify;

    use super::*;

    /// Two accounts: `slow` answers nothing until everybody else has been served, however much of it there is.
    #[tokio::test]
    async fn who_is_slow_keeps_one_place_and_what_comes_meanwhile_is_served() {
        let due = Mutex::new([vec![("slow", 0); 20], (1..30).map(|it| ("swift", it)).collect()].concat());
        let (left, served) = (Notify::new(), Mutex::new(Vec::new()));
        let claim = |taken: Vec<String>, free: i64| {
            let mut due = due.lock().unwrap();
            let mut places = usize::try_from(free).unwrap();
            let (now, later) = due.iter().copied().partition(|(who, _)| {
                let is = places > 0 && !taken.iter().any(|it| it == who);
                places -= usize::from(is);
                is
            });
            *due = later;
            async move { Ok(now) }.boxed()
        };
        let serve = |(who, it)| {
            let (left, served) = (&left, &served);
            async move {
                if who == "slow" && served.lock().unwrap().len() < 29 {
                    left.notified().await;
                }
                let mut served = served.lock().unwrap();
                served.push((who, it));
                if served.len() == 29 {
                    left.notify_one();
                }
            }
            .boxed()
        };
        let round = fill(claim, |(who, _)| (*who).to_owned(), serve).await.unwrap();
        assert_eq!((round.done, round.more), (49, false));
        let served = served.into_inner().unwrap();
        assert!(served[..29].iter().all(|(who, _)| *who == "swift"), "{served:?}");
    }
}
