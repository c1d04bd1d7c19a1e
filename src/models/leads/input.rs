//! What callers write into a lead's fields, brought to its normal form. The form's own rules are in `utils`.

use serde_json::{Map, Value};

use crate::{
    models::patch::Patch,
    utils::{country, domain, email::NormalizedEmail, linkedin::LinkedinUrl, refusal::Refusal, text, timezone},
};

/// The most custom fields of a lead.
pub const MAX_CUSTOM_FIELDS: usize = 100;
/// The longest name of a custom field, in characters.
pub const MAX_CUSTOM_NAME: usize = 100;
/// The largest object of custom fields, in bytes of JSON.
const MAX_CUSTOM_BYTES: usize = 16 * 1024;
/// The most values in custom fields, in whatever objects and lists: each takes many times its bytes in memory.
const MAX_CUSTOM_VALUES: usize = 1_000;
/// The most levels of objects and lists in custom fields, the object itself included.
const MAX_CUSTOM_DEPTH: usize = 5;

const UNKNOWN_ZONE: Refusal =
    Refusal::new("timezone_unknown", "This is not an IANA time zone, such as `Europe/Berlin`.");
const TOO_MANY: Refusal = Refusal::new("too_many", "At most 100 custom fields are allowed.");
const WRONG_NAME: Refusal = Refusal::new("wrong_name", "A custom field's name has 1 to 100 characters.");
const TOO_LARGE: Refusal = Refusal::new("too_large", "Custom fields may take up at most 16 KiB together.");
const TOO_MANY_VALUES: Refusal =
    Refusal::new("too_many_values", "Custom fields may hold at most 1000 values, those in lists and objects included.");
const TOO_BIG: Refusal = Refusal::new(
    "number_too_large",
    "A whole number in custom fields lies between -2^63 and 2^64 - 1: beyond, digits would be lost. Send it as text.",
);
const TOO_DEEP: Refusal = Refusal::new("too_deep", "Custom fields may be nested at most 5 levels deep.");

/// Why a lead that nothing tells from another cannot be taken.
pub const UNIDENTIFIED: Refusal =
    Refusal::new("identity_required", "At least one of email, linkedin_url and external_id is needed.");

/// What a field's text becomes; nothing if it is blank.
pub type Rule = fn(&str) -> Result<Option<String>, Refusal>;

/// Reads the fields of a lead one by one and keeps every fault that it meets.
#[derive(Debug, Default)]
pub struct FieldReader {
    /// The faults, each with the field's name; the empty name stands for the whole.
    pub faults: Vec<(&'static str, Refusal)>,
}

impl FieldReader {
    /// A field's normal form. A blank one is none.
    pub fn field(&mut self, name: &'static str, text: Option<&str>, rule: Rule) -> Option<String> {
        rule(text?).unwrap_or_else(|refusal| {
            self.faults.push((name, refusal));
            None
        })
    }

    /// A patched field's normal form. A blank one is cleared.
    pub fn patched(&mut self, name: &'static str, text: Option<Option<&str>>, rule: Rule) -> Patch<String> {
        match text {
            None => Patch::Keep,
            Some(text) => self.field(name, text, rule).map_or(Patch::Clear, Patch::Set),
        }
    }

    /// Custom fields within their bounds.
    pub fn custom_fields(&mut self, fields: &Map<String, Value>) {
        self.faults.extend(custom_field_faults(fields).into_iter().map(|refusal| ("custom_fields", refusal)));
    }

    /// `read`, unless there were faults.
    ///
    /// # Errors
    /// All of them.
    pub fn finish<T>(self, read: T) -> Result<T, Vec<(&'static str, Refusal)>> {
        if self.faults.is_empty() { Ok(read) } else { Err(self.faults) }
    }
}

/// The bounds that an object of custom fields breaks.
#[must_use]
pub fn custom_field_faults(fields: &Map<String, Value>) -> Vec<Refusal> {
    let fits_name = |name: &String| (1..=MAX_CUSTOM_NAME).contains(&text::length(name));
    let faults = [
        (fields.len() > MAX_CUSTOM_FIELDS, TOO_MANY),
        (!fields.keys().all(fits_name), WRONG_NAME),
        (!fields.is_empty() && json_bytes(fields) > MAX_CUSTOM_BYTES, TOO_LARGE),
        (fields.values().map(values_in).sum::<usize>() > MAX_CUSTOM_VALUES, TOO_MANY_VALUES),
        (!fields.values().all(|value| fits_depth(value, MAX_CUSTOM_DEPTH - 1)), TOO_DEEP),
        (!fields.values().all(is_exact), TOO_BIG),
    ];
    faults.into_iter().filter_map(|(broken, refusal)| broken.then_some(refusal)).collect()
}

fn json_bytes(fields: &Map<String, Value>) -> usize {
    serde_json::to_vec(fields).map_or(usize::MAX, |json| json.len())
}

fn values_in(value: &Value) -> usize {
    1 + match value {
        Value::Array(items) => items.iter().map(values_in).sum(),
        Value::Object(fields) => fields.values().map(values_in).sum(),
        _ => 0,
    }
}

fn fits_depth(value: &Value, left: usize) -> bool {
    match value {
        Value::Array(items) => left > 0 && items.iter().all(|item| fits_depth(item, left - 1)),
        Value::Object(fields) => left > 0 && fields.values().all(|field| fits_depth(field, left - 1)),
        _ => true,
    }
}

/// Whether no number is as large as only whole numbers are that were rounded when they were read. What lies below is kept digit by digit.
fn is_exact(value: &Value) -> bool {
    const BEYOND: f64 = 18_446_744_073_709_551_616.0;
    const BELOW: f64 = -9_223_372_036_854_775_808.0;
    match value {
        Value::Number(number) if number.is_f64() => {
            number.as_f64().is_some_and(|number| number < BEYOND && number > BELOW)
        }
        Value::Array(items) => items.iter().all(is_exact),
        Value::Object(fields) => fields.values().all(is_exact),
        _ => true,
    }
}

/// Labels without spaces around them, each once; blank ones are dropped.
pub fn tags(tags: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut kept: Vec<String> = Vec::new();
    for tag in tags {
        let tag = text::trim(&tag);
        if !tag.is_empty() && !kept.iter().any(|earlier| earlier == tag) {
            kept.push(tag.to_owned());
        }
    }
    kept
}

/// One line of text: a name, a title.
///
/// # Errors
/// `control_character`.
pub fn line(value: &str) -> Result<Option<String>, Refusal> {
    Ok(text::single_line(value)?.map(std::borrow::Cow::into_owned))
}

/// The English name of a country; what names none that is known stays as it is, for it may be a region, or in another language.
///
/// # Errors
/// `control_character`.
pub fn country(value: &str) -> Result<Option<String>, Refusal> {
    let text = line(value)?;
    Ok(text.map(|text| country::name(&text).map_or(text, str::to_owned)))
}

/// An e-mail address, in the one spelling that stands for its mailbox.
///
/// # Errors
/// As [`NormalizedEmail::parse`].
pub fn email(value: &str) -> Result<Option<String>, Refusal> {
    unless_blank(value, |value| Ok(NormalizedEmail::parse(value)?.into_parts().1))
}

/// The one address of a LinkedIn profile.
///
/// # Errors
/// As [`LinkedinUrl::parse`].
pub fn linkedin_url(value: &str) -> Result<Option<String>, Refusal> {
    unless_blank(value, |value| Ok(LinkedinUrl::parse(value)?.into_string()))
}

/// The domain of a company's web site.
///
/// # Errors
/// As [`domain::normalize`].
pub fn company_domain(value: &str) -> Result<Option<String>, Refusal> {
    unless_blank(value, domain::normalize)
}

/// The IANA name of a time zone.
///
/// # Errors
/// `timezone_unknown`.
pub fn time_zone(value: &str) -> Result<Option<String>, Refusal> {
    unless_blank(value, |value| timezone::parse(value).map(|zone| zone.name().to_owned()).ok_or(UNKNOWN_ZONE))
}

fn unless_blank(value: &str, rule: impl Fn(&str) -> Result<String, Refusal>) -> Result<Option<String>, Refusal> {
    if text::trim(value).is_empty() { Ok(None) } else { rule(value).map(Some) }
}
