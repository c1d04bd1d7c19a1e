//! Organizations on the wire.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_with::rust::double_option;
use sqlx::types::Json;
use utoipa::ToSchema;
use validator::Validate;

use super::patch::patch;
use crate::{
    models::{
        Guardrails, Organization, OrganizationId, OrganizationSettings, OrganizationUsage, Plan, PlanLimits, Role,
        UserOrganization,
    },
    services::organizations::{GuardrailsChanges, OrganizationChanges, OrganizationDetails},
    utils::timezone,
};

/// An organization that the caller belongs to.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Organization)]
pub struct OrganizationDto {
    /// The organization's id.
    pub id: OrganizationId,
    /// Clerk's id of it.
    #[schema(example = "org_2abcDEF")]
    pub clerk_organization_id: String,
    /// Its name.
    #[schema(example = "Demo Organization")]
    pub name: String,
    /// Its slug, if it has one.
    #[schema(example = "demo")]
    pub slug: Option<String>,
    /// Its logo.
    pub image_url: Option<String>,
    /// What the caller may do there.
    pub role: Role,
    /// Counts every change; also the `ETag`.
    #[schema(example = 1)]
    pub version: i64,
    /// When we first heard of it.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

impl From<UserOrganization> for OrganizationDto {
    fn from(organization: UserOrganization) -> Self {
        let role = organization.role();
        let UserOrganization {
            id,
            clerk_organization_id,
            name,
            slug,
            image_url,
            version,
            created_at,
            updated_at,
            member_id: _,
            clerk_role: _,
        } = organization;
        Self { id, clerk_organization_id, name, slug, image_url, role, version, created_at, updated_at }
    }
}

/// An organization with its settings, its plan and what it uses of it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OrganizationDetails)]
pub struct OrganizationDetailsDto {
    /// The organization.
    #[serde(flatten)]
    pub organization: OrganizationDto,
    /// What the organization sets itself.
    pub settings: OrganizationSettingsDto,
    /// What it pays for.
    pub plan: PlanDto,
    /// What is used.
    pub usage: UsageDto,
}

/// What an organization sets itself.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OrganizationSettings)]
pub struct OrganizationSettingsDto {
    /// The IANA time zone that schedules start from.
    #[schema(example = "Europe/Berlin")]
    pub timezone: Option<String>,
    /// Whether a valid session token may introduce a member before Clerk's webhook does.
    pub just_in_time_members: bool,
    /// Whether whoever plainly asks in an answer not to be written to any more is suppressed at once. Else the answer is only flagged
    /// (`asks_to_stop`).
    pub suppress_on_request: bool,
    /// When campaigns and mailboxes are paused by themselves, and how much is sent on a day in all.
    pub guardrails: Guardrails,
}

/// A plan and how much it allows.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OrganizationPlan)]
pub struct PlanDto {
    /// The plan.
    pub name: Plan,
    /// How much it allows.
    pub limits: PlanLimitsDto,
}

/// How much a plan allows; null is as much as one likes.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PlanLimits)]
pub struct PlanLimitsDto {
    /// Members.
    #[schema(example = 3)]
    pub members: Option<i64>,
    /// Connected accounts.
    #[schema(example = 2)]
    pub connected_accounts: Option<i64>,
    /// Leads created in a calendar month.
    #[schema(example = 1000)]
    pub leads_per_month: Option<i64>,
    /// Campaigns created in a calendar month.
    #[schema(example = 5)]
    pub campaigns_per_month: Option<i64>,
}

/// What is used: members and accounts now, the rest since the month began (UTC).
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OrganizationUsage)]
pub struct UsageDto {
    /// The month.
    #[schema(example = "2026-11")]
    pub month: String,
    /// Members.
    pub members: i64,
    /// Connected accounts, disconnected ones left out.
    pub connected_accounts: i64,
    /// Leads created this month.
    pub leads_created: i64,
    /// Campaigns created this month.
    pub campaigns_created: i64,
    /// Activities this month.
    pub activities: i64,
}

impl From<OrganizationDetails> for OrganizationDetailsDto {
    fn from(details: OrganizationDetails) -> Self {
        let OrganizationDetails { organization, role, usage, month } = details;
        let Organization {
            id,
            clerk_organization_id,
            name,
            slug,
            image_url,
            plan,
            settings: Json(OrganizationSettings { timezone, just_in_time_members, suppress_on_request, guardrails }),
            version,
            created_at,
            updated_at,
        } = organization;
        Self {
            organization: OrganizationDto {
                id,
                clerk_organization_id,
                name,
                slug,
                image_url,
                role,
                version,
                created_at,
                updated_at,
            },
            settings: OrganizationSettingsDto { timezone, just_in_time_members, suppress_on_request, guardrails },
            plan: PlanDto { name: plan, limits: plan.limits().into() },
            usage: UsageDto::of(usage, month),
        }
    }
}

impl From<PlanLimits> for PlanLimitsDto {
    fn from(limits: PlanLimits) -> Self {
        let PlanLimits { members, connected_accounts, leads_per_month, campaigns_per_month } = limits;
        Self { members, connected_accounts, leads_per_month, campaigns_per_month }
    }
}

impl UsageDto {
    fn of(usage: OrganizationUsage, month: DateTime<Utc>) -> Self {
        let OrganizationUsage { members, connected_accounts, leads_created, campaigns_created, activities } = usage;
        let month = month.format("%Y-%m").to_string();
        Self { month, members, connected_accounts, leads_created, campaigns_created, activities }
    }
}

/// A merge patch of an organization (RFC 7396): an absent field stays, null clears.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"settings": {"timezone": "Europe/Berlin", "just_in_time_members": false}}))]
pub struct UpdateOrganizationRequest {
    /// A new name, which Clerk must accept.
    #[schema(min_length = 1, max_length = 255, pattern = r"\S", nullable = false)]
    pub name: Option<String>,
    /// What the organization sets itself.
    #[schema(nullable = false)]
    pub settings: Option<UpdateOrganizationSettings>,
}

/// A merge patch of what an organization sets itself.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateOrganizationSettings {
    /// The IANA time zone that schedules start from; null clears it.
    #[serde(default, with = "double_option")]
    #[schema(format = "timezone", max_length = 64, value_type = Option<String>, example = "Europe/Berlin")]
    pub timezone: Option<Option<String>>,
    /// Whether a valid session token may introduce a member before Clerk's webhook does.
    #[schema(nullable = false)]
    pub just_in_time_members: Option<bool>,
    /// Whether whoever plainly asks in an answer not to be written to any more is suppressed at once.
    pub suppress_on_request: Option<bool>,
    /// When campaigns and mailboxes are paused by themselves, and how much is sent on a day in all.
    #[schema(nullable = false)]
    pub guardrails: Option<UpdateGuardrails>,
}

/// A merge patch of an organization's guardrails; null switches off.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"mails_per_domain_per_day": 30}))]
pub struct UpdateGuardrails {
    /// A campaign or mailbox is paused as soon as so many of a thousand mails came back.
    #[serde(default, with = "double_option")]
    #[schema(minimum = 1, maximum = 1_000, value_type = Option<i32>)]
    pub pause_at_bounces_per_thousand: Option<Option<i32>>,
    /// The same of complaints.
    #[serde(default, with = "double_option")]
    #[schema(minimum = 1, maximum = 1_000, value_type = Option<i32>)]
    pub pause_at_complaints_per_thousand: Option<Option<i32>>,
    /// Fewer mails than this say nothing yet.
    #[schema(minimum = 10, maximum = 100_000, nullable = false)]
    pub pause_sample: Option<i32>,
    /// Messages on a day in all.
    #[serde(default, with = "double_option")]
    #[schema(minimum = 1, maximum = 10_000_000, value_type = Option<i32>)]
    pub messages_per_day: Option<Option<i32>>,
    /// Mails on a day to addresses of one domain.
    #[serde(default, with = "double_option")]
    #[schema(minimum = 1, maximum = 1_000_000, value_type = Option<i32>)]
    pub mails_per_domain_per_day: Option<Option<i32>>,
    /// Messages on a day to people of one company.
    #[serde(default, with = "double_option")]
    #[schema(minimum = 1, maximum = 1_000_000, value_type = Option<i32>)]
    pub messages_per_company_per_day: Option<Option<i32>>,
}

impl From<UpdateGuardrails> for GuardrailsChanges {
    fn from(request: UpdateGuardrails) -> Self {
        let UpdateGuardrails {
            pause_at_bounces_per_thousand,
            pause_at_complaints_per_thousand,
            pause_sample,
            messages_per_day,
            mails_per_domain_per_day,
            messages_per_company_per_day,
        } = request;
        Self {
            pause_at_bounces_per_thousand: patch(pause_at_bounces_per_thousand),
            pause_at_complaints_per_thousand: patch(pause_at_complaints_per_thousand),
            pause_sample,
            messages_per_day: patch(messages_per_day),
            mails_per_domain_per_day: patch(mails_per_domain_per_day),
            messages_per_company_per_day: patch(messages_per_company_per_day),
        }
    }
}

impl From<UpdateOrganizationRequest> for OrganizationChanges {
    fn from(request: UpdateOrganizationRequest) -> Self {
        let UpdateOrganizationRequest { name, settings } = request;
        let UpdateOrganizationSettings { timezone, just_in_time_members, suppress_on_request, guardrails } =
            settings.unwrap_or_default();
        let timezone = patch(timezone.map(|zone| zone.map(timezone::canonical)));
        let guardrails = guardrails.map(Into::into).unwrap_or_default();
        Self { name, timezone, just_in_time_members, suppress_on_request, guardrails }
    }
}
