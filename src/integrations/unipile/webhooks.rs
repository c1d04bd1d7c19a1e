//! The webhooks that Unipile sends us: having them made, and what they say. They prove who sent them by a header whose value we choose.

use reqwest::Method;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;

use super::{
    client::Unipile,
    error::UnipileError,
    wire::{self, Page, PageQuery},
};

/// The header that the secret comes in, as Unipile's own documentation names it.
pub const SECRET_HEADER: &str = "unipile-auth";

/// A webhook to be made.
#[derive(Debug, Clone, Copy)]
pub struct NewWebhook<'a> {
    /// What it tells of: `messaging`, `users`, `account_status` or `email`.
    pub source: &'a str,
    /// Where it is sent.
    pub request_url: &'a Url,
    /// What Unipile calls it.
    pub name: &'a str,
    /// What it proves by who sent it.
    pub secret: &'a str,
}

/// A webhook that exists.
#[derive(Debug, Clone, Deserialize)]
pub struct Webhook {
    /// Its id. In lists its name is not documented: the answer that makes it says `webhook_id`.
    #[serde(alias = "webhook_id", default, deserialize_with = "wire::text")]
    pub id: Option<String>,
}

#[derive(Serialize)]
struct Asked<'a> {
    source: &'a str,
    request_url: &'a str,
    name: &'a str,
    enabled: bool,
    headers: [Header<'a>; 2],
}

#[derive(Serialize)]
struct Header<'a> {
    key: &'static str,
    value: &'a str,
}

impl Unipile {
    /// Has a webhook made, for all accounts.
    ///
    /// # Errors
    /// Unipile's.
    pub async fn create_webhook(&self, new: NewWebhook<'_>) -> Result<Webhook, UnipileError> {
        let NewWebhook { source, request_url, name, secret } = new;
        // Without the first, webhooks that are made by the API come without a content type.
        let headers =
            [Header { key: "Content-Type", value: "application/json" }, Header { key: "Unipile-Auth", value: secret }];
        let asked = Asked { source, request_url: request_url.as_str(), name, enabled: true, headers };
        self.call(self.request(Method::POST, &["webhooks"])?.json(&asked)).await
    }

    /// The webhooks that exist.
    ///
    /// # Errors
    /// Unipile's.
    pub async fn webhooks(&self, page: PageQuery<'_>) -> Result<Page<Webhook>, UnipileError> {
        self.call(self.request(Method::GET, &["webhooks"])?.query(&page.pairs())).await
    }

    /// Deletes a webhook.
    ///
    /// # Errors
    /// Unipile's.
    pub async fn delete_webhook(&self, id: &str) -> Result<(), UnipileError> {
        self.answer(self.request(Method::DELETE, &["webhooks", id])?).await.map(|_| ())
    }
}

/// What a webhook hints at. Nothing in it is believed: it only says where to look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hint {
    /// How an account is has changed.
    Status {
        /// Unipile's id of it.
        account: String,
    },
    /// An account has a new connection.
    Relation {
        /// Unipile's id of the account.
        account: String,
        /// LinkedIn's own id of the person.
        person: String,
        /// The last part of the person's profile address.
        public_identifier: Option<String>,
    },
    /// A message came in, or went out, in a chat of an account's.
    Message {
        /// Unipile's id of the account.
        account: String,
        /// The chat.
        chat: String,
        /// The message.
        message: String,
        /// LinkedIn's own id of who wrote it.
        sender: Option<String>,
    },
    /// A mail came in at a mailbox, or went out.
    Mail {
        /// Unipile's id of the account.
        account: String,
    },
}

/// The longest id that is taken for one.
const LONGEST_ID: usize = 200;

impl Hint {
    /// What a webhook's body hints at; nothing if it tells of something else, or is not understood.
    #[must_use]
    pub fn of(body: &Value) -> Option<Self> {
        let id = |value: &Value| value.as_str().filter(|id| (1..=LONGEST_ID).contains(&id.len())).map(str::to_owned);
        let status = &body["AccountStatus"];
        if status.is_object() {
            return Some(Self::Status { account: id(&status["account_id"])? });
        }
        let account = id(&body["account_id"])?;
        match body["event"].as_str()? {
            "new_relation" => Some(Self::Relation {
                account,
                person: id(&body["user_provider_id"])?,
                public_identifier: id(&body["user_public_identifier"]),
            }),
            "message_received" => {
                let sender = id(&body["sender"]["attendee_provider_id"]);
                Some(Self::Message { account, chat: id(&body["chat_id"])?, message: id(&body["message_id"])?, sender })
            }
            "mail_received" | "mail_sent" => Some(Self::Mail { account }),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_body_says_where_to_look() {
        let status =
            json!({"AccountStatus": {"account_id": "acc", "account_type": "LINKEDIN", "message": "CREDENTIALS"}});
        assert_eq!(Hint::of(&status), Some(Hint::Status { account: "acc".into() }));
        let relation = json!({"event": "new_relation", "account_id": "acc", "user_provider_id": "ACo1", "user_public_identifier": "jane"});
        let expected =
            Hint::Relation { account: "acc".into(), person: "ACo1".into(), public_identifier: Some("jane".into()) };
        assert_eq!(Hint::of(&relation), Some(expected));
        let message = json!({"event": "message_received", "account_id": "acc", "chat_id": "chat", "message_id": "msg", "message": "Hi",
                             "sender": {"attendee_provider_id": "ACo1", "attendee_name": "Jane"}});
        let (chat, id, sender) = ("chat".into(), "msg".into(), Some("ACo1".into()));
        let expected = Hint::Message { account: "acc".into(), chat, message: id, sender };
        assert_eq!(Hint::of(&message), Some(expected));
        let mail = json!({"event": "mail_received", "account_id": "acc", "email_id": "mail", "subject": "Hi"});
        assert_eq!(Hint::of(&mail), Some(Hint::Mail { account: "acc".into() }));
    }

    #[test]
    fn what_is_not_understood_hints_at_nothing() {
        let long = "x".repeat(201);
        for body in [
            json!(null),
            json!([]),
            json!({"AccountStatus": {}}),
            json!({"AccountStatus": {"account_id": long}}),
            json!({"event": "message_received", "account_id": "acc", "chat_id": null, "message_id": "m"}),
            json!({"event": "message_read", "account_id": "acc", "chat_id": "c", "message_id": "m"}),
            json!({"event": "new_relation", "account_id": "acc"}),
            json!({"event": "new_relation", "user_provider_id": "ACo1"}),
        ] {
            assert_eq!(Hint::of(&body), None, "{body}");
        }
    }
}
