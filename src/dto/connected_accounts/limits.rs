//! A merge patch of limits, which is also how limits are first given: what is not named is at its default.

use std::{borrow::Cow, collections::BTreeMap};

use serde::Deserialize;
use serde_with::rust::double_option;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{ObjectBuilder, OneOfBuilder, Ref, RefOr, Type, schema::Schema},
};

use crate::{
    dto::patch::patch,
    models::{AccountLimitsChanges, ActionLimitsChanges, limits_by_action, patch::Patch, workflow::NodeType},
};

/// Limits for each kind of step; what is not named stays, and null restores the default.
#[derive(Debug, Default, Deserialize)]
#[serde(transparent)]
pub struct AccountLimitsPatch(BTreeMap<NodeType, Option<ActionLimitsPatch>>);

/// How often an account may do one thing; what is not named stays, and null restores the default.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"per_day": 15, "per_week": 60}))]
pub struct ActionLimitsPatch {
    /// The most in any hour.
    #[serde(default, with = "double_option")]
    #[schema(minimum = 0, maximum = 100_000, value_type = Option<i32>)]
    pub per_hour: Option<Option<i32>>,
    /// The most in any day.
    #[serde(default, with = "double_option")]
    #[schema(minimum = 0, maximum = 100_000, value_type = Option<i32>)]
    pub per_day: Option<Option<i32>>,
    /// The most in any week.
    #[serde(default, with = "double_option")]
    #[schema(minimum = 0, maximum = 100_000, value_type = Option<i32>)]
    pub per_week: Option<Option<i32>>,
    /// Of mails: the most in any day to addresses of one domain.
    #[serde(default, with = "double_option")]
    #[schema(minimum = 1, maximum = 100_000, value_type = Option<i32>)]
    pub per_domain_per_day: Option<Option<i32>>,
}

impl From<AccountLimitsPatch> for AccountLimitsChanges {
    fn from(limits: AccountLimitsPatch) -> Self {
        let changes = |limit: Option<ActionLimitsPatch>| limit.map_or(Patch::Clear, |limit| Patch::Set(limit.into()));
        limits.0.into_iter().map(|(action, limit)| (action, changes(limit))).collect()
    }
}

impl From<ActionLimitsPatch> for ActionLimitsChanges {
    fn from(limit: ActionLimitsPatch) -> Self {
        let ActionLimitsPatch { per_hour, per_day, per_week, per_domain_per_day } = limit;
        Self {
            per_hour: patch(per_hour),
            per_day: patch(per_day),
            per_week: patch(per_week),
            per_domain_per_day: patch(per_domain_per_day),
        }
    }
}

impl PartialSchema for AccountLimitsPatch {
    fn schema() -> RefOr<Schema> {
        let either = OneOfBuilder::new()
            .item(ObjectBuilder::new().schema_type(Type::Null))
            .item(Ref::from_schema_name(ActionLimitsPatch::name()));
        limits_by_action(&either.into())
            .description(Some("Limits for each kind of step; what is not named stays, and null restores the default."))
            .examples([serde_json::json!({"send_connection_request": {"per_day": 15, "per_week": 60}})])
            .into()
    }
}

impl ToSchema for AccountLimitsPatch {
    fn name() -> Cow<'static, str> {
        "AccountLimitsPatch".into()
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((ActionLimitsPatch::name().into_owned(), ActionLimitsPatch::schema()));
    }
}
