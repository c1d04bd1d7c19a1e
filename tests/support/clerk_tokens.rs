//! Session tokens as Clerk makes them, and as nobody should.

use std::sync::LazyLock;

use aws_lc_rs::{
    encoding::{AsDer as _, PublicKeyX509Der},
    rsa::KeyPair,
    signature::KeyPair as _,
};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use chrono::{DateTime, Utc};
use jsonwebtoken::{Algorithm, EncodingKey, crypto, jwk::Jwk};
use serde_json::{Value, json};

use super::kept_keys::rsa_key;

/// The issuer of all test tokens.
pub(crate) const ISSUER: &str = "https://happy-cat-12.clerk.accounts.dev";

/// The page that test tokens are issued to.
pub(crate) const ORIGIN: &str = "https://app.clento.example";

/// A key pair that stands for an instance's.
pub(crate) struct TestKey {
    encoding: EncodingKey,
    public_pem: String,
}

static KEYS: LazyLock<[TestKey; 3]> = LazyLock::new(|| std::array::from_fn(TestKey::kept));

impl TestKey {
    /// One of three key pairs.
    pub(crate) fn nth(index: usize) -> &'static Self {
        &KEYS[index]
    }

    fn kept(index: usize) -> Self {
        let private = rsa_key(&format!("clerk-{index}"));
        let der = STANDARD.decode(private.lines().filter(|line| !line.starts_with('-')).collect::<String>()).unwrap();
        let pair = KeyPair::from_pkcs8(&der).unwrap();
        let public: PublicKeyX509Der<'_> = pair.public_key().as_der().unwrap();
        let encoding = EncodingKey::from_rsa_pem(private.as_bytes()).unwrap();
        Self { encoding, public_pem: pem("PUBLIC KEY", public.as_ref()) }
    }

    /// The public key as Clerk's dashboard shows it.
    pub(crate) fn public_pem(&self) -> &str {
        &self.public_pem
    }

    /// The public key as an entry of a key set, named `kid`.
    pub(crate) fn jwk(&self, kid: &str) -> Value {
        let mut jwk = Jwk::from_encoding_key(&self.encoding, Algorithm::RS256).unwrap();
        jwk.common.key_id = Some(kid.to_owned());
        let mut jwk = serde_json::to_value(jwk).unwrap();
        jwk["use"] = json!("sig");
        jwk
    }

    /// A token with any header and claims, signed with RS256 whatever the header says.
    pub(crate) fn sign(&self, header: &Value, claims: &Value) -> String {
        self.sign_raw(&header.to_string(), &claims.to_string())
    }

    /// A token of any two texts.
    pub(crate) fn sign_raw(&self, header: &str, claims: &str) -> String {
        self.sign_as(Algorithm::RS256, header, claims)
    }

    /// A token of any two texts, signed with any RSA algorithm.
    pub(crate) fn sign_as(&self, algorithm: Algorithm, header: &str, claims: &str) -> String {
        let message = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
        let signature = crypto::sign(message.as_bytes(), &self.encoding, algorithm).unwrap();
        format!("{message}.{signature}")
    }

    /// A token of version 2 as a browser would hold it at `now`.
    pub(crate) fn session(&self, kid: &str, now: DateTime<Utc>) -> String {
        self.sign(&header(kid), &claims_v2(now))
    }
}

/// A header as Clerk writes it.
pub(crate) fn header(kid: &str) -> Value {
    json!({ "alg": "RS256", "cat": "cl_B7d4PD111AAA", "kid": kid, "typ": "JWT" })
}

/// The claims of a token of version 1 that lives for a minute.
pub(crate) fn claims_v1(now: DateTime<Utc>) -> Value {
    let mut claims = common(now);
    claims["org_id"] = json!("org_1");
    claims["org_slug"] = json!("acme");
    claims["org_role"] = json!("org:admin");
    claims["org_permissions"] = json!(["org:teams:read"]);
    claims
}

/// The claims of a token of version 2 that lives for a minute.
pub(crate) fn claims_v2(now: DateTime<Utc>) -> Value {
    let mut claims = common(now);
    claims["v"] = json!(2);
    claims["jti"] = json!("0123456789abcdef");
    claims["sts"] = json!("active");
    claims["pla"] = json!("o:pro");
    claims["fea"] = json!("o:dashboard,o:teams");
    claims["o"] = json!({ "id": "org_1", "slg": "acme", "rol": "admin", "per": "manage,read", "fpm": "3,2" });
    claims
}

fn common(now: DateTime<Utc>) -> Value {
    let now = now.timestamp();
    json!({
        "azp": ORIGIN, "exp": now + 60, "fva": [0, -1], "iat": now, "iss": ISSUER, "nbf": now - 10,
        "sid": "sess_1", "sub": "user_1",
    })
}

/// `der` as PEM.
pub(crate) fn pem(label: &str, der: &[u8]) -> String {
    let body = STANDARD.encode(der);
    let lines: Vec<&str> = body.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}
