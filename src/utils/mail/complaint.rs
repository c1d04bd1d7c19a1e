//! Complaints: reports that somebody declared a mail to be spam (RFC 5965), and Hotmail's, which have a form of their own.

use mail_parser::HeaderName;

use super::{Read, Verdict, bounce::original, headers::Headers};

/// Somebody declared a mail to be spam.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Complaint {
    /// Of what kind it is, as RFC 5965 names them: `abuse`, `fraud`, `opt-out`, `other`, …
    pub kind: String,
    /// Who complained, as far as the report says so: most providers black it out.
    pub recipients: Vec<String>,
    /// The Message-ID of the mail that it is about, without the brackets.
    pub original_message_id: Option<String>,
}

/// What a mail is that is a report of its reader's: a complaint, or no matter if it says that a mail was no spam.
pub(super) fn of(mail: &Read<'_>) -> Option<Verdict> {
    if let Some(part) = mail.parts.iter().find(|part| part.media_type == "message/feedback-report") {
        let text = part.bytes();
        let (fields, _) = Headers::split(&text);
        let kind = fields.word("Feedback-Type").unwrap_or_else(|| "abuse".to_owned());
        let recipients = fields.texts("Original-Rcpt-To").map(|to| to.trim_matches(['<', '>']).to_owned());
        let recipients: Vec<_> = recipients.take(10).collect();
        let complaint = Complaint { original_message_id: original(mail), recipients, kind };
        let harmless = complaint.kind == "not-spam";
        return Some(if harmless { Verdict::Other } else { Verdict::Complaint(complaint) });
    }
    hotmail(mail).map(Verdict::Complaint)
}

/// Hotmail attaches the mail, with a header of its own that names who complained.
fn hotmail(mail: &Read<'_>) -> Option<Complaint> {
    mail.from.filter(|from| from.address.eq_ignore_ascii_case("staff@hotmail.com"))?;
    let part = mail.parts.iter().find(|part| part.media_type == "message/rfc822")?;
    let text = part.bytes();
    let (fields, _) = Headers::split(&text);
    let recipient = fields.text("X-HmXmrOriginalRecipient")?;
    Some(Complaint {
        kind: "abuse".to_owned(),
        recipients: vec![recipient],
        original_message_id: fields.ids(&HeaderName::MessageId).pop(),
    })
}
