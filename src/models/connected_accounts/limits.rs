//! How much an account may do: a document, the same on the wire and in `jsonb`.

use std::{borrow::Cow, collections::BTreeMap};

use serde::{Deserialize, Serialize};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        ObjectBuilder, Ref, RefOr,
        schema::{AdditionalProperties, Schema},
    },
};

use super::Channel;
use crate::{
    errors::Fault,
    models::{patch::Patch, workflow::NodeType},
};

/// How often an account may do one thing. All bounds hold at once; null is no bound of that kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(example = json!({"per_hour": null, "per_day": 20, "per_week": 100}))]
pub struct ActionLimits {
    /// The most in any hour of its clock: that of its sending window's zone, else UTC.
    pub per_hour: Option<i32>,
    /// The most on any day of that clock.
    pub per_day: Option<i32>,
    /// The most in any seven days in a row.
    pub per_week: Option<i32>,
    /// Of mails of campaigns: the most on any day of the organization's zone to addresses of one domain.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub per_domain_per_day: Option<i32>,
}

impl ActionLimits {
    const fn daily(per_day: i32) -> Self {
        Self { per_hour: None, per_day: Some(per_day), per_week: None, per_domain_per_day: None }
    }

    /// What an account starts with. LinkedIn publishes no numbers: these are the careful end of what its users report, and a mailbox's
    /// are what cold mail from a warmed address bears. They are settings, and the owner of an account knows it best.
    #[must_use]
    pub fn default_of(action: NodeType) -> Self {
        match action {
            NodeType::ProfileVisit => Self::daily(80),
            NodeType::LikePost | NodeType::SendInmail => Self::daily(30),
            NodeType::CommentPost => Self::daily(10),
            NodeType::SendConnectionRequest => Self { per_week: Some(100), ..Self::daily(20) },
            NodeType::WithdrawRequest => Self::daily(20),
            NodeType::SendFollowup => Self::daily(100),
            NodeType::SendEmail => Self::daily(50),
            NodeType::Webhook | NodeType::Wait | NodeType::Condition => Self::default(),
        }
    }

    fn changed(self, changes: ActionLimitsChanges, default: Self) -> Self {
        let ActionLimitsChanges { per_hour, per_day, per_week, per_domain_per_day } = changes;
        Self {
            per_hour: per_hour.apply(self.per_hour).or(default.per_hour),
            per_day: per_day.apply(self.per_day).or(default.per_day),
            per_week: per_week.apply(self.per_week).or(default.per_week),
            per_domain_per_day: per_domain_per_day.apply(self.per_domain_per_day),
        }
    }
}

/// A merge patch of one action's limits; what is cleared falls back to the default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ActionLimitsChanges {
    pub per_hour: Patch<i32>,
    pub per_day: Patch<i32>,
    pub per_week: Patch<i32>,
    pub per_domain_per_day: Patch<i32>,
}

/// A merge patch of an account's limits, by action.
pub type AccountLimitsChanges = BTreeMap<NodeType, Patch<ActionLimitsChanges>>;

/// How much an account may do, for each kind of step that it can carry out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AccountLimits(BTreeMap<NodeType, ActionLimits>);

impl AccountLimits {
    /// What an account of `channel` starts with.
    #[must_use]
    pub fn of(channel: Channel) -> Self {
        let actions = NodeType::ALL.into_iter().filter(|action| action.channel() == Some(channel));
        Self(actions.map(|action| (action, ActionLimits::default_of(action))).collect())
    }

    /// How often it may do one thing; at its default what no one has ever set.
    #[must_use]
    pub fn get(&self, action: NodeType) -> ActionLimits {
        self.0.get(&action).copied().unwrap_or_else(|| ActionLimits::default_of(action))
    }

    /// The limits after `changes`, of an account of `channel`: what the patch clears, or no one has ever set, is at its default.
    ///
    /// # Errors
    /// A fault for each action that such an account cannot do.
    pub fn changed(&self, channel: Channel, mut changes: AccountLimitsChanges) -> Result<Self, Vec<Fault>> {
        let mut limits = Self::of(channel).0;
        for (action, limit) in &mut limits {
            let default = *limit;
            let present = self.0.get(action).copied().unwrap_or(default);
            *limit = match changes.remove(action).unwrap_or_default() {
                Patch::Keep => present,
                Patch::Clear => default,
                Patch::Set(changes) => present.changed(changes, default),
            };
        }
        let without_domain = |(action, limit): &(&NodeType, &ActionLimits)| {
            **action != NodeType::SendEmail && limit.per_domain_per_day.is_some()
        };
        if let Some((action, _)) = limits.iter().find(without_domain) {
            let pointer = format!("/limits/{}/per_domain_per_day", action.as_str());
            return Err(vec![Fault::new(pointer, "not_for_action", "Only mails go to a domain.")]);
        }
        if changes.is_empty() {
            return Ok(Self(limits));
        }
        let detail = format!("An account of the channel {channel} does not do this.");
        let fault =
            |action: &NodeType| Fault::new(format!("/limits/{}", action.as_str()), "not_for_channel", detail.clone());
        Err(changes.keys().map(fault).collect())
    }
}

impl PartialSchema for AccountLimits {
    fn schema() -> RefOr<Schema> {
        limits_by_action(&Ref::from_schema_name(ActionLimits::name()).into())
            .description(Some("How much the account may do, for each kind of step that it can carry out."))
            .into()
    }
}

impl ToSchema for AccountLimits {
    fn name() -> Cow<'static, str> {
        "AccountLimits".into()
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((ActionLimits::name().into_owned(), ActionLimits::schema()));
    }
}

/// The schema of an object that has a `value` for each kind of step that an account carries out.
#[must_use]
pub fn limits_by_action(value: &RefOr<Schema>) -> ObjectBuilder {
    let closed = ObjectBuilder::new().additional_properties(Some(AdditionalProperties::FreeForm(false)));
    let actions = NodeType::ALL.into_iter().filter(|action| action.needs_account());
    actions.fold(closed, |object, action| object.property(action.as_str(), value.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn only(action: NodeType, changes: Patch<ActionLimitsChanges>) -> AccountLimitsChanges {
        BTreeMap::from([(action, changes)])
    }

    #[test]
    fn a_patch_changes_what_it_names_and_null_restores_the_default() {
        let action = NodeType::SendConnectionRequest;
        let before = AccountLimits::of(Channel::Linkedin);
        let careful = ActionLimitsChanges { per_hour: Patch::Set(3), per_week: Patch::Set(40), ..Default::default() };
        let after = before.changed(Channel::Linkedin, only(action, Patch::Set(careful))).unwrap();
        let expected =
            ActionLimits { per_hour: Some(3), per_day: Some(20), per_week: Some(40), per_domain_per_day: None };
        assert_eq!(after.0[&action], expected);
        assert_eq!(after.0[&NodeType::SendFollowup], before.0[&NodeType::SendFollowup]);

        let week = ActionLimitsChanges { per_week: Patch::Clear, ..Default::default() };
        let restored = after.changed(Channel::Linkedin, only(action, Patch::Set(week))).unwrap();
        assert_eq!(restored.0[&action], ActionLimits { per_week: Some(100), ..expected });
        assert_eq!(after.changed(Channel::Linkedin, only(action, Patch::Clear)).unwrap(), before);
    }

    #[test]
    fn only_mails_have_a_cap_by_domain() {
        let cap = |cap| ActionLimitsChanges { per_domain_per_day: cap, ..Default::default() };
        let (mail, invite) = (NodeType::SendEmail, NodeType::SendConnectionRequest);
        let (email, linkedin) = (AccountLimits::of(Channel::Email), AccountLimits::of(Channel::Linkedin));
        let capped = email.changed(Channel::Email, only(mail, Patch::Set(cap(Patch::Set(5))))).unwrap();
        assert_eq!((capped.get(mail).per_domain_per_day, capped.get(mail).per_day), (Some(5), Some(50)));
        assert_eq!(capped.changed(Channel::Email, only(mail, Patch::Set(cap(Patch::Clear)))).unwrap(), email);
        let faults = linkedin.changed(Channel::Linkedin, only(invite, Patch::Set(cap(Patch::Set(5))))).unwrap_err();
        let expected = ("/limits/send_connection_request/per_domain_per_day", "not_for_action");
        assert_eq!((faults[0].pointer.as_str(), &*faults[0].code), expected);
    }

    #[test]
    fn an_action_of_another_channel_is_a_fault() {
        let faults = AccountLimits::of(Channel::Email)
            .changed(Channel::Email, only(NodeType::SendInmail, Patch::Set(ActionLimitsChanges::default())))
            .unwrap_err();
        assert_eq!((faults[0].pointer.as_str(), &*faults[0].code), ("/limits/send_inmail", "not_for_channel"));
    }

    #[test]
    fn an_action_that_came_later_has_its_default() {
        let old: AccountLimits = serde_json::from_str(r#"{"profile_visit": {"per_day": 5}}"#).unwrap();
        let now = old.changed(Channel::Linkedin, AccountLimitsChanges::new()).unwrap();
        assert_eq!(now.0[&NodeType::ProfileVisit], ActionLimits::daily(5));
        assert_eq!(now.0[&NodeType::SendInmail], ActionLimits::daily(30));
    }
}
