//! Posts, reactions and comments.

use std::sync::{Arc, Mutex};

use axum::{
    Json, Router,
    extract::{Path, Query, State, rejection::JsonRejection},
    routing::{get, post},
};
use serde::Deserialize;
use serde_json::json;

use super::{
    Shared,
    errors::{Answer, Paging, Refused, done},
    world::{Act, Comment, World, instant},
};

pub(super) fn router() -> Router<Arc<Mutex<World>>> {
    Router::new()
        .route("/users/{id}/posts", get(posts))
        .route("/posts/reaction", post(react))
        .route("/posts/{id}/comments", get(comments).post(comment))
}

#[derive(Deserialize)]
struct List {
    account_id: String,
    #[serde(flatten)]
    paging: Paging,
}

async fn posts(
    State(world): Shared,
    Path(id): Path<String>,
    Query(List { account_id, paging }): Query<List>,
) -> Answer {
    let world = world.lock().unwrap();
    world.acting(&account_id)?;
    let person = world.somebody(&id)?;
    let items = person.posts.iter().map(|it| {
        json!({
            "object": "Post", "id": it.id, "social_id": it.social_id, "text": "What I think", "date": "2d",
            "parsed_datetime": instant(it.at), "is_repost": it.is_repost,
            "author": { "public_identifier": person.public_identifier, "is_company": false },
            "permissions": { "can_react": it.can_react, "can_share": true, "can_post_comments": it.can_comment },
        })
    });
    paging.of("PostList", items.collect(), 100)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct React {
    account_id: String,
    post_id: String,
    #[serde(default)]
    reaction_type: Option<String>,
}

async fn react(State(world): Shared, body: Result<Json<React>, JsonRejection>) -> Answer {
    let Json(React { account_id, post_id, reaction_type }) =
        body.map_err(|_| Refused::new(400, "invalid_parameters"))?;
    let known = ["like", "celebrate", "support", "love", "insightful", "funny"];
    if reaction_type.is_some_and(|it| !known.contains(&it.as_str())) {
        return Err(Refused::new(400, "invalid_parameters"));
    }
    let mut world = world.lock().unwrap();
    world.acting(&account_id)?;
    // Not by the id that a post is read by.
    let post = world.post_by(&post_id).ok_or(Refused::new(422, "invalid_post"))?;
    if !post.can_react {
        return Err(Refused::new(422, "unprocessable_entity"));
    }
    post.likes.insert(account_id.clone());
    world.tell(&account_id, Act::Like, &post_id, None);
    done(201, json!({ "object": "ReactionAdded" }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewComment {
    account_id: String,
    text: String,
}

async fn comment(
    State(world): Shared,
    Path(id): Path<String>,
    body: Result<Json<NewComment>, JsonRejection>,
) -> Answer {
    let Json(NewComment { account_id, text }) = body.map_err(|_| Refused::new(400, "invalid_parameters"))?;
    if text.chars().count() > 1_250 {
        return Err(Refused::new(400, "too_many_characters"));
    }
    let mut world = world.lock().unwrap();
    let author = world.acting(&account_id)?.provider_id.clone();
    let (number, at) = (world.fresh(), world.now());
    let post = world.post_by(&id).ok_or(Refused::new(422, "invalid_post"))?;
    if !post.can_comment {
        return Err(Refused::new(422, "comments_disabled"));
    }
    post.comments.push(Comment { id: format!("comment-{number}"), author, text: text.clone(), at });
    world.tell(&account_id, Act::Comment, &id, Some(&text));
    done(201, json!({ "object": "CommentSent" }))
}

async fn comments(
    State(world): Shared,
    Path(id): Path<String>,
    Query(List { account_id, paging }): Query<List>,
) -> Answer {
    let mut world = world.lock().unwrap();
    world.acting(&account_id)?;
    let all = world.post_by(&id).ok_or(Refused::new(422, "invalid_post"))?.comments.clone();
    let items = all.iter().filter(|it| world.shows(it.at)).map(|it| {
        json!({
            "object": "Comment", "id": it.id, "author": "Some Body", "author_details": { "id": it.author },
            "date": "1d", "text": it.text,
        })
    });
    paging.of("CommentList", items.collect(), 100)
}
