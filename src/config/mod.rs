//! Floor 0: the settings, a section per file, parsed once. The only reader of the environment.

mod clerk;
mod database;
mod encryption;
mod jwt_key;
mod linkedin;
mod logging;
mod mail;
mod publishable_key;
mod server;
mod unipile;
mod vars;
mod webhook_secret;

pub use clerk::{ClerkSettings, DEMO_ISSUER, IdentitySettings, TokenKeys, TokenSettings};
pub use database::DatabaseConfig;
pub use encryption::EncryptionKeys;
pub use jwt_key::{JwtKey, JwtKeyError};
pub use linkedin::{LikelyCaps, LinkedinConfig};
pub use logging::{LogFormat, LoggingConfig};
pub use mail::{MailConfig, OauthClient};
pub use publishable_key::{PublishableKey, PublishableKeyError};
pub use server::ServerConfig;
pub use unipile::UnipileConfig;
pub use vars::{ConfigFault, ConfigFaults, Vars};
pub use webhook_secret::{WebhookSecret, WebhookSecretError};

/// Where the program runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Environment {
    /// On a developer's machine: everything has a default.
    Development,
    /// For real: nothing that matters has a default.
    Production,
}

/// Leave to do what only development may: mint tokens, seed demo data. Production never grants it, so what needs it cannot exist there.
#[derive(Debug, Clone, Copy)]
pub struct DevelopmentMode(());

#[cfg(test)]
impl DevelopmentMode {
    /// For unit tests of what development may do.
    pub(crate) fn for_tests() -> Self {
        Self(())
    }
}

impl Environment {
    /// Leave to do what only development may.
    #[must_use]
    pub fn development(self) -> Option<DevelopmentMode> {
        (self == Self::Development).then_some(DevelopmentMode(()))
    }

    /// Whether this is production.
    #[must_use]
    pub fn is_production(self) -> bool {
        self == Self::Production
    }
}

/// All settings.
#[derive(Debug, Clone)]
pub struct Config {
    /// `APP_ENV`.
    pub environment: Environment,
    /// Listening and limits.
    pub server: ServerConfig,
    /// The database.
    pub database: DatabaseConfig,
    /// Who may sign in.
    pub identity: IdentitySettings,
    /// What else passes between Clerk and us.
    pub clerk: ClerkSettings,
    /// What secrets are sealed with.
    pub encryption: EncryptionKeys,
    /// What is logged, and how.
    pub logging: LoggingConfig,
}

impl Config {
    /// Reads the environment, and `.env` for what the environment does not say.
    ///
    /// # Errors
    /// Everything that is wrong, at once, each fault naming its variable.
    pub fn load() -> Result<Self, ConfigFaults> {
        Self::from_vars(Vars::from_environment()?)
    }

    /// Reads `vars`.
    ///
    /// # Errors
    /// Everything that is wrong, at once, each fault naming its variable.
    pub fn from_vars(mut vars: Vars) -> Result<Self, ConfigFaults> {
        let environment = vars
            .one_of("APP_ENV", &[("development", Environment::Development), ("production", Environment::Production)])
            .unwrap_or(Environment::Development);
        if !environment.is_production() && clerk::is_live(&vars) {
            vars.fault(
                "APP_ENV",
                "must be production where a key of Clerk's live instance is set (pk_live_… or sk_live_…): in development nothing else that matters is demanded",
            );
        }
        let config = Self {
            environment,
            server: ServerConfig::read(&mut vars, environment),
            database: DatabaseConfig::read(&mut vars, environment),
            identity: clerk::read_identity(&mut vars, environment),
            clerk: ClerkSettings::read(&mut vars, environment),
            encryption: EncryptionKeys::read(&mut vars, environment),
            logging: LoggingConfig::read(&mut vars, environment),
        };
        vars.finish(config)
    }

    /// What should not be so, though it may.
    #[must_use]
    pub fn warning(&self) -> Option<&'static str> {
        (self.database.is_elsewhere() && self.encryption.seal_for_nobody()).then_some(
            "DATABASE_URL names a database on another machine, and ENCRYPTION_KEY is not set or a placeholder: secrets in it are sealed with a key that everybody knows. If this is production, set APP_ENV=production",
        )
    }
}
