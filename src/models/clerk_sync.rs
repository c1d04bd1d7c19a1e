//! How the news that Clerk sends adds up: the same in whatever order it comes, and however often.
//!
//! Webhooks come in any order, twice, late or never. So nothing here depends on the order: what is known of an entity only ever grows
//! by [`Known::join`], which is commutative, associative and idempotent, and an end is final.

use chrono::{DateTime, Utc};

use super::{MemberId, UserId};

/// How new a piece of news is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rank {
    /// When the entity last changed, in milliseconds since 1970; of an end, when it came. Negative for what is known in passing only.
    pub version: i64,
    /// When Clerk told it: decides between two tellings of one version.
    pub told_at: i64,
}

/// Further below any version than any version is from another.
const FAR: i64 = 1 << 62;

impl Rank {
    /// What a session token says: any news of Clerk's is newer.
    pub const TOKEN: Self = Self { version: i64::MIN, told_at: i64::MIN };

    /// The rank of what news of this rank says in passing of something else: newer than any token, older than any news of that itself.
    #[must_use]
    pub fn in_passing(self) -> Self {
        Self { version: self.version.clamp(0, FAR - 1) - FAR, ..self }
    }
}

/// News of an entity. Ordered by rank; between equal ranks the content decides, so that the same one wins on every server.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct News<T> {
    pub rank: Rank,
    pub content: T,
}

/// What is known of an entity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Known<T> {
    /// It exists, and this is the newest of it.
    Alive(News<T>),
    /// It has ended, for good. Nothing else is kept of it.
    Ended(Rank),
}

impl<T: Ord> Known<T> {
    /// What two pieces of knowledge amount to.
    #[must_use]
    pub fn join(self, other: Self) -> Self {
        match (self, other) {
            (Self::Alive(a), Self::Alive(b)) => Self::Alive(a.max(b)),
            (a, b) => Self::Ended(a.rank().max(b.rank())),
        }
    }

    /// The same, ended.
    #[must_use]
    pub fn end(self) -> Self {
        Self::Ended(self.rank())
    }
}

impl<T> Known<T> {
    /// How new it is.
    pub fn rank(&self) -> Rank {
        match self {
            Self::Alive(news) => news.rank,
            Self::Ended(rank) => *rank,
        }
    }

    /// A row's version and the time of its last change, now that `before` has become this: what cannot be seen from outside, such as a
    /// newer rank, is no change, and neither is the first that was ever known.
    #[must_use]
    pub fn stamp(
        &self,
        before: Option<&Self>,
        present: (i64, DateTime<Utc>),
        now: DateTime<Utc>,
    ) -> (i64, DateTime<Utc>)
    where
        T: PartialEq,
    {
        let (version, _) = present;
        let changed = before.is_some_and(|before| before.content() != self.content());
        if changed { (version + 1, now) } else { present }
    }

    /// The newest content; nothing once it has ended.
    pub fn content(&self) -> Option<&T> {
        match self {
            Self::Alive(news) => Some(&news.content),
            Self::Ended(_) => None,
        }
    }
}

/// What Clerk tells of the entity with this id of Clerk's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told<T> {
    pub clerk_id: String,
    pub known: Known<T>,
}

impl<T> Told<T> {
    /// That it exists, and how it is.
    pub fn alive(clerk_id: impl Into<String>, rank: Rank, content: T) -> Self {
        Self { clerk_id: clerk_id.into(), known: Known::Alive(News { rank, content }) }
    }

    /// That it has ended.
    pub fn ended(clerk_id: impl Into<String>, rank: Rank) -> Self {
        Self { clerk_id: clerk_id.into(), known: Known::Ended(rank) }
    }
}

/// What Clerk owns of a user. The default is what one knows who has only heard of the user.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct UserProfile {
    pub email: Option<String>,
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub image_url: Option<String>,
    pub banned: bool,
}

/// What Clerk owns of an organization. The default is what one knows who has only heard of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct OrganizationProfile {
    pub name: String,
    pub slug: Option<String>,
    pub image_url: Option<String>,
}

/// What Clerk tells of a membership, and in passing of its two ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToldMembership {
    /// The membership, whose content is the role as Clerk names it.
    pub membership: Told<String>,
    /// When it was made, in milliseconds since 1970: of several of one person, only the latest made can be alive.
    pub created_at: i64,
    pub organization: Told<OrganizationProfile>,
    pub user: Told<UserProfile>,
}

/// A member as we know them, to be compared with Clerk's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownMember {
    pub id: MemberId,
    pub user_id: UserId,
    pub clerk_user_id: String,
    /// None if a session token introduced them and nothing else was heard of the membership.
    pub clerk_membership_id: Option<String>,
}

/// Whom a session token speaks of.
#[derive(Debug, Clone)]
pub struct Introduction {
    pub clerk_user_id: String,
    /// The active organization, if the request is about it.
    pub organization: Option<IntroducedOrganization>,
}

/// The organization that a session token speaks of.
#[derive(Debug, Clone)]
pub struct IntroducedOrganization {
    pub clerk_id: String,
    pub slug: Option<String>,
    pub clerk_role: String,
}

/// What became of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventOutcome {
    /// It told something new.
    Applied,
    /// All it told was known.
    Stale,
    /// It is of a type that does not concern us.
    Ignored,
    /// The very event came before.
    Duplicate,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn known() -> impl Strategy<Value = Known<u8>> {
        let rank = (-2_i64..3, 0_i64..3).prop_map(|(version, told_at)| Rank { version, told_at });
        (rank, 0_u8..3, any::<bool>()).prop_map(|(rank, content, ended)| {
            if ended { Known::Ended(rank) } else { Known::Alive(News { rank, content }) }
        })
    }

    proptest! {
        #[test]
        fn news_add_up_the_same_in_any_order_and_however_often(a in known(), b in known(), c in known()) {
            let join = |x: &Known<u8>, y: &Known<u8>| x.clone().join(y.clone());
            prop_assert_eq!(join(&a, &b), join(&b, &a));
            prop_assert_eq!(join(&join(&a, &b), &c), join(&a, &join(&b, &c)));
            prop_assert_eq!(join(&a, &a), a.clone());
            prop_assert_eq!(join(&a.clone().end(), &b), join(&a, &b).end());
        }
    }

    #[test]
    fn news_of_a_thing_itself_beats_what_was_said_in_passing_and_that_beats_a_token() {
        let passing = |version| Rank { version, told_at: 0 }.in_passing();
        assert!(passing(i64::MAX) < Rank { version: 0, told_at: 0 });
        assert!(Rank::TOKEN < passing(0));
        assert!(passing(1) < passing(2));
    }
}
