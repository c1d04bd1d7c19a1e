//! The client of Clerk's Backend API (<https://clerk.com/docs/reference/backend-api>).

use std::fmt;

use futures::{FutureExt as _, future::BoxFuture};
use reqwest::{Client, Method, RequestBuilder, Response, header::HeaderValue};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::json;
use url::Url;

use super::{
    super::{
        http::{ClientError, TOTAL, read_capped, require_secure},
        ids::is_clerk_id,
        webhooks::{ClerkMembership, ClerkOrganization},
    },
    api::{ClerkApi, Invitation, InvitationPage, MembershipPage, NewInvitation},
    refusal::{self, Refusal},
};
use crate::errors::{AppError, Result};

/// The shape of answers that this client was written for: without it, the instance's default decides.
const API_VERSION: (&str, &str) = ("clerk-api-version", "2025-11-10");

/// The longest answer that is read; a page of 500 invitations stays well below.
const LARGEST: usize = 2 * 1024 * 1024;

/// How the Backend API is reached.
#[derive(Debug, Clone)]
pub struct BackendSettings {
    /// `https://api.clerk.com`, without the `/v1`.
    pub api_url: Url,
    /// The instance's secret key, `sk_live_…` or `sk_test_…`.
    pub secret_key: SecretString,
}

/// Clerk's Backend API over HTTPS. Nothing is retried: a change whose answer is lost may have been made.
pub struct ClerkBackend {
    http: Client,
    base: Url,
    authorization: HeaderValue,
}

impl ClerkBackend {
    /// A client. `http` should be [`http_client`](super::super::http_client), which follows no redirects.
    ///
    /// # Errors
    /// [`ClientError`] when the address is not secure or the key is not a header value.
    pub fn new(settings: BackendSettings, http: Client) -> std::result::Result<Self, ClientError> {
        let BackendSettings { api_url: mut base, secret_key } = settings;
        require_secure(&base, "the address of Clerk's API")?;
        base.set_path(&format!("{}/v1/", base.path().trim_end_matches('/')));
        let mut authorization = HeaderValue::try_from(format!("Bearer {}", secret_key.expose_secret()))
            .map_err(|_| ClientError::Secret("Clerk's secret key"))?;
        authorization.set_sensitive(true);
        Ok(Self { http, base, authorization })
    }

    /// A request to `organizations/…` or `users/…`. The segments of `path` that are ids must be checked: see [`known`].
    fn request(&self, method: Method, path: &str) -> Result<RequestBuilder> {
        let url = self.base.join(path).map_err(AppError::internal)?;
        Ok(self
            .http
            .request(method, url)
            .timeout(TOTAL)
            .header("authorization", self.authorization.clone())
            .header(API_VERSION.0, API_VERSION.1))
    }

    /// Sends a JSON body and reads a JSON answer. `noun` is what a 404 is about.
    async fn call<T: DeserializeOwned>(
        &self,
        noun: &'static str,
        method: Method,
        path: &str,
        body: Option<&impl Serialize>,
    ) -> Result<T> {
        let request = self.request(method, path)?;
        let request = match body {
            Some(body) => request.json(body),
            None => request,
        };
        let body = answer(noun, request).await?;
        serde_json::from_slice(&body).map_err(|error| refusal::unreadable().with_source(error))
    }
}

/// Sends `request` and returns the body of a successful answer.
async fn answer(noun: &'static str, request: RequestBuilder) -> Result<Vec<u8>> {
    let response: Response = request.send().await.map_err(refusal::silence)?;
    let status = response.status();
    let retry_after = refusal::retry_after(response.headers());
    let body = read_capped(response, LARGEST).await.map_err(refusal::silence)?.ok_or_else(refusal::unreadable)?;
    if status.is_success() {
        return Ok(body);
    }
    Err(Refusal { noun, status, retry_after, body: &body }.into())
}

/// An id that is safe in a path; anything else cannot name a `noun`.
fn known<'a>(noun: &'static str, id: &'a str) -> Result<&'a str> {
    if is_clerk_id(id) { Ok(id) } else { Err(AppError::not_found(noun)) }
}

/// A body for requests that have none.
const NO_BODY: Option<&()> = None;

impl ClerkApi for ClerkBackend {
    fn rename_organization<'a>(
        &'a self,
        organization: &'a str,
        name: &'a str,
    ) -> BoxFuture<'a, Result<ClerkOrganization>> {
        async move {
            let path = format!("organizations/{}", known(ORGANIZATION, organization)?);
            self.call(ORGANIZATION, Method::PATCH, &path, Some(&json!({ "name": name }))).await
        }
        .boxed()
    }

    fn change_role<'a>(
        &'a self,
        organization: &'a str,
        user: &'a str,
        role: &'a str,
    ) -> BoxFuture<'a, Result<ClerkMembership>> {
        async move {
            let path = membership_path(organization, user)?;
            self.call(MEMBER, Method::PATCH, &path, Some(&json!({ "role": role }))).await
        }
        .boxed()
    }

    fn remove_member<'a>(&'a self, organization: &'a str, user: &'a str) -> BoxFuture<'a, Result<ClerkMembership>> {
        async move { self.call(MEMBER, Method::DELETE, &membership_path(organization, user)?, NO_BODY).await }.boxed()
    }

    fn memberships<'a>(
        &'a self,
        organization: &'a str,
        limit: u32,
        offset: u32,
    ) -> BoxFuture<'a, Result<MembershipPage>> {
        async move {
            let organization = known(ORGANIZATION, organization)?;
            let page = format!("limit={limit}&offset={offset}&order_by=%2Bcreated_at");
            let path = format!("organizations/{organization}/memberships?{page}");
            self.call(ORGANIZATION, Method::GET, &path, NO_BODY).await
        }
        .boxed()
    }

    fn memberships_of_user<'a>(
        &'a self,
        user: &'a str,
        limit: u32,
        offset: u32,
    ) -> BoxFuture<'a, Result<MembershipPage>> {
        async move {
            let user = known(USER, user)?;
            let path = format!("users/{user}/organization_memberships?limit={limit}&offset={offset}");
            self.call(USER, Method::GET, &path, NO_BODY).await
        }
        .boxed()
    }

    fn pending_invitations<'a>(
        &'a self,
        organization: &'a str,
        limit: u32,
        offset: u32,
    ) -> BoxFuture<'a, Result<InvitationPage>> {
        async move {
            let path = invitations_path(organization)?;
            let query = format!("{path}?status=pending&limit={limit}&offset={offset}");
            self.call(ORGANIZATION, Method::GET, &query, NO_BODY).await
        }
        .boxed()
    }

    fn invite<'a>(&'a self, organization: &'a str, invitation: &'a NewInvitation) -> BoxFuture<'a, Result<Invitation>> {
        async move { self.call(ORGANIZATION, Method::POST, &invitations_path(organization)?, Some(invitation)).await }
            .boxed()
    }

    fn revoke_invitation<'a>(
        &'a self,
        organization: &'a str,
        invitation: &'a str,
        revoked_by: &'a str,
    ) -> BoxFuture<'a, Result<Invitation>> {
        async move {
            let path = format!("{}/{}/revoke", invitations_path(organization)?, known(INVITATION, invitation)?);
            let body = json!({ "requesting_user_id": revoked_by });
            self.call(INVITATION, Method::POST, &path, Some(&body)).await
        }
        .boxed()
    }
}

const ORGANIZATION: &str = "organization";
const MEMBER: &str = "member";
const USER: &str = "user";
const INVITATION: &str = "invitation";

fn membership_path(organization: &str, user: &str) -> Result<String> {
    Ok(format!("organizations/{}/memberships/{}", known(ORGANIZATION, organization)?, known(MEMBER, user)?))
}

fn invitations_path(organization: &str) -> Result<String> {
    Ok(format!("organizations/{}/invitations", known(ORGANIZATION, organization)?))
}

impl fmt::Debug for ClerkBackend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClerkBackend").field("base", &self.base.as_str()).finish_non_exhaustive()
    }
}
