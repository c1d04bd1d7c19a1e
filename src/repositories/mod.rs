//! Floor 3: all SQL, and only here. One file per entity, each on `base`, every statement bound to one organization.

mod account_usage;
mod activities;
mod admission;
mod api_keys;
mod audit_chain;
mod audit_logs;
pub mod base;
mod campaign_executions;
mod campaigns;
mod charged_steps;
mod clay_destinations;
mod clerk_sync;
mod connected_accounts;
mod conversations;
mod execution_steps;
mod forgetting;
mod guardrails;
mod idempotency;
mod identity;
mod imports;

mod jobs;
mod kept_mails;
mod lead_lists;
mod leads;
mod link_domains;
mod linkedin;
mod lost_steps;
mod mail_reads;
mod mailbox_watches;
mod members;
mod message_charges;
mod messages;
mod organizations;
mod recalled;
mod returned_room;
mod rounds;
mod sandbox;
mod sealed_secrets;
mod sent_mails;
mod suppressions;
mod taken_in;
mod unipile;
mod users;
mod webhook_secrets;

pub use account_usage::UsageRepository;
pub use activities::ActivityRepository;
pub use admission::Need;
pub use api_keys::{ApiKeyRepository, IdentifiedApiKey};
pub use audit_chain::{SealedBatch, StoredChain};
pub use audit_logs::AuditLogRepository;
pub use base::{
    BaseRepository, Database, DatabaseSettings, ExportConn, IdempotencyToken, OrgAdmin, OrgConn, OrgMember, OrgPerson,
    OrgScope, OrgStatement, OrgTx, RequestContext, SyncTx, UserConn, UserScope, UserTx, database_busy, lost_race,
};
pub use campaign_executions::{ExecutionRepository, Promise};
pub use campaigns::{CampaignEdit, CampaignRepository, CampaignRun, FoundLeads, RunningCampaignRef};
pub use charged_steps::LedgerHour;
pub use clay_destinations::{ClaimedDestination, ClayDestinationRepository, ClaySlot, PushEnd};
pub use connected_accounts::AccountRepository;
pub use conversations::{ConversationRepository, Recalled, Received};
pub use execution_steps::{History, StepRepository, Tried};
pub use guardrails::{CapCount, CappedStep, GuardRepository};
pub use idempotency::{IdempotencyRepository, KeyClaim, StoredAnswer};
pub use identity::{Identified, OrganizationRef, OrganizationStanding};
pub use imports::{ImportRepository, OtherKey, SettledPiece};
pub use kept_mails::KeptMailRepository;
pub use lead_lists::{LeadListRepository, ListPlace};
pub use leads::{BarredLead, Identities, Inserted, LeadRepository};
pub use link_domains::LinkDomainRef;
pub use linkedin::{HeardOf, LinkedinRepository};
pub use lost_steps::LostSteps;
pub use mail_reads::MailReadRepository;
pub use mailbox_watches::MailboxWatchRepository;
pub use members::MemberRepository;
pub use messages::{LostMessage, MessageRepository};
pub use organizations::OrganizationRepository;
pub use rounds::{AccountToCopy, Backlog, ComparedOrganization, GuardMark};
pub use sandbox::{DueHappening, NewAct, NewHappening, SandboxRepository};
pub use sealed_secrets::SealedSecretRepository;
pub use sent_mails::SentMailRepository;
pub use suppressions::SuppressionRepository;
pub use taken_in::{AnsweredMail, IntakeRepository};
pub use unipile::{
    AccountOwner, Departure, DueEvent, DueWatch, HintedEvent, Looked, ReadWithin, RegisteredWebhook, Reported,
    UnipileRepository, UnreadWait, Watched,
};
pub use users::UserRepository;
pub use webhook_secrets::WebhookSecretRepository;
