//! The published form of a node: one alternative per type, each with its own `config`. Written out because the derived form of a flattened
//! tagged value can neither refuse unknown fields nor leave `config` out.

use std::borrow::Cow;

use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        Object, ObjectBuilder, Ref, RefOr, Type,
        schema::{AdditionalProperties, AnyOfBuilder, OneOfBuilder, Schema, SchemaType},
    },
};

use super::{
    Node, NodeType,
    config::{
        CommentPostConfig, ConditionConfig, ConnectionRequestConfig, FollowupConfig, InmailConfig, LikePostConfig,
        SendEmailConfig, WebhookConfig,
    },
};

impl PartialSchema for Node {
    fn schema() -> RefOr<Schema> {
        NodeType::ALL
            .into_iter()
            .fold(
                OneOfBuilder::new().description(Some("A step of a workflow; `type` says what it does.")),
                |all, node_type| all.item(alternative(node_type)),
            )
            .examples([serde_json::json!({
                "id": "invite",
                "type": "send_connection_request",
                "config": {"message": "Hi {{ first_name | default('there') }}, may I connect?"},
                "position": {"x": 0, "y": 120}
            })])
            .into()
    }
}

impl ToSchema for Node {
    fn name() -> Cow<'static, str> {
        "WorkflowNode".into()
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        add::<LikePostConfig>(schemas);
        add::<CommentPostConfig>(schemas);
        add::<ConnectionRequestConfig>(schemas);
        add::<FollowupConfig>(schemas);
        add::<InmailConfig>(schemas);
        add::<SendEmailConfig>(schemas);
        add::<WebhookConfig>(schemas);
        add::<ConditionConfig>(schemas);
    }
}

fn add<T: ToSchema>(schemas: &mut Vec<(String, RefOr<Schema>)>) {
    schemas.push((T::name().into_owned(), T::schema()));
    T::schemas(schemas);
}

fn alternative(node_type: NodeType) -> Object {
    let mut config = AnyOfBuilder::new().item(ObjectBuilder::new().schema_type(Type::Null));
    config = match config_schema(node_type) {
        Some(name) => config.item(Ref::from_schema_name(name)),
        // Said by the number of fields, since a closed object without fields does not tell which one is too many.
        None => config.item(ObjectBuilder::new().max_properties(Some(0)).description(Some("Nothing to say."))),
    };
    closed()
        .title(Some(node_type.as_str()))
        .property("id", ObjectBuilder::new().schema_type(Type::String).pattern(Some("^[A-Za-z0-9_-]{1,64}$")))
        .property("type", ObjectBuilder::new().schema_type(Type::String).enum_values(Some([node_type.as_str()])))
        .property("config", config)
        .property("position", position())
        .required("id")
        .required("type")
        .build()
}

fn config_schema(node_type: NodeType) -> Option<Cow<'static, str>> {
    match node_type {
        NodeType::LikePost => Some(LikePostConfig::name()),
        NodeType::CommentPost => Some(CommentPostConfig::name()),
        NodeType::SendConnectionRequest => Some(ConnectionRequestConfig::name()),
        NodeType::SendFollowup => Some(FollowupConfig::name()),
        NodeType::SendInmail => Some(InmailConfig::name()),
        NodeType::SendEmail => Some(SendEmailConfig::name()),
        NodeType::Webhook => Some(WebhookConfig::name()),
        NodeType::Condition => Some(ConditionConfig::name()),
        NodeType::ProfileVisit | NodeType::WithdrawRequest | NodeType::Wait => None,
    }
}

fn closed() -> ObjectBuilder {
    ObjectBuilder::new().additional_properties(Some(AdditionalProperties::FreeForm(false)))
}

fn position() -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(SchemaType::from_iter([Type::Object, Type::Null]))
        .description(Some("Where the node stands on the caller's canvas; kept as given."))
        .max_properties(Some(16))
        .additional_properties(Some(AdditionalProperties::FreeForm(true)))
}
