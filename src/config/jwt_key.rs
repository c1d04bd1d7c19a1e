//! `CLERK_JWT_KEY`.

use aws_lc_rs::rsa::PublicEncryptingKey;
use jsonwebtoken::DecodingKey;

use crate::utils::pem;

/// The public key that session tokens are verified with.
#[derive(Debug, Clone)]
pub struct JwtKey(DecodingKey);

/// A key that none can be verified with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the key is not the PEM of an RSA public key of at least 2048 bits")]
pub struct JwtKeyError;

impl JwtKey {
    /// Reads an SPKI PEM (RFC 7468, 13) as Clerk's dashboard shows it. `\n` written out and missing line breaks are understood, as
    /// environment variables suffer them.
    ///
    /// # Errors
    /// [`JwtKeyError`] if it is not that of an RSA public key of 2,048 bits or more.
    pub fn from_pem(text: &str) -> Result<Self, JwtKeyError> {
        let der = pem::decode("PUBLIC KEY", text).ok_or(JwtKeyError)?;
        // The signature check reports a short key as a bad signature; better to say so while starting.
        PublicEncryptingKey::from_der(&der).map_err(|_| JwtKeyError)?;
        DecodingKey::from_rsa_pem(pem::encode("PUBLIC KEY", &der).as_bytes()).map(Self).map_err(|_| JwtKeyError)
    }

    /// The key, ready for use.
    #[must_use]
    pub fn decoding_key(&self) -> &DecodingKey {
        &self.0
    }
}
