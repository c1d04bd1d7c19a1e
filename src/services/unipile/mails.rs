//! Mailboxes that Unipile holds: read in turn, and at once when a webhook hints at something. A mail is given to the same rules as one that was
//! fetched by IMAP, as far as Unipile tells of it: its headers and its body, but not its parts.

use std::fmt::Write as _;

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    UnipileService,
    look::{Look, Seen},
    people::Site,
};
use crate::{
    errors::Result,
    integrations::unipile::{Email, EmailQuery, MOST_ON_A_PAGE, PageQuery, UnipileError},
    services::campaign_runs::{MailFate, stands_for},
    utils::mail,
};

/// Pages of mails that are read in one look at most.
const MOST_PAGES: usize = 20;
/// How much earlier than seen is read again: what is listed may be late, by the date that its writer gave it, and Unipile answers with what it knew
/// last while it is not let in. What was taken in is not again.
const OVERLAP: TimeDelta = TimeDelta::days(1);
/// How far back the first look goes: what had come before that is left alone.
const FIRST_LOOK: TimeDelta = TimeDelta::days(1);
/// The name of the page that a look goes on with stands after this among what was read.
const PAGE: &str = "page/";
/// Headers that say how the mail's parts are put together, of which Unipile gives only the body.
const OF_PARTS: [&str; 3] = ["content-type", "content-transfer-encoding", "mime-version"];

impl UnipileService {
    /// Reads what has come, and what went out, since the mailbox was last seen through.
    pub(super) async fn look_for_mails(
        &self,
        site: &Site,
        look: &mut Look,
    ) -> Result<std::result::Result<Seen, UnipileError>> {
        let after = look.watch.seen_until.map_or(look.began - FIRST_LOOK, |seen| seen - OVERLAP);
        let query = EmailQuery { after: Some(after), ..EmailQuery::default() };
        let (mut cursor, mut later) = (look.marked(PAGE).map(str::to_owned), false);
        for _ in 0..MOST_PAGES {
            if !self.goes_on(look).await? {
                break;
            }
            let on = PageQuery::at(MOST_ON_A_PAGE, cursor.as_deref());
            let mut page = match self.api()?.emails(&site.unipile.account_id, query, on).await {
                Ok(page) => page,
                Err(error) => {
                    // How long a page's name holds is not documented: the next look begins anew.
                    look.unmark(PAGE);
                    return Ok(Err(error));
                }
            };
            page.items.sort_by_key(|email| email.date);
            for email in &page.items {
                later |= matches!(self.read_mail(site, email).await?, MailFate::Later { .. });
            }
            cursor = page.cursor;
            let Some(next) = &cursor else {
                look.unmark(PAGE);
                return Ok(Ok(if later { Seen::Later } else { Seen::All }));
            };
            look.mark(PAGE, next);
        }
        // What had to wait is on a page that would not be read again.
        if later {
            look.unmark(PAGE);
        }
        Ok(Ok(Seen::Unfinished))
    }

    async fn read_mail(&self, site: &Site, email: &Email) -> Result<MailFate> {
        // Whoever got a mail of ours knows its header, and may send it back: only what the mailbox itself has sent is believed.
        if email.role.as_deref().is_some_and(|role| role.eq_ignore_ascii_case("sent")) {
            self.learn_what_it_is_called(site, email).await?;
            return Ok(MailFate::NotOurs);
        }
        let read = mail::read(&raw(email), email.date.unwrap_or(self.now()));
        self.runs.take_in_mail(site.organization, site.account, &read).await
    }

    /// One of ours is in the mailbox: from now on answers find it by its Message-ID.
    async fn learn_what_it_is_called(&self, site: &Site, email: &Email) -> Result<()> {
        let (Some(send_id), Some(id)) = (email.send_id(), email.bare_message_id()) else { return Ok(()) };
        let mut conn = self.context.db.engine_conn(site.organization).await?;
        conn.sent_mails().is_called(site.account, &stands_for(send_id), id).await?;
        match send_id.parse() {
            Ok(by_hand) => conn.messages().is_called(site.account, by_hand, (None, id)).await,
            Err(_) => Ok(()),
        }
    }
}

/// A mail as it may have come: the headers that Unipile tells, and its body.
fn raw(email: &Email) -> Vec<u8> {
    let mut raw = String::new();
    let mut put = |name: &str, value: &str| {
        let line = |text: &str| text.chars().filter(|c| !c.is_control()).collect::<String>();
        let _ = write!(raw, "{}: {}\r\n", line(name), line(value));
    };
    for header in email.headers.iter().flatten() {
        if let (Some(name), Some(value)) = (&header.name, &header.value)
            && !OF_PARTS.contains(&name.to_ascii_lowercase().as_str())
        {
            put(name, value);
        }
    }
    let missing = |name: &str| email.header(name).is_none();
    let date = email.date.as_ref().map(DateTime::<Utc>::to_rfc2822);
    let bracketed = |id: &str| format!("<{}>", id.trim().trim_start_matches('<').trim_end_matches('>'));
    for (name, value) in [
        ("From", sender(email)),
        ("Subject", email.subject.clone()),
        ("Date", date),
        ("Message-ID", email.message_id.as_deref().map(bracketed)),
        ("In-Reply-To", email.in_reply_to.as_deref().map(bracketed)),
    ] {
        if let Some(value) = value.filter(|_| missing(name)) {
            put(name, &value);
        }
    }
    raw.push_str(
        "MIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n",
    );
    raw.push_str(email.body.as_deref().unwrap_or_default());
    raw.into_bytes()
}

/// Who wrote it, as a header says it.
fn sender(email: &Email) -> Option<String> {
    let from = email.from_attendee.as_ref()?;
    let (address, name) = (from.identifier.as_deref()?, from.display_name.as_deref());
    Some(name.map_or(address.to_owned(), |name| format!("\"{}\" <{address}>", name.replace('"', ""))))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::utils::mail::Verdict;

    fn read(email: serde_json::Value) -> mail::Mail {
        let now = DateTime::from_timestamp(1_795_348_800, 0).unwrap();
        mail::read(&raw(&serde_json::from_value(email).unwrap()), now)
    }

    #[test]
    fn a_mail_is_read_by_its_fields_where_it_tells_no_headers_and_by_its_headers_where_it_does() {
        let bare = json!({
            "id": "m1", "message_id": "<r1@lead.example>", "subject": "Re: Grüße", "date": "2026-11-23T11:00:00.000Z",
            "from_attendee": {"identifier": "ben@lead.example", "display_name": "Ben \"B\" Żółć"}, "in_reply_to": "<a@sender.example>",
            "body": "<p>Sounds <b>good</b>.</p>"
        });
        let mail = read(bare.clone());
        assert_eq!(
            (mail.message_id.as_deref(), &mail.answers[..]),
            (Some("r1@lead.example"), &["a@sender.example".to_owned()][..])
        );
        assert_eq!(mail.from.unwrap().address, "ben@lead.example");
        assert_eq!(
            (mail.text.as_str(), mail.subject.as_deref(), mail.verdict),
            ("Sounds good.", Some("Re: Grüße"), Verdict::Reply)
        );
        let mut told = bare;
        told["headers"] = json!([
            {"name": "Auto-Submitted", "value": "auto-replied\r\nX-Evil: 1"}, {"name": "References", "value": "<x@a> <y@a>"},
            {"name": "Content-Type", "value": "multipart/alternative; boundary=b"}
        ]);
        let mail = read(told);
        assert!(matches!(mail.verdict, Verdict::AutoReply { .. }));
        assert_eq!(mail.answers, ["a@sender.example", "y@a", "x@a"]);
    }
}
