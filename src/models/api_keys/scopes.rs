//! What a key may do.

use crate::text_enum;

text_enum! {
    /// What a key may do: read or write one kind of resource. To write is not to read.
    Scope {
        /// Read what happened to leads. There is no scope to write it, since nobody may.
        ActivitiesRead = "activities:read",
        /// Read campaigns and their executions.
        CampaignsRead = "campaigns:read",
        /// Make, change, copy and delete campaigns.
        CampaignsWrite = "campaigns:write",
        /// Read sending accounts.
        ConnectedAccountsRead = "connected_accounts:read",
        /// Change and disconnect sending accounts.
        ConnectedAccountsWrite = "connected_accounts:write",
        /// Read lists of leads.
        LeadListsRead = "lead_lists:read",
        /// Make, change, copy and delete lists of leads.
        LeadListsWrite = "lead_lists:write",
        /// Read leads.
        LeadsRead = "leads:read",
        /// Make, change and delete leads.
        LeadsWrite = "leads:write",
        /// Read whom nothing may be sent to.
        SuppressionsRead = "suppressions:read",
        /// Say whom nothing may be sent to.
        SuppressionsWrite = "suppressions:write",
    }
}

/// A kind of resource that keys may be let at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ApiResource {
    /// What happened to leads.
    Activities,
    /// Campaigns and their executions.
    Campaigns,
    /// Sending accounts.
    ConnectedAccounts,
    /// Lists of leads.
    LeadLists,
    /// Leads.
    Leads,
    /// Whom nothing may be sent to.
    Suppressions,
}

impl ApiResource {
    /// The scope that a key needs to read this, or to change it.
    #[must_use]
    pub fn scope(self, reads: bool) -> Scope {
        match (self, reads) {
            (Self::Activities, _) => Scope::ActivitiesRead,
            (Self::Campaigns, true) => Scope::CampaignsRead,
            (Self::Campaigns, false) => Scope::CampaignsWrite,
            (Self::ConnectedAccounts, true) => Scope::ConnectedAccountsRead,
            (Self::ConnectedAccounts, false) => Scope::ConnectedAccountsWrite,
            (Self::LeadLists, true) => Scope::LeadListsRead,
            (Self::LeadLists, false) => Scope::LeadListsWrite,
            (Self::Leads, true) => Scope::LeadsRead,
            (Self::Leads, false) => Scope::LeadsWrite,
            (Self::Suppressions, true) => Scope::SuppressionsRead,
            (Self::Suppressions, false) => Scope::SuppressionsWrite,
        }
    }
}
