//! Witnesses: what has been proved of a caller. Their fields are private to the repositories, so that only the query that proves a
//! membership or finds a key can make one.

use std::{ops::Deref, sync::Arc};

use uuid::Uuid;

use crate::models::{ActorType, ApiKeyHash, ApiKeyId, Import, MemberId, OrganizationId, Role, UserId};

/// The organization that a query is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct OrgScope {
    organization: OrganizationId,
}

impl OrgScope {
    pub(in crate::repositories) fn new(organization: OrganizationId) -> Self {
        Self { organization }
    }

    /// The id, as queries take it.
    pub(in crate::repositories) fn id(self) -> Uuid {
        self.organization.0
    }

    /// Which organization it is.
    #[must_use]
    pub fn organization_id(self) -> OrganizationId {
        self.organization
    }
}

/// Where a request came from, for the audit log.
#[derive(Debug, Clone, Default)]
pub struct RequestContext {
    /// The request's id.
    pub request_id: Option<String>,
    /// The caller's address.
    pub ip_address: Option<String>,
    /// The caller's program, cut to what is stored.
    pub user_agent: Option<String>,
    /// Who acts as the user, as Clerk names them.
    pub impersonator: Option<String>,
    /// The try that an `Idempotency-Key` stands for, to be marked as committed with the effect.
    pub idempotency: Option<IdempotencyToken>,
}

/// One try under an `Idempotency-Key`.
#[derive(Debug, Clone)]
pub struct IdempotencyToken {
    /// The method and path that the key belongs to.
    pub route: String,
    /// The key.
    pub key: String,
    /// The try.
    pub token: Uuid,
}

/// Proof that a caller may act in an organization: an active member, or one of the organization's API keys.
#[derive(Debug, Clone)]
pub struct OrgMember {
    scope: OrgScope,
    by: By,
    request: Arc<RequestContext>,
}

/// Who acts.
#[derive(Debug, Clone, Copy)]
enum By {
    Person(Membership),
    ApiKey(ApiKeyId, ApiKeyHash),
}

#[derive(Debug, Clone, Copy)]
struct Membership {
    user_id: UserId,
    member_id: MemberId,
    role: Role,
}

impl OrgMember {
    pub(in crate::repositories) fn new(
        organization_id: OrganizationId,
        user_id: UserId,
        member_id: MemberId,
        role: Role,
    ) -> Self {
        let by = By::Person(Membership { user_id, member_id, role });
        Self { scope: OrgScope::new(organization_id), by, request: Arc::default() }
    }

    pub(in crate::repositories) fn by_api_key(
        organization_id: OrganizationId,
        key: ApiKeyId,
        secret: ApiKeyHash,
    ) -> Self {
        Self { scope: OrgScope::new(organization_id), by: By::ApiKey(key, secret), request: Arc::default() }
    }

    /// The same caller, acting in this request.
    #[must_use]
    pub fn acting_in(&self, request: Arc<RequestContext>) -> Self {
        Self { request, ..self.clone() }
    }

    /// The organization that the caller may see.
    #[must_use]
    pub fn scope(&self) -> OrgScope {
        self.scope
    }

    /// The organization's id.
    #[must_use]
    pub fn organization_id(&self) -> OrganizationId {
        self.scope.organization
    }

    /// Who it is, if a person.
    #[must_use]
    pub fn user_id(&self) -> Option<UserId> {
        match self.by {
            By::Person(membership) => Some(membership.user_id),
            By::ApiKey(..) => None,
        }
    }

    /// Which key it is, if one.
    #[must_use]
    pub fn api_key_id(&self) -> Option<ApiKeyId> {
        self.api_key().map(|(id, _)| id)
    }

    /// Which key it is, if one, and by which of its secrets.
    pub(in crate::repositories) fn api_key(&self) -> Option<(ApiKeyId, ApiKeyHash)> {
        match self.by {
            By::Person(_) => None,
            By::ApiKey(id, secret) => Some((id, secret)),
        }
    }

    /// Where the request came from.
    #[must_use]
    pub fn request(&self) -> &RequestContext {
        &self.request
    }

    /// The caller as a person, if it is one.
    #[must_use]
    pub fn person(&self) -> Option<OrgPerson> {
        match self.by {
            By::Person(membership) => Some(OrgPerson { member: self.clone(), membership }),
            By::ApiKey(..) => None,
        }
    }

    /// Who it is, of what kind: as whom the audit log names the caller.
    #[must_use]
    pub fn acts_as(&self) -> (ActorType, Uuid) {
        match self.by {
            By::Person(membership) => (ActorType::User, membership.user_id.0),
            By::ApiKey(id, _) => (ActorType::ApiKey, id.0),
        }
    }

    pub(in crate::repositories) fn actor(&self) -> Actor {
        let (r#type, id) = self.acts_as();
        Actor { r#type, id: Some(id), request: Arc::clone(&self.request) }
    }
}

/// Proof that the caller is a person: for what no key may do.
#[derive(Debug, Clone)]
pub struct OrgPerson {
    member: OrgMember,
    membership: Membership,
}

impl OrgPerson {
    /// Who it is.
    #[must_use]
    pub fn user_id(&self) -> UserId {
        self.membership.user_id
    }

    /// The membership.
    #[must_use]
    pub fn member_id(&self) -> MemberId {
        self.membership.member_id
    }

    /// What the person may do.
    #[must_use]
    pub fn role(&self) -> Role {
        self.membership.role
    }

    /// The person as an administrator, if it is one.
    #[must_use]
    pub fn admin(&self) -> Option<OrgAdmin> {
        (self.role() == Role::Admin).then(|| OrgAdmin(self.clone()))
    }
}

impl Deref for OrgPerson {
    type Target = OrgMember;

    fn deref(&self) -> &OrgMember {
        &self.member
    }
}

/// Proof that a person is an administrator.
#[derive(Debug, Clone)]
pub struct OrgAdmin(OrgPerson);

impl Deref for OrgAdmin {
    type Target = OrgPerson;

    fn deref(&self) -> &OrgPerson {
        &self.0
    }
}

/// Proof that a user lives and is not banned: opens what is the user's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UserScope {
    user: UserId,
}

impl UserScope {
    pub(in crate::repositories) fn new(user: UserId) -> Self {
        Self { user }
    }

    /// The id, as queries take it.
    pub(in crate::repositories) fn id(self) -> Uuid {
        self.user.0
    }

    /// Who it is.
    #[must_use]
    pub fn user_id(self) -> UserId {
        self.user
    }
}

/// Who an audit row names.
#[derive(Debug, Clone)]
pub(in crate::repositories) struct Actor {
    pub(in crate::repositories) r#type: ActorType,
    pub(in crate::repositories) id: Option<Uuid>,
    pub(in crate::repositories) request: Arc<RequestContext>,
}

impl Actor {
    /// Who started an import, for what is done of it behind them.
    pub(in crate::repositories) fn of_import(import: &Import) -> Self {
        Self { r#type: import.actor_type, id: Some(import.actor_id), request: Arc::default() }
    }

    pub(in crate::repositories) fn system(request: RequestContext) -> Self {
        Self { r#type: ActorType::System, id: None, request: Arc::new(request) }
    }
}
