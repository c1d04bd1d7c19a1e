use std::collections::BTreeSet;

use super::*;

const LEADS: u32 = 20_000;

fn act(lead_key: &str, action: NodeType) -> Act<'_> {
    Act { account_seed: 7, lead_key, action, natural_key: "key", attempt: 1, at: DateTime::UNIX_EPOCH }
}

/// What comes of the same act towards each of many leads.
fn outcomes(character: &Character, action: NodeType) -> Vec<(Answer, Vec<Happening>)> {
    outcomes_of(LEADS, character, action)
}

fn outcomes_of(leads: u32, character: &Character, action: NodeType) -> Vec<(Answer, Vec<Happening>)> {
    (0..leads).map(|lead| answer(character, &act(&format!("lead{lead}@example.com"), action))).collect()
}

fn share<T>(of: &[T], which: impl Fn(&T) -> bool) -> f64 {
    f64::from(u32::try_from(of.iter().filter(|one| which(one)).count()).unwrap()) / f64::from(LEADS)
}

fn happened(outcomes: &[(Answer, Vec<Happening>)], which: impl Fn(&HappeningKind) -> bool) -> f64 {
    share(outcomes, |(_, happenings)| happenings.iter().any(|happening| which(&happening.kind)))
}

#[track_caller]
fn assert_near(share: f64, expected: f64) {
    // Four standard deviations of so many draws.
    let tolerance = 4.0 * (expected * (1.0 - expected) / f64::from(LEADS)).sqrt();
    assert!((share - expected).abs() <= tolerance, "{share} is not near {expected}");
}

fn replied(kind: &HappeningKind) -> bool {
    matches!(kind, HappeningKind::Replied { .. })
}

#[test]
fn mail_is_answered_returned_and_unsubscribed_from_as_often_as_it_should() {
    let usual = Character::default();
    let mails = outcomes(&usual, NodeType::SendEmail);
    let arrives = 1.0 - usual.bounce;
    assert_near(happened(&mails, replied), usual.reply * arrives);
    assert_near(happened(&mails, |kind| matches!(kind, HappeningKind::AutoReplied { .. })), usual.auto_reply * arrives);
    assert_near(happened(&mails, |kind| *kind == HappeningKind::Unsubscribed), usual.unsubscribe * arrives);
    assert_near(happened(&mails, |kind| matches!(kind, HappeningKind::Bounced { .. })), usual.bounce);
    assert_near(happened(&mails, |kind| *kind == HappeningKind::Bounced { permanent: true }), usual.bounce * 0.8);
    assert_near(share(&mails, |(answer, _)| matches!(answer, Answer::Refused(_))), usual.rate_error);
    assert_near(share(&mails, |(answer, _)| matches!(answer, Answer::Unclear { .. })), usual.silence);
    assert_near(share(&mails, |(answer, _)| matches!(answer, Answer::Unclear { took: true, .. })), usual.silence / 2.0);
}

#[test]
fn invitations_are_accepted_and_messages_answered_as_often_as_they_should() {
    let obliging = Character::obliging();
    let invitations = outcomes(&obliging, NodeType::SendConnectionRequest);
    assert_near(happened(&invitations, |kind| *kind == HappeningKind::Accepted), obliging.acceptance);
    assert_near(happened(&invitations, replied), obliging.acceptance * obliging.reply);
    for action in [NodeType::SendFollowup, NodeType::SendInmail] {
        assert_near(happened(&outcomes(&obliging, action), replied), obliging.reply);
    }
    let usual = outcomes(&Character::default(), NodeType::SendFollowup);
    assert_near(share(&usual, |(answer, _)| *answer == Answer::Refused(Refusal::NoSuchRecipient)), 0.02);
}

#[test]
fn with_the_obliging_everything_succeeds_and_other_steps_have_no_echo() {
    for action in NodeType::ALL {
        let outcomes = outcomes_of(1_000, &Character::obliging(), action);
        assert!(outcomes.iter().all(|(answer, _)| matches!(answer, Answer::Sent { .. })));
        let quiet = [NodeType::ProfileVisit, NodeType::LikePost, NodeType::CommentPost, NodeType::WithdrawRequest];
        assert!(!quiet.contains(&action) || outcomes.iter().all(|(_, happenings)| happenings.is_empty()));
    }
}

#[test]
fn the_same_act_has_the_same_outcome() {
    let wild = Character { rate_error: 0.3, silence: 0.3, bounce: 0.3, ..Character::default() };
    for action in NodeType::ALL {
        assert_eq!(outcomes_of(500, &wild, action), outcomes_of(500, &wild, action));
    }
    let fates = |account_seed| {
        let outcome = |lead: u32| {
            let key = format!("lead{lead}");
            answer(&Character::default(), &Act { account_seed, ..act(&key, NodeType::SendConnectionRequest) }).1
        };
        (0..100).map(outcome).collect::<Vec<_>>()
    };
    assert_ne!(fates(1), fates(2), "each account has a fate of its own");
}

#[test]
fn another_attempt_can_succeed_and_the_lead_does_the_same_then() {
    let shaky = Character { rate_error: 0.3, silence: 0.3, ..Character::default() };
    let (mut refused, mut healed) = (0, 0);
    for lead in 0..500 {
        let key = format!("lead{lead}@example.com");
        let attempt = |attempt| answer(&shaky, &Act { attempt, ..act(&key, NodeType::SendEmail) });
        let outcomes: Vec<_> = (1..=20).map(attempt).collect();
        let mut took = outcomes.iter().filter(|(answer, _)| answer.took());
        let first = took.next().unwrap();
        assert!(took.all(|(_, happenings)| *happenings == first.1));
        if matches!(outcomes[0].0, Answer::Refused(_)) {
            refused += 1;
            healed += usize::from(matches!(outcomes[1].0, Answer::Sent { .. }));
        }
    }
    assert!(refused > 100 && healed > refused / 3, "{healed} of {refused}");
}

#[test]
fn nothing_follows_on_what_did_not_take() {
    let wild = Character { rate_error: 0.3, silence: 0.4, reply: 1.0, ..Character::obliging() };
    for (answer, happenings) in outcomes_of(1_000, &wild, NodeType::SendFollowup) {
        let took = answer.took();
        assert_eq!(happenings.is_empty(), !took, "{answer:?}");
    }
}

#[test]
fn an_address_that_does_not_exist_does_so_for_everybody() {
    let usual = Character::default();
    for lead in 0..1_000 {
        let key = format!("lead{lead}@example.com");
        let bounces = |account_seed, natural_key| {
            let act = Act { account_seed, natural_key, ..act(&key, NodeType::SendEmail) };
            let bounced = |happening: &Happening| matches!(happening.kind, HappeningKind::Bounced { .. });
            answer(&Character { rate_error: 0.0, silence: 0.0, ..usual }, &act).1.iter().any(bounced)
        };
        assert_eq!(bounces(1, "a"), bounces(2, "b"), "{key}");
    }
}

#[test]
fn what_is_told_twice_is_done_twice() {
    let once = act("jane@example.com", NodeType::SendEmail);
    let later = Act { at: once.at + TimeDelta::seconds(1), ..once };
    let again = Act { attempt: 2, ..once };
    let ids = BTreeSet::from([once, later, again].map(|act| act.provider_id()));
    assert_eq!(ids.len(), 3);
    let obliging = Character { reply: 1.0, ..Character::obliging() };
    assert_eq!(answer(&obliging, &once).1, answer(&obliging, &later).1);
}

#[test]
fn everything_happens_after_the_act_in_order_and_within_two_weeks() {
    let talkative = Character {
        acceptance: 1.0,
        reply: 0.9,
        auto_reply: 1.0,
        bounce: 0.1,
        unsubscribe: 0.1,
        ..Character::obliging()
    };
    let mut texts = BTreeSet::new();
    for action in NodeType::ALL {
        for (_, happenings) in outcomes_of(1_000, &talkative, action) {
            assert!(happenings.is_sorted_by_key(|happening| happening.after));
            for Happening { after, kind } in happenings {
                assert!(after > TimeDelta::zero() && after <= TimeDelta::days(14));
                if let HappeningKind::Replied { text } | HappeningKind::AutoReplied { text } = kind {
                    texts.insert(text);
                }
            }
        }
    }
    assert_eq!(texts.len(), 36);
}

#[test]
fn a_rest_lasts_from_five_minutes_to_an_hour() {
    let busy = Character { rate_error: 1.0, ..Character::default() };
    let refused = outcomes(&busy, NodeType::SendEmail);
    let rests: Vec<TimeDelta> = refused
        .iter()
        .filter_map(|(answer, _)| match answer {
            Answer::Refused(Refusal::RateLimited { retry_after }) => Some(*retry_after),
            _ => None,
        })
        .collect();
    assert!(rests.iter().all(|rest| (TimeDelta::minutes(5)..=TimeDelta::minutes(60)).contains(rest)));
    assert_near(share(&refused, |(answer, _)| *answer == Answer::Refused(Refusal::Temporary)), 0.25);
}
