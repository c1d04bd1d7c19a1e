//! Witnesses: what has been proved of a caller. Their fields are private to the repositories, so that only the query that proves a
//! membership can make one.

use std::sync::Arc;

use uuid::Uuid;

use crate::models::{ActorType, Import, MemberId, OrganizationId, Role, UserId};

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

/// Proof that a user is an active member of an organization.
#[derive(Debug, Clone)]
pub struct OrgMember {
    scope: OrgScope,
    user_id: UserId,
    member_id: MemberId,
    role: Role,
    request: Arc<RequestContext>,
}

impl OrgMember {
    pub(in crate::repositories) fn new(
        organization_id: OrganizationId,
        user_id: UserId,
        member_id: MemberId,
        role: Role,
    ) -> Self {
        Self { scope: OrgScope::new(organization_id), user_id, member_id, role, request: Arc::default() }
    }

    /// The same member, acting in this request.
    #[must_use]
    pub fn acting_in(&self, request: Arc<RequestContext>) -> Self {
        Self { request, ..self.clone() }
    }

    /// The organization that the member may see.
    #[must_use]
    pub fn scope(&self) -> OrgScope {
        self.scope
    }

    /// The organization's id.
    #[must_use]
    pub fn organization_id(&self) -> OrganizationId {
        self.scope.organization
    }

    /// Who it is.
    #[must_use]
    pub fn user_id(&self) -> UserId {
        self.user_id
    }

    /// The membership.
    #[must_use]
    pub fn member_id(&self) -> MemberId {
        self.member_id
    }

    /// What the member may do.
    #[must_use]
    pub fn role(&self) -> Role {
        self.role
    }

    /// Where the request came from.
    #[must_use]
    pub fn request(&self) -> &RequestContext {
        &self.request
    }

    /// The member as an administrator, if it is one.
    #[must_use]
    pub fn admin(&self) -> Option<OrgAdmin> {
        (self.role == Role::Admin).then(|| OrgAdmin(self.clone()))
    }

    pub(in crate::repositories) fn actor(&self) -> Actor {
        Actor { r#type: ActorType::User, id: Some(self.user_id.0), request: Arc::clone(&self.request) }
    }
}

/// Proof that a member is an administrator.
#[derive(Debug, Clone)]
pub struct OrgAdmin(OrgMember);

impl std::ops::Deref for OrgAdmin {
    type Target = OrgMember;

    fn deref(&self) -> &OrgMember {
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
