//! Who is calling: from a verified token to a user and a proved membership, remembered for a moment.

use std::sync::Arc;

use tokio::sync::Mutex;

use super::Context;
use crate::{
    errors::Result,
    integrations::clerk::{SessionToken, TokenOrganization},
    models::{
        CLERK_MEMBER_ROLE,
        clerk_sync::{IntroducedOrganization, Introduction},
    },
    repositories::{Identified, OrganizationRef, OrganizationStanding, RequestContext},
    utils::brief_memory::BriefMemory,
};

/// Callers remembered at a time.
const CALLERS: u64 = 10_000;
/// The longest slug or role of a token's that is kept, in characters.
const LONGEST: usize = 255;

type Caller = (String, Option<OrganizationRef>);

/// Who is calling.
#[derive(Clone)]
pub struct IdentityService {
    context: Context,
    remembered: BriefMemory<Caller, Arc<Identified>>,
    introducing: Arc<Mutex<()>>,
}

impl IdentityService {
    /// A service that remembers nobody yet.
    #[must_use]
    pub fn new(context: Context) -> Self {
        let remembered = BriefMemory::new(CALLERS, Arc::clone(&context.clock));
        Self { context, remembered, introducing: Arc::default() }
    }

    /// What the database knows of the token's user, and of how they stand in `organization`. What the token says of whom the database
    /// has never heard is taken in first.
    ///
    /// # Errors
    /// The database is away.
    pub async fn identify(
        &self,
        token: &SessionToken,
        organization: Option<OrganizationRef>,
    ) -> Result<Arc<Identified>> {
        let caller = (token.user_id.clone(), organization);
        if let Some(identified) = self.recall(token, &caller) {
            return Ok(identified);
        }
        let identified = self.ask(&caller).await?;
        match introduction(token, caller.1.as_ref(), &identified) {
            None => Ok(identified),
            Some(introduction) => self.introduce(token, &caller, introduction).await,
        }
    }

    /// What is remembered of the caller, unless the token has something to add to it.
    fn recall(&self, token: &SessionToken, caller: &Caller) -> Option<Arc<Identified>> {
        self.remembered.recall(caller).filter(|identified| introduction(token, caller.1.as_ref(), identified).is_none())
    }

    async fn ask(&self, caller: &Caller) -> Result<Arc<Identified>> {
        let asked = self.remembered.asking();
        let identified = Arc::new(self.context.db.identify(&caller.0, caller.1.as_ref()).await?);
        self.remembered.keep(caller.clone(), Arc::clone(&identified), asked);
        Ok(identified)
    }

    /// Takes in whom the token speaks of, one at a time: a page's first requests come in a bunch, and should not wait for each other
    /// with a connection in hand.
    async fn introduce(
        &self,
        token: &SessionToken,
        caller: &Caller,
        introduction: Introduction,
    ) -> Result<Arc<Identified>> {
        let _turn = self.introducing.lock().await;
        if let Some(identified) = self.recall(token, caller) {
            return Ok(identified);
        }
        let mut tx = self.context.db.begin_sync(RequestContext::default(), self.context.clock.now()).await?;
        tx.introduce(introduction).await?;
        tx.commit().await?;
        self.ask(caller).await
    }
}

/// Whom the token speaks of and the database has never heard of; nobody if all are known, or something known forbids it. So a caller who
/// is denied costs no more than one who is not.
fn introduction(
    token: &SessionToken,
    organization: Option<&OrganizationRef>,
    identified: &Identified,
) -> Option<Introduction> {
    let known = identified.organization.as_ref();
    let active = token.organization.as_ref().filter(|active| is_about(active, organization, known));
    let unknown_member = active.is_some_and(|_| known.is_none_or(may_gain_a_member));
    let introduces = match &identified.user {
        None => true,
        Some(user) => unknown_member && !user.deleted && !user.banned,
    };
    introduces.then(|| Introduction {
        clerk_user_id: token.user_id.clone(),
        organization: active.filter(|_| unknown_member).map(introduced),
    })
}

/// Whether the request is about the token's active organization.
fn is_about(
    active: &TokenOrganization,
    organization: Option<&OrganizationRef>,
    known: Option<&OrganizationStanding>,
) -> bool {
    match organization {
        None => false,
        Some(OrganizationRef::Clerk(id)) => *id == active.id,
        Some(OrganizationRef::Id(_)) => known.is_some_and(|known| known.clerk_id == active.id),
    }
}

fn may_gain_a_member(known: &OrganizationStanding) -> bool {
    !known.deleted && !known.left && !known.is_member() && known.just_in_time_members
}

fn introduced(active: &TokenOrganization) -> IntroducedOrganization {
    let cut = |text: &str| text.chars().filter(|c| !c.is_control()).take(LONGEST).collect::<String>();
    IntroducedOrganization {
        clerk_id: active.id.clone(),
        slug: active.slug.as_deref().map(cut).filter(|slug| !slug.is_empty()),
        clerk_role: active.role.as_deref().map_or_else(|| CLERK_MEMBER_ROLE.to_owned(), cut),
    }
}
