//! What follows on the lead's side.

use chrono::TimeDelta;

use super::{Act, Character, Happening, HappeningKind, replies};
use crate::{models::workflow::NodeType, utils::draw::Draw};

const HOUR: u64 = 60 * 60;
const DAY: u64 = 24 * HOUR;

/// What is drawn, each on a branch of its own. The attempts take the small numbers.
#[derive(Debug, Clone, Copy)]
#[repr(u64)]
enum Choice {
    Acceptance = 1 << 32,
    Reaction,
    AutoReply,
    Bounce,
}

/// What follows on an act that took, in order of time.
pub(super) fn after(character: &Character, act: &Act<'_>) -> Vec<Happening> {
    let draw = |choice: Choice| act.draw().branch(choice as u64);
    let mut happenings = match act.action {
        NodeType::SendConnectionRequest => acceptance(character, draw(Choice::Acceptance), draw(Choice::Reaction)),
        NodeType::SendFollowup | NodeType::SendInmail => Vec::from_iter(reply(character, draw(Choice::Reaction))),
        NodeType::SendEmail if act.is_undeliverable(character) => vec![bounce(draw(Choice::Bounce))],
        NodeType::SendEmail => {
            let machine = auto_reply(character, draw(Choice::AutoReply));
            machine.into_iter().chain(reaction(character, draw(Choice::Reaction))).collect()
        }
        NodeType::ProfileVisit
        | NodeType::LikePost
        | NodeType::CommentPost
        | NodeType::WithdrawRequest
        | NodeType::Webhook
        | NodeType::Wait
        | NodeType::Condition => Vec::new(),
    };
    happenings.sort_by_key(|happening| happening.after);
    happenings
}

/// So many minutes.
pub(super) fn minutes(count: u64) -> TimeDelta {
    seconds(count.saturating_mul(60))
}

/// Within ten days, mostly within two; and somebody who accepts may write at once.
fn acceptance(character: &Character, draw: Draw, reaction: Draw) -> Vec<Happening> {
    if !draw.branch(0).happens(character.acceptance) {
        return Vec::new();
    }
    let accepted = Happening { after: early(draw.branch(1), 300, 10 * DAY), kind: HappeningKind::Accepted };
    let reply = reply(character, reaction);
    let reply = reply.map(|reply| Happening { after: accepted.after + reply.after, ..reply });
    [accepted].into_iter().chain(reply).collect()
}

/// Within four days, mostly within one.
fn reply(character: &Character, draw: Draw) -> Option<Happening> {
    let kind = || HappeningKind::Replied { text: replies::of_person(draw.branch(2)).to_owned() };
    draw.branch(0)
        .happens(character.reply)
        .then(|| Happening { after: early(draw.branch(1), 600, 4 * DAY), kind: kind() })
}

/// A reader answers or unsubscribes, but not both.
fn reaction(character: &Character, draw: Draw) -> Option<Happening> {
    let unsubscribes = || draw.branch(0).happens(character.reply + character.unsubscribe);
    let unsubscribed = || Happening { after: early(draw.branch(1), 300, 2 * DAY), kind: HappeningKind::Unsubscribed };
    reply(character, draw).or_else(|| unsubscribes().then(unsubscribed))
}

/// Within two minutes.
fn auto_reply(character: &Character, draw: Draw) -> Option<Happening> {
    let kind = || HappeningKind::AutoReplied { text: replies::of_machine(draw.branch(2)).to_owned() };
    draw.branch(0)
        .happens(character.auto_reply)
        .then(|| Happening { after: seconds(10 + draw.branch(1).below(110)), kind: kind() })
}

/// Four in five are for good and come within a quarter of an hour; the others give up after hours.
fn bounce(draw: Draw) -> Happening {
    let permanent = draw.branch(0).happens(0.8);
    let (soonest, latest) = if permanent { (5, HOUR / 4) } else { (4 * HOUR, 2 * DAY) };
    Happening { after: early(draw.branch(1), soonest, latest), kind: HappeningKind::Bounced { permanent } }
}

/// A time between these many seconds, rather early: the earliest of three.
fn early(draw: Draw, soonest: u64, latest: u64) -> TimeDelta {
    let within = latest.saturating_sub(soonest);
    let after = (0..3).map(|n| draw.branch(n).below(within)).min().unwrap_or_default();
    seconds(soonest + after)
}

fn seconds(count: u64) -> TimeDelta {
    i64::try_from(count).ok().and_then(TimeDelta::try_seconds).unwrap_or(TimeDelta::MAX)
}
