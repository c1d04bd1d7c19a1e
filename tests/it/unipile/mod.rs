//! The client of Unipile against a server that speaks as Unipile documents it: for each endpoint what is sent, what is read, and what is
//! concluded when it fails.

mod chats;
mod failures;
mod invitations;
mod people;
mod posts;

use std::sync::Arc;

use serde_json::Value;

use crate::support::{FakeUnipile, ManualClock};

/// A fake with an account `A1` and somebody called `anna`.
async fn fake() -> (FakeUnipile, Arc<ManualClock>) {
    let clock = ManualClock::new();
    let fake = FakeUnipile::start(clock.clone()).await;
    fake.world().account("A1");
    fake.world().person("anna");
    (fake, clock)
}

/// What was asked since the last time, each as method, path and query.
fn asked(fake: &FakeUnipile) -> Vec<String> {
    std::mem::take(&mut fake.world().requests)
}

/// A server that answers everything with this, and the client of it.
async fn saying(status: u16, body: &Value) -> (FakeUnipile, clento::integrations::unipile::Unipile) {
    use crate::support::unipile::Trouble;
    let (fake, _) = fake().await;
    let text: &'static str = body.to_string().leak();
    fake.world().chance = Some(Box::new(move |_, _| Some(Trouble::Say(status, text))));
    let client = fake.client();
    (fake, client)
}
