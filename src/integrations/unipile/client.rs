//! The way to Unipile: one key, one address, limits of time and size, and no second try.

use std::{fmt, time::Duration};

use reqwest::{
    Client, Method, RequestBuilder, Response,
    header::{ACCEPT, HeaderMap, HeaderValue, RETRY_AFTER},
    redirect::Policy,
};
use secrecy::{ExposeSecret as _, SecretString};
use serde::de::DeserializeOwned;
use url::Url;

use super::error::{UnipileError, UnipileFault};
use crate::utils::secure_url::is_secure;

/// How long a connection may take to open. Shorter than any lease gives a send, so that what was never begun is told from what was.
const CONNECT: Duration = Duration::from_secs(3);
/// How long a whole exchange may take. LinkedIn is slow behind it.
const TOTAL: Duration = Duration::from_secs(30);
/// Connections that nobody has used for so long are closed rather than tried: servers hang up when they like.
const IDLE: Duration = Duration::from_secs(20);
/// The longest answer that is read: a page of 250 with long texts stays below.
const LARGEST: usize = 8 * 1024 * 1024;
/// The header that the key is sent in.
const KEY: &str = "x-api-key";

/// How Unipile is reached.
#[derive(Debug, Clone)]
pub struct UnipileSettings {
    /// `https://apiN.unipile.com:PORT`, as its dashboard shows it.
    pub dsn: Url,
    /// The access token.
    pub api_key: SecretString,
}

/// No client can be made of the settings.
#[derive(Debug, thiserror::Error)]
pub enum UnipileClientError {
    /// The TLS back end refused to start.
    #[error("the HTTP client cannot be built")]
    Build(#[source] reqwest::Error),
    /// The key or people's messages would travel in the clear.
    #[error(
        "the address of Unipile must be https (http is for loopback addresses only), without user, query or fragment"
    )]
    Insecure,
    /// The key has a character that no header may carry.
    #[error("the key of Unipile is not a header value")]
    Key,
}

/// Unipile's API. Cheap to clone.
#[derive(Clone)]
pub struct Unipile {
    http: Client,
    base: Url,
    key: HeaderValue,
}

impl Unipile {
    /// A client.
    ///
    /// # Errors
    /// The address is not secure, the key is not a header value, or TLS cannot be set up.
    pub fn new(settings: UnipileSettings) -> Result<Self, UnipileClientError> {
        let UnipileSettings { dsn: mut base, api_key } = settings;
        if !is_secure(&base) || base.cannot_be_a_base() {
            return Err(UnipileClientError::Insecure);
        }
        base.set_path(&format!("{}/api/v1", base.path().trim_end_matches('/')));
        let mut key = HeaderValue::from_str(api_key.expose_secret()).map_err(|_| UnipileClientError::Key)?;
        key.set_sensitive(true);
        let http = Client::builder()
            .connect_timeout(CONNECT)
            .timeout(TOTAL)
            .pool_idle_timeout(IDLE)
            .redirect(Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .user_agent(concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(UnipileClientError::Build)?;
        Ok(Self { http, base, key })
    }

    /// Its address, as its dashboard shows it: without the path of a version.
    pub(super) fn dsn(&self) -> &str {
        self.base.as_str().trim_end_matches("/api/v1")
    }

    /// A request to `/api/v1/` and these segments, each of which may be an id of Unipile's or LinkedIn's.
    pub(super) fn request(&self, method: Method, path: &[&str]) -> Result<RequestBuilder, UnipileError> {
        let mut url = self.base.clone();
        // An empty segment or a dot would change what is addressed.
        if path.iter().any(|segment| matches!(*segment, "" | "." | "..")) {
            return Err(UnipileError::unaskable());
        }
        url.path_segments_mut().map_err(|()| UnipileError::unaskable())?.extend(path);
        Ok(self.http.request(method, url).header(KEY, self.key.clone()).header(ACCEPT, "application/json"))
    }

    /// Sends `request` and reads its answer.
    pub(super) async fn call<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<T, UnipileError> {
        let body = self.answer(request).await?;
        serde_json::from_slice(&body).map_err(|_| UnipileFault::Unreadable.into())
    }

    /// Sends `request` and returns the body of a successful answer.
    pub(super) async fn answer(&self, request: RequestBuilder) -> Result<Vec<u8>, UnipileError> {
        let response = request.send().await?;
        let (status, retry_after) = (response.status(), retry_after(response.headers()));
        let body = read_capped(response).await?;
        match body {
            Some(body) if status.is_success() => Ok(body),
            None if status.is_success() => Err(UnipileFault::Unreadable.into()),
            body => Err(UnipileError::refused(status.as_u16(), &body.unwrap_or_default(), retry_after)),
        }
    }
}

/// The body, or none if it is too long.
async fn read_capped(mut response: Response) -> Result<Option<Vec<u8>>, UnipileError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if body.len() + chunk.len() > LARGEST {
            return Ok(None);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Some(body))
}

/// `Retry-After` in seconds (RFC 9110, 10.2.3); Unipile documents no other form.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok().map(Duration::from_secs)
}

impl fmt::Debug for Unipile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unipile").field("base", &self.base.as_str()).finish_non_exhaustive()
    }
}
