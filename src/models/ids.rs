//! Every noun's identifier.

use crate::typed_id;

typed_id! {
    /// An organization: the tenant everything else belongs to.
    OrganizationId,
    /// A person who signs in.
    UserId,
    /// A person's membership of an organization.
    MemberId,
    /// A LinkedIn profile or mailbox that sends.
    AccountId,
    /// A link by which an account is connected.
    ConnectLinkId,
    /// A list of leads.
    LeadListId,
    /// A person to be written to.
    LeadId,
    /// A campaign.
    CampaignId,
    /// One lead's way through one campaign.
    ExecutionId,
    /// One attempt of one step of an execution.
    StepId,
    /// What a lead and we have written to each other.
    ConversationId,
    /// A message that came in, or was written by hand.
    MessageId,
    /// Something that happened to a lead.
    ActivityId,
    /// One line of the audit log.
    AuditLogId,
    /// A key by which a program calls.
    ApiKeyId,
    /// A webhook in Clay that a list's leads are pushed to.
    ClayDestinationId,
    /// Somebody whom nobody may write to.
    SuppressionId,
    /// An import of leads from a file.
    ImportId,
}
