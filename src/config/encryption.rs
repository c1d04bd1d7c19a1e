//! What secrets are sealed with.

use std::sync::Arc;

use base64::{Engine, engine::general_purpose::STANDARD};
use secrecy::{ExposeSecret as _, SecretBox};

use super::{Environment, Vars};

/// `ENCRYPTION_KEY`: 32 random bytes in base64. Several, comma-separated, while a rotation is under way: the first seals, all open.
#[derive(Debug, Clone)]
pub struct EncryptionKeys(pub Vec<Arc<SecretBox<[u8; 32]>>>);

/// Known to everybody, hence worthless, hence for development only.
const DEVELOPMENT_KEY: [u8; 32] = *b"clento development key no secret";

impl EncryptionKeys {
    pub(super) fn read(vars: &mut Vars, environment: Environment) -> Self {
        let mut keys = Vec::new();
        let given = vars.list("ENCRYPTION_KEY");
        if given.is_empty() && environment.is_production() {
            vars.fault("ENCRYPTION_KEY", "is required in production: make one with `openssl rand -base64 32`");
        }
        for text in given {
            let key: Option<[u8; 32]> = STANDARD.decode(&text).ok().and_then(|bytes| bytes.try_into().ok());
            match key {
                Some(key) if environment.is_production() && is_guessable(&key) => {
                    vars.fault("ENCRYPTION_KEY", "is a placeholder: make one with `openssl rand -base64 32`");
                }
                Some(key) => keys.push(Arc::new(SecretBox::new(Box::new(key)))),
                None => {
                    vars.fault("ENCRYPTION_KEY", "must be 32 bytes in base64: make one with `openssl rand -base64 32`");
                }
            }
        }
        if keys.is_empty() {
            keys.push(Arc::new(SecretBox::new(Box::new(DEVELOPMENT_KEY))));
        }
        Self(keys)
    }

    /// Whether what is sealed now anybody can open.
    #[must_use]
    pub fn seal_for_nobody(&self) -> bool {
        self.0.first().is_none_or(|key| is_guessable(key.expose_secret()))
    }
}

fn is_guessable(key: &[u8; 32]) -> bool {
    *key == DEVELOPMENT_KEY || key.iter().all(|byte| *byte == key[0])
}
