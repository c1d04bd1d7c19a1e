//! Daily limits that grow from day to day: a document, the same on the wire and in `jsonb`.

use std::{borrow::Cow, collections::BTreeMap};

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{Ref, RefOr, schema::Schema},
};

use super::{Channel, limits_by_action};
use crate::{
    errors::Fault,
    models::{patch::Patch, workflow::NodeType},
};

/// A daily limit that grows from day to day, until the account's own `per_day` is the smaller one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ActionRampUp, example = json!({"start_per_day": 5, "increase_per_day": 1, "since": "2026-11-30"}))]
pub struct RampUp {
    /// The limit on the first day.
    pub start_per_day: i32,
    /// By how much it grows each day.
    pub increase_per_day: i32,
    /// The first day, by the account's clock.
    pub since: NaiveDate,
}

impl RampUp {
    /// What a ramp starts with unless somebody says otherwise: 5 a day and one more each day, and of mail 10 and 5 more: the presets of
    /// tools for cold outreach.
    #[must_use]
    pub fn default_of(action: NodeType, since: NaiveDate) -> Self {
        match action {
            NodeType::SendEmail => Self { start_per_day: 10, increase_per_day: 5, since },
            _ => Self { start_per_day: 5, increase_per_day: 1, since },
        }
    }

    /// The limit on `day`.
    #[must_use]
    pub fn limit(self, day: NaiveDate) -> u32 {
        let days = u32::try_from(day.signed_duration_since(self.since).num_days()).unwrap_or(0);
        let (start, more) = (self.start_per_day.max(0).unsigned_abs(), self.increase_per_day.max(0).unsigned_abs());
        start.saturating_add(more.saturating_mul(days))
    }

    fn changed(self, changes: RampUpChanges, default: Self) -> Self {
        let RampUpChanges { start_per_day, increase_per_day, since } = changes;
        Self {
            start_per_day: start_per_day.apply(Some(self.start_per_day)).unwrap_or(default.start_per_day),
            increase_per_day: increase_per_day.apply(Some(self.increase_per_day)).unwrap_or(default.increase_per_day),
            since: since.apply(Some(self.since)).unwrap_or(default.since),
        }
    }
}

/// A merge patch of one action's ramp; what is cleared falls back to the default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RampUpChanges {
    pub start_per_day: Patch<i32>,
    pub increase_per_day: Patch<i32>,
    pub since: Patch<NaiveDate>,
}

/// A merge patch of an account's ramps, by action; a ramp that is cleared is over.
pub type AccountRampUpChanges = BTreeMap<NodeType, Patch<RampUpChanges>>;

/// An account's daily limits that still grow, for each kind of step that has one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AccountRampUp(BTreeMap<NodeType, RampUp>);

impl AccountRampUp {
    /// The ramp of one thing, if it has one.
    #[must_use]
    pub fn get(&self, action: NodeType) -> Option<RampUp> {
        self.0.get(&action).copied()
    }

    /// All ramps.
    #[must_use]
    pub fn by_action(&self) -> &BTreeMap<NodeType, RampUp> {
        &self.0
    }

    /// The ramps after `changes`, of an account of `channel`. One that is new starts on `today`.
    ///
    /// # Errors
    /// A fault for each action that such an account cannot do.
    pub fn changed(
        &self,
        channel: Channel,
        changes: AccountRampUpChanges,
        today: NaiveDate,
    ) -> Result<Self, Vec<Fault>> {
        let (mut ramps, mut faults) = (self.0.clone(), Vec::new());
        for (action, change) in changes {
            if action.channel() != Some(channel) {
                let detail = format!("An account of the channel {channel} does not do this.");
                faults.push(Fault::new(format!("/ramp_up/{}", action.as_str()), "not_for_channel", detail));
                continue;
            }
            let default = RampUp::default_of(action, today);
            match change {
                Patch::Keep => {}
                Patch::Clear => drop(ramps.remove(&action)),
                Patch::Set(changes) => {
                    let present = ramps.get(&action).copied().unwrap_or(default);
                    ramps.insert(action, present.changed(changes, default));
                }
            }
        }
        if faults.is_empty() { Ok(Self(ramps)) } else { Err(faults) }
    }
}

impl PartialSchema for AccountRampUp {
    fn schema() -> RefOr<Schema> {
        limits_by_action(&Ref::from_schema_name(RampUp::name()).into())
            .description(Some("Daily limits that still grow, for each kind of step that has one."))
            .into()
    }
}

impl ToSchema for AccountRampUp {
    fn name() -> Cow<'static, str> {
        "AccountRampUp".into()
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((RampUp::name().into_owned(), RampUp::schema()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn a_ramp_grows_from_its_first_day_on() {
        let ramp = RampUp::default_of(NodeType::SendEmail, day("2026-11-30"));
        for (on, limit) in [("2026-11-01", 10), ("2026-11-30", 10), ("2026-12-01", 15), ("2026-12-10", 60)] {
            assert_eq!(ramp.limit(day(on)), limit, "{on}");
        }
        let endless = RampUp { start_per_day: -1, increase_per_day: i32::MAX, since: NaiveDate::MIN };
        assert_eq!(endless.limit(NaiveDate::MAX), u32::MAX);
    }

    #[test]
    fn a_patch_begins_changes_and_ends_ramps() {
        let (action, today) = (NodeType::SendConnectionRequest, day("2026-11-30"));
        let only = |change| BTreeMap::from([(action, change)]);
        let none = AccountRampUp::default();
        let begun = none.changed(Channel::Linkedin, only(Patch::Set(RampUpChanges::default())), today).unwrap();
        assert_eq!(begun.get(action), Some(RampUp { start_per_day: 5, increase_per_day: 1, since: today }));
        let faster = RampUpChanges { increase_per_day: Patch::Set(2), ..RampUpChanges::default() };
        let faster = begun.changed(Channel::Linkedin, only(Patch::Set(faster)), day("2026-12-24")).unwrap();
        assert_eq!(faster.get(action), Some(RampUp { start_per_day: 5, increase_per_day: 2, since: today }));
        assert_eq!(faster.changed(Channel::Linkedin, only(Patch::Clear), today).unwrap(), none);
        let faults = none.changed(Channel::Email, only(Patch::Set(RampUpChanges::default())), today).unwrap_err();
        assert_eq!(
            (faults[0].pointer.as_str(), &*faults[0].code),
            ("/ramp_up/send_connection_request", "not_for_channel")
        );
    }
}
