//! Addresses that a secret or a key may travel to.

use url::{Host, Url};

/// Whether what is sent to and read from `url` cannot be read or changed on the way: https, or http to this very machine, and nothing
/// in it that would be logged or forgotten.
#[must_use]
pub fn is_secure(url: &Url) -> bool {
    let loopback = match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(domain)) => domain == "localhost",
        None => false,
    };
    let transport = url.scheme() == "https" || (url.scheme() == "http" && loopback);
    let plain =
        url.username().is_empty() && url.password().is_none() && url.query().is_none() && url.fragment().is_none();
    transport && plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_may_go_without_tls() {
        for good in ["https://api.clerk.com", "http://127.0.0.1:9/v1", "http://[::1]:9/", "http://localhost:9"] {
            assert!(is_secure(&good.parse().unwrap()), "{good}");
        }
        for bad in [
            "http://api.clerk.com",
            "ftp://127.0.0.1/",
            "https://user@api.clerk.com",
            "https://api.clerk.com/?a=b",
            "http://127.0.0.1.example/",
            "https://api.clerk.com/#a",
        ] {
            assert!(!is_secure(&bad.parse().unwrap()), "{bad}");
        }
    }
}
