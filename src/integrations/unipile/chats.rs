//! Chats and their messages.

use chrono::{DateTime, Utc};
use reqwest::{Method, multipart::Form};
use serde::Deserialize;
use serde_json::Value;

use super::{
    client::Unipile,
    error::UnipileError,
    wire::{self, Page, PageQuery, instant},
};

/// A message to a person, in the chat with them if there is one, else in a new one.
#[derive(Debug, Clone, Copy)]
pub struct NewChat<'a> {
    /// LinkedIn's own id of the person.
    pub person: &'a str,
    /// What it says.
    pub text: &'a str,
    /// An `InMail`'s subject.
    pub subject: Option<&'a str>,
    /// Whether it is an `InMail`, which needs no connection and costs a credit.
    pub inmail: bool,
}

/// A message that was taken. Any of its ids may be missing: that is no failure.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct MessageSent {
    /// The chat.
    #[serde(default, deserialize_with = "wire::text")]
    pub chat_id: Option<String>,
    /// The message.
    #[serde(default, deserialize_with = "wire::text")]
    pub message_id: Option<String>,
}

/// A chat.
#[derive(Debug, Clone, Deserialize)]
pub struct Chat {
    /// Unipile's id.
    #[serde(default, deserialize_with = "wire::text")]
    pub id: Option<String>,
    /// Unipile's id of the account whose it is.
    #[serde(default, deserialize_with = "wire::text")]
    pub account_id: Option<String>,
    /// LinkedIn's own id of the chat.
    #[serde(default, deserialize_with = "wire::text")]
    pub provider_id: Option<String>,
    /// LinkedIn's own id of the other person, where there is just one.
    #[serde(default, deserialize_with = "wire::text")]
    pub attendee_provider_id: Option<String>,
    /// 0, 1 or 2; what they stand for is not documented.
    #[serde(rename = "type", default)]
    pub kind: Option<i64>,
    /// When something last happened in it.
    #[serde(default, deserialize_with = "wire::time")]
    pub timestamp: Option<DateTime<Utc>>,
    /// Messages that nobody has read.
    #[serde(default)]
    pub unread_count: Option<i64>,
}

/// A message of a chat.
#[derive(Debug, Clone, Deserialize)]
pub struct ChatMessage {
    /// Unipile's id.
    #[serde(default, deserialize_with = "wire::text")]
    pub id: Option<String>,
    /// LinkedIn's own id of it.
    #[serde(default, deserialize_with = "wire::text")]
    pub provider_id: Option<String>,
    /// The chat.
    #[serde(default, deserialize_with = "wire::text")]
    pub chat_id: Option<String>,
    /// Who wrote it.
    #[serde(default, deserialize_with = "wire::text")]
    pub sender_id: Option<String>,
    /// What it says.
    #[serde(default, deserialize_with = "wire::text")]
    pub text: Option<String>,
    /// When it was written.
    #[serde(default, deserialize_with = "wire::time")]
    pub timestamp: Option<DateTime<Utc>>,
    /// Whether the account wrote it.
    #[serde(default, deserialize_with = "wire::flag")]
    pub is_sender: Option<bool>,
    /// What is attached to it, as Unipile says it.
    #[serde(default)]
    pub attachments: Option<Vec<Value>>,
}

/// From when on messages are wanted, and up to when.
#[derive(Debug, Clone, Copy, Default)]
pub struct Since {
    /// Later than this.
    pub after: Option<DateTime<Utc>>,
    /// Earlier than this.
    pub before: Option<DateTime<Utc>>,
}

impl Since {
    pub(super) fn pairs(self) -> Vec<(&'static str, String)> {
        let after = self.after.map(|at| ("after", instant(at)));
        after.into_iter().chain(self.before.map(|at| ("before", instant(at)))).collect()
    }
}

impl Unipile {
    /// Writes to a person.
    ///
    /// # Errors
    /// Unipile's.
    pub async fn start_chat(&self, account: &str, new: NewChat<'_>) -> Result<MessageSent, UnipileError> {
        let NewChat { person, text, subject, inmail } = new;
        let own = str::to_owned;
        let mut form = Form::new().text("account_id", own(account)).text("text", own(text));
        form = form.text("attendees_ids", own(person));
        if let Some(subject) = subject {
            form = form.text("subject", own(subject));
        }
        if inmail {
            form = form.text("linkedin[inmail]", "true");
        }
        self.call(self.request(Method::POST, &["chats"])?.multipart(form)).await
    }

    /// Writes into a chat.
    ///
    /// # Errors
    /// Unipile's.
    pub async fn send_message(&self, chat: &str, text: &str) -> Result<MessageSent, UnipileError> {
        let form = Form::new().text("text", text.to_owned());
        let sent: MessageSent =
            self.call(self.request(Method::POST, &["chats", chat, "messages"])?.multipart(form)).await?;
        Ok(MessageSent { chat_id: Some(chat.to_owned()), ..sent })
    }

    /// An account's chats.
    ///
    /// # Errors
    /// Unipile's.
    pub async fn chats(&self, account: &str, since: Since, page: PageQuery<'_>) -> Result<Page<Chat>, UnipileError> {
        let request = self.request(Method::GET, &["chats"])?.query(&[("account_id", account)]);
        self.call(request.query(&since.pairs()).query(&page.pairs())).await
    }

    /// One chat.
    ///
    /// # Errors
    /// Unipile's.
    pub async fn chat(&self, chat: &str) -> Result<Chat, UnipileError> {
        self.call(self.request(Method::GET, &["chats", chat])?).await
    }

    /// The chats with a person, by LinkedIn's own id. Those of **all** accounts that the key sees: whoever asks takes only their own.
    ///
    /// # Errors
    /// Unipile's.
    pub async fn chats_with(&self, person: &str, page: PageQuery<'_>) -> Result<Page<Chat>, UnipileError> {
        self.call(self.request(Method::GET, &["chat_attendees", person, "chats"])?.query(&page.pairs())).await
    }

    /// The messages of a chat. In which order they come is not documented.
    ///
    /// # Errors
    /// Unipile's.
    pub async fn messages_of(
        &self,
        chat: &str,
        since: Since,
        page: PageQuery<'_>,
    ) -> Result<Page<ChatMessage>, UnipileError> {
        let request = self.request(Method::GET, &["chats", chat, "messages"])?;
        self.call(request.query(&since.pairs()).query(&page.pairs())).await
    }

    /// The messages of all of an account's chats. In which order they come, and which bounds of time it knows, is not documented.
    ///
    /// # Errors
    /// Unipile's.
    pub async fn messages(&self, account: &str, page: PageQuery<'_>) -> Result<Page<ChatMessage>, UnipileError> {
        let request = self.request(Method::GET, &["messages"])?.query(&[("account_id", account)]);
        self.call(request.query(&page.pairs())).await
    }
}
