//! The fields of a lead that a column may hold.

use crate::{
    models::input::{self, Rule},
    text_enum,
};

text_enum! {
    /// A field of a lead that a column may hold.
    LeadField {
        /// What friends say.
        FirstName = "first_name",
        /// The family's name.
        LastName = "last_name",
        /// The whole name.
        FullName = "full_name",
        /// An e-mail address.
        Email = "email",
        /// A telephone number.
        Phone = "phone",
        /// The job title.
        Title = "title",
        /// The company's name.
        Company = "company",
        /// The company's web site, or its domain.
        CompanyDomain = "company_domain",
        /// The company's industry.
        Industry = "industry",
        /// Where the person is.
        Location = "location",
        /// The country.
        Country = "country",
        /// A LinkedIn profile.
        LinkedinUrl = "linkedin_url",
        /// An IANA time zone.
        Timezone = "timezone",
        /// The caller's own id of the person.
        ExternalId = "external_id",
        /// Where the organization stands with the lead.
        Status = "status",
        /// Where the lead came from.
        Source = "source",
        /// Labels, with commas or semicolons between them.
        Tags = "tags",
        /// Custom fields, as a JSON object.
        CustomFields = "custom_fields",
    }
}

impl LeadField {
    /// The field of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|field| field.as_str() == name)
    }

    /// Whether it tells a person from another.
    #[must_use]
    pub fn identifies(self) -> bool {
        matches!(self, Self::Email | Self::LinkedinUrl | Self::ExternalId)
    }

    /// The rule by which its text is brought to its normal form, and how many characters that may have; none if it is no plain text.
    pub(super) fn rule(self) -> Option<(Rule, usize)> {
        let rule: (Rule, usize) = match self {
            Self::FirstName | Self::LastName | Self::Industry | Self::ExternalId => (input::line, 200),
            Self::FullName => (input::line, 400),
            Self::Title | Self::Company | Self::Location => (input::line, 300),
            Self::Country => (input::country, 100),
            Self::Phone => (input::line, 50),
            Self::Email => (input::email, 320),
            Self::CompanyDomain => (input::company_domain, 2_000),
            Self::LinkedinUrl => (input::linkedin_url, 2_000),
            Self::Timezone => (input::time_zone, 100),
            Self::Status | Self::Source | Self::Tags | Self::CustomFields => return None,
        };
        Some(rule)
    }

    /// How many characters its text may have, if that is bounded.
    #[must_use]
    pub fn max_length(self) -> Option<usize> {
        self.rule().map(|(_, most)| most)
    }
}
