//! What the document says of a flat row.

use std::borrow::Cow;

use serde_json::json;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        RefOr, Schema,
        schema::{AdditionalProperties, ObjectBuilder, SchemaType},
    },
};

use super::{ON_DUPLICATE, UpsertLeadRequest};
use crate::dto::leads::CreateLeadRequest;

const DESCRIPTION: &str = "A flat row: the fields of a lead under their own names, each a text, a number or a truth value; `null` and blank text are as good as \
     absent. What has any other name is a custom field, beside those in `custom_fields`. `tags` may be a list, or a text with semicolons or \
     commas between the labels.";
const CHOICE: &str = "What to do if the person is a lead already: `skip`, `update_empty` or `overwrite`, which it is unless said otherwise.";

/// The same as a lead to be made, but with anything in a field and anything beside the fields: a row is judged once it is unfolded.
impl PartialSchema for UpsertLeadRequest {
    fn schema() -> RefOr<Schema> {
        let anything = || ObjectBuilder::new().schema_type(SchemaType::AnyValue);
        let mut row = ObjectBuilder::new()
            .description(Some(DESCRIPTION))
            .additional_properties(Some(AdditionalProperties::FreeForm(true)));
        if let RefOr::T(Schema::Object(lead)) = CreateLeadRequest::schema() {
            for (name, field) in lead.properties {
                let description = match field {
                    RefOr::T(Schema::Object(field)) => field.description,
                    RefOr::T(Schema::OneOf(field)) => field.description,
                    _ => None,
                };
                row = row.property(name, anything().description(description));
            }
        }
        let mut row = row.property(ON_DUPLICATE, anything().description(Some(CHOICE))).build();
        row.example = Some(json!({
            "email": "jane@acme.com", "full_name": "Jane Doe", "title": null, "company": "", "Head count": 40,
            "custom_fields": {"segment": "A"}
        }));
        row.into()
    }
}

impl ToSchema for UpsertLeadRequest {
    fn name() -> Cow<'static, str> {
        "UpsertLeadRequest".into()
    }
}
