//! The big providers: where their servers are, who keeps copies, and how much a mailbox of theirs may send.

use super::{ConnectedAccount, MailSecurity, Provider, SentCopy};
use crate::models::workflow::NodeType;

/// What is known of a provider of mailboxes, so that nobody has to look it up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MailPreset {
    /// Its name, for people.
    pub name: &'static str,
    /// The domains of its own addresses. Mailboxes with a domain of their customers' are named by `provider`.
    pub domains: &'static [&'static str],
    /// SMTP: host, port, security.
    pub smtp: (&'static str, u16, MailSecurity),
    /// IMAP: host, port, security.
    pub imap: (&'static str, u16, MailSecurity),
    /// Who puts a copy into Sent.
    pub sent_copy: SentCopy,
    /// Where access tokens are given, if it takes any.
    pub token_url: Option<&'static str>,
    /// The most mails in any day that the provider lets a mailbox send, as far as it is known.
    pub per_day: Option<i32>,
    /// Whether the provider counts them over whatever 24 hours, and not by a day that begins at midnight.
    pub rolling: bool,
}

const TLS: MailSecurity = MailSecurity::Tls;
const STARTTLS: MailSecurity = MailSecurity::Starttls;

/// 2,000 messages in any 24 hours (support.google.com/a/answer/166852).
const WORKSPACE: MailPreset = MailPreset {
    name: "Google Workspace",
    domains: &[],
    smtp: ("smtp.gmail.com", 465, TLS),
    imap: ("imap.gmail.com", 993, TLS),
    sent_copy: SentCopy::Provider,
    token_url: Some("https://oauth2.googleapis.com/token"),
    per_day: Some(2_000),
    rolling: true,
};

/// 500 a day is often stated of consumers' mailboxes; Google publishes no number.
const GMAIL: MailPreset =
    MailPreset { name: "Gmail", domains: &["gmail.com", "googlemail.com"], per_day: Some(500), ..WORKSPACE };

/// 10,000 recipients a day and 30 messages a minute (Microsoft's page of Exchange Online's limits).
const MICROSOFT_365: MailPreset = MailPreset {
    name: "Microsoft 365",
    domains: &[],
    smtp: ("smtp.office365.com", 587, STARTTLS),
    imap: ("outlook.office365.com", 993, TLS),
    sent_copy: SentCopy::Provider,
    token_url: Some("https://login.microsoftonline.com/common/oauth2/v2.0/token"),
    per_day: Some(10_000),
    rolling: false,
};

/// 300 a day is often stated of consumers' mailboxes; Microsoft says that it depends on the account's history.
const OUTLOOK: MailPreset = MailPreset {
    name: "Outlook.com",
    domains: &["outlook.com", "hotmail.com", "live.com", "msn.com"],
    smtp: ("smtp-mail.outlook.com", 587, STARTTLS),
    per_day: Some(300),
    ..MICROSOFT_365
};

const fn plain(
    name: &'static str,
    domains: &'static [&'static str],
    smtp: (&'static str, u16, MailSecurity),
    imap: &'static str,
) -> MailPreset {
    let imap = (imap, 993, TLS);
    MailPreset {
        name,
        domains,
        smtp,
        imap,
        sent_copy: SentCopy::Append,
        token_url: None,
        per_day: None,
        rolling: false,
    }
}

/// The providers with addresses of their own.
const PRESETS: &[MailPreset] = &[
    GMAIL,
    OUTLOOK,
    plain(
        "Yahoo",
        &["yahoo.com", "yahoo.de", "yahoo.fr", "yahoo.co.uk", "ymail.com"],
        ("smtp.mail.yahoo.com", 465, TLS),
        "imap.mail.yahoo.com",
    ),
    plain("AOL", &["aol.com"], ("smtp.aol.com", 465, TLS), "imap.aol.com"),
    plain("iCloud", &["icloud.com", "me.com", "mac.com"], ("smtp.mail.me.com", 587, STARTTLS), "imap.mail.me.com"),
    plain("Fastmail", &["fastmail.com", "fastmail.fm"], ("smtp.fastmail.com", 465, TLS), "imap.fastmail.com"),
    plain("Zoho", &["zoho.com", "zohomail.com"], ("smtp.zoho.com", 465, TLS), "imap.zoho.com"),
    plain("GMX", &["gmx.de", "gmx.net", "gmx.at", "gmx.ch"], ("mail.gmx.net", 465, TLS), "imap.gmx.net"),
    plain("WEB.DE", &["web.de"], ("smtp.web.de", 587, STARTTLS), "imap.web.de"),
    plain("T-Online", &["t-online.de"], ("securesmtp.t-online.de", 465, TLS), "secureimap.t-online.de"),
    plain("mailbox.org", &["mailbox.org"], ("smtp.mailbox.org", 465, TLS), "imap.mailbox.org"),
    plain("Posteo", &["posteo.de", "posteo.net"], ("posteo.de", 465, TLS), "posteo.de"),
];

impl MailPreset {
    /// What is known of the mailbox of `provider` with an address at `domain`, in lower case.
    #[must_use]
    pub fn of(provider: Provider, domain: &str) -> Option<&'static Self> {
        let own = PRESETS.iter().find(|preset| preset.domains.contains(&domain));
        match provider {
            Provider::Gmail => own.filter(|preset| preset.name == GMAIL.name).or(Some(&WORKSPACE)),
            Provider::Outlook => own.filter(|preset| preset.name == OUTLOOK.name).or(Some(&MICROSOFT_365)),
            Provider::Mailbox => own,
            Provider::Sandbox | Provider::Linkedin => None,
        }
    }
}

/// How many mails a provider lets a mailbox send, whoever writes them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProviderBound {
    /// The provider's name, for people.
    pub name: &'static str,
    /// The most.
    pub most: u32,
    /// Whether that is over whatever 24 hours, and not on a day.
    pub rolling: bool,
}

impl ProviderBound {
    /// That of the mailbox of `provider` with this address, which is sent from by `smtp_host`; none if it is reached in another way.
    #[must_use]
    pub fn of(provider: Provider, email: &str, smtp_host: Option<&str>) -> Option<Self> {
        let (_, domain) = email.rsplit_once('@')?;
        let preset = MailPreset::of(provider, &domain.to_ascii_lowercase())?;
        // An address of theirs may be served by somebody else.
        let theirs = smtp_host.is_none_or(|host| host == preset.smtp.0);
        let most = u32::try_from(preset.per_day.filter(|_| theirs)?).ok()?;
        Some(Self { name: preset.name, most, rolling: preset.rolling })
    }
}

impl ConnectedAccount {
    /// How many mails its provider lets it send, as far as that is known, whatever its own limits are.
    #[must_use]
    pub fn provider_bound(&self) -> Option<ProviderBound> {
        let host = self.mailbox.as_ref().map(|mailbox| mailbox.smtp.host.as_str());
        ProviderBound::of(self.provider, self.email.as_deref()?, host)
    }

    /// How many mails its provider lets it send in whatever 24 hours, if its own limit on a day alone would not keep it within that: what is done
    /// late on one day and early on the next lies within them.
    #[must_use]
    pub fn most_in_24_hours(&self) -> Option<u32> {
        let bound = self.provider_bound().filter(|bound| bound.rolling)?;
        let on_a_day = self.limits.get(NodeType::SendEmail).per_day;
        let may_be_more = on_a_day.is_none_or(|limit| i64::from(limit) * 2 > i64::from(bound.most));
        Some(bound.most).filter(|_| may_be_more)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_preset_is_found_by_provider_and_by_domain() {
        let host = |provider, domain| MailPreset::of(provider, domain).map(|preset| preset.smtp.0);
        assert_eq!(host(Provider::Gmail, "sender.example"), Some("smtp.gmail.com"));
        assert_eq!(host(Provider::Mailbox, "googlemail.com"), Some("smtp.gmail.com"));
        assert_eq!(host(Provider::Outlook, "sender.example"), Some("smtp.office365.com"));
        assert_eq!(host(Provider::Outlook, "hotmail.com"), Some("smtp-mail.outlook.com"));
        assert_eq!(host(Provider::Mailbox, "sender.example"), None);
        assert_eq!(host(Provider::Sandbox, "gmail.com"), None);
        let per_day = |domain| MailPreset::of(Provider::Gmail, domain).and_then(|preset| preset.per_day);
        assert_eq!((per_day("gmail.com"), per_day("sender.example")), (Some(500), Some(2_000)));
    }

    #[test]
    fn a_mailbox_is_bound_by_its_provider_whichever_way_it_is_reached_but_not_where_another_serves_it() {
        let bound =
            |host| ProviderBound::of(Provider::Gmail, "anna@Sender.example", host).map(|it| (it.most, it.rolling));
        assert_eq!((bound(None), bound(Some("smtp.gmail.com"))), (Some((2_000, true)), Some((2_000, true))));
        assert_eq!(bound(Some("smtp.sender.example")), None);
    }

    #[test]
    fn no_domain_is_two_providers_and_no_server_goes_without_tls() {
        let mut domains: Vec<_> = PRESETS.iter().flat_map(|preset| preset.domains).collect();
        let all = domains.len();
        domains.sort_unstable();
        domains.dedup();
        assert_eq!(domains.len(), all);
        for preset in PRESETS {
            assert!(preset.smtp.2 != MailSecurity::None && preset.imap.2 == TLS, "{}", preset.name);
        }
    }
}
