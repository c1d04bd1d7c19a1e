//! What people write by hand, into the chat with a lead.

use chrono::TimeDelta;
use tokio::time::timeout_at;

use super::{
    super::{
        channel::{Found, Letter, MayBegin},
        deliver::{Delivery, NOT_BEGUN, TOO_LATE},
        lease::Lease,
    },
    At, LinkedinChannel, SLOW,
    begin::Begun,
    prepare::Prepared,
    verdict::Stop,
};
use crate::{
    errors::{AppError, Result},
    models::Lead,
    repositories::BaseRepository as _,
};

/// By how much Unipile's clock may be behind ours. Less than for steps: people may well write the same words twice.
const CLOCKS: TimeDelta = TimeDelta::seconds(10);

impl LinkedinChannel {
    pub(super) async fn write_letter(&self, letter: &Letter, may_begin: &MayBegin<'_>) -> Delivery {
        let (at, until) = match self.at(&letter.account) {
            Ok(at) => (at, self.until()),
            Err(delivery) => return delivery,
        };
        let prepared = match timeout_at(until, self.prepare_letter(at, letter)).await {
            Ok(Ok(prepared)) => prepared,
            Ok(Err(Stop::Delivery(delivery))) => return self.let_in(at, None, delivery.by_hand()).await,
            Ok(Err(Stop::Ours(error))) => return ours(letter, &error),
            Err(_) => return SLOW,
        };
        // From here on whoever looks it up knows where.
        match self.begin_letter(letter, &prepared).await {
            Ok(true) => {}
            Ok(false) => return NOT_BEGUN,
            Err(error) => return ours(letter, &error),
        }
        if !may_begin() {
            return TOO_LATE;
        }
        let begun = Begun { target: String::new(), without_note: false };
        match timeout_at(until, self.carry_out(at, &prepared, &begun)).await {
            Err(_) => Delivery::Unknown,
            Ok(Ok(done)) => Delivery::Sent { provider_id: done.into_id() },
            Ok(Err(error)) => {
                let verdict = self.verdict(letter.message.id.0, &prepared, &error);
                let judged = self.let_in(at, None, verdict.clone());
                timeout_at(until, judged).await.unwrap_or(verdict)
            }
        }
    }

    async fn prepare_letter(&self, at: At<'_>, letter: &Letter) -> Result<Prepared, Stop> {
        let seed = letter.message.id.0;
        let lead = self.lead_of(letter).await?.ok_or(Delivery::NoRecipient)?;
        let person = self.person(at, &lead, seed).await?.id;
        let chat = self.chat_with(at, &person, seed).await?;
        Ok(Prepared::Message { person, chat, text: letter.message.text.clone() })
    }

    /// Writes down whom it goes to, if it is still ours to send.
    async fn begin_letter(&self, letter: &Letter, prepared: &Prepared) -> Result<bool> {
        let (id, token) = (letter.message.id, letter.message.token.unwrap_or_default());
        let mut conn = self.context.db.engine_conn(letter.message.organization_id).await?;
        let begun = conn.messages().goes_to(id, token, prepared.person().unwrap_or_default()).await;
        conn.give_back();
        begun
    }

    async fn lead_of(&self, letter: &Letter) -> Result<Option<Lead>> {
        let mut conn = self.context.db.engine_conn(letter.message.organization_id).await?;
        let lead = conn.leads().find(letter.message.lead_id).await?;
        conn.give_back();
        Ok(lead)
    }

    pub(super) async fn look_up_letter(&self, letter: &Letter) -> Result<Found> {
        let begun = letter.message.created_at;
        let Ok(at) = self.at(&letter.account) else { return Ok(self.patient(begun)) };
        let mut conn = self.context.db.engine_conn(letter.message.organization_id).await?;
        let person = conn.messages().went_to(letter.message.id).await?;
        conn.give_back();
        // Without that nothing was begun, and nobody can begin it any more.
        let Some(person) = person else { return Ok(Found::No) };
        let seeking = self.seek_message(at, (&person, None), begun - CLOCKS, &letter.message.text);
        match tokio::time::timeout(Lease(self.context.campaign_lease).timeout() * 2, seeking).await {
            Ok(Ok(found)) => Ok(found),
            _ => Ok(self.patient(begun)),
        }
    }
}

/// It failed on our side, before anything was begun.
fn ours(letter: &Letter, error: &AppError) -> Delivery {
    tracing::warn!(message = %letter.message.id, code = error.code(), "a message was not begun");
    NOT_BEGUN
}
