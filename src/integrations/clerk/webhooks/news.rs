//! What Clerk's words tell us: its entities as news that can be added to what is known.

use super::{
    entities::{ClerkMembership, ClerkOrganization, ClerkUser, MemberProfile},
    event::Deleted,
};
use crate::models::{
    CLERK_MEMBER_ROLE,
    clerk_sync::{OrganizationProfile, Rank, Told, ToldMembership, UserProfile},
};

/// The longest texts that are kept, in characters. One odd name must not block the events behind it, so longer ones are cut.
const LONGEST_NAME: usize = 255;
const LONGEST_EMAIL: usize = 320;
const LONGEST_URL: usize = 2048;

impl ClerkUser {
    /// The news of the user, told at `told_at` (milliseconds since 1970).
    #[must_use]
    pub fn told(self, told_at: i64) -> Told<UserProfile> {
        let Self { id, email, first_name, last_name, image_url, banned, version } = self;
        let profile = UserProfile {
            email: whole(email, LONGEST_EMAIL),
            first_name: first_name.map(cut),
            last_name: last_name.map(cut),
            image_url: whole(image_url, LONGEST_URL),
            banned,
        };
        Told::alive(id, Rank { version, told_at }, profile)
    }
}

impl ClerkOrganization {
    /// The news of the organization, told at `told_at` (milliseconds since 1970).
    #[must_use]
    pub fn told(self, told_at: i64) -> Told<OrganizationProfile> {
        let Self { id, name, slug, image_url, version } = self;
        let profile =
            OrganizationProfile { name: cut(name), slug: slug.map(cut), image_url: whole(image_url, LONGEST_URL) };
        Told::alive(id, Rank { version, told_at }, profile)
    }
}

/// An answer of the Backend API is told when it changes: what a webhook tells of the same version later is the same.
impl ClerkOrganization {
    /// The news of the organization, as the Backend API answers it.
    #[must_use]
    pub fn told_by_answer(self) -> Told<OrganizationProfile> {
        let version = self.version;
        self.told(version)
    }
}

impl Deleted {
    /// The news of the end of whatever it was.
    #[must_use]
    pub fn told<T>(self) -> Told<T> {
        let Self { id, version } = self;
        Told::ended(id, Rank { version, told_at: version })
    }
}

impl ClerkMembership {
    /// The news of the membership and of its two ends, told at `told_at` (milliseconds since 1970).
    #[must_use]
    pub fn told(self, told_at: i64) -> ToldMembership {
        let Self { id, role, organization, user, created_at, version } = self;
        let rank = Rank { version, told_at };
        let role = if role.is_empty() { CLERK_MEMBER_ROLE.to_owned() } else { cut(role) };
        ToldMembership {
            membership: Told::alive(id, rank, role),
            created_at,
            // The organization comes whole, with a version of its own; the user does not.
            organization: organization.told(told_at),
            user: user.told(rank.in_passing()),
        }
    }

    /// The news that the membership has ended, and of its two ends.
    #[must_use]
    pub fn told_of_end(self, told_at: i64) -> ToldMembership {
        let told = self.told(told_at);
        let membership = Told { known: told.membership.known.end(), ..told.membership };
        ToldMembership { membership, ..told }
    }
}

impl ClerkMembership {
    /// The news of the membership, as the Backend API answers it.
    #[must_use]
    pub fn told_by_answer(self) -> ToldMembership {
        let version = self.version;
        self.told(version)
    }

    /// The news that the membership has ended, as the Backend API answers it.
    #[must_use]
    pub fn told_of_end_by_answer(self) -> ToldMembership {
        let version = self.version;
        self.told_of_end(version)
    }
}

impl MemberProfile {
    fn told(self, rank: Rank) -> Told<UserProfile> {
        let Self { user_id, identifier, first_name, last_name, image_url } = self;
        let profile = UserProfile {
            email: whole(identifier.filter(|identifier| identifier.contains('@')), LONGEST_EMAIL),
            first_name: first_name.map(cut),
            last_name: last_name.map(cut),
            image_url: whole(image_url, LONGEST_URL),
            banned: false,
        };
        Told::alive(user_id, rank, profile)
    }
}

/// The beginning of a name.
fn cut(name: String) -> String {
    if name.chars().count() > LONGEST_NAME { name.chars().take(LONGEST_NAME).collect() } else { name }
}

/// An address, which is no use in part.
fn whole(address: Option<String>, longest: usize) -> Option<String> {
    address.filter(|address| address.chars().count() <= longest)
}
