//! What a newcomer finds: a user and an organization, the addresses, and a token to paste.

mod campaign;
mod leads;

use std::{io::Write as _, net::SocketAddr, time::Duration};

use axum::extract::FromRef as _;

use crate::{
    integrations::clerk::{
        ClerkEvent, ClerkMembership, ClerkOrganization, ClerkUser, DemoOrganization, DemoSession, DemoSigner, Envelope,
        MemberProfile,
    },
    models::CLERK_ADMIN_ROLE,
    repositories::{Database, OrganizationRef, RequestContext},
    services::ClerkSyncService,
    state::AppState,
};

/// The demo's user and organization, as Clerk would name them.
const DEMO_USER: &str = "user_demo";
const DEMO_ORGANIZATION: &str = "org_demo";
const DEMO_EMAIL: &str = "dana@clento.example";
/// How long a demo token lives: a working day.
const TOKEN_LIFETIME: Duration = Duration::from_hours(12);

/// Prints where to begin.
pub(super) fn welcome(signer: &DemoSigner, state: &AppState, address: SocketAddr) -> anyhow::Result<()> {
    let token = token(signer, state.clock().now())?;
    announce(&format!(
        "\n  Clento is running.\n\n  API documentation   http://{address}/api-docs\n  Demo token          {token}\n\n  \
         Press Authorize there, paste the token, and try it out.\n"
    ));
    Ok(())
}

/// Makes the demo's user and organization the way that Clerk would tell of them, once: the events have fixed ids. Then their leads.
pub(super) async fn seed(state: &AppState) -> anyhow::Result<()> {
    let sync = ClerkSyncService::from_ref(state);
    let happened_at = state.clock().now().timestamp_millis();
    let events = [
        ("user.created", ClerkEvent::UserUpserted(user(happened_at))),
        ("organization.created", ClerkEvent::OrganizationUpserted(organization(happened_at))),
        ("organizationMembership.created", ClerkEvent::MembershipUpserted(membership(happened_at))),
    ];
    for (kind, event) in events {
        let envelope = Envelope { kind: kind.to_owned(), instance_id: None, happened_at, event };
        sync.apply(&format!("demo-{kind}"), &envelope, &RequestContext::default()).await?;
    }
    let organization = OrganizationRef::Clerk(DEMO_ORGANIZATION.to_owned());
    match state.db().identify(DEMO_USER, Some(&organization)).await?.member(None) {
        Some(member) => {
            // The campaign is what is made last: once there was one, the demo stays as its people leave it.
            if let Some(person) = member.person()
                && !state.db().read(&member).await?.audit_logs().tells_of("campaign.created").await?
            {
                let list = leads::seed(state, &member).await?;
                campaign::seed(state, &person, list).await?;
            }
            Ok(())
        }
        // Somebody has tried out what a deletion does: the demo stays as they left it.
        None => Ok(()),
    }
}

fn user(version: i64) -> ClerkUser {
    ClerkUser {
        id: DEMO_USER.to_owned(),
        email: Some(DEMO_EMAIL.to_owned()),
        first_name: Some("Dana".to_owned()),
        last_name: Some("Demo".to_owned()),
        image_url: None,
        banned: false,
        version,
    }
}

fn organization(version: i64) -> ClerkOrganization {
    ClerkOrganization {
        id: DEMO_ORGANIZATION.to_owned(),
        name: "Demo Organization".to_owned(),
        slug: Some("demo".to_owned()),
        image_url: None,
        version,
    }
}

fn membership(version: i64) -> ClerkMembership {
    let ClerkUser { id, email, first_name, last_name, image_url, .. } = user(version);
    ClerkMembership {
        id: "orgmem_demo".to_owned(),
        role: CLERK_ADMIN_ROLE.to_owned(),
        organization: organization(version),
        user: MemberProfile { user_id: id, identifier: email, first_name, last_name, image_url },
        created_at: version,
        version,
    }
}

/// Whether the database was a demo's: then its tokens' user or organization is in it.
pub(super) async fn is_in(db: &Database) -> crate::errors::Result<bool> {
    let organization = OrganizationRef::Clerk(DEMO_ORGANIZATION.to_owned());
    let known = db.identify(DEMO_USER, Some(&organization)).await?;
    Ok(known.user.is_some() || known.organization.is_some())
}

/// A session token for the demo's administrator.
pub(super) fn token(signer: &DemoSigner, now: chrono::DateTime<chrono::Utc>) -> anyhow::Result<String> {
    let organization = DemoOrganization {
        id: DEMO_ORGANIZATION.to_owned(),
        slug: Some("demo".to_owned()),
        role: CLERK_ADMIN_ROLE.to_owned(),
    };
    let session = DemoSession {
        user_id: DEMO_USER.to_owned(),
        organization: Some(organization),
        authorized_party: None,
        lifetime: TOKEN_LIFETIME,
    };
    Ok(signer.mint(&session, now)?)
}

/// For the person at the terminal, if there is one: who has closed it has read enough.
fn announce(text: &str) {
    let _ = std::io::stdout().write_all(format!("{text}\n").as_bytes());
}
