//! A merge patch of an account's ramps.

use std::{borrow::Cow, collections::BTreeMap};

use chrono::NaiveDate;
use serde::Deserialize;
use serde_with::rust::double_option;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{ObjectBuilder, OneOfBuilder, Ref, RefOr, Type, schema::Schema},
};

use crate::{
    dto::patch::patch,
    models::{AccountRampUpChanges, RampUpChanges, limits_by_action, patch::Patch, workflow::NodeType},
};

/// Ramps for each kind of step; what is not named stays, and null ends a ramp.
#[derive(Debug, Default, Deserialize)]
#[serde(transparent)]
pub struct AccountRampUpPatch(BTreeMap<NodeType, Option<ActionRampUpPatch>>);

/// A daily limit that grows from day to day; what is not named stays, and null restores the default.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"start_per_day": 5, "increase_per_day": 1}))]
pub struct ActionRampUpPatch {
    /// The limit on the first day: 5 unless said otherwise, of mail 10.
    #[serde(default, with = "double_option")]
    #[schema(minimum = 0, maximum = 100_000, value_type = Option<i32>)]
    pub start_per_day: Option<Option<i32>>,
    /// By how much it grows each day: 1 unless said otherwise, of mail 5.
    #[serde(default, with = "double_option")]
    #[schema(minimum = 0, maximum = 100_000, value_type = Option<i32>)]
    pub increase_per_day: Option<Option<i32>>,
    /// The first day: today unless said otherwise.
    #[serde(default, with = "double_option")]
    #[schema(value_type = Option<NaiveDate>)]
    pub since: Option<Option<NaiveDate>>,
}

impl From<AccountRampUpPatch> for AccountRampUpChanges {
    fn from(ramps: AccountRampUpPatch) -> Self {
        let changes = |ramp: Option<ActionRampUpPatch>| ramp.map_or(Patch::Clear, |ramp| Patch::Set(ramp.into()));
        ramps.0.into_iter().map(|(action, ramp)| (action, changes(ramp))).collect()
    }
}

impl From<ActionRampUpPatch> for RampUpChanges {
    fn from(ramp: ActionRampUpPatch) -> Self {
        let ActionRampUpPatch { start_per_day, increase_per_day, since } = ramp;
        Self { start_per_day: patch(start_per_day), increase_per_day: patch(increase_per_day), since: patch(since) }
    }
}

impl PartialSchema for AccountRampUpPatch {
    fn schema() -> RefOr<Schema> {
        let either = OneOfBuilder::new()
            .item(ObjectBuilder::new().schema_type(Type::Null))
            .item(Ref::from_schema_name(ActionRampUpPatch::name()));
        limits_by_action(&either.into())
            .description(Some("Ramps for each kind of step; what is not named stays, and null ends a ramp."))
            .examples([serde_json::json!({"send_connection_request": {"start_per_day": 5, "increase_per_day": 1}})])
            .into()
    }
}

impl ToSchema for AccountRampUpPatch {
    fn name() -> Cow<'static, str> {
        "AccountRampUpPatch".into()
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((ActionRampUpPatch::name().into_owned(), ActionRampUpPatch::schema()));
    }
}
