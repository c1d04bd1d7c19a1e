//! What people and tools write into a cell, or a column sends, that has nothing to say.

use super::LeadField;
use crate::utils::text;

/// In no field can these be a value: they are what spreadsheets, databases and lead tools write for "nothing". They are compared as they
/// are spelled, since there are people named Null and Nan.
const NOWHERE: [&str; 17] = [
    "-",
    "--",
    "---",
    "–",
    "—",
    ".",
    "?",
    "N/A",
    "n/a",
    "#N/A",
    "#REF!",
    "#VALUE!",
    "null",
    "NULL",
    "NaN",
    "undefined",
    "(blank)",
];
/// These could be a name, a title, a company or somebody's own words (a Mr None, a company Unknown), but nothing that has a form of its
/// own: no address, profile, domain, number or place. In any case of letters.
const NO_FORM: [&str; 13] = [
    "null",
    "nan",
    "none",
    "nil",
    "unknown",
    "not found",
    "not available",
    "no email",
    "no email found",
    "no data",
    "missing",
    "empty",
    "private",
];
/// As those, but that they are also the codes of Namibia and Norway.
const NO_FORM_NOR_COUNTRY: [&str; 2] = ["na", "no"];
/// The longest of them, in bytes.
const LONGEST: usize = 16;

/// The cell's text, or nothing if it only says that there is nothing; `field` is none for a custom field.
pub(super) fn content(cell: &str, field: Option<LeadField>) -> Option<&str> {
    let content = text::trim(cell);
    (!content.is_empty() && !stands_for_nothing(content, field)).then_some(content)
}

/// Whether the text of a lead's field of this name only says that there is nothing: the rule of a file's cells, for rows that machines send. In
/// fields of the caller's own, and in lists and objects, everything is said.
#[must_use]
pub fn says_nothing(field: &str, value: &str) -> bool {
    let field = LeadField::ALL.iter().copied().find(|known| known.as_str() == field);
    field.is_some_and(|field| field != LeadField::CustomFields && content(value, Some(field)).is_none())
}

fn stands_for_nothing(content: &str, field: Option<LeadField>) -> bool {
    let among = |words: &[&str]| words.iter().any(|word| content.eq_ignore_ascii_case(word));
    // A custom field's text is the caller's own.
    let Some(field) = field.filter(|_| content.len() <= LONGEST) else { return false };
    NOWHERE.contains(&content)
        || (has_form(field) && among(&NO_FORM))
        || (has_form(field) && field != LeadField::Country && among(&NO_FORM_NOR_COUNTRY))
}

/// Whether a field's values have a form of their own, or come from a known set.
fn has_form(field: LeadField) -> bool {
    match field {
        LeadField::Email
        | LeadField::Phone
        | LeadField::CompanyDomain
        | LeadField::Location
        | LeadField::Country
        | LeadField::LinkedinUrl
        | LeadField::Timezone
        | LeadField::Status
        | LeadField::Source
        | LeadField::CustomFields => true,
        LeadField::FirstName
        | LeadField::LastName
        | LeadField::FullName
        | LeadField::Title
        | LeadField::Company
        | LeadField::Industry
        | LeadField::ExternalId
        | LeadField::Tags => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_told_from_a_value() {
        for (cell, field, kept) in [
            ("N/A", Some(LeadField::Email), None),
            (" Not Found ", Some(LeadField::Email), None),
            ("unknown", Some(LeadField::LinkedinUrl), None),
            ("-", Some(LeadField::FirstName), None),
            ("#N/A", Some(LeadField::Company), None),
            ("None", Some(LeadField::LastName), Some("None")),
            ("NA", Some(LeadField::Company), Some("NA")),
            ("NA", Some(LeadField::Country), Some("NA")),
            ("na", Some(LeadField::Email), None),
            ("null", Some(LeadField::LastName), None),
            ("Null", Some(LeadField::LastName), Some("Null")),
            ("Null", Some(LeadField::Email), None),
            ("n/a", None, Some("n/a")),
            (" ", None, None),
            ("jane@example.com ", Some(LeadField::Email), Some("jane@example.com")),
        ] {
            assert_eq!(content(cell, field), kept, "{cell} {field:?}");
        }
        assert!(NOWHERE.iter().chain(&NO_FORM).all(|word| word.len() <= LONGEST));
    }
}
