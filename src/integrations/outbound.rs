//! Requests to addresses that callers name. A caller must not reach our own network with them: names are resolved once, every address
//! found must be public, and the connection goes to just these addresses, so that a name cannot lead elsewhere the second time. No
//! redirect is followed and no proxy asked.

use std::{error::Error as _, net::SocketAddr, time::Duration};

use reqwest::{
    Client, RequestBuilder, StatusCode,
    dns::{Addrs, Name, Resolve, Resolving},
    header::{HeaderMap, RETRY_AFTER},
    redirect::Policy,
};
use url::{Host, Url};

use crate::utils::{public_address::is_public, refusal::Refusal};

/// How long a connection may take to open.
const CONNECT: Duration = Duration::from_secs(5);
/// How long a whole exchange may take.
const TOTAL: Duration = Duration::from_secs(10);
/// As much of an answer is read, so that the connection can be used again.
const LARGEST: usize = 64 * 1024;
/// The ports that may be named where only public addresses may.
const PORTS: [u16; 2] = [443, 8443];

const NOT_HTTPS: Refusal = Refusal::new("url_not_https", "This must be an https address.");
const WITH_USER: Refusal = Refusal::new("url_with_credentials", "This must not hold a user name or password.");
const WITH_FRAGMENT: Refusal = Refusal::new("url_with_fragment", "This must not have a part after #.");
const WRONG_PORT: Refusal = Refusal::new("url_wrong_port", "The port must be 443 or 8443.");
const NOT_PUBLIC: Refusal = Refusal::new("url_not_public", "This does not lead to a public address.");
const UNKNOWN_HOST: Refusal = Refusal::new("url_host_unknown", "The host's name cannot be resolved.");

/// Sends requests to addresses that callers name.
#[derive(Debug, Clone)]
pub struct Outbound {
    http: Client,
    anywhere: bool,
}

/// What came back, as far as it matters.
#[derive(Debug, Clone, Copy)]
pub struct OutboundAnswer {
    /// The status.
    pub status: StatusCode,
    /// How long to wait, if the answer says so in seconds.
    pub retry_after: Option<Duration>,
}

/// Why nothing came back.
#[derive(Debug, thiserror::Error)]
pub enum OutboundError {
    /// The address may not be asked.
    #[error("{0}")]
    Forbidden(Refusal),
    /// There was no connection, so that nothing was sent.
    #[error("no connection")]
    Unreached(#[source] reqwest::Error),
    /// Something was sent, and no answer came in time.
    #[error("no answer")]
    Unanswered(#[source] reqwest::Error),
}

impl Outbound {
    /// A client that reaches public addresses only, by https; with `anywhere`, for development, all addresses and plain http too.
    ///
    /// # Errors
    /// TLS cannot be set up.
    pub fn new(anywhere: bool) -> Result<Self, reqwest::Error> {
        let builder = Client::builder()
            .connect_timeout(CONNECT)
            .timeout(TOTAL)
            .redirect(Policy::none())
            .no_proxy()
            .referer(false)
            .user_agent(concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION")));
        let builder = if anywhere { builder } else { builder.dns_resolver(PublicOnly) };
        Ok(Self { http: builder.build()?, anywhere })
    }

    /// Checks an address before it is kept, as far as can be told now. It is checked again at every request.
    ///
    /// # Errors
    /// Why it may not be asked.
    pub async fn check(&self, url: &Url) -> Result<(), Refusal> {
        self.check_form(url)?;
        match url.host() {
            Some(Host::Domain(name)) if !self.anywhere => public_addresses(name).await.map(drop),
            _ => Ok(()),
        }
    }

    /// Sends a JSON body. What the answer's body says does not matter, nor whether it comes to its end.
    ///
    /// # Errors
    /// Why no answer came.
    pub async fn post(&self, url: &Url, headers: HeaderMap, body: Vec<u8>) -> Result<OutboundAnswer, OutboundError> {
        self.exchange(url, headers, "application/json", body).await.map(|(answer, _)| answer)
    }

    /// Sends a form, and reads the answer's body, as much of it as 64 KiB.
    ///
    /// # Errors
    /// Why no answer came.
    pub async fn post_form(&self, url: &Url, form: String) -> Result<(OutboundAnswer, Vec<u8>), OutboundError> {
        self.exchange(url, HeaderMap::new(), "application/x-www-form-urlencoded", form.into_bytes()).await
    }

    async fn exchange(
        &self,
        url: &Url,
        headers: HeaderMap,
        content_type: &'static str,
        body: Vec<u8>,
    ) -> Result<(OutboundAnswer, Vec<u8>), OutboundError> {
        let request = self.http.post(url.clone()).headers(headers).header("content-type", content_type).body(body);
        self.ask(url, request).await
    }

    /// Asks for what is at an address, and reads as much of it as 64 KiB.
    ///
    /// # Errors
    /// Why no answer came.
    pub async fn get(&self, url: &Url) -> Result<(OutboundAnswer, Vec<u8>), OutboundError> {
        self.ask(url, self.http.get(url.clone())).await
    }

    async fn ask(&self, url: &Url, request: RequestBuilder) -> Result<(OutboundAnswer, Vec<u8>), OutboundError> {
        self.check_form(url).map_err(OutboundError::Forbidden)?;
        let mut response = request.send().await.map_err(silence)?;
        let retry_after =
            response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.trim().parse().ok());
        let answer = OutboundAnswer { status: response.status(), retry_after: retry_after.map(Duration::from_secs) };
        let mut body = Vec::new();
        while let Ok(Some(chunk)) = response.chunk().await {
            if body.len() + chunk.len() > LARGEST {
                break;
            }
            body.extend_from_slice(&chunk);
        }
        Ok((answer, body))
    }

    /// What can be told of an address without asking anybody. Odd spellings of numbers are one with the plain ones here, since a URL is
    /// kept in its normal form.
    fn check_form(&self, url: &Url) -> Result<(), Refusal> {
        let https = url.scheme() == "https" || (self.anywhere && url.scheme() == "http");
        let port_allowed = self.anywhere || url.port_or_known_default().is_some_and(|port| PORTS.contains(&port));
        let address_allowed = match url.host() {
            Some(Host::Ipv4(address)) => self.anywhere || is_public(address.into()),
            Some(Host::Ipv6(address)) => self.anywhere || is_public(address.into()),
            Some(Host::Domain(_)) => true,
            None => false,
        };
        let rules = [
            (https, NOT_HTTPS),
            (url.username().is_empty() && url.password().is_none(), WITH_USER),
            (url.fragment().is_none(), WITH_FRAGMENT),
            (port_allowed, WRONG_PORT),
            (address_allowed, NOT_PUBLIC),
        ];
        rules.into_iter().find(|(kept, _)| !kept).map_or(Ok(()), |(_, refusal)| Err(refusal))
    }
}

fn silence(error: reqwest::Error) -> OutboundError {
    let mut cause = error.source();
    while let Some(inner) = cause {
        if let Some(refusal) = inner.downcast_ref::<Refusal>()
            && *refusal == NOT_PUBLIC
        {
            return OutboundError::Forbidden(NOT_PUBLIC);
        }
        cause = inner.source();
    }
    if error.is_connect() { OutboundError::Unreached(error) } else { OutboundError::Unanswered(error) }
}

/// Resolves a name for a connection, if all it leads to is public.
struct PublicOnly;

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let addresses = public_addresses(name.as_str()).await?;
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

/// All addresses of a name. One that is not public spoils the others: a name that mixes them is up to something.
async fn public_addresses(name: &str) -> Result<Vec<SocketAddr>, Refusal> {
    let found = tokio::time::timeout(CONNECT, tokio::net::lookup_host((name, 0))).await;
    let addresses: Vec<_> = found.ok().and_then(Result::ok).ok_or(UNKNOWN_HOST)?.collect();
    if addresses.is_empty() {
        return Err(UNKNOWN_HOST);
    }
    if addresses.iter().all(|address| is_public(address.ip())) { Ok(addresses) } else { Err(NOT_PUBLIC) }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn told(outbound: &Outbound, url: &str) -> Option<&'static str> {
        outbound.check(&url.parse().unwrap()).await.err().map(|refusal| refusal.code)
    }

    #[tokio::test]
    async fn only_public_addresses_by_https_are_asked() {
        let strict = Outbound::new(false).unwrap();
        for (url, code) in [
            ("http://93.184.215.14/", "url_not_https"),
            ("ftp://93.184.215.14/", "url_not_https"),
            ("https://u@93.184.215.14/", "url_with_credentials"),
            ("https://:p@93.184.215.14/", "url_with_credentials"),
            ("https://93.184.215.14/#a", "url_with_fragment"),
            ("https://93.184.215.14:22/", "url_wrong_port"),
            ("https://127.0.0.1/", "url_not_public"),
            ("https://0x7f.1/", "url_not_public"),
            ("https://2130706433/", "url_not_public"),
            ("https://017700000001/", "url_not_public"),
            ("https://169.254.169.254/latest/meta-data", "url_not_public"),
            ("https://[::1]/", "url_not_public"),
            ("https://[::ffff:127.0.0.1]/", "url_not_public"),
            ("https://[fd00::1]:8443/", "url_not_public"),
            ("https://localhost/", "url_not_public"),
            ("https://LOCALHOST:8443/", "url_not_public"),
            ("https://nowhere.invalid/", "url_host_unknown"),
        ] {
            assert_eq!(told(&strict, url).await, Some(code), "{url}");
        }
        for url in ["https://93.184.215.14/", "https://93.184.215.14:8443/a?b=c", "https://[2606:4700::1111]/"] {
            assert_eq!(told(&strict, url).await, None, "{url}");
        }
    }

    #[tokio::test]
    async fn a_name_that_leads_inside_is_noticed_when_it_is_connected_to() {
        let strict = Outbound::new(false).unwrap();
        // As if it had led elsewhere when it was checked.
        let error = strict.post(&"https://localhost/".parse().unwrap(), HeaderMap::new(), vec![]).await.unwrap_err();
        assert!(matches!(error, OutboundError::Forbidden(refusal) if refusal == NOT_PUBLIC), "{error:?}");
        for inside in ["https://localhost/.well-known/x", "https://127.0.0.1/.well-known/x"] {
            let error = strict.get(&inside.parse().unwrap()).await.unwrap_err();
            assert!(matches!(error, OutboundError::Forbidden(refusal) if refusal == NOT_PUBLIC), "{inside}: {error:?}");
        }
    }

    #[tokio::test]
    async fn development_may_try_its_own_machine() {
        let lax = Outbound::new(true).unwrap();
        for url in ["http://127.0.0.1:3000/", "http://localhost:3000/", "https://10.0.0.1/"] {
            assert_eq!(told(&lax, url).await, None, "{url}");
        }
        assert_eq!(told(&lax, "ftp://localhost/").await, Some("url_not_https"));
    }
}
