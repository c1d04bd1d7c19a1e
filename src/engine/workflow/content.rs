//! What each node needs to know to do its work.

use url::{Host, Url};

use super::{
    CampaignInput, channel, condition, faults,
    faults::Faults,
    mail,
    text::{self, Rule, given},
};
use crate::{
    engine::message::limits,
    models::workflow::{
        Action, CommentPostConfig, ConnectionRequestConfig, InmailConfig, MAX_SUBJECT, MAX_TEXT, NodeType,
        WebhookConfig, Workflow,
    },
};

const COMMENT: Rule = Rule { written: MAX_TEXT, filled: Some(limits::COMMENT), single_line: false };
const INMAIL_SUBJECT: Rule = Rule { written: MAX_SUBJECT, filled: Some(limits::INMAIL_SUBJECT), single_line: true };
const INMAIL: Rule = Rule { written: MAX_TEXT, filled: Some(limits::INMAIL), single_line: false };
/// A message to a connection, which has no limit that matters.
const MESSAGE: Rule = Rule { written: MAX_TEXT, filled: None, single_line: false };
const MOST_URL: usize = 2_000;

pub(super) fn check(workflow: &Workflow, input: &CampaignInput<'_>, faults: &mut Faults) {
    for (i, node) in workflow.nodes.iter().enumerate() {
        let config = format!("{}/config", faults::node(i));
        match &node.action {
            Action::LikePost(post) => check_age(&config, post.max_post_age_days, faults),
            Action::CommentPost(CommentPostConfig { message, max_post_age_days }) => {
                check_message(&config, message.as_ref(), COMMENT, input, faults);
                check_age(&config, *max_post_age_days, faults);
            }
            Action::SendConnectionRequest(note) => check_note(&config, note, input, faults),
            Action::SendFollowup(followup) => check_message(&config, followup.message.as_ref(), MESSAGE, input, faults),
            Action::SendInmail(inmail) => check_inmail(&config, inmail, input, faults),
            Action::SendEmail(mail) => mail::check(&config, mail, input, faults),
            Action::Webhook(webhook) => check_url(&config, webhook, faults),
            Action::Condition(condition) => condition::check(&config, condition, input, faults),
            Action::ProfileVisit | Action::WithdrawRequest | Action::Wait => {}
        }
    }
}

fn check_message(config: &str, message: Option<&String>, rule: Rule, input: &CampaignInput<'_>, faults: &mut Faults) {
    let pointer = format!("{config}/message");
    match given(message) {
        Some(message) => text::check(&pointer, message, rule, input, faults),
        None => faults.add(pointer, "missing_message", "This step needs a message."),
    }
}

/// A lead may be given to any account that can invite, so the shortest of their limits holds.
fn check_note(config: &str, note: &ConnectionRequestConfig, input: &CampaignInput<'_>, faults: &mut Faults) {
    let Some(message) = given(note.message.as_ref()) else { return };
    let inviting = input.channels.iter().filter(|channel| channel.can(NodeType::SendConnectionRequest));
    let limit = inviting.map(|channel| channel.note_limit).min().unwrap_or(channel::PAID_NOTE);
    let rule = Rule { filled: Some(limit), ..MESSAGE };
    text::check(&format!("{config}/message"), message, rule, input, faults);
}

fn check_inmail(config: &str, inmail: &InmailConfig, input: &CampaignInput<'_>, faults: &mut Faults) {
    let pointer = format!("{config}/subject");
    match given(inmail.subject.as_ref()) {
        Some(subject) => text::check(&pointer, subject, INMAIL_SUBJECT, input, faults),
        None => faults.add(pointer, "missing_subject", "An InMail needs a subject."),
    }
    check_message(config, inmail.message.as_ref(), INMAIL, input, faults);
}

fn check_age(config: &str, days: i64, faults: &mut Faults) {
    if !(1..=365).contains(&days) {
        faults.add(
            format!("{config}/max_post_age_days"),
            "out_of_range",
            "At least 1 and at most 365 days are allowed.",
        );
    }
}

/// Whether the address is public is decided when it is called, since names change what they point to.
fn check_url(config: &str, webhook: &WebhookConfig, faults: &mut Faults) {
    let pointer = format!("{config}/url");
    let Some(text) = given(webhook.url.as_ref()) else {
        faults.add(pointer, "missing_url", "A webhook needs an address.");
        return;
    };
    let good = |url: &Url| {
        let secret =
            url.scheme() == "https" || (url.scheme() == "http" && url.host().is_some_and(|host| is_own(&host)));
        secret && url.host().is_some() && url.username().is_empty() && url.password().is_none()
    };
    if text.len() > MOST_URL || !Url::parse(text).is_ok_and(|url| good(&url)) {
        let detail = "A webhook's address begins with `https://`, names a host, and holds no user name or password.";
        faults.add(pointer, "invalid_url", detail);
    }
}

/// Whether a host is the machine itself: for development, since nothing else may be reached in the clear, and a server that serves others does
/// not reach itself.
fn is_own(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => *name == "localhost",
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    }
}
