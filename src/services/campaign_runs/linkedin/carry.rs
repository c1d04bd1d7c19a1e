//! Doing it: one request, sent once.

use super::{
    super::{claim::Order, deliver::Delivery, outcome::Outcome},
    At, LinkedinChannel,
    begin::Begun,
    prepare::{IN_CHAT, Prepared},
    verdict::done_before,
};
use crate::{
    engine::route::Answer,
    errors::Result,
    integrations::unipile::{Class, MessageSent, NewChat, Profile, UnipileError},
};

/// LinkedIn's word for an invitation that it does not take yet.
const NOT_YET: &str = "cannot_resend_yet";
/// After so many attempts that ended with it a person must look: it may be about this one person, and the account is not to rest for that again
/// and again.
const MOST_NOT_YET: i64 = 3;

/// What was done.
pub(super) struct Done {
    /// By what Unipile knows it, or what stands for that.
    provider_id: String,
    /// The profile that was visited.
    profile: Option<Profile>,
}

impl Done {
    /// By what Unipile knows it, or what stands for that.
    pub(super) fn into_id(self) -> String {
        self.provider_id
    }
}

impl LinkedinChannel {
    /// Sends the one request.
    pub(super) async fn carry_out(
        &self,
        at: At<'_>,
        prepared: &Prepared,
        begun: &Begun,
    ) -> std::result::Result<Done, UnipileError> {
        let (api, account) = (at.api, at.unipile.account_id.as_str());
        let (provider_id, profile) = match prepared {
            Prepared::Visit { profile } => {
                let profile = api.profile(account, profile, true).await?;
                (profile.provider_id.clone(), Some(profile))
            }
            Prepared::Like { .. } => {
                (api.like(account, &begun.target).await.map(|()| Some(begun.target.clone()))?, None)
            }
            Prepared::Comment { text, .. } => {
                api.comment(account, &begun.target, text).await?;
                (Some(begun.target.clone()), None)
            }
            Prepared::Invite { person, note } => {
                let note = note.as_deref().filter(|_| !begun.without_note);
                (api.invite(account, person, note).await?.invitation_id, None)
            }
            Prepared::Withdraw { invitation, .. } => {
                api.cancel_invitation(account, invitation).await?;
                (Some(invitation.clone()), None)
            }
            Prepared::Message { chat: Some(chat), text, .. } => (id_of(api.send_message(chat, text).await?), None),
            Prepared::Message { chat: None, person, text } => {
                let new = NewChat { person, text, subject: None, inmail: false };
                (id_of(api.start_chat(account, new).await?), None)
            }
            Prepared::Inmail { person, subject, text } => {
                let new = NewChat { person, text, subject: subject.as_deref(), inmail: true };
                (id_of(api.start_chat(account, new).await?), None)
            }
        };
        Ok(Done { provider_id: provider_id.unwrap_or_else(|| prepared.fallback_id()), profile })
    }

    /// What follows from its having been done.
    pub(super) async fn done(&self, order: &Order, done: Done, begun: &Begun) -> Delivery {
        let Done { provider_id, profile } = done;
        if let (Ok(at), Some(profile), Some(url)) =
            (self.at(&order.account), profile, order.lead.linkedin_url.as_deref())
            && let Err(error) = self.keep(at, url, &profile).await
        {
            tracing::warn!(step = %order.step.id, code = error.code(), "who was visited is not kept");
        }
        if begun.without_note {
            let remark = "note_left_out";
            return Delivery::Other(Outcome::SentAs { provider_id, remark, answer: Answer::Done });
        }
        Delivery::Sent { provider_id }
    }

    /// What follows from its having been refused. LinkedIn's word for a limit is also its word for an invitation that waits already, or that was
    /// taken back: that is looked up before the account is sent to rest.
    pub(super) async fn judged(
        &self,
        at: At<'_>,
        order: &Order,
        prepared: &Prepared,
        error: &UnipileError,
    ) -> Delivery {
        let verdict = self.let_in(at, Some(&order.step), self.verdict(order.step.id.0, prepared, error)).await;
        if error.is("insufficient_credits") {
            self.went_broke(at.account.id);
        }
        let Prepared::Invite { person, .. } = prepared else { return verdict };
        if error.class() != Class::Cooldown || error.is("insufficient_credits") || error.is("too_many_requests") {
            return verdict;
        }
        if let Ok(Some(invitation)) = self.invitation_to(at, person).await {
            let (provider_id, remark) = (invitation, "already_invited");
            return Delivery::Other(Outcome::SentAs { provider_id, remark, answer: Answer::Done });
        }
        match at.api.profile(&at.unipile.account_id, person, false).await {
            Ok(profile) if profile.is_connected() => {
                let reason = "already_connected";
                return Delivery::Other(Outcome::Skipped { reason, answer: Answer::Accepted });
            }
            Ok(profile) if profile.is_invited() => return done_before(prepared, "already_invited"),
            Ok(profile) if profile.was_withdrawn() => {
                let reason = "withdrawn_lately";
                return Delivery::Other(Outcome::Skipped { reason, answer: Answer::NotAccepted });
            }
            _ => {}
        }
        if error.is(NOT_YET) { self.not_yet(order, verdict).await } else { verdict }
    }

    /// What follows from LinkedIn's not taking an invitation yet.
    async fn not_yet(&self, order: &Order, verdict: Delivery) -> Delivery {
        let Delivery::NotSent { rest, ours, .. } = verdict else { return verdict };
        match self.refused_before(order).await {
            Ok(times) if times >= MOST_NOT_YET => return Delivery::Other(Outcome::Parked { reason: NOT_YET }),
            Ok(_) => {}
            Err(error) => {
                tracing::warn!(step = %order.step.id, code = error.code(), "earlier refusals cannot be counted");
            }
        }
        Delivery::NotSent { reason: NOT_YET, rest, ours }
    }

    /// How often LinkedIn has not taken this invitation yet.
    async fn refused_before(&self, order: &Order) -> Result<i64> {
        let step = &order.step;
        let mut conn = self.context.db.engine_conn(step.organization_id).await?;
        conn.steps().ended_so(step.execution_id, &step.node_id, NOT_YET).await
    }
}

/// The id of a message, or of the chat that it is in.
fn id_of(MessageSent { chat_id, message_id }: MessageSent) -> Option<String> {
    message_id.or_else(|| chat_id.map(|chat| format!("{IN_CHAT}{chat}")))
}
