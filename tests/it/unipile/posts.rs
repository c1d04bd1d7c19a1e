//! Posts, reactions and comments.

use clento::{
    integrations::unipile::{Class, PageQuery},
    utils::clock::Clock as _,
};
use serde_json::json;

use super::{asked, fake, saying};
use crate::support::unipile::Act;

#[tokio::test]
async fn posts_come_with_what_may_be_done_to_them() {
    let (fake, clock) = fake().await;
    let now = clock.now();
    let social = fake.world().post("anna", now).social_id.clone();
    fake.world().post("anna", now).is_repost = true;
    fake.world().post("anna", now).can_react = false;
    let unipile = fake.client();
    let first = unipile.posts("A1", "ACo_anna", PageQuery::first(2)).await.unwrap();
    let rest = unipile.posts("A1", "ACo_anna", PageQuery::at(2, first.cursor.as_deref())).await.unwrap();
    let post = &first.items[0];
    assert_eq!((post.social_id.as_deref(), post.parsed_datetime), (Some(social.as_str()), Some(now)));
    assert_eq!((post.is_repost, first.items[1].is_repost), (Some(false), Some(true)));
    let permissions = rest.items[0].permissions.unwrap();
    assert_eq!((permissions.can_react, permissions.can_post_comments), (Some(false), Some(true)));
    assert_eq!(asked(&fake)[0], "GET /api/v1/users/ACo_anna/posts?account_id=A1&limit=2");
}

#[tokio::test]
async fn a_post_is_liked_by_its_social_id_and_not_by_the_other() {
    let (fake, clock) = fake().await;
    let post = fake.world().post("anna", clock.now()).clone();
    let unipile = fake.client();
    let error = unipile.like("A1", &post.id).await.unwrap_err();
    assert_eq!((error.kind(), error.class()), (Some("invalid_post"), Class::Lead));
    unipile.like("A1", &post.social_id).await.unwrap();
    assert_eq!(fake.world().done(Act::Like), [("A1".into(), post.social_id)]);
    assert_eq!(asked(&fake)[1], "POST /api/v1/posts/reaction");
}

#[tokio::test]
async fn a_comment_is_written_and_found_by_its_author_and_text() {
    let (fake, clock) = fake().await;
    let social = fake.world().post("anna", clock.now()).social_id.clone();
    let unipile = fake.client();
    unipile.comment("A1", &social, "Well said").await.unwrap();
    fake.world().account("A2");
    unipile.comment("A2", &social, "Indeed").await.unwrap();
    let listed = unipile.comments("A1", &social, PageQuery::first(100)).await.unwrap().items;
    let told: Vec<_> = listed
        .iter()
        .map(|it| (it.author_details.as_ref().and_then(|author| author.id.as_deref()), it.text.as_deref()))
        .collect();
    assert_eq!(told, [(Some("ACo-A1"), Some("Well said")), (Some("ACo-A2"), Some("Indeed"))]);
    let paths = asked(&fake);
    assert_eq!(paths[0], "POST /api/v1/posts/urn:li:activity:1/comments");
    assert_eq!(paths[2], "GET /api/v1/posts/urn:li:activity:1/comments?account_id=A1&limit=100");

    fake.world().person("anna").posts[0].can_comment = false;
    let error = unipile.comment("A1", &social, "Once more").await.unwrap_err();
    assert_eq!((error.kind(), error.class()), (Some("comments_disabled"), Class::Lead));
    let long = unipile.comment("A1", &social, &"x".repeat(1_251)).await.unwrap_err();
    assert_eq!(long.class(), Class::Permanent);
}

#[tokio::test]
async fn what_a_post_does_not_say_is_none() {
    let (_fake, unipile) = saying(200, &json!({ "object": "PostList", "items": [{ "permissions": null }, {}] })).await;
    let page = unipile.posts("A1", "x", PageQuery::first(2)).await.unwrap();
    assert!(page.cursor.is_none() && page.items.iter().all(|it| it.social_id.is_none() && it.permissions.is_none()));
}
