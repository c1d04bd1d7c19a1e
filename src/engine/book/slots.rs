//! Which slots of a day are taken.

use std::collections::BTreeMap;

const BITS: u32 = u64::BITS;

/// The slots of one day, a bit for each, so that the first free one is found by words.
#[derive(Debug, Clone, Default)]
pub(super) struct Slots {
    words: Vec<u64>,
    /// How many more there are where several stand in one slot: the spacing was shorter when they were placed.
    doubled: BTreeMap<u32, u32>,
}

/// Where the bit of a slot is.
fn place(slot: u32) -> (usize, u64) {
    ((slot / BITS) as usize, 1 << (slot % BITS))
}

impl Slots {
    pub(super) fn take(&mut self, slot: u32) {
        let (word, bit) = place(slot);
        if self.words.len() <= word {
            self.words.resize(word + 1, 0);
        }
        let Some(word) = self.words.get_mut(word) else { return };
        if *word & bit == 0 {
            *word |= bit;
        } else {
            *self.doubled.entry(slot).or_default() += 1;
        }
    }

    pub(super) fn free(&mut self, slot: u32) {
        if let Some(more) = self.doubled.get_mut(&slot) {
            *more -= 1;
            if *more == 0 {
                self.doubled.remove(&slot);
            }
            return;
        }
        let (word, bit) = place(slot);
        if let Some(word) = self.words.get_mut(word) {
            *word &= !bit;
        }
    }

    /// The first slot from `from` on that is free.
    pub(super) fn first_free(&self, from: u32) -> u32 {
        let (first, bit) = place(from);
        // What comes before `from` counts as taken.
        let mut passed = bit - 1;
        for (index, word) in self.words.iter().enumerate().skip(first) {
            let taken = word | passed;
            if taken != u64::MAX {
                return u32::try_from(index).unwrap_or(u32::MAX).saturating_mul(BITS) + taken.trailing_ones();
            }
            passed = 0;
        }
        from.max(u32::try_from(self.words.len()).unwrap_or(u32::MAX).saturating_mul(BITS))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_free_slot_is_found_over_words() {
        let mut slots = Slots::default();
        assert_eq!(slots.first_free(1000), 1000);
        (3..200).for_each(|slot| slots.take(slot));
        for (from, free) in [(0, 0), (2, 2), (3, 200), (64, 200), (127, 200), (199, 200), (200, 200), (700, 700)] {
            assert_eq!(slots.first_free(from), free, "from {from}");
        }
        slots.free(130);
        assert_eq!(slots.first_free(3), 130);
        assert_eq!(slots.first_free(131), 200);
    }

    #[test]
    fn a_slot_taken_twice_is_free_when_both_have_left() {
        let mut slots = Slots::default();
        slots.take(0);
        slots.take(0);
        slots.free(0);
        assert_eq!(slots.first_free(0), 1);
        slots.free(0);
        assert_eq!(slots.first_free(0), 0);
        slots.free(0);
        slots.free(5000);
        assert_eq!(slots.first_free(0), 0, "what nobody took can be freed without harm");
    }
}
