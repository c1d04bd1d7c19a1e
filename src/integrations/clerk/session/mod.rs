//! Session tokens: the short-lived JWTs that Clerk gives to a signed-in browser.
//!
//! A token passes through: its shape and header ([`header`]) → a key ([`key_source`], [`key_ring`]) → the signature
//! → its claims ([`claims`], [`permissions`]). Nothing it claims is looked at before the signature holds, so that a
//! forger learns nothing. What was accepted is remembered until it expires ([`verifier`]).

mod claims;
mod error;
mod header;
mod key_ring;
mod key_source;
mod permissions;
mod token;
mod verifier;

pub use error::{JwksError, TokenError};
pub use key_source::{KeySource, VerifierError};
pub use token::{SessionToken, TokenOrganization};
pub use verifier::{SessionVerifier, VerifierSettings};
