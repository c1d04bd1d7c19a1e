//! What each kind of node needs to know. Messages are templates: `{{ first_name | default('there') }}`.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::Number;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        ObjectBuilder, RefOr, Type,
        schema::{Schema, SchemaType},
    },
};

/// Which post is liked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct LikePostConfig {
    /// The lead's newest post is taken if it is no older than this many days; else the step is skipped.
    #[schema(minimum = 1, maximum = 365, default = 30)]
    pub max_post_age_days: i64,
}

impl Default for LikePostConfig {
    fn default() -> Self {
        Self { max_post_age_days: 30 }
    }
}

/// Which post is commented on, and how.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CommentPostConfig {
    /// The comment, at most 1,250 characters once filled in.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 10_000, example = "Well put, {{ first_name }}!")]
    pub message: Option<String>,
    /// The lead's newest post is taken if it is no older than this many days; else the step is skipped.
    #[schema(minimum = 1, maximum = 365, default = 30)]
    pub max_post_age_days: i64,
}

impl Default for CommentPostConfig {
    fn default() -> Self {
        Self { message: None, max_post_age_days: 30 }
    }
}

/// The note of an invitation.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ConnectionRequestConfig {
    /// The note; without one (none, or blank) the invitation goes out bare. At most 200 characters once filled in, 300 if every account is paid.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 10_000, example = "Hi {{ first_name | default('there') }}, may I connect?")]
    pub message: Option<String>,
}

/// A message to a connection.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct FollowupConfig {
    /// The message.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 10_000, example = "Thanks for connecting, {{ first_name }}!")]
    pub message: Option<String>,
}

/// A message to somebody who is not a connection.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct InmailConfig {
    /// The subject, at most 200 characters once filled in.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 1_000, example = "An idea for {{ company }}")]
    pub subject: Option<String>,
    /// The message, at most 2,000 characters once filled in.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 10_000, example = "Hello {{ first_name }}, …")]
    pub message: Option<String>,
}

/// A mail in one or several wordings.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SendEmailConfig {
    /// Whether it answers the campaign's last mail to the lead, in the same thread and under the same subject.
    pub thread: bool,
    /// The wordings; each lead gets one, always the same, drawn by weight.
    #[schema(max_items = 10)]
    pub variants: Vec<EmailVariant>,
}

/// One wording of a mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct EmailVariant {
    /// Its share among the variants; 0 sets it aside.
    #[schema(minimum = 0, maximum = 1_000, default = 1)]
    pub weight: i64,
    /// The subject; none in a thread.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 1_000, example = "An idea for {{ company }}")]
    pub subject: Option<String>,
    /// The body as plain text; without it the mail is HTML only.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 10_000, example = "Hello {{ first_name }}, …")]
    pub text: Option<String>,
    /// The body as HTML.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 100_000, example = "<p>Hello {{ first_name }}, …</p>")]
    pub html: Option<String>,
}

impl Default for EmailVariant {
    fn default() -> Self {
        Self { weight: 1, subject: None, text: None, html: None }
    }
}

/// Where a webhook step posts the lead and the campaign to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct WebhookConfig {
    /// A public `https` address.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 2_000, example = "https://hooks.example.com/clento")]
    pub url: Option<String>,
}

/// A question about a field of the lead.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ConditionConfig {
    /// A field of the lead, such as `title` or `custom_fields.seniority`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 200, example = "custom_fields.seniority")]
    pub field: Option<String>,
    /// How the field is held against the value. Text is compared in any case, and `country` is equal by any of its names and codes: `DE` is `Germany`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operator: Option<Operator>,
    /// What the field is held against; none for `exists` and `not_exists`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "senior")]
    pub value: Option<Scalar>,
}

/// How a field is held against a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ConditionOperator)]
pub enum Operator {
    /// The same; for tags, one of them is.
    Equals,
    /// Not the same; also when the field is empty.
    NotEquals,
    /// The text holds the value; for tags, one of them is the value.
    Contains,
    /// The text does not hold the value; also when the field is empty.
    NotContains,
    /// The text begins with the value.
    StartsWith,
    /// The text ends with the value.
    EndsWith,
    /// The field is not empty.
    Exists,
    /// The field is empty.
    NotExists,
    /// The field is a number above the value.
    GreaterThan,
    /// The field is a number below the value.
    LessThan,
}

/// A plain value: text, a number, or true or false.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Scalar {
    /// Text.
    Text(String),
    /// A number.
    Number(Number),
    /// True or false.
    Flag(bool),
}

impl PartialSchema for Scalar {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(SchemaType::from_iter([Type::String, Type::Number, Type::Boolean]))
            .description(Some("A plain value: text, a number, or true or false."))
            .max_length(Some(1_000))
            .into()
    }
}

impl ToSchema for Scalar {
    fn name() -> Cow<'static, str> {
        "ConditionValue".into()
    }
}
