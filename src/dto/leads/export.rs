//! Leads in a table, as an import reads them again.

use crate::{
    dto::table::{CsvLine, CsvRow},
    models::ExportedLead,
    utils::labels,
};

impl CsvRow for ExportedLead {
    const HEADER: &'static [&'static str] = &[
        "id",
        "first_name",
        "last_name",
        "full_name",
        "email",
        "phone",
        "title",
        "company",
        "company_domain",
        "industry",
        "location",
        "country",
        "linkedin_url",
        "timezone",
        "external_id",
        "status",
        "source",
        "tags",
        "custom_fields",
        "created_at",
        "updated_at",
    ];

    fn write(&self, line: &mut CsvLine<'_>) {
        #[rustfmt::skip] // as many lines as LeadDto::of would have
        let Self {
            id, first_name, last_name, full_name, email, phone, title, company, company_domain, industry, location, country, linkedin_url,
            timezone, external_id, status, source, tags, custom_fields, created_at, updated_at,
        } = self;
        line.id(id.0);
        #[rustfmt::skip]
        let texts = [
            first_name, last_name, full_name, email, phone, title, company, company_domain, industry, location, country, linkedin_url,
            timezone, external_id,
        ];
        for text in texts {
            line.text(text.as_deref());
        }
        line.ours(status.as_str());
        line.ours(source.as_str());
        line.text(Some(&labels::join(tags)));
        line.text(custom_fields.as_deref());
        line.time(*created_at);
        line.time(*updated_at);
    }
}
