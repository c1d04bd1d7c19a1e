//! One folder of a mailbox: from where it was read up to its end, a page at a time.

use chrono::{Days, NaiveDate};

use super::follow::{End, Following};
use crate::{
    errors::Result,
    integrations::mail::FolderState,
    models::{MailFolder, Mailbox},
    services::mailboxes::Unopened,
};

/// Mails of which the headers are asked for together.
const PAGE: usize = 100;
/// Numbers that are asked for together: an answer names at most so many mails.
const WINDOW: u32 = 100_000;
/// Times that reading breaks off at a mail before it is read alone, and before it is passed over.
const BEFORE_ALONE: i32 = 2;
const BEFORE_PASSED_OVER: i32 = 8;

impl Following<'_> {
    /// Reads what is new in a folder.
    pub(super) async fn read_folder(&mut self, name: &str) -> Result<(), End> {
        let state = self.reader.look_into(name).await?;
        let (mut folder, anew) = self.place(name, state);
        let top = state.uid_next.map(|next| next.saturating_sub(1));
        let mut first = u32::try_from(folder.last_uid).unwrap_or(u32::MAX).saturating_add(1);
        if state.exists == 0 || top.is_some_and(|top| top < first) {
            return Ok(());
        }
        let since = anew.then(|| self.since());
        let mut careful = folder.stuck_times >= BEFORE_ALONE;
        loop {
            // Numbers may be far apart: then few mails are asked for at once, wherever they are.
            let last = top.filter(|top| state.exists > WINDOW && top - first > WINDOW).map(|_| first + WINDOW);
            let found = self.reader.numbers(first, last, since).await?;
            for page in pages(&found, std::mem::take(&mut careful)) {
                self.read_page(&mut folder, page).await?;
            }
            let Some(last) = last else { break };
            first = last + 1;
        }
        // What was asked for by day and is older has been passed by.
        if let Some(top) = top.filter(|top| anew && i64::from(*top) > folder.last_uid) {
            self.moves_to(&mut folder, top.into()).await?;
        }
        Ok(())
    }

    /// Reads what is new in the folders besides the inbox and junk. One that the server does not open is left alone, as long as it answers at all.
    pub(super) async fn read_others(&mut self, names: &[String]) -> Result<(), End> {
        self.elsewhere = true;
        for name in names {
            match self.read_folder(name).await {
                Ok(()) => {}
                Err(End::Unopened(Unopened::Mail(error))) if self.at.is_none() && self.reader.answers().await => {
                    tracing::info!(account = %self.of.account, code = error.fault.code(), "a folder cannot be opened");
                }
                Err(end) => return Err(end),
            }
        }
        self.elsewhere = false;
        Ok(())
    }

    /// Where a folder was left, and whether it is to be read anew.
    fn place(&self, name: &str, state: FolderState) -> (MailFolder, bool) {
        let server = self.account.mailbox.as_ref().map(|mailbox| server(mailbox)).unwrap_or_default();
        let uid_validity = state.uid_validity.map_or(0, i64::from);
        let known = self.folders.iter().find(|folder| folder.name == name);
        if let Some(known) = known.filter(|known| known.uid_validity == uid_validity && known.server == server) {
            return (known.clone(), known.last_uid == 0);
        }
        let name = name.to_owned();
        (MailFolder { name, server, uid_validity, last_uid: 0, stuck_uid: None, stuck_times: 0 }, true)
    }

    /// From which day on a folder is read whose mails are all new to us. Servers go by days of their own.
    fn since(&self) -> NaiveDate {
        let day = self.of.anew_from.date_naive();
        day.checked_sub_days(Days::new(1)).unwrap_or(day)
    }

    /// What is at or below `uid` has been read.
    pub(super) async fn moves_to(&mut self, folder: &mut MailFolder, uid: i64) -> Result<(), End> {
        folder.last_uid = uid;
        if folder.stuck_uid.is_some_and(|stuck| stuck <= uid) {
            (folder.stuck_uid, folder.stuck_times) = (None, 0);
        }
        self.keep(folder).await
    }

    async fn keep(&mut self, folder: &MailFolder) -> Result<(), End> {
        let mut conn = self.inner.context.db.engine_conn(self.of.organization).await?;
        let ours = conn.mailbox_watches().advance(self.of.account, self.worker, folder).await?;
        conn.give_back();
        if !ours {
            return Err(End::Lost);
        }
        self.folders.retain(|known| known.name != folder.name);
        self.folders.push(folder.clone());
        Ok(())
    }

    /// Reading broke off at a mail. If it does so again and again, that mail is the reason.
    pub(super) async fn is_stuck(&mut self, name: &str, uid: u32) {
        let Some(mut folder) = self.folders.iter().find(|folder| folder.name == name).cloned() else { return };
        let again = folder.stuck_uid == Some(uid.into());
        folder.stuck_times = if again { folder.stuck_times.saturating_add(1) } else { 1 };
        folder.stuck_uid = Some(uid.into());
        if let Err(error) = self.keep(&folder).await {
            tracing::warn!(account = %self.of.account, %error, "it could not be noted where reading broke off");
        }
    }
}

impl MailFolder {
    /// Whether reading has broken off at this mail so often that it is passed over.
    pub(super) fn passes_over(&self, uid: u32) -> bool {
        self.stuck_uid == Some(uid.into()) && self.stuck_times >= BEFORE_PASSED_OVER
    }
}

/// The numbers in pages; the first ones each alone if reading has broken off among them.
fn pages(numbers: &[u32], careful: bool) -> impl Iterator<Item = &[u32]> {
    let alone = if careful { PAGE.min(numbers.len()) } else { 0 };
    let (first, rest) = numbers.split_at(alone);
    first.chunks(1).chain(rest.chunks(PAGE))
}

fn server(mailbox: &Mailbox) -> String {
    let of = &mailbox.imap;
    format!("{}@{}:{}", of.username, of.host, of.port).chars().take(1_000).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_small_where_reading_broke_off() {
        let numbers: Vec<u32> = (1..=350).collect();
        let sizes = |careful| pages(&numbers, careful).map(<[u32]>::len).collect::<Vec<_>>();
        assert_eq!(sizes(false), [100, 100, 100, 50]);
        assert_eq!((sizes(true).len(), sizes(true)[99], sizes(true)[100]), (103, 1, 100));
        assert_eq!(pages(&[], true).count(), 0);
    }
}
