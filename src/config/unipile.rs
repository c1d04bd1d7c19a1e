//! Unipile, through which LinkedIn is reached.

use secrecy::SecretString;
use url::Url;

use super::Vars;
use crate::utils::secure_url::is_secure;

/// Unipile. Without it LinkedIn accounts cannot act, and the rest works.
#[derive(Debug, Clone)]
pub struct UnipileConfig {
    /// `UNIPILE_DSN`: `https://apiN.unipile.com:PORT`.
    pub dsn: Url,
    /// `UNIPILE_API_KEY`.
    pub api_key: SecretString,
}

impl UnipileConfig {
    /// Both of its settings, or none.
    pub(super) fn read(vars: &mut Vars) -> Option<Self> {
        let dsn = dsn(vars);
        let api_key = vars.text("UNIPILE_API_KEY");
        if let Some(key) = &api_key
            && !key.bytes().all(|byte| byte.is_ascii_graphic())
        {
            vars.fault("UNIPILE_API_KEY", "must be an access token, as Unipile's dashboard shows it");
        }
        if vars.text("UNIPILE_DSN").is_some() != api_key.is_some() {
            let lacking = if api_key.is_some() { "UNIPILE_DSN" } else { "UNIPILE_API_KEY" };
            vars.fault(lacking, "is missing: Unipile is reached with both an address and a key");
        }
        Some(Self { dsn: dsn?, api_key: api_key?.into() })
    }
}

fn dsn(vars: &mut Vars) -> Option<Url> {
    let url: Url = vars.parsed("UNIPILE_DSN", "an address such as https://api1.unipile.com:13111")?;
    if !is_secure(&url) || url.path() != "/" {
        vars.fault("UNIPILE_DSN", "must be an https address without a path, such as https://api1.unipile.com:13111");
    }
    Some(url)
}
