//! Which account does a step, and when.

use chrono::{DateTime, Utc};

use super::{Books, Planner, Traveller};
use crate::{
    engine::book::{AccountBook, Placed, Wanted},
    models::{AccountId, Channel, Move, Rule},
};

/// An account's offer to do a step.
#[derive(Debug)]
pub(super) struct Offer {
    pub(super) account: AccountId,
    pub(super) at: DateTime<Utc>,
    pub(super) moves: Vec<Move>,
}

impl Planner<'_> {
    /// The best offer for a step: of the account that the lead keeps, or else of the one that can do it earliest; of several the one that has
    /// promised least, then the first.
    pub(super) fn offer(
        &self,
        who: &Traveller,
        channel: Channel,
        wanted: &Wanted<'_>,
        before: Option<DateTime<Utc>>,
        books: &Books,
    ) -> Result<Offer, Rule> {
        let mut best: Option<(Offer, u64)> = None;
        let mut refusal = None;
        let begins = before.is_some();
        for book in self.candidates(who, channel, (wanted, begins), books) {
            match book.earliest_before(wanted, before) {
                Placed::At { at, moves } => {
                    if best.as_ref().is_none_or(|(best, load)| (at, book.load()) < (best.at, *load)) {
                        best = Some((Offer { account: book.terms().id, at, moves }, book.load()));
                    }
                }
                Placed::Never { rule } => refusal = refusal.or(Some(rule)),
            }
        }
        best.map(|(offer, _)| offer).ok_or(refusal.unwrap_or(Rule::NoAccount))
    }

    /// Who may do the step: at the beginning of a way only who is in order. A lead without an account gets one that can do all that the workflow asks of the channel, if there is one.
    fn candidates<'b>(
        &self,
        who: &Traveller,
        channel: Channel,
        (wanted, begins): (&Wanted<'_>, bool),
        books: &'b Books,
    ) -> impl Iterator<Item = &'b AccountBook> {
        let (kept, action) = (who.keeps(channel), wanted.action);
        let asked = self.asked.get(&channel).filter(|_| kept.is_none());
        let does_all = move |book: &AccountBook| asked.is_none_or(|asked| asked.is_subset(&book.terms().capabilities));
        let present = move |book: &&AccountBook| book.terms().in_order || !begins;
        let choosy = books.iter().filter(present).any(does_all);
        let able = move |book: &&AccountBook| {
            let terms = book.terms();
            kept.is_none_or(|kept| terms.id == kept)
                && terms.capabilities.contains(&action)
                && (!choosy || does_all(book))
        };
        books.iter().filter(present).filter(able)
    }
}
