//! Reports in the standard form: a part `message/delivery-status` with a group of fields for each recipient (RFC 3464).

use super::{Action, FailedRecipient, MOST_RECIPIENTS, cut, status};
use crate::utils::mail::{Read, headers::Headers};

/// Whom the mail did not reach, if there is such a report.
pub(super) fn recipients(mail: &Read<'_>) -> Option<Vec<FailedRecipient>> {
    let forms = ["message/delivery-status", "message/global-delivery-status"];
    let part = mail.parts.iter().find(|part| forms.contains(&part.media_type.as_str()))?;
    let text = part.bytes();
    let mut rest: &[u8] = &text;
    let mut recipients = Vec::new();
    // The first group is about the mail; some servers leave it out.
    while !rest.is_empty() && recipients.len() < MOST_RECIPIENTS {
        let (fields, behind) = Headers::split(rest);
        // What cannot be read moves nothing forward.
        if behind.len() == rest.len() {
            break;
        }
        rest = behind;
        recipients.extend(recipient(&fields));
    }
    Some(recipients)
}

fn recipient(fields: &Headers<'_>) -> Option<FailedRecipient> {
    let given = fields.text("Original-Recipient").or_else(|| fields.text("Final-Recipient"));
    let action = match fields.word("Action").as_deref() {
        Some("failed") => Action::Failed,
        Some("delayed") => Action::Delayed,
        None if given.is_some() => Action::Failed,
        // Delivered, relayed, expanded; or a group about the mail.
        _ => return None,
    };
    let diagnostic = fields.text("Diagnostic-Code").map(|code| without_kind(&code).to_owned());
    let words = diagnostic.as_deref().unwrap_or_default();
    let stated = fields.text("Status").and_then(|status| status::enhanced(&status));
    // The refusing server's own words say more than its client's `5.0.0`.
    let general = stated.as_deref().is_none_or(|status| status.ends_with(".0.0"));
    let status = if general { status::enhanced(words).or(stated) } else { stated };
    let permanent = action == Action::Failed && status::is_permanent(status.as_deref(), words);
    let address = given.map(|given| without_kind(&given).trim_matches(['<', '>', ' ']).to_owned());
    Some(FailedRecipient {
        address: address.filter(|address| address.contains('@')).map(|address| address.chars().take(320).collect()),
        permanent,
        diagnostic: cut(words),
        status,
        action,
    })
}

/// `rfc822; jane@example.com` without its kind.
fn without_kind(field: &str) -> &str {
    field.split_once(';').map_or(field, |(_, value)| value).trim()
}
