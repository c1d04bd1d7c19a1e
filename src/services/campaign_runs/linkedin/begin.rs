//! Writing down what is about to be done, in a transaction of its own, before its first byte leaves.

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    super::{
        claim::Order,
        deliver::{Delivery, NOT_BEGUN},
        outcome::Outcome,
    },
    LinkedinChannel,
    prepare::Prepared,
};
use crate::{engine::route::Answer, errors::Result, models::LinkedinAct, repositories::OrgTx};

/// Over what time notes are counted. Which month LinkedIn means is not known: any so many days in a row are one.
const MONTH: TimeDelta = TimeDelta::days(31);

/// What was written down.
pub(super) struct Begun {
    /// What it is done to.
    pub(super) target: String,
    /// The note is left out: the account has sent as many as it may.
    pub(super) without_note: bool,
}

impl LinkedinChannel {
    /// Writes it down, if the attempt still answers to its token; else what that means for the step.
    pub(super) async fn begin(&self, order: &Order, prepared: &Prepared) -> Result<Result<Begun, Delivery>> {
        let step = &order.step;
        let mut tx = self.context.db.begin_engine(step.organization_id, self.context.campaign_clock.now()).await?;
        let Some(person) = prepared.person() else {
            // A visit may be repeated, and leaves nothing to look for.
            let mine = tx.steps().is_mine(step.id, step.token).await?;
            return Ok(if mine { Ok(Begun { target: String::new(), without_note: false }) } else { Err(NOT_BEGUN) });
        };
        let (noted, without_note) = self.note(&mut tx, order, prepared).await?;
        let targets = targets(prepared);
        for target in &targets {
            let (person, target) = (person.to_owned(), target.clone());
            let act = LinkedinAct { person, target, chat_id: chat(prepared), noted, ..act(order, tx.now()) };
            if tx.linkedin().begin(&act, step.token).await? {
                tx.commit().await?;
                return Ok(Ok(Begun { target: act.target, without_note }));
            }
        }
        // Else its campaign was paused, or another has taken the attempt over: by the next look either may be over.
        let others = prepared.is_to_a_post() && !targets.is_empty() && {
            let done = tx.linkedin().done_to((order.account.id, step.action), &targets).await?;
            targets.iter().all(|target| done.contains(target))
        };
        Ok(Err(if others && tx.steps().is_mine(step.id, step.token).await? {
            Delivery::Other(Outcome::Skipped { reason: "post_done_already", answer: Answer::Done })
        } else {
            NOT_BEGUN
        }))
    }

    /// Whether an invitation has a note that counts, and whether it must do without. Only one at a time asks for an account.
    async fn note(&self, tx: &mut OrgTx, order: &Order, prepared: &Prepared) -> Result<(bool, bool)> {
        let paid = order.account.unipile.as_ref().is_some_and(|unipile| unipile.tier.is_paid());
        if paid || !matches!(prepared, Prepared::Invite { note: Some(_), .. }) {
            return Ok((false, false));
        }
        tx.accounts().lock_many(&[order.account.id]).await?;
        let since = tx.now() - MONTH;
        let used = tx.linkedin().notes_since(order.account.id, since).await?;
        let left = used < self.bears.free_notes;
        Ok((left, !left))
    }
}

/// What is about to be done, still to nobody.
fn act(order: &Order, begun_at: DateTime<Utc>) -> LinkedinAct {
    let Order { step, account, .. } = order;
    LinkedinAct {
        step_id: step.id,
        execution_id: step.execution_id,
        lead_id: step.lead_id,
        account_id: account.id,
        node_id: step.node_id.clone(),
        action: step.action,
        person: String::new(),
        target: String::new(),
        chat_id: None,
        noted: false,
        begun_at,
        unipile_account: account.unipile.as_ref().map(|unipile| unipile.account_id.clone()),
    }
}

/// What it may be done to, the best first.
fn targets(prepared: &Prepared) -> Vec<String> {
    match prepared {
        Prepared::Like { posts, .. } | Prepared::Comment { posts, .. } => posts.clone(),
        Prepared::Withdraw { invitation, .. } => vec![invitation.clone()],
        _ => prepared.person().map(str::to_owned).into_iter().collect(),
    }
}

fn chat(prepared: &Prepared) -> Option<String> {
    match prepared {
        Prepared::Message { chat, .. } => chat.clone(),
        _ => None,
    }
}
