//! The HTTP client for Clerk, and how much of an answer is read.

use std::time::Duration;

use reqwest::{Client, Response, redirect::Policy};
use url::Url;

use crate::utils::secure_url::is_secure;

/// How long a connection may take to open.
const CONNECT: Duration = Duration::from_secs(3);

/// How long a whole exchange may take, body included.
pub(super) const TOTAL: Duration = Duration::from_secs(10);

/// The HTTP client could not be built, or may not be used for this address.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The TLS back end refused to start.
    #[error("the HTTP client cannot be built")]
    Build(#[source] reqwest::Error),
    /// The address would carry a secret or a key in the clear.
    #[error("{0} must be https (http is for loopback addresses only), without user, query or fragment")]
    Insecure(&'static str),
    /// The secret has a character that no header may carry.
    #[error("{0} is not a header value")]
    Secret(&'static str),
}

/// A client for Clerk's APIs: 3 s to connect, 10 s in all, and **no redirects**, since a redirect of an API call is
/// either a mistake or somebody else's server. Cheap to clone; share one.
///
/// # Errors
/// [`ClientError::Build`] when TLS cannot be set up.
pub fn http_client() -> Result<Client, ClientError> {
    Client::builder()
        .connect_timeout(CONNECT)
        .timeout(TOTAL)
        .redirect(Policy::none())
        .referer(false)
        .user_agent(concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(ClientError::Build)
}

/// Checks that what is sent to and read from `url` cannot be read or changed on the way. `name` says which setting it is.
pub(super) fn require_secure(url: &Url, name: &'static str) -> Result<(), ClientError> {
    if is_secure(url) { Ok(()) } else { Err(ClientError::Insecure(name)) }
}

/// The body of `response`, or `None` when it is longer than `limit` bytes.
pub(super) async fn read_capped(mut response: Response, limit: usize) -> Result<Option<Vec<u8>>, reqwest::Error> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if body.len() + chunk.len() > limit {
            return Ok(None);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Some(body))
}
