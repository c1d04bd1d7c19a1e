//! What a provider counts over whatever 24 hours.

use super::*;

/// A mailbox of Berlin that its provider lets send ten mails in 24 hours.
fn book() -> AccountBook {
    AccountBook::new(AccountTerms { mails_in_24_hours: Some(10), ..mailbox(&json!({"send_email": {"per_day": 10}})) })
}

fn placed(book: &mut AccountBook, at: &str) -> DateTime<Utc> {
    let terms = always();
    match book.place(&wanted(berlin(at), &terms)) {
        Placed::At { at, .. } => at,
        Placed::Never { rule } => panic!("{rule:?}"),
    }
}

#[test]
fn what_is_promised_waits_where_yesterdays_went_out_later_than_they_were_to() {
    let mut book = book();
    book.used(MAIL, day("2026-11-23"), 17, 10);
    assert_eq!(book.used_up(MAIL, berlin("2026-11-24T17:30:00")), Some(Rule::DayLimit));
    assert_eq!(book.used_up(MAIL, berlin("2026-11-24T18:00:00")), None);
    assert_eq!(book.used_up(NodeType::SendFollowup, berlin("2026-11-24T17:30:00")), None);
}

#[test]
fn a_new_day_does_not_begin_anew() {
    let mut book = book();
    for _ in 0..10 {
        book.acted(MAIL, berlin("2026-11-23T23:59:00"));
    }
    assert_eq!(book.left_now(MAIL, berlin("2026-11-24T00:01:00")), 0);
    assert_eq!(book.left_now(MAIL, berlin("2026-11-24T23:59:00")), 0);
    assert_eq!(book.left_now(MAIL, berlin("2026-11-25T00:00:00")), 10);
    assert!(book.left_now(NodeType::SendFollowup, berlin("2026-11-24T00:01:00")) > 0, "it is about mails only");
    assert_eq!(
        placed(&mut book, "2026-11-24T00:01:00"),
        berlin("2026-11-25T00:00:00"),
        "and nothing is planned before"
    );
}

#[test]
fn what_is_promised_on_either_side_counts() {
    let mut book = book();
    for _ in 0..6 {
        book.placed(MAIL, berlin("2026-11-23T20:30:00"));
        book.placed(MAIL, berlin("2026-11-25T08:30:00"));
    }
    // Up to four more go between them, whichever side they are nearer to.
    for at in ["2026-11-24T10:00:00", "2026-11-24T10:00:00", "2026-11-24T10:00:00", "2026-11-24T10:00:00"] {
        assert_eq!(placed(&mut book, at), berlin(at));
    }
    assert_eq!(placed(&mut book, "2026-11-24T10:00:00"), berlin("2026-11-25T11:00:00"));
    // No 24 hours have more than ten, wherever they begin.
    let tally = &book.acts[&MAIL].done_or_promised;
    for hours in 0..96 {
        let end = berlin("2026-11-23T00:00:00") + TimeDelta::hours(hours);
        let hour = |at: DateTime<Utc>| (local_day(BERLIN, at), local_hour(BERLIN, at));
        assert!(tally.between(hour(end - TimeDelta::hours(24)), hour(end)) <= 10, "{end}");
    }
}

#[test]
fn an_account_that_nothing_else_bounds_counts() {
    let terms = AccountTerms { mails_in_24_hours: Some(10), ..mailbox(&json!({})) };
    assert!(AccountBook::new(terms).counts() && !AccountBook::new(mailbox(&json!({}))).counts());
}
