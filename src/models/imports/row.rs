//! From a row of a file to a lead.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{LeadField, Mapping, Target, placeholder::content};
use crate::{
    models::{
        LeadSource, LeadStatus, ListReferences, NewLead,
        input::{self, UNIDENTIFIED},
    },
    utils::{email::NormalizedEmail, labels, refusal::Refusal, sheet::Record, text},
};

/// The most labels of a lead, and the longest one, in characters.
const TAGS: (usize, usize) = (50, 100);
/// So many bytes of custom fields are within their bounds in any case: as JSON they take six times as many at most.
const SURELY_FITTING: usize = 2_048;

const TOO_MANY_CELLS: Refusal =
    Refusal::new("too_many_cells", "The row has cells beyond the last column; is a quotation mark missing?");
const SEVERAL_EMAILS: Refusal = Refusal::new("email_several", "The cell holds several addresses; a lead has one.");
const NOT_AN_OBJECT: Refusal = Refusal::new("wrong_type", "This must be a JSON object.");
const CONTROL: Refusal = Refusal::new("control_character", "Control characters are not allowed.");

/// One thing that is wrong with a row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CellFault {
    /// The column, by its header; none if it is the row as a whole.
    pub column: Option<String>,
    pub code: Cow<'static, str>,
    pub detail: Cow<'static, str>,
}

/// Makes leads from a file's rows.
#[derive(Debug)]
pub struct RowReader {
    headers: Vec<String>,
    /// The columns that mean something.
    columns: Vec<(usize, Target)>,
    unguard: fn(&str) -> &str,
    /// Whether the file has every field of ours under its own name, as our exports have: then its cells mean what they say.
    verbatim: bool,
}

impl RowReader {
    /// A reader of rows whose columns have these names and this meaning. `unguard` takes from a cell the mark by which our own exports
    /// keep it from being a formula.
    #[must_use]
    pub fn new(headers: Vec<String>, mapping: &Mapping, unguard: fn(&str) -> &str) -> Self {
        let columns = mapping.columns().iter().cloned().enumerate();
        let columns = columns.filter(|(_, target)| *target != Target::Ignored).collect();
        let verbatim = LeadField::ALL.iter().all(|field| headers.iter().any(|header| header == field.as_str()));
        Self { headers, columns, unguard, verbatim }
    }

    /// The lead that a row is about, from a file unless the row says otherwise.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn read(&self, record: &Record) -> Result<NewLead, Vec<CellFault>> {
        let mut row = Row { headers: &self.headers, lead: blank(), faults: Vec::new(), custom_bytes: 0 };
        if record.exceeds(self.headers.len()) {
            row.refuse(None, TOO_MANY_CELLS);
        }
        for (index, target) in &self.columns {
            let cell = (self.unguard)(record.cell(*index));
            match target {
                Target::Field(field) => {
                    if let Some(content) = self.content(cell, *field) {
                        row.field(*index, *field, content);
                    }
                }
                Target::Custom(key) => {
                    if let Some(content) = content(cell, None) {
                        row.custom(key, content);
                    }
                }
                Target::Ignored => {}
            }
        }
        self.check_custom(record, &mut row);
        if row.faults.is_empty() && !row.lead.is_identified() {
            row.refuse(None, UNIDENTIFIED);
        }
        if !self.verbatim {
            row.lead.complete_name();
        }
        if row.faults.is_empty() { Ok(row.lead) } else { Err(row.faults) }
    }

    /// What a cell says, if anything.
    fn content<'c>(&self, cell: &'c str, field: LeadField) -> Option<&'c str> {
        // As of a custom field, of which it is never guessed that it says nothing.
        content(cell, (!self.verbatim).then_some(field))
    }

    /// The bounds of custom fields hold for all of them together; the longest is to blame.
    fn check_custom(&self, record: &Record, row: &mut Row<'_>) {
        if row.custom_bytes <= SURELY_FITTING && row.lead.custom_fields.len() <= input::MAX_CUSTOM_FIELDS {
            return;
        }
        let refused = input::custom_field_faults(&row.lead.custom_fields);
        if refused.is_empty() {
            return;
        }
        let is_custom = |target: &Target| matches!(target, Target::Custom(_) | Target::Field(LeadField::CustomFields));
        let custom = self.columns.iter().filter(|(_, target)| is_custom(target)).map(|(index, _)| *index);
        let longest = custom.max_by_key(|index| record.cell(*index).len());
        for refusal in refused {
            row.refuse(longest, refusal);
        }
    }
}

/// A row that is being read.
struct Row<'h> {
    headers: &'h [String],
    lead: NewLead,
    faults: Vec<CellFault>,
    /// The bytes of custom fields; more than all that is allowed if they are not to be counted.
    custom_bytes: usize,
}

impl Row<'_> {
    fn field(&mut self, index: usize, field: LeadField, content: &str) {
        match field {
            LeadField::Status => match one_of(LeadStatus::ALL, LeadStatus::as_str, content) {
                Ok(status) => self.lead.status = Some(status),
                Err(detail) => self.fault(Some(index), "not_allowed", detail),
            },
            LeadField::Source => match one_of(LeadSource::ALL, LeadSource::as_str, content) {
                Ok(source) => self.lead.source = Some(source),
                Err(detail) => self.fault(Some(index), "not_allowed", detail),
            },
            LeadField::Tags => self.tags(index, content),
            LeadField::CustomFields => self.custom_fields(index, content),
            field => self.text(index, field, content),
        }
    }

    fn text(&mut self, index: usize, field: LeadField, content: &str) {
        let Some((rule, most)) = field.rule() else { return };
        if too_long(content, most) {
            return self.fault(Some(index), "too_long", format!("At most {most} characters are allowed."));
        }
        let normal = rule(content).or_else(|refusal| match field {
            LeadField::Email => one_of_several(content, refusal).map(Some),
            _ => Err(refusal),
        });
        match (normal, self.slot(field)) {
            (Ok(text), Some(slot)) => *slot = text,
            (Ok(_), None) => {}
            (Err(refusal), _) => self.refuse(Some(index), refusal),
        }
    }

    fn slot(&mut self, field: LeadField) -> Option<&mut Option<String>> {
        let lead = &mut self.lead;
        Some(match field {
            LeadField::FirstName => &mut lead.first_name,
            LeadField::LastName => &mut lead.last_name,
            LeadField::FullName => &mut lead.full_name,
            LeadField::Email => &mut lead.email,
            LeadField::Phone => &mut lead.phone,
            LeadField::Title => &mut lead.title,
            LeadField::Company => &mut lead.company,
            LeadField::CompanyDomain => &mut lead.company_domain,
            LeadField::Industry => &mut lead.industry,
            LeadField::Location => &mut lead.location,
            LeadField::Country => &mut lead.country,
            LeadField::LinkedinUrl => &mut lead.linkedin_url,
            LeadField::Timezone => &mut lead.timezone,
            LeadField::ExternalId => &mut lead.external_id,
            LeadField::Status | LeadField::Source | LeadField::Tags | LeadField::CustomFields => return None,
        })
    }

    fn tags(&mut self, index: usize, content: &str) {
        let (most, longest) = TAGS;
        let tags = input::tags(labels::split(content));
        if tags.len() > most {
            self.fault(Some(index), "too_many", format!("At most {most} labels are allowed."));
        }
        if tags.iter().any(|tag| too_long(tag, longest)) {
            self.fault(Some(index), "too_long", format!("A label has at most {longest} characters."));
        }
        self.lead.tags = tags;
    }

    fn custom_fields(&mut self, index: usize, content: &str) {
        let Ok(fields) = serde_json::from_str::<Map<String, Value>>(content) else {
            return self.refuse(Some(index), NOT_AN_OBJECT);
        };
        // NUL is the one character that PostgreSQL cannot keep, and JSON writes it so. Looking at the text first spares the walk.
        if content.contains("\\u0000") && fields.iter().any(|(name, value)| name.contains('\0') || holds_nul(value)) {
            return self.refuse(Some(index), CONTROL);
        }
        self.custom_bytes = self.custom_bytes.saturating_add(SURELY_FITTING + 1);
        for (name, value) in fields {
            // A column of its own says more.
            self.lead.custom_fields.entry(name).or_insert(value);
        }
    }

    fn custom(&mut self, key: &str, content: &str) {
        self.custom_bytes = self.custom_bytes.saturating_add(key.len() + content.len() + 1);
        self.lead.custom_fields.insert(key.to_owned(), Value::String(content.to_owned()));
    }

    fn refuse(&mut self, index: Option<usize>, refusal: Refusal) {
        self.fault(index, refusal.code, refusal.detail);
    }

    fn fault(&mut self, index: Option<usize>, code: &'static str, detail: impl Into<Cow<'static, str>>) {
        let column = index.and_then(|index| self.headers.get(index)).cloned();
        self.faults.push(CellFault { column, code: code.into(), detail: detail.into() });
    }
}

/// Nobody yet.
fn blank() -> NewLead {
    NewLead {
        first_name: None,
        last_name: None,
        full_name: None,
        email: None,
        phone: None,
        title: None,
        company: None,
        company_domain: None,
        industry: None,
        location: None,
        country: None,
        linkedin_url: None,
        timezone: None,
        external_id: None,
        status: None,
        source: None,
        tags: Vec::new(),
        custom_fields: Map::new(),
        lists: ListReferences::default(),
    }
}

fn holds_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(values) => values.iter().any(holds_nul),
        Value::Object(fields) => fields.iter().any(|(name, value)| name.contains('\0') || holds_nul(value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

fn too_long(content: &str, most: usize) -> bool {
    content.len() > most && text::length(content) > most
}

/// The value that a cell spells in any case of letters, with spaces or underscores.
fn one_of<T: Copy>(all: &[T], name: fn(T) -> &'static str, content: &str) -> Result<T, String> {
    let key = text::fold(content).replace([' ', '-'], "_");
    all.iter().copied().find(|value| name(*value) == key).ok_or_else(|| {
        let names: Vec<_> = all.iter().map(|value| format!("`{}`", name(*value))).collect();
        format!("This must be one of {}.", names.join(", "))
    })
}

/// The address of a cell that holds the same one several times, as joined tables have it; else why it cannot be taken.
fn one_of_several(content: &str, refusal: Refusal) -> Result<String, Refusal> {
    let parts = content.split(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | '|' | '/'));
    let mut keys: Vec<_> =
        parts.filter_map(|part| NormalizedEmail::parse(part).ok()).map(|email| email.into_parts().1).collect();
    let several = keys.len() > 1;
    keys.dedup();
    match (keys.pop(), keys.is_empty()) {
        (Some(key), true) if several => Ok(key),
        (Some(_), false) => Err(SEVERAL_EMAILS),
        _ => Err(refusal),
    }
}
