//! Webhooks signed as Svix signs them, by Svix's own library.

use axum::http::{HeaderMap, HeaderValue};
use svix::webhooks::Webhook;

/// A secret such as Clerk's dashboard shows.
pub(crate) const SECRET: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

/// Another, as after a rotation.
pub(crate) const OTHER_SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// The signature header's value for one secret.
pub(crate) fn signature(secret: &str, id: &str, timestamp: i64, body: &[u8]) -> String {
    Webhook::new(secret).unwrap().sign(id, timestamp, body).unwrap()
}

/// The three headers of a delivery.
pub(crate) fn headers(secret: &str, id: &str, timestamp: i64, body: &[u8]) -> HeaderMap {
    with_signature("svix", id, &timestamp.to_string(), &signature(secret, id, timestamp, body))
}

/// The three headers with any content, named `svix-*` or `webhook-*`.
pub(crate) fn with_signature(family: &'static str, id: &str, timestamp: &str, signature: &str) -> HeaderMap {
    let names = match family {
        "svix" => ["svix-id", "svix-timestamp", "svix-signature"],
        _ => ["webhook-id", "webhook-timestamp", "webhook-signature"],
    };
    let values = [id, timestamp, signature].map(|value| HeaderValue::from_str(value).unwrap());
    names.into_iter().zip(values).map(|(name, value)| (name.parse().unwrap(), value)).collect()
}
