//! Links to Unipile's own pages, on which people sign in to LinkedIn: neither their passwords nor LinkedIn's questions pass through us.

use chrono::{DateTime, Utc};
use reqwest::Method;
use serde::{Deserialize, Serialize};
use url::Url;

use super::{
    client::Unipile,
    error::{UnipileError, UnipileFault},
    wire::instant,
};

/// A link to be made. All addresses in it are ours.
#[derive(Debug)]
pub struct NewHostedLink<'a> {
    /// What it is for.
    pub purpose: HostedPurpose<'a>,
    /// Until when it can be used. Unipile ends all of them when it restarts, each day.
    pub expires_on: DateTime<Utc>,
    /// What Unipile repeats when it tells of the end.
    pub name: &'a str,
    /// Where it tells of the end, without a signature.
    pub notify_url: &'a Url,
    /// Where the person is led when all went well.
    pub success_redirect_url: &'a Url,
    /// Where the person is led when it did not.
    pub failure_redirect_url: &'a Url,
}

/// What a link is for.
#[derive(Debug, Clone, Copy)]
pub enum HostedPurpose<'a> {
    /// To connect a LinkedIn account.
    Linkedin,
    /// To connect a mailbox, at whichever provider of those that Unipile has. By which words it knows one of them alone is not documented.
    Mailbox,
    /// To connect this one again, by Unipile's id.
    Reconnect(&'a str),
}

#[derive(Serialize)]
struct Asked<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reconnect_account: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    providers: Option<Offered>,
    api_url: &'a str,
    #[serde(rename = "expiresOn")]
    expires_on: String,
    name: &'a str,
    notify_url: &'a str,
    success_redirect_url: &'a str,
    failure_redirect_url: &'a str,
}

/// What a link offers to sign in to.
#[derive(Serialize)]
#[serde(untagged)]
enum Offered {
    These([&'static str; 1]),
    All(&'static str),
}

#[derive(Deserialize)]
struct Answered {
    object: String,
    url: String,
}

impl Unipile {
    /// Makes a link. Whether `providers` may be left out of a link that reconnects is not documented; the capture that we have names none.
    ///
    /// # Errors
    /// Unipile's; that its answer is no web address.
    pub async fn hosted_link(&self, new: &NewHostedLink<'_>) -> Result<Url, UnipileError> {
        let (kind, reconnect_account, providers) = match new.purpose {
            HostedPurpose::Linkedin => ("create", None, Some(Offered::These(["LINKEDIN"]))),
            HostedPurpose::Mailbox => ("create", None, Some(Offered::All("*:MAILING"))),
            HostedPurpose::Reconnect(account) => ("reconnect", Some(account), None),
        };
        let asked = Asked {
            kind,
            reconnect_account,
            providers,
            api_url: self.dsn(),
            expires_on: instant(new.expires_on),
            name: new.name,
            notify_url: new.notify_url.as_str(),
            success_redirect_url: new.success_redirect_url.as_str(),
            failure_redirect_url: new.failure_redirect_url.as_str(),
        };
        let answered: Answered =
            self.call(self.request(Method::POST, &["hosted", "accounts", "link"])?.json(&asked)).await?;
        // The captured and the documented name of the object differ in their case.
        let expected = answered.object.eq_ignore_ascii_case("HostedAuthUrl");
        // A browser is sent there: nowhere that a script or an eavesdropper could be.
        let url = Url::parse(&answered.url).ok().filter(|url| url.scheme() == "https" && url.username().is_empty());
        url.filter(|_| expected).ok_or_else(|| UnipileFault::Unreadable.into())
    }
}
