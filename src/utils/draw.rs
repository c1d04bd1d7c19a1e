//! Choices that look like chance and are the same every time they are drawn from the same seed. Nobody is kept from guessing them: they
//! are no secrets.

use sha2::{Digest, Sha256};

/// The step of `SplitMix64`: the golden ratio in 64 bits.
const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// A place in a tree of choices. It is a plain value: drawing from it twice gives the same, and what is to be drawn independently is drawn
/// from different branches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Draw(u64);

impl Draw {
    /// The root of the tree that grows from `seed`. Seeds that are near each other have nothing in common.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(mix(seed))
    }

    /// The root of the tree that grows from these parts, by SHA-256; `["ab", "c"]` is another than `["a", "bc"]`.
    #[must_use]
    pub fn of(parts: &[&[u8]]) -> Self {
        let mut hasher = Sha256::new();
        for part in parts {
            hasher.update((part.len() as u64).to_be_bytes());
            hasher.update(part);
        }
        let hash: [u8; 32] = hasher.finalize().into();
        Self(hash.first_chunk().map_or(0, |first| u64::from_be_bytes(*first)))
    }

    /// The branch of this number, independent of all the others.
    #[must_use]
    pub fn branch(self, number: u64) -> Self {
        Self(mix(self.0 ^ mix(number.wrapping_add(1).wrapping_mul(GOLDEN))))
    }

    /// One of the numbers below `bound`, each as likely as the others; 0 if there is none.
    #[must_use]
    pub fn below(self, bound: u64) -> u64 {
        let scaled = (u128::from(mix(self.0)) * u128::from(bound)) >> 64;
        u64::try_from(scaled).unwrap_or_default()
    }

    /// Whether something happens that happens with this probability, from 0 to 1.
    #[must_use]
    pub fn happens(self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// A number from 0 to 1, without 1.
    #[must_use]
    pub fn unit(self) -> f64 {
        let top = u32::try_from(mix(self.0) >> 32).unwrap_or_default();
        f64::from(top) / (f64::from(u32::MAX) + 1.0)
    }

    /// One of `items`, each as likely as the others; none if there is none.
    #[must_use]
    pub fn pick<T>(self, items: &[T]) -> Option<&T> {
        usize::try_from(self.below(items.len() as u64)).ok().and_then(|index| items.get(index))
    }
}

/// The output function of `SplitMix64` (Steele, Lea, Flood: "Fast splittable pseudorandom number generators").
fn mix(state: u64) -> u64 {
    let mixed = state.wrapping_add(GOLDEN);
    let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_choice_on_every_machine() {
        assert_eq!(mix(0), 0xe220_a839_7b1d_cdaf, "the first number of SplitMix64 from seed 0");
        assert_eq!(Draw::new(7), Draw::new(7));
        assert_eq!(Draw::new(7).branch(3).below(1_000), Draw::new(7).branch(3).below(1_000));
        assert_ne!(Draw::of(&[b"ab", b"c"]), Draw::of(&[b"a", b"bc"]));
    }

    #[test]
    fn every_choice_is_as_likely_as_the_others() {
        for root in [Draw::new(1), Draw::of(&[b"a"])] {
            let mut counts = [0_u32; 7];
            (0..70_000).for_each(|n| counts[usize::try_from(root.branch(n).below(7)).unwrap()] += 1);
            assert!(counts.iter().all(|count| (9_600..10_400).contains(count)), "{counts:?}");
        }
        let seeds = (0..70_000).filter(|seed| Draw::new(*seed).branch(0).happens(0.3)).count();
        assert!((20_500..21_500).contains(&seeds), "{seeds}");
    }

    #[test]
    fn nothing_is_picked_from_nothing() {
        assert_eq!(Draw::new(1).below(0), 0);
        assert_eq!(Draw::new(1).pick::<u8>(&[]), None);
        assert!(!Draw::new(1).happens(0.0) && Draw::new(1).happens(1.0));
    }
}
