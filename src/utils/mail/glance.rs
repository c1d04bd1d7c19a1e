//! What a few headers say of a mail before it is read: enough to leave alone what is surely none of ours.

use mail_parser::HeaderName;

use super::{answers, bounce::is_a_daemon, headers::Headers};

/// The headers that a glance needs.
pub const GLANCE: &str = "MESSAGE-ID IN-REPLY-TO REFERENCES FROM SUBJECT CONTENT-TYPE RETURN-PATH X-FAILED-RECIPIENTS AUTO-SUBMITTED TO CC DELIVERED-TO";

/// The word that the subject of a mail begins with by which its writer takes the way out; whose it is follows.
pub const UNSUBSCRIBE: &str = "unsubscribe";

/// What a few headers say of a mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Glance {
    /// The Message-IDs that it answers or follows, the nearest first.
    pub answers: Vec<String>,
    /// The address that it says to come from.
    pub from: Option<String>,
    /// The addresses that it was sent to, and the one that it was delivered to.
    pub to: Vec<String>,
    /// Whether it may be a report of a server's or of a reader's, which names what it is about in its body only.
    pub may_be_report: bool,
    /// Whether it may be written by a mail program for whoever takes the way out of a mail, maybe from another address than that went to.
    pub may_unsubscribe: bool,
}

impl Glance {
    /// Looks at headers as they stand in a mail.
    #[must_use]
    pub fn at(raw: &[u8]) -> Self {
        let (headers, _) = Headers::split(raw);
        let from = headers.mailbox(&HeaderName::From).map(|from| from.address);
        let local = from.as_deref().and_then(|from| from.split('@').next()).unwrap_or_default().to_lowercase();
        let content_type = headers.first(&HeaderName::ContentType).and_then(|of| of.as_content_type());
        let is_report = content_type.is_some_and(|of| {
            of.subtype().is_some_and(|subtype| {
                subtype.eq_ignore_ascii_case("report") || of.ctype().eq_ignore_ascii_case("message")
            })
        });
        let to_nobody = headers.has("Return-Path") && headers.ids(&HeaderName::ReturnPath).is_empty();
        let complains = from.as_deref().is_some_and(|from| from.eq_ignore_ascii_case("staff@hotmail.com"));
        let may_be_report =
            is_report || to_nobody || complains || is_a_daemon(&local) || headers.has("X-Failed-Recipients");
        let begins = |subject: String| {
            subject.trim_start().get(..UNSUBSCRIBE.len()).is_some_and(|word| word.eq_ignore_ascii_case(UNSUBSCRIBE))
        };
        let may_unsubscribe = headers.subject().is_some_and(begins);
        let named = [HeaderName::To, HeaderName::Cc].iter().flat_map(|name| headers.addresses(name));
        let to = named.chain(headers.texts("Delivered-To")).collect();
        Self { answers: answers(&headers), from, to, may_be_report, may_unsubscribe }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_glance_tells_whom_a_mail_answers_and_whether_it_may_be_a_report() {
        let of = |raw: &str| Glance::at(raw.replace('\n', "\r\n").as_bytes());
        let answer = of("From: Ben <ben@lead.example>\nIn-Reply-To: <b@x>\nReferences: <a@x>\n <b@x>\n\n");
        assert_eq!(answer.answers, ["b@x", "a@x"]);
        let addressed = of("To: Anna <a@x>, b@x\nCc: c@x\nDelivered-To: d@x\n\n");
        assert_eq!(addressed.to, ["a@x", "b@x", "c@x", "d@x"]);
        assert_eq!((answer.from.as_deref(), answer.may_be_report), (Some("ben@lead.example"), false));
        for report in [
            "From: Mailer-Daemon@mx.example\n\n",
            "From: a@b.example\nReturn-Path: <>\n\n",
            "From: a@b.example\nContent-Type: multipart/report; report-type=feedback-report; boundary=b\n\n",
            "X-Failed-Recipients: ben@lead.example\n\n",
            "From: staff@hotmail.com\n\n",
        ] {
            assert!(of(report).may_be_report, "{report}");
        }
        assert!(!of("From: a@b.example\nReturn-Path: <a@b.example>\n\n").may_be_report);
        assert!(!of("").may_be_report);
        assert!(
            of("Subject: Unsubscribe abc\n\n").may_unsubscribe && !of("Subject: Re: unsubscribe\n\n").may_unsubscribe
        );
    }
}
