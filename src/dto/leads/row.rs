//! One row of a batch, as it comes.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::Value;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{RefOr, Schema, schema},
};

use super::CreateLeadRequest;

/// One row, not judged yet.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub struct BatchRow(pub Value);

/// The document shows what a row should be; the whole is not refused for a row that is something else.
impl PartialSchema for BatchRow {
    fn schema() -> RefOr<Schema> {
        let anything = schema::ObjectBuilder::new().schema_type(schema::SchemaType::AnyValue);
        let lead = schema::Ref::from_schema_name(CreateLeadRequest::name());
        schema::AnyOfBuilder::new().item(anything).item(lead).into()
    }
}

impl ToSchema for BatchRow {
    fn name() -> Cow<'static, str> {
        "BatchRow".into()
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((CreateLeadRequest::name().into_owned(), <CreateLeadRequest as PartialSchema>::schema()));
        CreateLeadRequest::schemas(schemas);
    }
}
