//! What a webhook says.

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

use super::{
    entities::{ClerkMembership, ClerkOrganization, ClerkUser, clerk_id},
    verifier::Delivery,
};

/// An event with what surrounds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// Clerk's name of the event, as in `user.created`.
    pub kind: String,
    /// The Clerk instance that it comes from, as in `ins_2abc`.
    pub instance_id: Option<String>,
    /// When it happened, in milliseconds since 1970.
    pub happened_at: i64,
    /// What happened.
    pub event: ClerkEvent,
}

/// What happened, as far as it concerns us. Events arrive in any order, more than once, or not at all: every one carries
/// the *version* by which an older state is told from a newer one, in milliseconds since 1970. For a state that is its
/// `updated_at`, for a deletion, which has none, the event's own time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClerkEvent {
    /// A user was created or changed.
    UserUpserted(ClerkUser),
    /// A user was deleted, for good: Clerk never uses an id twice.
    UserDeleted(Deleted),
    /// An organization was created or changed.
    OrganizationUpserted(ClerkOrganization),
    /// An organization was deleted, for good.
    OrganizationDeleted(Deleted),
    /// A membership was created or changed.
    MembershipUpserted(ClerkMembership),
    /// A membership ended, for good: who joins again has a new one. Told in full, so that it can be recorded even where
    /// it was never known.
    MembershipDeleted(ClerkMembership),
    /// Something else, to be acknowledged and ignored.
    Other,
}

/// A deletion: all that is left is what it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deleted {
    /// The identifier of what was deleted.
    pub id: String,
    /// When, in milliseconds since 1970.
    pub version: i64,
}

/// An event that cannot be understood. It names the place and never repeats the content, which is personal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EventError {
    /// Not JSON, or not an object.
    #[error("the event is not a JSON object")]
    Format,
    /// Something that we need is not there.
    #[error("the event has no {0}")]
    Missing(String),
    /// Something is not of the type that it must be.
    #[error("the event's {0} is malformed")]
    Malformed(String),
}

#[derive(Deserialize)]
struct WireEnvelope {
    #[serde(rename = "type")]
    kind: String,
    timestamp: Option<i64>,
    instance_id: Option<String>,
    data: Option<Value>,
}

#[derive(Deserialize)]
struct WireDeleted {
    #[serde(deserialize_with = "clerk_id")]
    id: String,
}

impl Envelope {
    /// Reads the body of a webhook whose `delivery` was verified. When the envelope has no `timestamp`, as those of old
    /// instances, the time of signing stands in for it: never earlier, so that a deletion is not lost.
    ///
    /// # Errors
    /// [`EventError`] names what is missing or malformed. Events of unknown types are never an error.
    pub fn read(body: &[u8], delivery: &Delivery) -> Result<Self, EventError> {
        let value: Value = serde_json::from_slice(body).map_err(|_| EventError::Format)?;
        if !value.is_object() {
            return Err(EventError::Format);
        }
        let WireEnvelope { kind, timestamp, instance_id, data } = read(value, "")?;
        let happened = timestamp.unwrap_or_else(|| delivery.signed_at.timestamp_millis()).max(0);
        let event = event(&kind, data, happened)?;
        Ok(Self { kind, instance_id, happened_at: happened, event })
    }
}

fn event(kind: &str, data: Option<Value>, happened: i64) -> Result<ClerkEvent, EventError> {
    let data = data.unwrap_or_default();
    Ok(match kind {
        "user.created" | "user.updated" => ClerkEvent::UserUpserted(read(data, DATA)?),
        "user.deleted" => ClerkEvent::UserDeleted(deleted(data, happened)?),
        "organization.created" | "organization.updated" => ClerkEvent::OrganizationUpserted(read(data, DATA)?),
        "organization.deleted" => ClerkEvent::OrganizationDeleted(deleted(data, happened)?),
        "organizationMembership.created" | "organizationMembership.updated" => {
            ClerkEvent::MembershipUpserted(read(data, DATA)?)
        }
        "organizationMembership.deleted" => {
            let membership: ClerkMembership = read(data, DATA)?;
            ClerkEvent::MembershipDeleted(ClerkMembership { version: happened, ..membership })
        }
        _ => ClerkEvent::Other,
    })
}

fn deleted(data: Value, happened: i64) -> Result<Deleted, EventError> {
    let WireDeleted { id } = read(data, DATA)?;
    Ok(Deleted { id, version: happened })
}

/// Where the payload is, for naming what is wrong in it.
const DATA: &str = "data";

fn read<T: DeserializeOwned>(value: Value, prefix: &str) -> Result<T, EventError> {
    if value.is_null() {
        return Err(EventError::Missing(prefix.to_owned()));
    }
    serde_path_to_error::deserialize(value).map_err(|error| {
        let path = error.path().to_string();
        let message = error.inner().to_string();
        let missing = message.strip_prefix("missing field `").and_then(|rest| rest.split_once('`'));
        let place = [prefix, path.trim_matches('.'), missing.map_or("", |(field, _)| field)];
        let place = place.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(".");
        if missing.is_some() { EventError::Missing(place) } else { EventError::Malformed(place) }
    })
}
