//! Writing many new leads. COPY takes no parameters, so it is the one statement on leads that is not checked at compile time, and the rows are
//! spelled here (PostgreSQL's manual, COPY, "Text Format"); but it costs the database a good deal less than an INSERT of as many rows.

use chrono::{DateTime, SecondsFormat, Utc};
use uuid::Uuid;

use crate::{
    errors::{AppError, Result},
    models::Lead,
    repositories::OrgTx,
};

const COPY: &str = "copy leads (id, organization_id, first_name, last_name, full_name, email, phone, title, company, company_domain, \
    industry, location, country, linkedin_url, timezone, external_id, status, source, tags, custom_fields, version, created_at, \
    updated_at, lead_list_id) from stdin";

impl OrgTx {
    /// Writes new leads, each with its first list only. The order of the addresses keeps two such statements from waiting for each other.
    ///
    /// # Errors
    /// `lead_exists`, `lead_list_not_found`; the database's.
    pub async fn insert_leads(&mut self, leads: &[Lead]) -> Result<()> {
        let mut ordered: Vec<_> = leads.iter().collect();
        ordered.sort_unstable_by_key(|lead| (&lead.email, &lead.linkedin_url, &lead.external_id));
        let mut rows = Rows { text: String::with_capacity(leads.len() * 400), begun: false };
        let organization = self.scope().id();
        for lead in ordered {
            write(&mut rows, organization, lead)?;
        }
        // Whoever is broken off between here and the end leaves a connection that waits for rows.
        self.close_if_dropped();
        let mut copy = self.conn().copy_in_raw(COPY).await?;
        copy.send(rows.text.into_bytes()).await?;
        copy.finish().await?;
        Ok(())
    }
}

fn write(rows: &mut Rows, organization: Uuid, lead: &Lead) -> Result<()> {
    rows.plain(&lead.id.0.to_string());
    rows.plain(&organization.to_string());
    for text in [
        &lead.first_name,
        &lead.last_name,
        &lead.full_name,
        &lead.email,
        &lead.phone,
        &lead.title,
        &lead.company,
        &lead.company_domain,
        &lead.industry,
        &lead.location,
        &lead.country,
        &lead.linkedin_url,
        &lead.timezone,
        &lead.external_id,
    ] {
        rows.text(text.as_deref());
    }
    rows.plain(lead.status.as_str());
    rows.plain(lead.source.as_str());
    rows.text(Some(&array(&lead.tags)));
    rows.text(Some(&serde_json::to_string(&lead.custom_fields.0).map_err(AppError::internal)?));
    rows.plain(&lead.version.to_string());
    rows.plain(&instant(lead.created_at));
    rows.plain(&instant(lead.updated_at));
    rows.text(lead.lead_list_ids.first().map(|list| list.0.to_string()).as_deref());
    rows.end();
    Ok(())
}

/// Rows being spelled.
struct Rows {
    text: String,
    /// Whether the row has a cell already.
    begun: bool,
}

impl Rows {
    /// A cell of letters, digits and signs that mean nothing to COPY.
    fn plain(&mut self, cell: &str) {
        if std::mem::replace(&mut self.begun, true) {
            self.text.push('\t');
        }
        self.text.push_str(cell);
    }

    fn text(&mut self, cell: Option<&str>) {
        let Some(mut rest) = cell else { return self.plain("\\N") };
        self.plain("");
        while let Some(at) = rest.find(['\\', '\t', '\n', '\r']) {
            let (before, after) = rest.split_at(at);
            self.text.push_str(before);
            self.text.push_str(match after.as_bytes().first() {
                Some(b'\\') => "\\\\",
                Some(b'\t') => "\\t",
                Some(b'\n') => "\\n",
                _ => "\\r",
            });
            rest = &after[1..];
        }
        self.text.push_str(rest);
    }

    fn end(&mut self) {
        self.text.push('\n');
        self.begun = false;
    }
}

/// A list of texts as PostgreSQL spells one.
fn array(texts: &[String]) -> String {
    let quoted = texts.iter().map(|text| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")));
    format!("{{{}}}", quoted.collect::<Vec<_>>().join(","))
}

fn instant(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Micros, true)
}
