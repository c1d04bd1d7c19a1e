//! A page of mails: their headers first, and of those that may concern us the mail itself, one after the other.

use std::{collections::HashSet, time::Duration};

use chrono::{DateTime, Utc};

use super::follow::{End, Following};
use crate::{
    errors::{AppError, Kind, Result},
    integrations::mail::{MailError, MailFault, MailHead},
    models::MailFolder,
    services::campaign_runs::MailFate,
    utils::{
        email::NormalizedEmail,
        mail::{GLANCE, Glance, MOST_BYTES},
    },
};

/// How long a mail may take to come: few are read at a time, whosever they are.
const BODY: Duration = Duration::from_mins(1);

/// Why a mail is passed over.
pub(super) const CANNOT_BE_TAKEN_IN: &str = "It cannot be taken in.";

/// A mail of which a few headers are known.
struct Glanced {
    uid: u32,
    received_at: DateTime<Utc>,
    glance: Glance,
}

impl Following<'_> {
    /// Reads a page. The place in the folder moves on when everything of it was taken in, or is kept.
    pub(super) async fn read_page(&mut self, folder: &mut MailFolder, page: &[u32]) -> Result<(), End> {
        let Some((first, last)) = page.first().copied().zip(page.last().copied()) else { return Ok(()) };
        self.at = Some((folder.name.clone(), first));
        // That it was begun is known, so that it can be said where it broke off.
        if !self.folders.iter().any(|known| known.name == folder.name && known.uid_validity == folder.uid_validity) {
            self.moves_to(folder, folder.last_uid).await?;
        }
        if page.len() == 1 && folder.passes_over(first) {
            self.is_unreadable(folder, first, "Reading broke off at it again and again.").await?;
        } else {
            for mail in self.concerning(page).await? {
                self.at = Some((folder.name.clone(), mail.uid));
                self.read_mail(folder, &mail).await?;
            }
        }
        self.at = None;
        self.moves_to(folder, last.into()).await
    }

    /// Which mails of a page may concern us: those that answer something of ours or come from somebody who is a lead, reports, and
    /// those by which somebody takes the way out.
    async fn concerning(&mut self, page: &[u32]) -> Result<Vec<Glanced>, End> {
        let now = self.inner.context.clock.now();
        let glanced = |head: MailHead| Glanced {
            uid: head.uid,
            received_at: head.received_at.unwrap_or(now),
            glance: Glance::at(&head.headers),
        };
        let mut mails: Vec<Glanced> = self.reader.heads(page, GLANCE).await?.into_iter().map(glanced).collect();
        let ids: Vec<String> = mails.iter().flat_map(|mail| mail.glance.answers.iter().cloned()).collect();
        let addresses: Vec<String> = mails.iter().filter_map(|mail| sender(&mail.glance)).collect();
        let (ids, addresses) = self.known(&ids, &addresses).await?;
        let from = self.of.reads_from;
        mails.retain(|mail| {
            let answers = mail.glance.answers.iter().any(|id| ids.contains(id));
            mail.received_at >= from
                && (mail.glance.may_be_report
                    || mail.glance.may_unsubscribe
                    || answers && (!self.elsewhere || self.is_to(&mail.glance))
                    || sender(&mail.glance).is_some_and(|from| addresses.contains(&from)))
        });
        Ok(mails)
    }

    /// Whether a mail was sent to the mailbox. Where everything is put together, and in folders that people make, lie mails that its owner has sent
    /// under other names too: they answer what ours answer, and are nobody else's.
    fn is_to(&self, glance: &Glance) -> bool {
        let reply_to = self.account.mailbox.as_ref().and_then(|mailbox| mailbox.reply_to.as_deref());
        let own = [self.account.email.as_deref(), reply_to];
        own.into_iter().flatten().any(|own| glance.to.iter().any(|to| to.eq_ignore_ascii_case(own)))
    }

    /// Which of these Message-IDs are ours, and which of these addresses leads'.
    async fn known(&self, ids: &[String], addresses: &[String]) -> Result<(HashSet<String>, HashSet<String>)> {
        if ids.is_empty() && addresses.is_empty() {
            return Ok((HashSet::new(), HashSet::new()));
        }
        let mut conn = self.inner.context.db.engine_conn(self.of.organization).await?;
        let ids = conn.intake().ours(ids).await?.into_iter().collect();
        let addresses = conn.intake().leads_among(addresses).await?.into_iter().collect();
        conn.give_back();
        Ok((ids, addresses))
    }

    /// Reads one mail and takes it in, or keeps it until that can be done.
    async fn read_mail(&mut self, folder: &MailFolder, glanced: &Glanced) -> Result<(), End> {
        if folder.passes_over(glanced.uid) {
            return self.is_unreadable(folder, glanced.uid, "Reading broke off at it again and again.").await;
        }
        let _body = self.inner.bodies.acquire().await.map_err(AppError::internal)?;
        // It may have been deleted meanwhile.
        let mail = tokio::time::timeout(BODY, self.reader.mail(glanced.uid, MOST_BYTES)).await;
        let Some((raw, whole)) = mail.map_err(|_| MailError::from(MailFault::TimedOut))?? else { return Ok(()) };
        match self.inner.take_in((self.of.organization, self.of.account), (&raw, whole), glanced.received_at).await {
            Ok(MailFate::Later { lead, key }) => {
                let mut conn = self.inner.context.db.engine_conn(self.of.organization).await?;
                let mail = (key.as_str(), raw.as_slice(), glanced.received_at);
                conn.kept_mails().keep((self.of.account, lead), (folder, glanced.uid), mail).await?;
                conn.give_back();
                Ok(())
            }
            Ok(MailFate::TakenIn | MailFate::Known | MailFate::NotOurs) => Ok(()),
            // The database is away, or busy: nothing is wrong with the mail.
            Err(error) if error.kind() == Kind::Unavailable => Err(error.into()),
            Err(error) => {
                let (code, at, cause) = (error.code(), error.location(), error.causes());
                tracing::error!(account = %self.of.account, uid = glanced.uid, code, %at, cause, "a mail cannot be taken in");
                self.is_unreadable(folder, glanced.uid, CANNOT_BE_TAKEN_IN).await
            }
        }
    }

    async fn is_unreadable(&mut self, folder: &MailFolder, uid: u32, reason: &str) -> Result<(), End> {
        tracing::warn!(organization = %self.of.organization, account = %self.of.account, uid, reason, "a mail is passed over");
        metrics::counter!("unreadable_mails_total").increment(1);
        let mut conn = self.inner.context.db.engine_conn(self.of.organization).await?;
        conn.mailbox_watches().note_unreadable(self.of.account, folder, (uid.into(), reason)).await?;
        conn.give_back();
        Ok(())
    }
}

/// The sender's address, in its normal form.
fn sender(glance: &Glance) -> Option<String> {
    let address = NormalizedEmail::parse(glance.from.as_deref()?).ok()?;
    Some(address.key().to_owned())
}
