//! Inviting, listing and taking back.

use chrono::TimeDelta;
use clento::integrations::unipile::{Class, PageQuery};
use serde_json::json;

use super::{asked, fake, saying};
use crate::support::unipile::Act;

#[tokio::test]
async fn an_invitation_is_sent_once_and_its_note_only_if_there_is_one() {
    let (fake, _) = fake().await;
    fake.world().person("bert");
    let unipile = fake.client();
    let sent = unipile.invite("A1", "ACo_anna", None).await.unwrap();
    assert_eq!((sent.invitation_id.as_deref(), sent.usage), (Some("inv-1"), Some(12.5)));
    let note = "Grüße 👋 \"Bert\"";
    unipile.invite("A1", "ACo_bert", Some(note)).await.unwrap();
    let texts: Vec<_> = fake.world().deeds.iter().map(|deed| deed.text.clone()).collect();
    assert_eq!(texts, [None, Some(note.to_owned())]);

    let again = unipile.invite("A1", "ACo_anna", None).await.unwrap_err();
    assert_eq!((again.kind(), again.class()), (Some("already_invited_recently"), Class::Done));
    fake.world().accept("A1", "bert");
    let connected = unipile.invite("A1", "ACo_bert", None).await.unwrap_err();
    assert_eq!((connected.kind(), connected.class()), (Some("already_connected"), Class::Done));
    assert_eq!(fake.world().done(Act::Invite).len(), 2);
}

#[tokio::test]
async fn neither_id_nor_usage_need_be_said() {
    for body in [json!({ "object": "UserInvitationSent", "invitation_id": null, "usage": null }), json!({})] {
        let (_fake, unipile) = saying(201, &body).await;
        let sent = unipile.invite("A1", "ACo_anna", None).await.unwrap();
        assert_eq!((sent.invitation_id, sent.usage), (None, None));
    }
}

#[tokio::test]
async fn a_note_may_be_as_long_as_the_account_has_paid_for() {
    let (fake, _) = fake().await;
    let unipile = fake.client();
    let long = "x".repeat(201);
    assert_eq!(unipile.invite("A1", "ACo_anna", Some(&long)).await.unwrap_err().class(), Class::Permanent);
    fake.world().account("A1").premium = true;
    unipile.invite("A1", "ACo_anna", Some(&long)).await.unwrap();
}

#[tokio::test]
async fn what_was_sent_is_listed_newest_first_in_pages_once_it_shows() {
    let (fake, clock) = fake().await;
    fake.world().shows_after = TimeDelta::seconds(5);
    let unipile = fake.client();
    for name in ["anna", "bert", "carl"] {
        fake.world().person(name);
        unipile.invite("A1", &format!("ACo_{name}"), Some("Hi")).await.unwrap();
    }
    let list = async |cursor: Option<&str>| unipile.invitations_sent("A1", PageQuery::at(2, cursor)).await.unwrap();
    assert_eq!(list(None).await.items.len(), 0);
    clock.advance(std::time::Duration::from_secs(5));
    let first = list(None).await;
    let last = list(first.cursor.as_deref()).await;
    let listed: Vec<_> = first.items.iter().chain(&last.items).collect();
    let people: Vec<_> = listed.iter().map(|it| it.invited_user_id.as_deref().unwrap()).collect();
    assert_eq!(people, ["ACo_carl", "ACo_bert", "ACo_anna"]);
    assert_eq!(listed[2].invited_user_public_id.as_deref(), Some("anna"));
    assert_eq!(listed[2].invitation_text.as_deref(), Some("Hi"));
    assert!(listed[2].parsed_datetime.is_some());
    let asked = asked(&fake);
    assert_eq!(asked.last().unwrap(), "GET /api/v1/users/invite/sent?account_id=A1&limit=2&cursor=after%3D2");
}

#[tokio::test]
async fn an_invitation_that_is_taken_back_is_gone_and_bars_the_next_for_three_weeks() {
    let (fake, clock) = fake().await;
    let unipile = fake.client();
    let sent = unipile.invite("A1", "ACo_anna", None).await.unwrap();
    let id = sent.invitation_id.unwrap();
    unipile.cancel_invitation("A1", &id).await.unwrap();
    assert_eq!(asked(&fake)[1], "DELETE /api/v1/users/invite/sent/inv-1?account_id=A1");
    assert_eq!(unipile.cancel_invitation("A1", &id).await.unwrap_err().class(), Class::Gone);
    assert!(unipile.profile("A1", "anna", false).await.unwrap().was_withdrawn());
    let barred = unipile.invite("A1", "ACo_anna", None).await.unwrap_err();
    assert_eq!((barred.kind(), barred.class()), (Some("cannot_resend_yet"), Class::Cooldown));
    clock.advance(std::time::Duration::from_hours(21 * 24));
    unipile.invite("A1", "ACo_anna", None).await.unwrap();
}
