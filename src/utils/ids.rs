//! Identifiers: `UUIDv7` (RFC 9562), so that new rows land at the end of an index, each noun with a type of its own.

use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, Utc};
use uuid::Uuid;

/// The millisecond of the last identifier, and how many have been made in it.
static LAST: Mutex<(u64, u16)> = Mutex::new((0, 0));

/// A fresh `UUIDv7` whose time part is `now`. Those that a process makes in one millisecond are counted (RFC 9562, 6.2, method 1), so that
/// what is written in order is read in order; their other 62 bits are random.
#[must_use]
pub fn uuid_at(now: DateTime<Utc>) -> Uuid {
    let millis = u64::try_from(now.timestamp_millis()).unwrap_or_default().min((1 << 48) - 1);
    let count = {
        let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
        let (of, count) = *last;
        *last = if of == millis { (millis, count.wrapping_add(1)) } else { (millis, 0) };
        last.1
    };
    let mut rest: [u8; 10] = rand::random();
    rest[..2].copy_from_slice(&count.to_be_bytes());
    uuid::Builder::from_unix_timestamp_millis(millis, &rest).into_uuid()
}

/// No `UUIDv7` made at `instant` or later is below this one, and none made a millisecond or more before is above.
#[must_use]
pub fn lowest_uuid_at(instant: DateTime<Utc>) -> Uuid {
    let millis = u64::try_from(instant.timestamp_millis()).unwrap_or_default().min((1 << 48) - 1);
    uuid::Builder::from_unix_timestamp_millis(millis, &[0; 10]).into_uuid()
}

/// Declares a noun's identifier: a UUID on the wire and in the database, a type of its own in between, so that two
/// nouns' ids cannot be swapped.
#[macro_export]
macro_rules! typed_id {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize, sqlx::Type, utoipa::ToSchema,
        )]
        #[serde(transparent)]
        #[sqlx(transparent)]
        #[schema(value_type = uuid::Uuid, example = "01933b6e-8f2a-7c31-9d55-0a4b7c1e2f90")]
        pub struct $name(pub uuid::Uuid);

        impl $name {
            /// A fresh identifier, made at `now`.
            #[must_use]
            pub fn new(now: chrono::DateTime<chrono::Utc>) -> Self {
                Self($crate::utils::ids::uuid_at(now))
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }

        impl From<uuid::Uuid> for $name {
            fn from(id: uuid::Uuid) -> Self {
                Self(id)
            }
        }
    )+};
}
