//! What a newcomer finds: the addresses, and a token to paste.

use std::{net::SocketAddr, time::Duration};

use super::identity::Identity;
use crate::{
    integrations::clerk::{DemoOrganization, DemoSession, DemoSigner},
    models::CLERK_ADMIN_ROLE,
    state::AppState,
};

/// The demo's user and organization, as Clerk would name them.
const DEMO_USER: &str = "user_demo";
const DEMO_ORGANIZATION: &str = "org_demo";
/// How long a demo token lives: a working day.
const TOKEN_LIFETIME: Duration = Duration::from_hours(12);

/// Prints where to begin.
pub(super) async fn welcome(identity: &Identity, state: &AppState, address: SocketAddr) -> anyhow::Result<()> {
    let Some(signer) = &identity.demo else { return Ok(()) };
    let token = token(signer, state.clock().now())?;
    announce(&format!(
        "\n  Clento is running.\n\n  API documentation   http://{address}/api-docs\n  Demo token          {token}\n\n  \
         Press Authorize there, paste the token, and try it out.\n"
    ));
    Ok(())
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

#[expect(clippy::print_stdout, reason = "for the person at the terminal, not for the log")]
fn announce(text: &str) {
    println!("{text}");
}
