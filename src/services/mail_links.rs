//! Every link to us that stands in a mail, and where it leads: the mailbox's own way back, or this server's address.

use std::sync::Arc;

use secrecy::SecretBox;
use url::Url;

use super::{mail_reads::ReadLinks, unsubscribe::UnsubscribeLinks};
use crate::{
    integrations::mail::Marks,
    models::{ConnectedAccount, MailMark, SentMail, Tracking},
    utils::{clean_html, crypto::CryptoError},
};

/// Links of a mail that are led through us at the most; the others stay as they are.
const MOST_LINKS: i16 = 200;

/// Makes the links that stand in mails, and reads them.
#[derive(Debug, Clone)]
pub struct MailLinks {
    /// The ways out.
    pub unsubscribe: UnsubscribeLinks,
    /// The pictures and links whose being fetched is seen.
    pub reads: ReadLinks,
    public_url: Option<Url>,
}

impl MailLinks {
    /// Links below `public_url`; without it there are none, and those made before are still read.
    ///
    /// # Errors
    /// `keys` is empty.
    pub fn new(keys: &[Arc<SecretBox<[u8; 32]>>], public_url: Option<Url>) -> Result<Self, CryptoError> {
        Ok(Self { unsubscribe: UnsubscribeLinks::new(keys)?, reads: ReadLinks::new(keys)?, public_url })
    }

    /// Below what address links stand in mails of `account`; none if there is none yet.
    #[must_use]
    pub fn base(&self, _account: &ConnectedAccount) -> Option<&Url> {
        self.public_url.as_ref()
    }

    /// The way out of a mail.
    #[must_use]
    pub fn way_out(&self, mail: &SentMail, account: &ConnectedAccount) -> Option<Url> {
        self.unsubscribe.link(self.base(account)?, mail.organization_id, mail.lead_id, mail.execution_id)
    }

    /// What is to be seen of a mail's being read, of what its campaign asks for: only HTML shows anything, and only what leads to us.
    #[must_use]
    pub fn seen(&self, wanted: Tracking, account: &ConnectedAccount, html: Option<&str>) -> Tracking {
        if html.is_none() || self.base(account).is_none() { Tracking::default() } else { wanted }
    }

    /// Those links of `html` that lead through us if clicks are seen, in order: to the web, not to us, and not longer than a link may be.
    #[must_use]
    pub fn trackable(&self, account: &ConnectedAccount, html: &str) -> Vec<String> {
        let Some(base) = self.base(account) else { return Vec::new() };
        let links = clean_html::links(&clean_html::clean(html)).into_iter();
        let foreign = |link: &String| ReadLinks::leads(link).is_some_and(|target| target.origin() != base.origin());
        links.filter(foreign).take(MOST_LINKS.unsigned_abs().into()).collect()
    }

    /// What a mail's HTML has so that its being read is seen; the same whenever it is written.
    #[must_use]
    pub fn marks(&self, mail: &SentMail, account: &ConnectedAccount, html: Option<&str>) -> Option<Marks> {
        let (base, html) = (self.base(account)?, html?);
        let mark = |link| MailMark { organization: mail.organization_id, step: mail.step_id, link };
        let picture = if mail.tracks_opens { self.reads.picture(base, &mark(0)) } else { None };
        let links = if mail.tracks_clicks { self.trackable(account, html) } else { Vec::new() };
        let led = links.into_iter().zip(1..).filter_map(|(target, link)| {
            let through = self.reads.link(base, &mark(link), &target)?;
            Some((target, through.to_string()))
        });
        Some(Marks { picture, links: led.collect() })
    }
}
