//! What the chosen accounts can do.

use std::collections::BTreeSet;

use crate::models::{Channel, ConnectedAccount, Provider, workflow::NodeType};

/// The longest note of an invitation from an account that is not paid for (Unipile's guide to limits).
const FREE_NOTE: usize = 200;
/// The longest note of an invitation from a paid account.
pub(super) const PAID_NOTE: usize = 300;

/// What one account can do, and how much of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectedChannel {
    /// The kinds of nodes that it can carry out.
    pub capabilities: BTreeSet<NodeType>,
    /// The most characters of an invitation's note.
    pub note_limit: usize,
}

/// What is paid for a LinkedIn account; it decides how long a note may be and whether `InMails` exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkedinTier {
    /// Nothing.
    Free,
    /// Premium, Sales Navigator or Recruiter.
    Paid,
}

impl ConnectedChannel {
    /// What `account` can do. The sandbox rehearses everything; of a real profile only what Unipile says is known to be paid for.
    #[must_use]
    pub fn of(account: &ConnectedAccount) -> Self {
        match (account.channel, account.provider) {
            (Channel::Linkedin, Provider::Sandbox) => Self::linkedin(LinkedinTier::Paid),
            (Channel::Linkedin, _) => Self::linkedin(match &account.unipile {
                Some(unipile) if unipile.tier.is_paid() => LinkedinTier::Paid,
                _ => LinkedinTier::Free,
            }),
            (Channel::Email, _) => Self::mailbox(),
        }
    }

    /// A LinkedIn profile.
    #[must_use]
    pub fn linkedin(tier: LinkedinTier) -> Self {
        let mut capabilities = BTreeSet::from([
            NodeType::ProfileVisit,
            NodeType::LikePost,
            NodeType::CommentPost,
            NodeType::SendConnectionRequest,
            NodeType::WithdrawRequest,
            NodeType::SendFollowup,
        ]);
        if tier == LinkedinTier::Paid {
            capabilities.insert(NodeType::SendInmail);
        }
        let note_limit = match tier {
            LinkedinTier::Free => FREE_NOTE,
            LinkedinTier::Paid => PAID_NOTE,
        };
        Self { capabilities, note_limit }
    }

    /// A mailbox.
    #[must_use]
    pub fn mailbox() -> Self {
        Self { capabilities: BTreeSet::from([NodeType::SendEmail]), note_limit: PAID_NOTE }
    }

    /// Whether it can carry out nodes of this kind.
    #[must_use]
    pub fn can(&self, node_type: NodeType) -> bool {
        self.capabilities.contains(&node_type)
    }
}
