//! Who accepts an invitation when the wait for that is over.

use super::{Deed, RunService};
use crate::{
    engine::route::Answer,
    errors::Result,
    models::{Activity, CampaignId, ExecutionStatus, LateAcceptance, Stand, Walk},
    repositories::OrgTx,
    services::campaign_runs::{
        activities::{happened, reason},
        fate::Judge,
        party::{Party, planner_of},
    },
};

/// Why a way ends whose lead has accepted late.
const ACCEPTED_LATE: &str = "accepted_late";

impl RunService {
    /// Where a lead stands from now on that has accepted when it was on the other way already, if its campaign wants it elsewhere. One that waits
    /// for a person stays: what became of its step is not known.
    pub(super) async fn accepted_late(
        &self,
        tx: &mut OrgTx,
        it: &Deed,
        (campaign, walk): (CampaignId, &Walk),
    ) -> Result<Option<(Stand, Vec<Activity>)>> {
        if walk.status != ExecutionStatus::Waiting || walk.hold.as_deref() == Some("needs_review") {
            return Ok(None);
        }
        let Some(run) = tx.campaigns().run(campaign).await? else { return Ok(None) };
        if run.settings.late_acceptance == LateAcceptance::Note {
            return Ok(None);
        }
        let Some(node) = tx.unipile().not_accepted(walk.id, it.account_id).await? else { return Ok(None) };
        if run.settings.late_acceptance == LateAcceptance::Stop {
            let stand = Stand::ended(walk, ExecutionStatus::Stopped, Some(ACCEPTED_LATE));
            let told = happened(tx, campaign, walk, "execution_stopped", reason(ACCEPTED_LATE));
            return Ok(Some((stand, vec![told])));
        }
        let mut party = Party::gather(tx, &self.context.suppression_keys, run.id, &[walk.lead_id]).await?;
        let planner = planner_of(&run)?;
        let Some(lead) = party.leads.get(&walk.lead_id).cloned() else { return Ok(None) };
        // The step that is left behind is not done, and its place is free.
        let walk = Walk { awaiting: None, hold: None, ..walk.clone() };
        let mut judge = Judge::new(tx, &run, &planner, &mut party);
        judge.release(&walk);
        Ok(Some(judge.onward(&walk, &lead, &node, Answer::Accepted)))
    }
}
