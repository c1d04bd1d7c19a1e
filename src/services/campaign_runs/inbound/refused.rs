//! Recipients who are refused while a mail is handed over. What follows is the same as of a mail that comes back for good, and is known at once.

use super::{
    deed::{Bounced, Effect, What},
    end,
};
use crate::{
    errors::Result,
    models::{CampaignId, Channel, ExecutionStep},
    repositories::{BaseRepository as _, OrgTx},
    services::{
        campaign_runs::RunService,
        suppressions::{email_target, suppress_by_itself},
    },
};

impl RunService {
    /// Bars addresses that were refused, and ends the other ways of their leads. Each step's own way, and that it is told of, is its settling's. Call it
    /// in a transaction of [`Self::begin_intake`] that may suppress.
    ///
    /// # Errors
    /// The database's.
    pub(in crate::services::campaign_runs) async fn bar_refused(
        &self,
        tx: &mut OrgTx,
        campaign: CampaignId,
        steps: &[&ExecutionStep],
    ) -> Result<()> {
        let now = tx.now();
        let what = What::Bounced(Bounced { key: String::new(), status: None, given_up: true, permanent: true });
        for step in steps {
            let Some(id) = step.account_id else { continue };
            let mail = tx.accounts().find(id).await?.is_some_and(|account| account.channel == Channel::Email);
            let effect = Effect::of(&what, mail, false);
            let address = match tx.sent_mails().of_step(step.id).await? {
                Some(mail) => Some(mail.recipient),
                // Of the sandbox's mails nothing is noted.
                None => tx.leads().find(step.lead_id).await?.and_then(|lead| lead.email),
            };
            let target = address.as_deref().and_then(email_target);
            if let Some((target, (source, why))) = target.zip(effect.suppresses) {
                suppress_by_itself(tx, &self.context.suppression_keys, &target, source, why).await?;
            }
            tx.guards().mark(campaign, id, now).await?;
            end_others(tx, step, &effect).await?;
            for (from, to) in effect.lead {
                tx.leads().move_on(&[step.lead_id], from, *to, now).await?;
            }
        }
        Ok(())
    }
}

async fn end_others(tx: &mut OrgTx, step: &ExecutionStep, effect: &Effect) -> Result<()> {
    let now = tx.now();
    let (mut stands, mut activities) = (Vec::new(), Vec::new());
    for (campaign, walk) in tx.executions().lock_open_of(step.lead_id).await? {
        if walk.id != step.execution_id
            && let Some((stand, told)) = end(tx, campaign, &walk, effect).await?
        {
            stands.push(stand);
            activities.push(told);
        }
    }
    tx.executions().stand(&stands, now).await?;
    tx.activities().record(&activities).await
}
