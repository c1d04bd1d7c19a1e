//! What a message may say, and a condition may ask, of a lead and of who writes.

use std::collections::BTreeMap;

use minijinja::{Value, value::ValueKind};
use serde_json::{Map, Number, Value as Json};

use super::list::List;
use crate::{
    engine::fields::CUSTOM_FIELDS,
    models::{ConnectedAccount, Lead},
    utils::{names, text},
};

/// What is known of a lead and of the account that writes, by the names of [`crate::engine::fields`]. What is empty or blank is not known.
#[derive(Debug, Clone)]
pub struct Facts(Value);

impl Facts {
    /// What is known of `lead`, and of `sender` if it is known who that will be.
    #[must_use]
    pub fn of(lead: &Lead, sender: Option<&ConnectedAccount>) -> Self {
        let whole = names::complete(lead.first_name.as_deref(), lead.last_name.as_deref(), lead.full_name.as_deref());
        let texts = [
            ("first_name", &whole.first),
            ("last_name", &whole.last),
            ("full_name", &whole.full),
            ("email", &lead.email),
            ("phone", &lead.phone),
            ("title", &lead.title),
            ("company", &lead.company),
            ("company_domain", &lead.company_domain),
            ("industry", &lead.industry),
            ("location", &lead.location),
            ("country", &lead.country),
            ("linkedin_url", &lead.linkedin_url),
            ("timezone", &lead.timezone),
            ("external_id", &lead.external_id),
        ];
        let mut facts = known(texts);
        facts.insert("status", lead.status.as_str().into());
        facts.insert("source", lead.source.as_str().into());
        facts.insert("tags", Value::from_object(List(lead.tags.iter().map(Value::from).collect())));
        facts.insert(CUSTOM_FIELDS, value_of(&Json::Object(reachable(&lead.custom_fields.0))));
        facts.insert("sender", sender.map_or_else(|| Value::from(known([])), of_sender));
        Self(facts.into())
    }

    /// What is known under `path`, a name with dots such as `custom_fields.seniority`; an empty list counts as nothing.
    #[must_use]
    pub fn get(&self, path: &str) -> Option<Value> {
        let known = |value: &Value| match value.kind() {
            ValueKind::Undefined => false,
            ValueKind::Seq => value.len() != Some(0),
            _ => true,
        };
        // A custom field of this very name goes before what lies in another that holds an object.
        let custom = path.strip_prefix(CUSTOM_FIELDS).and_then(|rest| rest.strip_prefix('.'));
        let named = custom.and_then(|name| self.0.get_attr(CUSTOM_FIELDS).ok()?.get_attr(name).ok());
        let walk = || path.split('.').try_fold(self.0.clone(), |value, step| value.get_attr(step)).ok();
        named.filter(known).or_else(walk).filter(known)
    }

    /// What a message that asks for `path` finds there.
    pub(super) fn held(&self, path: &str) -> Held {
        let walked = path.split('.').try_fold(self.0.clone(), |value, step| value.get_attr(step));
        let Ok(value) = walked else { return Held::Nothing };
        match (value.kind(), value.as_str()) {
            (ValueKind::Undefined, _) => Held::Nothing,
            (_, Some(words)) => Held::Text(text::length(words)),
            (ValueKind::Number | ValueKind::Bool, _) => Held::Plain,
            _ => Held::More,
        }
    }

    /// All of it, as the language of messages takes it.
    pub(super) fn values(&self) -> &Value {
        &self.0
    }
}

/// What is known under a name, as far as it matters to whoever only wants to know whether it can be printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Held {
    /// Nothing.
    Nothing,
    /// A text of so many characters.
    Text(usize),
    /// A number, or yes or no.
    Plain,
    /// A list, or more.
    More,
}

fn known<'n, const N: usize>(texts: [(&'n str, &Option<String>); N]) -> BTreeMap<&'n str, Value> {
    let given =
        texts.into_iter().filter_map(|(name, text)| Some((name, text.as_deref().filter(|text| !is_blank(text))?)));
    given.map(|(name, text)| (name, text.into())).collect()
}

/// An account has one name, which often is its address: that is nobody's name.
fn of_sender(account: &ConnectedAccount) -> Value {
    let name = Some(account.display_name.as_str()).filter(|name| !name.contains('@'));
    let name = names::complete(None, None, name);
    let texts =
        [("first_name", &name.first), ("last_name", &name.last), ("full_name", &name.full), ("email", &account.email)];
    known(texts).into()
}

/// The fields that hold something. One with dots in its name, `last.round`, is also found step by step, as `custom_fields.last.round` asks
/// for it.
fn reachable(fields: &Map<String, Json>) -> Map<String, Json> {
    let held: Map<String, Json> =
        fields.iter().filter_map(|(name, value)| Some((name.clone(), held(value)?))).collect();
    let mut all = held.clone();
    for (name, value) in held.into_iter().filter(|(name, _)| name.contains('.')) {
        nest(&mut all, &name, value);
    }
    all
}

fn nest(object: &mut Map<String, Json>, path: &str, value: Json) {
    match path.split_once('.') {
        None => drop(object.entry(path).or_insert(value)),
        Some((first, rest)) => {
            if let Json::Object(inner) = object.entry(first).or_insert_with(|| Json::Object(Map::new())) {
                nest(inner, rest, value);
            }
        }
    }
}

/// What remains of a value without all that is empty; nothing if it is empty itself.
fn held(value: &Json) -> Option<Json> {
    match value {
        Json::Null => None,
        Json::String(text) if is_blank(text) => None,
        Json::Array(items) => {
            let items: Vec<Json> = items.iter().filter_map(held).collect();
            (!items.is_empty()).then_some(Json::Array(items))
        }
        Json::Object(fields) => {
            let fields: Map<_, _> =
                fields.iter().filter_map(|(name, value)| Some((name.clone(), held(value)?))).collect();
            (!fields.is_empty()).then_some(Json::Object(fields))
        }
        Json::Bool(_) | Json::Number(_) | Json::String(_) => Some(value.clone()),
    }
}

fn value_of(value: &Json) -> Value {
    match value {
        Json::Array(items) => Value::from_object(List(items.iter().map(value_of).collect())),
        Json::Object(fields) => {
            let fields = fields.iter().map(|(name, value)| (name.as_str(), value_of(value)));
            Value::from(fields.collect::<BTreeMap<_, _>>())
        }
        Json::String(text) => Value::from(text),
        Json::Number(number) => number_of(number),
        Json::Bool(flag) => Value::from(*flag),
        Json::Null => Value::UNDEFINED,
    }
}

/// A number as it was written: `3` is not `3.0`.
fn number_of(number: &Number) -> Value {
    match (number.as_i64(), number.as_u64()) {
        (Some(whole), _) => whole.into(),
        (None, Some(whole)) => whole.into(),
        (None, None) => number.as_f64().map_or(Value::UNDEFINED, Value::from),
    }
}

fn is_blank(text: &str) -> bool {
    text::trim(text).is_empty()
}
