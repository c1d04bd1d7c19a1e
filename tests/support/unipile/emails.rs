//! Mailboxes: what they send and what comes in.

use std::sync::{Arc, Mutex};

use axum::{
    Router,
    extract::{Multipart, Query, State, multipart::MultipartRejection},
    routing::get,
};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Shared,
    chats::{parts, take},
    errors::{Answer, Paging, Refused, done},
    world::{Act, World, instant},
};

/// A mail in a mailbox.
#[derive(Debug, Clone)]
pub(crate) struct Mail {
    pub(crate) id: String,
    pub(crate) account: String,
    pub(crate) message_id: String,
    pub(crate) sent: bool,
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) subject: String,
    pub(crate) body: String,
    pub(crate) reply_to: Option<String>,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) at: DateTime<Utc>,
}

impl World {
    /// A mail comes into an account's mailbox, with these headers; the webhook of it.
    pub(crate) fn mail_in(
        &mut self,
        account: &str,
        from: &str,
        (subject, body): (&str, &str),
        headers: &[(&str, &str)],
    ) -> Value {
        let (number, at) = (self.fresh(), self.now());
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let mail = Mail {
            id: format!("mail-{number}"),
            account: account.to_owned(),
            message_id: format!("<in-{number}@lead.example>"),
            sent: false,
            from: from.to_owned(),
            to: format!("{account}@sender.example"),
            subject: subject.to_owned(),
            body: body.to_owned(),
            reply_to: None,
            headers,
            at,
        };
        self.mails.push(mail);
        json!({"event": "mail_received", "account_id": account, "email_id": format!("mail-{number}"), "webhook_name": "clento-email"})
    }
}

pub(super) fn router() -> Router<Arc<Mutex<World>>> {
    Router::new().route("/emails", get(list).post(send))
}

async fn send(State(world): Shared, form: Result<Multipart, MultipartRejection>) -> Answer {
    let known = ["account_id", "to", "subject", "body", "custom_headers", "tracking_options", "reply_to"];
    let mut parts = parts(form, &known).await?;
    let lacks = || Refused::new(400, "missing_parameters");
    let wrong = || Refused::new(400, "invalid_parameters");
    let account = take(&mut parts, "account_id").ok_or_else(lacks)?;
    let body = take(&mut parts, "body").filter(|body| !body.is_empty()).ok_or_else(lacks)?;
    let read = |text: Option<String>| serde_json::from_str::<Value>(&text.unwrap_or_else(|| "null".into()));
    let to = read(take(&mut parts, "to")).map_err(|_| wrong())?;
    let to = to[0]["identifier"].as_str().filter(|to| to.contains('@')).ok_or_else(wrong)?.to_owned();
    let custom = read(take(&mut parts, "custom_headers")).map_err(|_| wrong())?;
    let headers: Option<Vec<_>> = custom
        .as_array()
        .into_iter()
        .flatten()
        .map(|it| {
            let (name, value) = (it["name"].as_str()?, it["value"].as_str()?);
            name.starts_with("X-").then(|| (name.to_owned(), value.to_owned()))
        })
        .collect();
    let headers = headers.ok_or_else(wrong)?;
    let options = read(take(&mut parts, "tracking_options")).map_err(|_| wrong())?;
    if !options.is_null() && !options["label"].is_string() {
        return Err(wrong());
    }
    let mut world = world.lock().unwrap();
    world.acting(&account)?;
    if let Some((status, kind)) = world.refused_recipients.get(&to).copied() {
        return Err(Refused::new(status, kind));
    }
    let (number, at) = (world.fresh(), world.now());
    let subject = take(&mut parts, "subject").unwrap_or_default();
    let mail = Mail {
        id: format!("mail-{number}"),
        message_id: format!("<out-{number}@provider.example>"),
        sent: true,
        from: format!("{account}@sender.example"),
        to: to.clone(),
        subject,
        body: body.clone(),
        reply_to: take(&mut parts, "reply_to"),
        headers,
        at,
        account: account.clone(),
    };
    world.tell(&account, Act::Mail, &to, Some(&body));
    world.mails.push(mail);
    done(201, json!({"object": "EmailSent", "tracking_id": format!("track-{number}")}))
}

#[derive(Deserialize)]
struct EmailList {
    account_id: String,
    #[serde(default)]
    role: Option<String>,
    #[serde(default)]
    to: Option<String>,
    #[serde(default)]
    any_email: Option<String>,
    #[serde(default)]
    after: Option<DateTime<Utc>>,
    #[serde(default)]
    include_headers: Option<String>,
    #[serde(flatten)]
    paging: Paging,
}

fn shown(mail: &Mail, headers: bool) -> Value {
    let whom = |address: &str| json!({"identifier": address, "identifier_type": "EMAIL_ADDRESS"});
    let headers: Option<Vec<_>> = headers.then(|| {
        mail.headers.iter().map(|(name, value)| json!({"name": name.to_lowercase(), "value": value})).collect()
    });
    json!({
        "object": "Email", "id": mail.id, "account_id": mail.account, "message_id": mail.message_id, "provider_id": format!("p-{}", mail.id),
        "date": instant(mail.at), "role": if mail.sent { "sent" } else { "inbox" }, "from_attendee": whom(&mail.from),
        "to_attendees": [whom(&mail.to)], "subject": mail.subject, "body": mail.body, "origin": if mail.sent { "unipile" } else { "external" },
        "headers": headers,
    })
}

async fn list(State(world): Shared, Query(asked): Query<EmailList>) -> Answer {
    let world = world.lock().unwrap();
    world.acting(&asked.account_id)?;
    let fits = |mail: &&Mail| {
        mail.account == asked.account_id
            && world.shows(mail.at)
            && asked.role.as_deref().is_none_or(|role| (role == "sent") == mail.sent)
            && asked.to.as_ref().is_none_or(|to| mail.to == *to)
            && asked.any_email.as_ref().is_none_or(|it| mail.to == *it || mail.from == *it)
            && asked.after.is_none_or(|after| mail.at > after)
    };
    let headers = asked.include_headers.as_deref() == Some("true") && !world.hides_headers;
    let items = world.mails.iter().rev().filter(fits).map(|mail| shown(mail, headers)).collect();
    asked.paging.of("EmailList", items, 250)
}
