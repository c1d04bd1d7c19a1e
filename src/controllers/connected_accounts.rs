//! Sending accounts.

use axum::{Json, extract::State};

use crate::{
    dto::{
        Body, Created, IfMatch, ListQuery, NoContent, PageDto, PageParams, Paged, PathId, QueryParams, Versioned,
        connected_accounts::{
            AccountUsageDto, AskedAccount, ConnectedAccountDto, CreateConnectedAccountRequest, SendingDomainParams,
            UpdateConnectedAccountRequest,
        },
    },
    errors::Result,
    models::{AccountId, ConnectedAccount, SendingDomain},
    repositories::{OrgMember, OrgPerson},
    services::{AccountService, SendingDomainService},
};

/// List connected accounts
///
/// The LinkedIn profiles and mailboxes that the organization sends from, newest first.
#[utoipa::path(get, path = "/connected-accounts", params(PageParams), responses((status = 200, body = PageDto<ConnectedAccountDto>)))]
pub async fn list(
    member: OrgMember,
    State(accounts): State<AccountService>,
    query: ListQuery,
) -> Result<Paged<ConnectedAccountDto>> {
    let page = accounts.list(&member, &query.page).await?;
    Ok(Paged::new(page, &query.page, ConnectedAccountDto::from))
}

/// Connect an account
///
/// A mailbox (`mailbox`, `gmail`, `outlook`) is connected when both of its servers have let us in; else the answer is a 422 that says which
/// of them refused, in its own words. `sandbox` rehearses a channel inside this service, and nothing leaves it. `linkedin` is connected
/// by `POST /connected-accounts/connect-link`, and answered here with 422 `provider_not_available`. A server that has refused ten sign-ins of the
/// organization's within ten minutes is not asked again for a while: 429 `too_many_failed_sign_ins`.
#[utoipa::path(post, path = "/connected-accounts", request_body = CreateConnectedAccountRequest,
    responses((status = 201, body = ConnectedAccountDto)))]
pub async fn create(
    person: OrgPerson,
    State(accounts): State<AccountService>,
    Body(asked): Body<CreateConnectedAccountRequest>,
) -> Result<Created<ConnectedAccountDto>> {
    let account = match asked {
        AskedAccount::Sandbox(new) => accounts.create_sandbox(&person, *new).await?,
        AskedAccount::Mailbox(new) => accounts.create_mailbox(&person, *new).await?,
        AskedAccount::Unavailable(refusal) => return Err(refusal),
    };
    let location = format!("/api/v1/connected-accounts/{}", account.id);
    Ok(Created { location, version: Some(account.version), body: account.into() })
}

/// Read a connected account
#[utoipa::path(get, path = "/connected-accounts/{id}", params(("id" = AccountId, Path)), responses((status = 200, body = ConnectedAccountDto)))]
pub async fn get(
    member: OrgMember,
    State(accounts): State<AccountService>,
    PathId(id): PathId<AccountId>,
) -> Result<Versioned<ConnectedAccountDto>> {
    Ok(versioned(accounts.get(&member, id).await?))
}

/// Read a connected account's usage
///
/// How much it has done in this hour, today and in the last seven days, and what its limits leave; until when it rests, and why; how many have
/// accepted and answered; and what LinkedIn is likely to stop it for before long.
#[utoipa::path(get, path = "/connected-accounts/{id}/usage", params(("id" = AccountId, Path)),
    responses((status = 200, body = AccountUsageDto)))]
pub async fn usage(
    person: OrgPerson,
    State(accounts): State<AccountService>,
    PathId(id): PathId<AccountId>,
) -> Result<Json<AccountUsageDto>> {
    Ok(Json(accounts.usage(&person, id).await?.into()))
}

/// Change a connected account
///
/// Its name, limits and hours; `status` sets it aside and takes it up again. Of a mailbox also its servers and what opens them, which are
/// tried out first: one that was shut out is taken up again by that. `smtp`, `imap`, `password` and `oauth` are a person's to say: of an API key
/// they are refused with 403 `api_key_not_allowed`. Servers that have refused ten sign-ins within ten minutes are not asked again for a while: 429
/// `too_many_failed_sign_ins`.
#[utoipa::path(patch, path = "/connected-accounts/{id}", params(("id" = AccountId, Path)), request_body = UpdateConnectedAccountRequest,
    responses((status = 200, body = ConnectedAccountDto)))]
pub async fn update(
    member: OrgMember,
    State(accounts): State<AccountService>,
    PathId(id): PathId<AccountId>,
    IfMatch(seen): IfMatch,
    Body(changes): Body<UpdateConnectedAccountRequest>,
) -> Result<Versioned<ConnectedAccountDto>> {
    Ok(versioned(accounts.update(&member, id, &seen, changes).await?))
}

/// Check a connected account
///
/// Signs in to a mailbox's servers, or asks Unipile how a LinkedIn account is. One that lets us in again is taken up again; of one that does not,
/// `status` and `status_reason` say why.
#[utoipa::path(post, path = "/connected-accounts/{id}/sync", params(("id" = AccountId, Path)), responses((status = 200, body = ConnectedAccountDto)))]
pub async fn sync(
    person: OrgPerson,
    State(accounts): State<AccountService>,
    PathId(id): PathId<AccountId>,
) -> Result<Versioned<ConnectedAccountDto>> {
    Ok(versioned(accounts.sync(&person, id).await?))
}

/// Check a mailbox's domain
///
/// Looks up what the internet's name servers say of the domain that the mailbox sends from: SPF, DKIM, DMARC and the servers that take its mail;
/// what is wrong with it, and what to publish instead. An account without a mailbox: 409 `not_a_mailbox`.
#[utoipa::path(get, path = "/connected-accounts/{id}/sending-domain", params(("id" = AccountId, Path), SendingDomainParams),
    responses((status = 200, body = SendingDomain)))]
pub async fn sending_domain(
    person: OrgPerson,
    State(domains): State<SendingDomainService>,
    PathId(id): PathId<AccountId>,
    QueryParams(asked): QueryParams<SendingDomainParams>,
) -> Result<Json<SendingDomain>> {
    Ok(Json(domains.check(&person, id, asked.dkim_selector.as_deref()).await?))
}

/// Disconnect an account
///
/// Deletes it with its credentials; a LinkedIn account at Unipile too. One from which a campaign sends that is not over stays: 409 `account_in_use`, with
/// the `campaigns`; 409 `step_in_flight` while a step of its is on its way out. Where it was taken off a campaign, leads that it has begun with go no
/// further (`account_deleted`). What it did stays.
#[utoipa::path(delete, path = "/connected-accounts/{id}", params(("id" = AccountId, Path)), responses((status = 204)))]
pub async fn delete(
    member: OrgMember,
    State(accounts): State<AccountService>,
    PathId(id): PathId<AccountId>,
    IfMatch(seen): IfMatch,
) -> Result<NoContent> {
    accounts.delete(&member, id, &seen).await?;
    Ok(NoContent)
}

fn versioned(account: ConnectedAccount) -> Versioned<ConnectedAccountDto> {
    let version = account.version;
    Versioned(account.into(), version)
}
