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
use crate::{errors::Result, models::Lead, repositories::BaseRepository as _};

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
            Ok(Err(Stop::Delivery(delivery))) => return delivery,
            Ok(Err(Stop::Ours(error))) => {
                tracing::warn!(message = %letter.message.id, code = error.code(), "a message was not begun");
                return NOT_BEGUN;
            }
            Err(_) => return SLOW,
        };
        if !may_begin() {
            return TOO_LATE;
        }
        let begun = Begun { target: String::new(), without_note: false };
        match timeout_at(until, self.carry_out(at, &prepared, &begun)).await {
            Err(_) => Delivery::Unknown,
            Ok(Ok(done)) => Delivery::Sent { provider_id: done.into_id() },
            Ok(Err(error)) => self.verdict(letter.message.id.0, &prepared, &error),
        }
    }

    async fn prepare_letter(&self, at: At<'_>, letter: &Letter) -> Result<Prepared, Stop> {
        let seed = letter.message.id.0;
        let lead = self.lead_of(letter).await?.ok_or(Delivery::NoRecipient)?;
        let person = self.person(at, &lead, seed).await?.id;
        let chat = self.chat_with(at, &person, seed).await?;
        Ok(Prepared::Message { person, chat, text: letter.message.text.clone() })
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
        let url = self.lead_of(letter).await?.and_then(|lead| lead.linkedin_url);
        let known = match &url {
            Some(url) => self.known(at, url).await?,
            None => None,
        };
        // Whom it goes to is found out, and kept, before anything is sent.
        let Some(person) = known else { return Ok(Found::No) };
        let seeking = self.seek_message(at, (&person, None), begun - CLOCKS, &letter.message.text);
        match tokio::time::timeout(Lease(self.context.campaign_lease).timeout() * 2, seeking).await {
            Ok(Ok(found)) => Ok(found),
            _ => Ok(self.patient(begun)),
        }
    }
}
