//! Users, organizations and memberships as Clerk describes them, in webhooks and in answers of its Backend API.
//!
//! What is not needed is passed over, null is the same as absent, and what *is* needed and missing is named.

use serde::{Deserialize, Deserializer, de::Error as _};

use super::super::ids::is_clerk_id;

/// A user.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "WireUser")]
pub struct ClerkUser {
    /// As in `user_2abc`.
    pub id: String,
    /// The address chosen as primary, as written; none when none is chosen.
    pub email: Option<String>,
    /// Given name.
    pub first_name: Option<String>,
    /// Family name.
    pub last_name: Option<String>,
    /// Picture; Clerk draws one for those who have none.
    pub image_url: Option<String>,
    /// Whether the instance's owner has banned the user.
    pub banned: bool,
    /// Which state this is: `updated_at` in milliseconds since 1970, 0 when not said.
    pub version: i64,
}

/// An organization.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ClerkOrganization {
    /// As in `org_2abc`.
    #[serde(deserialize_with = "clerk_id")]
    pub id: String,
    /// Name.
    #[serde(deserialize_with = "required_text")]
    pub name: String,
    /// Slug, where the instance uses them.
    #[serde(default, deserialize_with = "optional_text")]
    pub slug: Option<String>,
    /// Logo; Clerk draws one for those who have none.
    #[serde(default, deserialize_with = "optional_text")]
    pub image_url: Option<String>,
    /// Which state this is: `updated_at` in milliseconds since 1970, 0 when not said.
    #[serde(default, rename = "updated_at", deserialize_with = "version")]
    pub version: i64,
}

/// That a user belongs to an organization, in a role. One who leaves and joins again has a new one.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ClerkMembership {
    /// As in `orgmem_2abc`.
    #[serde(deserialize_with = "clerk_id")]
    pub id: String,
    /// As in `org:admin`.
    #[serde(deserialize_with = "required_text")]
    pub role: String,
    /// The organization as it was then. Its own events are the authority.
    pub organization: ClerkOrganization,
    /// The user, as far as other members may see.
    #[serde(rename = "public_user_data")]
    pub user: MemberProfile,
    /// When it began: `created_at` in milliseconds since 1970, 0 when not said.
    #[serde(default, deserialize_with = "version")]
    pub created_at: i64,
    /// Which state this is: `updated_at` in milliseconds since 1970, 0 when not said. Of a deletion: when it happened.
    #[serde(default, rename = "updated_at", deserialize_with = "version")]
    pub version: i64,
}

/// What a membership shows of its user (`public_user_data`).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct MemberProfile {
    /// As in `user_2abc`.
    #[serde(deserialize_with = "clerk_id")]
    pub user_id: String,
    /// The address, number or name the user signs in with.
    #[serde(default, deserialize_with = "optional_text")]
    pub identifier: Option<String>,
    /// Given name.
    #[serde(default, deserialize_with = "optional_text")]
    pub first_name: Option<String>,
    /// Family name.
    #[serde(default, deserialize_with = "optional_text")]
    pub last_name: Option<String>,
    /// Picture.
    #[serde(default, deserialize_with = "optional_text")]
    pub image_url: Option<String>,
}

#[derive(Deserialize)]
struct WireUser {
    #[serde(deserialize_with = "clerk_id")]
    id: String,
    #[serde(default, deserialize_with = "optional_text")]
    first_name: Option<String>,
    #[serde(default, deserialize_with = "optional_text")]
    last_name: Option<String>,
    #[serde(default, deserialize_with = "optional_text")]
    image_url: Option<String>,
    primary_email_address_id: Option<String>,
    email_addresses: Option<Vec<WireEmail>>,
    banned: Option<bool>,
    #[serde(default, deserialize_with = "version")]
    updated_at: i64,
}

#[derive(Deserialize)]
struct WireEmail {
    id: Option<String>,
    #[serde(default, deserialize_with = "optional_text")]
    email_address: Option<String>,
}

impl From<WireUser> for ClerkUser {
    fn from(wire: WireUser) -> Self {
        let WireUser { id, first_name, last_name, image_url, .. } = wire;
        let email = primary_email(wire.primary_email_address_id, wire.email_addresses.unwrap_or_default());
        let banned = wire.banned.unwrap_or_default();
        Self { id, email, first_name, last_name, image_url, banned, version: wire.updated_at }
    }
}

/// The address whose id is the primary one's. No other is taken in its place: it may be one that nobody has verified.
fn primary_email(primary: Option<String>, addresses: Vec<WireEmail>) -> Option<String> {
    let primary = primary?;
    addresses.into_iter().find(|address| address.id.as_ref() == Some(&primary))?.email_address
}

pub(super) fn clerk_id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let id = String::deserialize(deserializer)?;
    if is_clerk_id(&id) { Ok(id) } else { Err(D::Error::custom("not an identifier")) }
}

fn required_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Ok(without_nul(String::deserialize(deserializer)?))
}

/// Absent, null and empty are the same.
fn optional_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(Option::<String>::deserialize(deserializer)?.map(without_nul).filter(|text| !text.is_empty()))
}

/// JSON can say U+0000 and PostgreSQL cannot store it: one odd name must not block the events behind it.
fn without_nul(text: String) -> String {
    if text.contains('\0') { text.replace('\0', "") } else { text }
}

/// Never negative, so that a stub at 0 loses against every event.
fn version<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    Ok(Option::<i64>::deserialize(deserializer)?.unwrap_or_default().max(0))
}
