//! Mails of mailboxes that Unipile holds.

use chrono::{DateTime, Utc};
use reqwest::{Method, multipart::Form};
use serde::Deserialize;
use serde_json::json;

use super::{
    client::Unipile,
    error::UnipileError,
    wire::{self, Page, PageQuery, instant},
};

/// The header by which a mail of ours is known: of the sent mail Unipile tells no id when it takes it.
pub const SEND_ID_HEADER: &str = "X-Clento-Send-Id";

/// A mail to be sent.
#[derive(Debug, Clone, Copy)]
pub struct NewEmail<'a> {
    /// Whom it goes to: name, if it is known, and address.
    pub to: (Option<&'a str>, &'a str),
    /// Its subject.
    pub subject: &'a str,
    /// What it says, as HTML.
    pub html: &'a str,
    /// Unipile's id of the mail that it answers.
    pub reply_to: Option<&'a str>,
    /// By what it is known.
    pub send_id: &'a str,
}

/// A mail that was taken. Its own id is not told.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct EmailSent {
    /// By what Unipile tracks it.
    #[serde(default, deserialize_with = "wire::text")]
    pub tracking_id: Option<String>,
}

/// A mail of a mailbox.
#[derive(Debug, Clone, Deserialize)]
pub struct Email {
    /// Unipile's id.
    #[serde(default, deserialize_with = "wire::text")]
    pub id: Option<String>,
    /// Its Message-ID.
    #[serde(default, deserialize_with = "wire::text")]
    pub message_id: Option<String>,
    /// When it was sent.
    #[serde(default, deserialize_with = "wire::time")]
    pub date: Option<DateTime<Utc>>,
    /// `sent` of what the mailbox has sent; the other words are not documented.
    #[serde(default, deserialize_with = "wire::text")]
    pub role: Option<String>,
    /// Who wrote it.
    #[serde(default)]
    pub from_attendee: Option<EmailAttendee>,
    /// Whom it went to.
    #[serde(default)]
    pub to_attendees: Option<Vec<EmailAttendee>>,
    /// Its subject.
    #[serde(default, deserialize_with = "wire::text")]
    pub subject: Option<String>,
    /// What it says, as HTML.
    #[serde(default, deserialize_with = "wire::text")]
    pub body: Option<String>,
    /// The Message-ID that it answers, where it is a text: its shape is not documented.
    #[serde(default, deserialize_with = "wire::text")]
    pub in_reply_to: Option<String>,
    /// Its headers, where they are told.
    #[serde(default)]
    pub headers: Option<Vec<EmailHeader>>,
}

/// Somebody in a mail.
#[derive(Debug, Clone, Deserialize)]
pub struct EmailAttendee {
    /// The address.
    #[serde(default, deserialize_with = "wire::text")]
    pub identifier: Option<String>,
    /// The name.
    #[serde(default, deserialize_with = "wire::text")]
    pub display_name: Option<String>,
}

/// A header of a mail.
#[derive(Debug, Clone, Deserialize)]
pub struct EmailHeader {
    /// Its name.
    #[serde(default, deserialize_with = "wire::text")]
    pub name: Option<String>,
    /// Its value.
    #[serde(default, deserialize_with = "wire::text")]
    pub value: Option<String>,
}

impl Email {
    /// The first header of that name, in whichever case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let is = |header: &&EmailHeader| header.name.as_deref().is_some_and(|it| it.eq_ignore_ascii_case(name));
        self.headers.iter().flatten().find(is)?.value.as_deref()
    }

    /// By what it is known as a mail of ours.
    #[must_use]
    pub fn send_id(&self) -> Option<&str> {
        self.header(SEND_ID_HEADER).map(str::trim)
    }

    /// Its Message-ID, without angle brackets.
    #[must_use]
    pub fn bare_message_id(&self) -> Option<&str> {
        let id = self.message_id.as_deref().or_else(|| self.header("Message-ID"))?;
        Some(id.trim().trim_start_matches('<').trim_end_matches('>')).filter(|id| !id.is_empty())
    }
}

/// Which mails of a mailbox are wanted. Whether a bound of time includes its instant is not documented.
#[derive(Debug, Clone, Copy, Default)]
pub struct EmailQuery<'a> {
    /// Only those that it has sent.
    pub sent: bool,
    /// To this address.
    pub to: Option<&'a str>,
    /// From or to this address.
    pub with: Option<&'a str>,
    /// Later than this.
    pub after: Option<DateTime<Utc>>,
}

impl Unipile {
    /// Sends a mail.
    ///
    /// # Errors
    /// Unipile's.
    pub async fn send_email(&self, account: &str, new: NewEmail<'_>) -> Result<EmailSent, UnipileError> {
        let NewEmail { to: (name, address), subject, html, reply_to, send_id } = new;
        let to = match name {
            Some(name) => json!([{ "identifier": address, "display_name": name }]),
            None => json!([{ "identifier": address }]),
        };
        let own = str::to_owned;
        let mut form = Form::new()
            .text("account_id", own(account))
            .text("to", to.to_string())
            .text("subject", own(subject))
            .text("body", own(html))
            .text("custom_headers", json!([{ "name": SEND_ID_HEADER, "value": send_id }]).to_string())
            .text("tracking_options", json!({ "opens": false, "links": false, "label": send_id }).to_string());
        if let Some(parent) = reply_to {
            form = form.text("reply_to", own(parent));
        }
        self.call(self.request(Method::POST, &["emails"])?.multipart(form)).await
    }

    /// Mails of a mailbox, with their headers. In which order they come is not documented.
    ///
    /// # Errors
    /// Unipile's.
    pub async fn emails(
        &self,
        account: &str,
        query: EmailQuery<'_>,
        page: PageQuery<'_>,
    ) -> Result<Page<Email>, UnipileError> {
        let EmailQuery { sent, to, with, after } = query;
        let mut pairs = vec![("account_id", account.to_owned()), ("include_headers", "true".to_owned())];
        pairs.extend(sent.then(|| ("role", "sent".to_owned())));
        pairs.extend(to.map(|to| ("to", to.to_owned())));
        pairs.extend(with.map(|with| ("any_email", with.to_owned())));
        pairs.extend(after.map(|after| ("after", instant(after))));
        self.call(self.request(Method::GET, &["emails"])?.query(&pairs).query(&page.pairs())).await
    }
}
