//! Access tokens for refresh tokens (RFC 6749, 6).

use std::{fmt, time::Duration};

use secrecy::SecretString;
use serde::Deserialize;
use url::{Url, form_urlencoded};

use super::{
    Mail,
    error::{MailError, MailFault, words},
};
use crate::models::OauthSecret;

/// How long a token is good for if its server does not say.
const LIFE: u64 = 3_600;

/// What signs in, for a while.
pub struct AccessToken {
    /// The token.
    pub token: SecretString,
    /// How long it is good for.
    pub lives: Duration,
    /// The refresh token that takes the place of the one that was used, if it is another.
    pub refresh_token: Option<String>,
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessToken").field("lives", &self.lives).finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
struct Granted {
    access_token: String,
    expires_in: Option<u64>,
    refresh_token: Option<String>,
}

/// What a token server says that only a person can mend (RFC 6749, 5.2): the refresh token or the client is worth nothing any more. The last three
/// want the person itself (`OpenID` Connect Core, 3.1.2.6), and Microsoft gives them for refresh tokens too. Whatever else is said may pass.
const FOR_GOOD: [&str; 6] = [
    "invalid_grant",
    "invalid_client",
    "unauthorized_client",
    "interaction_required",
    "consent_required",
    "login_required",
];

#[derive(Default, Deserialize)]
struct Denied {
    #[serde(default)]
    error: String,
    #[serde(default)]
    error_description: String,
}

impl Mail {
    /// Asks for an access token.
    ///
    /// # Errors
    /// The token server refuses, or cannot be asked.
    pub async fn access_token(&self, secret: &OauthSecret) -> Result<AccessToken, MailError> {
        let url: Url = secret.token_url.parse().map_err(|_| MailFault::TokenRefused("its address is none".into()))?;
        let asked = self.http.post_form(&url, form(secret)).await;
        let (answer, body) = asked.map_err(|error| {
            tracing::warn!(%error, host = url.host_str(), "a token server could not be asked");
            MailFault::TokenUnavailable(None)
        })?;
        match answer.status.as_u16() {
            200 => granted(&body, &secret.refresh_token),
            status => Err(denied(status, &body).into()),
        }
    }

    /// Whether tokens may be asked for at `url`.
    ///
    /// # Errors
    /// Why not.
    pub async fn check_token_url(&self, url: &Url) -> Result<(), crate::utils::refusal::Refusal> {
        self.http.check(url).await
    }
}

fn form(secret: &OauthSecret) -> String {
    let OauthSecret { token_url: _, client_id, client_secret, refresh_token } = secret;
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("grant_type", "refresh_token");
    form.append_pair("refresh_token", refresh_token).append_pair("client_id", client_id);
    if let Some(client_secret) = client_secret {
        form.append_pair("client_secret", client_secret);
    }
    form.finish()
}

/// Why there is no token. A body that nobody can read, such as a proxy's page, is no refusal.
fn denied(status: u16, body: &[u8]) -> MailFault {
    let Denied { error, error_description } = serde_json::from_slice(body).unwrap_or_default();
    let told = words(&format!("{error} {error_description}"));
    let refused = matches!(status, 400 | 401 | 403) && FOR_GOOD.contains(&error.as_str());
    if refused {
        MailFault::TokenRefused(told)
    } else {
        MailFault::TokenUnavailable(Some(told).filter(|told| !told.is_empty()))
    }
}

fn granted(body: &[u8], used: &str) -> Result<AccessToken, MailError> {
    let granted = serde_json::from_slice(body).map_err(|_| MailFault::TokenUnavailable(None))?;
    let Granted { access_token, expires_in, refresh_token } = granted;
    Ok(AccessToken {
        token: access_token.into(),
        lives: Duration::from_secs(expires_in.unwrap_or(LIFE)),
        refresh_token: refresh_token.filter(|token| token != used),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_person_must_mend_is_a_refusal() {
        let said = |error: &str| format!(r#"{{"error":"{error}","error_description":"Why."}}"#);
        for error in FOR_GOOD {
            let fault = denied(400, said(error).as_bytes());
            assert!(fault.needs_reconnect() && fault.code() == "mail_token_refused", "{error}: {fault:?}");
        }
        for error in
            ["temporarily_unavailable", "slow_down", "server_error", "rate_limit_exceeded", "invalid_scope", ""]
        {
            assert!(!denied(400, said(error).as_bytes()).needs_reconnect(), "{error}");
        }
        for body in ["<html>Forbidden</html>", "", "[]", r#"{"error":{"code":"invalid_grant"}}"#] {
            assert_eq!(denied(403, body.as_bytes()), MailFault::TokenUnavailable(None), "{body}");
        }
        assert!(!denied(429, said("invalid_grant").as_bytes()).needs_reconnect());
        let told = MailError::from(denied(400, said("slow_down").as_bytes())).told();
        assert!(told.contains("slow_down Why"), "{told}");
    }
}
