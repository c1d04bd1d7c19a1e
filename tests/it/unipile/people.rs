//! Profiles, the account's own, and connections.

use clento::integrations::unipile::{Class, PageQuery};
use serde_json::json;

use super::{asked, fake, saying};
use crate::support::unipile::Act;

#[tokio::test]
async fn a_profile_is_read_by_either_id_and_visited_only_when_told() {
    let (fake, _) = fake().await;
    let unipile = fake.client();
    let read = unipile.profile("A1", "anna", false).await.unwrap();
    assert_eq!((read.provider_id.as_deref(), read.public_identifier.as_deref()), (Some("ACo_anna"), Some("anna")));
    assert!(!read.is_connected() && !read.is_invited() && !read.was_withdrawn());
    assert_eq!(fake.world().deeds, []);

    unipile.profile("A1", "ACo_anna", true).await.unwrap();
    assert_eq!(fake.world().done(Act::Visit), [("A1".into(), "ACo_anna".into())]);
    assert_eq!(
        asked(&fake),
        ["GET /api/v1/users/anna?account_id=A1", "GET /api/v1/users/ACo_anna?account_id=A1&notify=true"]
    );
}

#[tokio::test]
async fn a_profile_says_how_the_two_stand() {
    let (fake, _) = fake().await;
    let unipile = fake.client();
    unipile.invite("A1", "ACo_anna", None).await.unwrap();
    let invited = unipile.profile("A1", "anna", false).await.unwrap();
    assert!(invited.is_invited() && !invited.is_connected());

    fake.world().accept("A1", "anna");
    let connected = unipile.profile("A1", "anna", false).await.unwrap();
    assert!(connected.is_connected() && !connected.is_invited());
    // An invitation of hers is not one of ours.
    let received = json!({ "provider_id": "ACo_x", "is_relationship": false, "invitation": { "type": "RECEIVED", "status": "PENDING" } });
    let (_fake, unipile) = saying(200, &received).await;
    assert!(!unipile.profile("A1", "x", false).await.unwrap().is_invited());
}

#[tokio::test]
async fn what_a_profile_lacks_is_none_and_what_nobody_knows_is_ignored() {
    let (_fake, unipile) =
        saying(200, &json!({ "object": "UserProfile", "new": { "field": [1] }, "invitation": null })).await;
    let bare = unipile.profile("A1", "anna", false).await.unwrap();
    assert_eq!((bare.provider_id, bare.is_relationship), (None, None));
}

#[tokio::test]
async fn an_id_cannot_lead_elsewhere() {
    let (fake, _) = fake().await;
    let unipile = fake.client();
    for (id, class) in [("", Class::Permanent), (".", Class::Permanent), ("..", Class::Permanent)] {
        assert_eq!(unipile.profile("A1", id, false).await.unwrap_err().class(), class, "{id:?}");
    }
    assert_eq!(asked(&fake), [""; 0]);
    unipile.profile("A1&notify=true", "../accounts/A2?x#y%2f", false).await.unwrap_err();
    assert_eq!(asked(&fake), ["GET /api/v1/users/..%2Faccounts%2FA2%3Fx%23y%252f?account_id=A1%26notify%3Dtrue"]);
}

#[tokio::test]
async fn the_accounts_own_profile_says_what_is_paid_for() {
    let (fake, _) = fake().await;
    fake.world().account("A1").premium = true;
    let own = fake.client().own_profile("A1").await.unwrap();
    assert_eq!((own.provider_id.as_deref(), own.premium), (Some("ACo-A1"), Some(true)));
    assert!(own.recruiter.is_none() && own.sales_navigator.is_none());
    assert_eq!(asked(&fake), ["GET /api/v1/users/me?account_id=A1"]);
}

#[tokio::test]
async fn connections_come_newest_first_in_pages_and_only_the_accounts_own() {
    let (fake, clock) = fake().await;
    for name in ["first", "second", "third"] {
        fake.world().person(name);
        fake.world().accept("A1", name);
        clock.advance(std::time::Duration::from_secs(1));
    }
    fake.world().account("A2");
    fake.world().accept("A2", "anna");
    let unipile = fake.client();
    let first = unipile.relations("A1", PageQuery::first(2)).await.unwrap();
    let cursor = first.cursor.clone().unwrap();
    let last = unipile.relations("A1", PageQuery::at(2, Some(&cursor))).await.unwrap();
    assert_eq!(last.cursor, None);
    let ids: Vec<_> = first.items.iter().chain(&last.items).map(|it| it.member_id.clone().unwrap()).collect();
    assert_eq!(ids, ["ACo_third", "ACo_second", "ACo_first"]);
    assert!(first.items[0].created_at.is_some());
    assert_eq!(
        asked(&fake),
        [
            "GET /api/v1/users/relations?account_id=A1&limit=2",
            "GET /api/v1/users/relations?account_id=A1&limit=2&cursor=after%3D2"
        ]
    );
}
