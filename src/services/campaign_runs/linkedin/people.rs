//! Whom a lead's profile names, by LinkedIn's own id: asked once for each account and tier, and kept. People may rename their profile after that.

use super::{
    super::{deliver::Delivery, outcome::Outcome},
    At, LinkedinChannel,
    verdict::{Stop, UNREACHABLE},
};
use crate::{
    engine::route::Answer,
    errors::Result,
    integrations::unipile::Profile,
    models::{Lead, LinkedinPerson, LinkedinTier},
    utils::linkedin::LinkedinUrl,
};

/// A lead as an account knows it.
pub(super) struct Person {
    /// LinkedIn's own id.
    pub(super) id: String,
    /// The profile, if it was asked just now.
    pub(super) profile: Option<Profile>,
}

impl LinkedinChannel {
    /// Who a lead is. Its profile is looked at, without a trace, if that is not known yet.
    pub(super) async fn person(&self, at: At<'_>, lead: &Lead, seed: uuid::Uuid) -> Result<Person, Stop> {
        let url = lead.linkedin_url.as_deref().ok_or(Delivery::NoRecipient)?;
        if let Some(known) = self.known(at, url).await? {
            return Ok(Person { id: known, profile: None });
        }
        let name = name(url).ok_or(Delivery::NoRecipient)?;
        let profile = at.api.profile(&at.unipile.account_id, &name, false).await;
        let profile = profile.map_err(|error| self.unanswered(seed, &error))?;
        let Some(id) = profile.provider_id.clone() else {
            tracing::warn!(account = %at.account.id, "Unipile gave a profile without an id");
            return Err(Delivery::no_answer(UNREACHABLE).into());
        };
        self.keep(at, url, &profile).await?;
        Ok(Person { id, profile: Some(profile) })
    }

    /// LinkedIn's own id of who has this profile, if it is known to the account as it is paid for now.
    pub(super) async fn known(&self, at: At<'_>, url: &str) -> Result<Option<String>> {
        let mut conn = self.context.db.engine_conn(at.account.organization_id).await?;
        let known = conn.linkedin().person(at.account.id, url).await?;
        conn.give_back();
        Ok(known.filter(|known| known.tier == tier(at.unipile.tier)).map(|known| known.provider_id))
    }

    /// Keeps what a profile says of who the person is.
    pub(super) async fn keep(&self, at: At<'_>, url: &str, profile: &Profile) -> Result<()> {
        let Some(provider_id) = profile.provider_id.clone() else { return Ok(()) };
        let person = LinkedinPerson {
            account_id: at.account.id,
            linkedin_url: url.to_owned(),
            tier: tier(at.unipile.tier),
            provider_id,
            public_identifier: profile.public_identifier.clone(),
            seen_at: self.context.campaign_clock.now(),
        };
        let mut conn = self.context.db.engine_conn(at.account.organization_id).await?;
        conn.linkedin().keep_person(&person).await?;
        conn.give_back();
        Ok(())
    }
}

/// By what Unipile can be asked for a profile. It takes the last part of an address under `/in/`; of Sales Navigator's and Recruiter's own ids
/// it documents nothing.
pub(super) fn name(url: &str) -> Option<String> {
    LinkedinUrl::parse(url).ok()?.public_identifier().map(str::to_owned)
}

/// What is paid for, in a word: other tiers may know people by other ids.
fn tier(LinkedinTier { premium, recruiter, sales_navigator }: LinkedinTier) -> String {
    let paid = [(premium, "premium"), (recruiter, "recruiter"), (sales_navigator, "sales_navigator")];
    let paid: Vec<_> = paid.into_iter().filter(|(has, _)| *has).map(|(_, name)| name).collect();
    if paid.is_empty() { "free".to_owned() } else { paid.join("+") }
}

/// The lead has not what is needed for it.
pub(super) fn skipped(reason: &'static str, answer: Answer) -> Stop {
    Outcome::Skipped { reason, answer }.into()
}
