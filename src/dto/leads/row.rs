//! One row of a batch, as it comes.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::Value;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{RefOr, Schema, schema},
};

use super::CreateLeadRequest;
use crate::models::says_nothing;

/// One row, not judged yet.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub struct BatchRow(pub Value);

impl BatchRow {
    /// The row without the fields whose text only says that there is nothing, as a file's cells are read.
    #[must_use]
    pub fn said(self) -> Value {
        let Self(mut row) = self;
        if let Value::Object(fields) = &mut row {
            fields.retain(|name, value| !value.as_str().is_some_and(|text| says_nothing(name, text)));
        }
        row
    }
}

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
