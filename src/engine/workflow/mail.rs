//! What a mail's wordings must hold.

use super::{
    CampaignInput,
    faults::Faults,
    text::{self, Rule, given},
};
use crate::{
    engine::message::limits,
    models::workflow::{EmailVariant, MAX_HTML, MAX_SUBJECT, MAX_TEXT, MAX_VARIANTS, SendEmailConfig},
};

const MOST_WEIGHT: i64 = 1_000;
const SUBJECT: Rule = Rule { written: MAX_SUBJECT, filled: Some(limits::MAIL_SUBJECT), single_line: true };
const TEXT: Rule = Rule { written: MAX_TEXT, filled: None, single_line: false };
const HTML: Rule = Rule { written: MAX_HTML, filled: None, single_line: false };

/// `config` is the pointer to the node's configuration.
pub(super) fn check(config: &str, mail: &SendEmailConfig, input: &CampaignInput<'_>, faults: &mut Faults) {
    let pointer = format!("{config}/variants");
    if mail.variants.is_empty() {
        faults.add(pointer, "missing_variants", "A mail needs at least one wording.");
        return;
    }
    if mail.variants.len() > MAX_VARIANTS {
        faults.add(pointer, "too_many", format!("A mail has at most {MAX_VARIANTS} wordings."));
        return;
    }
    for (j, variant) in mail.variants.iter().enumerate() {
        check_variant(&format!("{pointer}/{j}"), variant, mail.thread, input, faults);
    }
    if mail.variants.iter().all(|variant| variant.weight == 0) {
        faults.add(pointer, "no_weight", "At least one wording needs a weight above 0.");
    }
}

fn check_variant(pointer: &str, variant: &EmailVariant, thread: bool, input: &CampaignInput<'_>, faults: &mut Faults) {
    let EmailVariant { weight, subject, text, html } = variant;
    if !(0..=MOST_WEIGHT).contains(weight) {
        let detail = format!("A weight is at least 0 and at most {MOST_WEIGHT}.");
        faults.add(format!("{pointer}/weight"), "out_of_range", detail);
    }
    let at = format!("{pointer}/subject");
    match (given(subject.as_ref()), thread) {
        (None, true) => {}
        (None, false) => faults.add(at, "missing_subject", "A mail that begins a thread needs a subject."),
        (Some(_), true) => {
            faults.add(at, "unexpected_subject", "A mail in a thread keeps the subject of the mail that it answers.");
        }
        (Some(subject), false) => text::check(&at, subject, SUBJECT, input, faults),
    }
    let (text, html) = (given(text.as_ref()), given(html.as_ref()));
    if text.is_none() && html.is_none() {
        faults.add(format!("{pointer}/text"), "missing_body", "A mail needs a text or an HTML body.");
    }
    if let Some(text) = text {
        text::check(&format!("{pointer}/text"), text, TEXT, input, faults);
    }
    if let Some(html) = html {
        text::check(&format!("{pointer}/html"), html, HTML, input, faults);
    }
}
