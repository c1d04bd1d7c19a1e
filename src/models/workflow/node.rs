//! The steps of a workflow. On the wire a node is flat, `{"id", "type", "config", "position"}`; in here `type` and `config` are one value.

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::config::{
    CommentPostConfig, ConditionConfig, ConnectionRequestConfig, FollowupConfig, InmailConfig, LikePostConfig,
    SendEmailConfig, WebhookConfig,
};
use crate::models::Channel;

/// One step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "FlatNode")]
pub struct Node {
    /// Its name within the workflow: 1 to 64 letters, digits, `_`, `-`.
    pub id: String,
    /// What it does.
    #[serde(flatten)]
    pub action: Action,
    /// Where it stands on the caller's canvas; kept as given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub position: Option<Map<String, Value>>,
}

impl Node {
    /// What kind of step it is.
    #[must_use]
    pub fn node_type(&self) -> NodeType {
        self.action.node_type()
    }
}

/// What a step does, with what it needs to know for that.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "type", content = "config", rename_all = "snake_case")]
pub enum Action {
    /// Looks at the lead's profile.
    ProfileVisit,
    /// Likes the lead's newest post.
    LikePost(LikePostConfig),
    /// Comments on the lead's newest post.
    CommentPost(CommentPostConfig),
    /// Invites the lead to connect.
    SendConnectionRequest(ConnectionRequestConfig),
    /// Takes back an invitation that was not accepted.
    WithdrawRequest,
    /// Writes to a connection.
    SendFollowup(FollowupConfig),
    /// Writes to somebody who is not a connection.
    SendInmail(InmailConfig),
    /// Sends a mail.
    SendEmail(SendEmailConfig),
    /// Tells another system.
    Webhook(WebhookConfig),
    /// Does nothing; its edges' delays do the waiting.
    Wait,
    /// Asks about a field of the lead.
    Condition(ConditionConfig),
}

impl Action {
    /// What kind of step it is.
    #[must_use]
    pub fn node_type(&self) -> NodeType {
        match self {
            Self::ProfileVisit => NodeType::ProfileVisit,
            Self::LikePost(_) => NodeType::LikePost,
            Self::CommentPost(_) => NodeType::CommentPost,
            Self::SendConnectionRequest(_) => NodeType::SendConnectionRequest,
            Self::WithdrawRequest => NodeType::WithdrawRequest,
            Self::SendFollowup(_) => NodeType::SendFollowup,
            Self::SendInmail(_) => NodeType::SendInmail,
            Self::SendEmail(_) => NodeType::SendEmail,
            Self::Webhook(_) => NodeType::Webhook,
            Self::Wait => NodeType::Wait,
            Self::Condition(_) => NodeType::Condition,
        }
    }

    fn read(node_type: NodeType, config: Option<Value>) -> Result<Self, serde_json::Error> {
        Ok(match node_type {
            NodeType::ProfileVisit => read_nothing(config, Self::ProfileVisit)?,
            NodeType::LikePost => Self::LikePost(read_config(config)?),
            NodeType::CommentPost => Self::CommentPost(read_config(config)?),
            NodeType::SendConnectionRequest => Self::SendConnectionRequest(read_config(config)?),
            NodeType::WithdrawRequest => read_nothing(config, Self::WithdrawRequest)?,
            NodeType::SendFollowup => Self::SendFollowup(read_config(config)?),
            NodeType::SendInmail => Self::SendInmail(read_config(config)?),
            NodeType::SendEmail => Self::SendEmail(read_config(config)?),
            NodeType::Webhook => Self::Webhook(read_config(config)?),
            NodeType::Wait => read_nothing(config, Self::Wait)?,
            NodeType::Condition => Self::Condition(read_config(config)?),
        })
    }
}

/// The kinds of steps. Accounts name what they can do by these, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, sqlx::Type, ToSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
#[schema(as = WorkflowNodeType)]
pub enum NodeType {
    /// Looks at the lead's profile.
    ProfileVisit,
    /// Likes the lead's newest post.
    LikePost,
    /// Comments on the lead's newest post.
    CommentPost,
    /// Invites the lead to connect.
    SendConnectionRequest,
    /// Takes back an invitation that was not accepted.
    WithdrawRequest,
    /// Writes to a connection.
    SendFollowup,
    /// Writes to somebody who is not a connection.
    SendInmail,
    /// Sends a mail.
    SendEmail,
    /// Tells another system.
    Webhook,
    /// Does nothing; its edges' delays do the waiting.
    Wait,
    /// Asks about a field of the lead.
    Condition,
}

impl NodeType {
    /// All kinds, in the order in which they are documented.
    pub const ALL: [Self; 11] = [
        Self::ProfileVisit,
        Self::LikePost,
        Self::CommentPost,
        Self::SendConnectionRequest,
        Self::WithdrawRequest,
        Self::SendFollowup,
        Self::SendInmail,
        Self::SendEmail,
        Self::Webhook,
        Self::Wait,
        Self::Condition,
    ];

    /// The name on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ProfileVisit => "profile_visit",
            Self::LikePost => "like_post",
            Self::CommentPost => "comment_post",
            Self::SendConnectionRequest => "send_connection_request",
            Self::WithdrawRequest => "withdraw_request",
            Self::SendFollowup => "send_followup",
            Self::SendInmail => "send_inmail",
            Self::SendEmail => "send_email",
            Self::Webhook => "webhook",
            Self::Wait => "wait",
            Self::Condition => "condition",
        }
    }

    /// By which channel's accounts it is done; none if it needs nobody.
    #[must_use]
    pub fn channel(self) -> Option<Channel> {
        match self {
            Self::ProfileVisit
            | Self::LikePost
            | Self::CommentPost
            | Self::SendConnectionRequest
            | Self::WithdrawRequest
            | Self::SendFollowup
            | Self::SendInmail => Some(Channel::Linkedin),
            Self::SendEmail => Some(Channel::Email),
            Self::Webhook | Self::Wait | Self::Condition => None,
        }
    }

    /// Whether the lead is approached by it: written to, invited, commented on. It waits until it is known who has answered.
    #[must_use]
    pub fn approaches(self) -> bool {
        match self {
            Self::CommentPost
            | Self::SendConnectionRequest
            | Self::SendFollowup
            | Self::SendInmail
            | Self::SendEmail => true,
            Self::ProfileVisit
            | Self::LikePost
            | Self::WithdrawRequest
            | Self::Webhook
            | Self::Wait
            | Self::Condition => false,
        }
    }

    /// Whether a connected account has to do it; the others need nobody.
    #[must_use]
    pub fn needs_account(self) -> bool {
        self.channel().is_some()
    }
}

/// A node as it is written; serde cannot both flatten a tagged value and refuse unknown fields.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FlatNode {
    id: String,
    #[serde(rename = "type")]
    node_type: NodeType,
    #[serde(default)]
    config: Option<Value>,
    #[serde(default)]
    position: Option<Map<String, Value>>,
}

impl TryFrom<FlatNode> for Node {
    type Error = serde_json::Error;

    fn try_from(flat: FlatNode) -> Result<Self, Self::Error> {
        let FlatNode { id, node_type, config, position } = flat;
        Ok(Self { id, action: Action::read(node_type, config)?, position })
    }
}

fn read_config<T: DeserializeOwned + Default>(config: Option<Value>) -> Result<T, serde_json::Error> {
    config.map_or_else(|| Ok(T::default()), serde_json::from_value)
}

fn read_nothing(config: Option<Value>, action: Action) -> Result<Action, serde_json::Error> {
    #[derive(Default, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Nothing {}

    read_config::<Nothing>(config).map(|Nothing {}| action)
}
