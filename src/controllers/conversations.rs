//! What leads and we have written to each other.

use axum::extract::State;

use crate::{
    dto::{
        Body, Created, IfMatch, ListQuery, PageDto, PageParams, Paged, PathId, Versioned,
        conversations::{
            ConversationDto, ConversationFilterParams, MessageDto, UpdateConversationRequest, WriteMessageRequest,
        },
    },
    errors::Result,
    models::{ConversationId, ConversationView},
    repositories::OrgPerson,
    services::{ConversationService, RunService},
};

/// List conversations
///
/// One for each lead that has written, over both channels; the one with the latest message first. `sort` is by that.
#[utoipa::path(get, path = "/conversations", params(PageParams, ConversationFilterParams), responses((status = 200, body = PageDto<ConversationDto>)))]
pub async fn list(
    person: OrgPerson,
    State(conversations): State<ConversationService>,
    query: ListQuery<ConversationFilterParams>,
) -> Result<Paged<ConversationDto>> {
    let page = conversations.list(&person, &query.filter.into(), &query.page).await?;
    Ok(Paged::new(page, &query.page, ConversationDto::from))
}

/// Read a conversation
#[utoipa::path(get, path = "/conversations/{id}", params(("id" = ConversationId, Path)), responses((status = 200, body = ConversationDto)))]
pub async fn get(
    person: OrgPerson,
    State(conversations): State<ConversationService>,
    PathId(id): PathId<ConversationId>,
) -> Result<Versioned<ConversationDto>> {
    Ok(versioned(conversations.get(&person, id).await?))
}

/// Change a conversation
///
/// Labels it, gives it to a member, closes it or opens it again.
#[utoipa::path(patch, path = "/conversations/{id}", params(("id" = ConversationId, Path)), request_body = UpdateConversationRequest,
    responses((status = 200, body = ConversationDto)))]
pub async fn update(
    person: OrgPerson,
    State(conversations): State<ConversationService>,
    PathId(id): PathId<ConversationId>,
    IfMatch(seen): IfMatch,
    Body(changes): Body<UpdateConversationRequest>,
) -> Result<Versioned<ConversationDto>> {
    Ok(versioned(conversations.update(&person, id, &seen, changes.into()).await?))
}

/// Mark a conversation as read
///
/// Send the version that was shown in `If-Match`: then an answer that came meanwhile stays unread, and this is refused with 412.
#[utoipa::path(post, path = "/conversations/{id}/read", responses((status = 200, body = ConversationDto)),
    params(("id" = ConversationId, Path), ("If-Match" = Option<String>, Header, description = "The `ETag` you have seen; if it has changed since, 412 and nothing happens.")))]
pub async fn read(
    person: OrgPerson,
    State(conversations): State<ConversationService>,
    PathId(id): PathId<ConversationId>,
    IfMatch(seen): IfMatch,
) -> Result<Versioned<ConversationDto>> {
    Ok(versioned(conversations.mark_read(&person, id, &seen).await?))
}

/// List the messages of a conversation
///
/// What the lead wrote, what was written by hand, and what campaigns sent the lead before and after; newest first. `sort` is by when they were
/// written.
#[utoipa::path(get, path = "/conversations/{id}/messages", params(("id" = ConversationId, Path), PageParams),
    responses((status = 200, body = PageDto<MessageDto>)))]
pub async fn messages(
    person: OrgPerson,
    State(conversations): State<ConversationService>,
    PathId(id): PathId<ConversationId>,
    query: ListQuery,
) -> Result<Paged<MessageDto>> {
    let page = conversations.thread(&person, id, &query.page).await?;
    Ok(Paged::new(page, &query.page, |message| MessageDto::of(id, message)))
}

/// Write a message
///
/// Answers the lead: a mail in the thread of its last, or a message in the chat. Send an `Idempotency-Key`, so that a repeated request does
/// not write twice. The answer says in `state` what became of it: `sent`; `failed` with the `reason`, and then nothing has left; or `sending`
/// if the provider did not say, which is cleared up within some minutes and never sent again by itself. A lead that is suppressed is refused
/// with `lead_suppressed`. It counts on the account's usage, but none of the account's own limits holds it back: only that its provider takes no
/// more (429 `provider_limit_reached`) or has just wanted less (429 `account_rests`), for as long as `Retry-After` says.
#[utoipa::path(post, path = "/conversations/{id}/messages", params(("id" = ConversationId, Path)), request_body = WriteMessageRequest,
    responses((status = 201, body = MessageDto)))]
pub async fn write(
    person: OrgPerson,
    State(runs): State<RunService>,
    PathId(id): PathId<ConversationId>,
    Body(new): Body<WriteMessageRequest>,
) -> Result<Created<MessageDto>> {
    let message = runs.write(&person, id, new.into()).await?;
    Ok(Created { location: format!("/api/v1/conversations/{id}/messages"), version: None, body: message.into() })
}

fn versioned(view: ConversationView) -> Versioned<ConversationDto> {
    let version = view.version;
    Versioned(view.into(), version)
}
