//! Reading what has come into a mailbox, a little at a time. Commands are run and their answers read here one by one: `async-imap`'s own streams
//! end in silence where a server refuses or hangs up, and what is missing then would pass for what is not there.

use std::time::Duration;

use async_imap::imap_proto::{AttributeValue, MailboxDatum, NameAttribute, RequestId, Response, ResponseCode, Status};
use chrono::{DateTime, NaiveDate, Utc};
use tokio::time::{Instant, timeout, timeout_at};

use super::{
    ImapClient,
    error::{MailError, MailFault, words},
    folders::{bare, is_usually_sent},
};

/// How long a server may be silent amid an answer.
const SILENCE: Duration = Duration::from_mins(1);
/// How long an answer may take in all, however much its server says meanwhile.
const COMMAND: Duration = Duration::from_mins(5);
/// How much of the headers of a mail is looked at, in bytes.
const MOST_HEADERS: usize = 32 * 1024;
/// What the folder for unwanted mail is called where the server does not say which it is (RFC 6154).
const JUNK_NAMES: [&str; 5] = ["Junk", "Spam", "Junk Email", "INBOX.Junk", "INBOX.Spam"];

/// What must be known of a server before its mailbox is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Survey {
    /// Whether it tells by itself what comes (RFC 2177).
    pub tells_by_itself: bool,
    /// The folder that unwanted mail is put into, if there is one: answers end up there too.
    pub junk: Option<String>,
    /// Where else what came may lie: what people or their filters have put away. Where the server shows everything in one folder it is that.
    pub others: Vec<String>,
}

/// Folders besides these two that are looked into, at the most.
const MOST_OTHERS: usize = 200;
/// What folders are usually called in which nothing lies that came in, or that is thrown away, where the server does not say which they are.
const LEFT_ALONE: [&str; 12] = [
    "Drafts",
    "Trash",
    "Templates",
    "Outbox",
    "Deleted",
    "Deleted Items",
    "Deleted Messages",
    "Entw&APw-rfe",
    "Papierkorb",
    "Brouillons",
    "Corbeille",
    "Papelera",
];

/// What is said of the folders of a mailbox, one after the other.
#[derive(Default)]
struct Folders {
    junk: Option<String>,
    usual_junk: Option<usize>,
    everything: Option<String>,
    others: Vec<String>,
}

impl Folders {
    fn listed(&mut self, name: &str, marks: &[NameAttribute<'_>]) {
        let is = |mark: NameAttribute<'static>| marks.contains(&mark);
        if is(NameAttribute::NoSelect) || name.eq_ignore_ascii_case("INBOX") {
            return;
        }
        if is(NameAttribute::Junk) {
            self.junk = Some(name.to_owned());
        } else if let Some(place) = JUNK_NAMES.iter().position(|junk| *junk == name) {
            self.usual_junk = self.usual_junk.into_iter().chain([place]).min();
        } else if is(NameAttribute::All) {
            self.everything = Some(name.to_owned());
        } else if !(is(NameAttribute::Sent)
            || is(NameAttribute::Drafts)
            || is(NameAttribute::Trash)
            || is(NameAttribute::Flagged)
            || is_usually_sent(name)
            || LEFT_ALONE.contains(&bare(name)))
            && self.others.len() < MOST_OTHERS
        {
            self.others.push(name.to_owned());
        }
    }

    fn survey(self, tells_by_itself: bool) -> Survey {
        // One that is only called so is looked for where the server marks none.
        let usual = self.usual_junk.map(|place| JUNK_NAMES[place].to_owned());
        let others = self.everything.map_or(self.others, |everything| vec![everything]);
        Survey { tells_by_itself, junk: self.junk.or(usual), others }
    }
}

/// What a server says of a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FolderState {
    /// Which numbers its mails have; none where they are not kept.
    pub uid_validity: Option<u32>,
    /// The number that the next mail gets, if the server says so.
    pub uid_next: Option<u32>,
    /// How many mails are in it.
    pub exists: u32,
}

/// A few headers of a mail.
#[derive(Debug, Clone)]
pub struct MailHead {
    /// Its number.
    pub uid: u32,
    /// When it came.
    pub received_at: Option<DateTime<Utc>>,
    /// The headers that were asked for, as they stand in it.
    pub headers: Vec<u8>,
    /// How long it is as a whole, in bytes, if that was asked for.
    size: Option<u32>,
}

impl ImapClient {
    /// What must be known of a server before its mailbox is read.
    ///
    /// # Errors
    /// The server broke off.
    pub async fn survey(&mut self) -> Result<Survey, MailError> {
        let offers = timeout(SILENCE, self.session().capabilities()).await.map_err(|_| MailFault::TimedOut)?;
        let offers = offers.map_err(|error| MailError::from(&error))?;
        let marks = offers.has_str("LIST-EXTENDED") && offers.has_str("SPECIAL-USE");
        let mut folders = Folders::default();
        let list = if marks { "LIST \"\" \"*\" RETURN (SPECIAL-USE)" } else { "LIST \"\" \"*\"" };
        self.run(list, |response| {
            if let Response::MailboxData(MailboxDatum::List(folder)) = response {
                folders.listed(&folder.name, &folder.name_attributes);
            }
        })
        .await?;
        Ok(folders.survey(offers.has_str("IDLE")))
    }

    /// Whether the server still answers.
    pub async fn answers(&mut self) -> bool {
        self.run("NOOP", |_| {}).await.is_ok()
    }

    /// Opens a folder without changing anything in it.
    ///
    /// # Errors
    /// There is no such folder, or the server broke off.
    pub async fn look_into(&mut self, folder: &str) -> Result<FolderState, MailError> {
        let mut state = FolderState::default();
        self.run(&format!("EXAMINE {}", quoted(folder)), |response| match response {
            Response::Data { outcome, .. } => match outcome.code {
                Some(ResponseCode::UidValidity(is)) => state.uid_validity = Some(is),
                Some(ResponseCode::UidNext(is)) => state.uid_next = Some(is),
                _ => {}
            },
            Response::MailboxData(MailboxDatum::Exists(count)) => state.exists = *count,
            _ => {}
        })
        .await?;
        Ok(state)
    }

    /// Which of the numbers from `first` to `last` are in the folder that is open, of mails that came on `since` or later if a day is given, in
    /// order.
    ///
    /// # Errors
    /// The server refuses, or broke off.
    pub async fn numbers(
        &mut self,
        first: u32,
        last: Option<u32>,
        since: Option<NaiveDate>,
    ) -> Result<Vec<u32>, MailError> {
        let last = last.map_or_else(|| "*".to_owned(), |last| last.to_string());
        let since = since.map(|day| day.format(" SINCE %-d-%b-%Y").to_string()).unwrap_or_default();
        let mut found: Vec<u32> = Vec::new();
        self.run(&format!("UID SEARCH UID {first}:{last}{since}"), |response| {
            if let Response::MailboxData(MailboxDatum::Search(numbers)) = response {
                // `n:*` names the last mail, whatever its number.
                found.extend(numbers.iter().filter(|number| **number >= first));
            }
        })
        .await?;
        found.sort_unstable();
        found.dedup();
        Ok(found)
    }

    /// These headers of these mails of the folder that is open, as far as they are still there, in the order of their numbers.
    ///
    /// # Errors
    /// The server refuses, or broke off.
    pub async fn heads(&mut self, numbers: &[u32], headers: &str) -> Result<Vec<MailHead>, MailError> {
        let numbers = numbers.iter().map(u32::to_string).collect::<Vec<_>>().join(",");
        let command =
            format!("UID FETCH {numbers} (UID INTERNALDATE BODY.PEEK[HEADER.FIELDS ({headers})]<0.{MOST_HEADERS}>)");
        let mut heads = Vec::new();
        self.run(&command, |response| {
            if let Response::Fetch(_, attributes) = response {
                heads.extend(head(attributes));
            }
        })
        .await?;
        heads.sort_unstable_by_key(|head| head.uid);
        Ok(heads)
    }

    /// A mail of the folder that is open, up to so many bytes, and how many it has as a whole; none if it is no longer there.
    ///
    /// # Errors
    /// The server refuses, or broke off.
    pub async fn mail(&mut self, number: u32, most: usize) -> Result<Option<(Vec<u8>, usize)>, MailError> {
        let mut mail = None;
        self.run(&format!("UID FETCH {number} (UID RFC822.SIZE BODY.PEEK[]<0.{most}>)"), |response| {
            if let Response::Fetch(_, attributes) = response {
                mail = head(attributes).filter(|found| found.uid == number).or(mail.take());
            }
        })
        .await?;
        Ok(mail.map(|MailHead { headers: raw, size, .. }| {
            let whole = size.and_then(|size| usize::try_from(size).ok()).unwrap_or(raw.len());
            (raw, whole)
        }))
    }

    /// Waits until something happens in the folder that is open, `most` at the longest. For servers that tell by themselves.
    ///
    /// # Errors
    /// The server broke off.
    pub async fn wait(&mut self, most: Duration) -> Result<(), MailError> {
        let until = Instant::now() + most;
        let tag = self.session().run_command("IDLE").await.map_err(|error| MailError::from(&error))?;
        let begun = async {
            while !self.answer(|response| matches!(response, Response::Continue(_)), &tag).await? {}
            Ok::<_, MailError>(())
        };
        timeout(SILENCE, begun).await.map_err(|_| MailFault::TimedOut)??;
        let news = |response: &Response<'_>| {
            matches!(response, Response::MailboxData(MailboxDatum::Exists(_)) | Response::Expunge(_))
        };
        while let Ok(told) = timeout_at(until, self.next(news)).await {
            if told? {
                break;
            }
        }
        self.session().run_command_untagged("DONE").await.map_err(|error| MailError::from(&error))?;
        self.until_done(&tag, |_| {}).await
    }

    /// Runs a command, and shows each answer up to the one that ends it.
    pub(super) async fn run(&mut self, command: &str, each: impl FnMut(&Response<'_>)) -> Result<(), MailError> {
        let tag = self.session().run_command(command).await.map_err(|error| MailError::from(&error))?;
        self.until_done(&tag, each).await
    }

    async fn until_done(&mut self, tag: &RequestId, each: impl FnMut(&Response<'_>)) -> Result<(), MailError> {
        timeout(COMMAND, self.all_of_it(tag, each)).await.map_err(|_| MailFault::TimedOut)?
    }

    async fn all_of_it(&mut self, tag: &RequestId, mut each: impl FnMut(&Response<'_>)) -> Result<(), MailError> {
        loop {
            let done = |response: &Response<'_>| {
                let done = matches!(response, Response::Done { tag: of, .. } if of == tag);
                if !done {
                    each(response);
                }
                done
            };
            if self.answer(done, tag).await? {
                return Ok(());
            }
        }
    }

    /// The next answer, unless it says that the command of `tag` is refused.
    async fn answer<T>(&mut self, look: impl FnOnce(&Response<'_>) -> T, tag: &RequestId) -> Result<T, MailError> {
        let answered = self.next(|response| match response {
            Response::Done { tag: of, status: Status::No | Status::Bad, outcome } if of == tag => Err(refused(outcome)),
            other => Ok(look(other)),
        });
        Ok(timeout(SILENCE, answered).await.map_err(|_| MailFault::TimedOut)???)
    }

    async fn next<T>(&mut self, look: impl FnOnce(&Response<'_>) -> T) -> Result<T, MailError> {
        match self.session().read_response().await? {
            Some(response) => match response.parsed() {
                Response::Data { status: Status::Bye, outcome } => Err(refused(outcome).into()),
                other => Ok(look(other)),
            },
            None => Err(MailFault::Broken("it hung up".into()).into()),
        }
    }
}

fn refused(outcome: &async_imap::imap_proto::Outcome<'_>) -> MailFault {
    MailFault::Broken(words(outcome.information.as_deref().unwrap_or("it refused")))
}

fn head(attributes: &[AttributeValue<'_>]) -> Option<MailHead> {
    let (mut uid, mut received_at, mut body, mut size) = (None, None, None, None);
    for attribute in attributes {
        match attribute {
            AttributeValue::Uid(is) => uid = Some(*is),
            AttributeValue::Rfc822Size(is) => size = Some(*is),
            AttributeValue::InternalDate(text) => {
                let read = DateTime::parse_from_str(text.trim(), "%d-%b-%Y %H:%M:%S %z");
                received_at = read.ok().map(|at| at.to_utc());
            }
            AttributeValue::BodySection { data, .. } => {
                body = Some(data.as_ref().map(|data| data.to_vec()).unwrap_or_default());
            }
            _ => {}
        }
    }
    Some(MailHead { uid: uid?, received_at, headers: body?, size })
}

/// A folder's name, or another text of ASCII, as a command takes it (RFC 9051, `quoted`).
pub(super) fn quoted(name: &str) -> String {
    let name: String = name.chars().filter(|c| !matches!(c, '\r' | '\n')).collect();
    format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn survey(listed: &[(&str, &[NameAttribute<'static>])]) -> (Option<String>, Vec<String>) {
        let mut folders = Folders::default();
        for (name, marks) in listed {
            folders.listed(name, marks);
        }
        let survey = folders.survey(true);
        (survey.junk, survey.others)
    }

    #[test]
    fn what_was_put_away_is_looked_for_and_what_was_sent_or_thrown_away_is_not() {
        let (junk, others) = survey(&[
            ("INBOX", &[]),
            ("Spam", &[]),
            ("Bulk", &[NameAttribute::Junk]),
            ("Archive", &[NameAttribute::Archive]),
            ("INBOX.Clients", &[]),
            ("Public", &[NameAttribute::NoSelect]),
            ("Sent", &[]),
            ("Gel&APY-scht", &[NameAttribute::Trash]),
            ("INBOX.Drafts", &[]),
        ]);
        assert_eq!((junk.as_deref(), others), (Some("Bulk"), vec!["Archive".to_owned(), "INBOX.Clients".to_owned()]));
    }

    #[test]
    fn where_one_folder_has_everything_it_is_the_only_other() {
        let (junk, others) = survey(&[
            ("INBOX", &[]),
            ("Clients", &[]),
            ("[Gmail]", &[NameAttribute::NoSelect]),
            ("[Gmail]/All Mail", &[NameAttribute::All]),
            ("[Gmail]/Starred", &[NameAttribute::Flagged]),
            ("[Gmail]/Spam", &[NameAttribute::Junk]),
        ]);
        assert_eq!((junk.as_deref(), others), (Some("[Gmail]/Spam"), vec!["[Gmail]/All Mail".to_owned()]));
    }
}
