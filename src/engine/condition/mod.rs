//! The answer to a question about a lead.

mod compare;

use std::cmp::Ordering;

use minijinja::{Value, value::ValueKind};

use self::compare::{equals, is_same_country, order};
use super::message::Facts;
use crate::{
    models::workflow::{ConditionConfig, Operator, Scalar},
    utils::text::fold,
};

/// The field that is kept by one name of the many that people write for it.
const COUNTRY: &str = "country";

/// Whether what the condition says is true of the lead. Of a field that is empty, only `not_exists`, `not_equals` and `not_contains` are; of
/// a condition that is not complete, nothing is.
#[must_use]
pub fn holds(condition: &ConditionConfig, facts: &Facts) -> bool {
    let ConditionConfig { field: Some(field), operator: Some(operator), value } = condition else { return false };
    let equals = if field == COUNTRY { is_same_country } else { equals };
    let field = facts.get(field);
    let is = |asked: fn(&Value, &Scalar) -> bool| match (&field, value) {
        (Some(field), Some(value)) => any(field, |item| asked(item, value)),
        _ => false,
    };
    match operator {
        Operator::Exists => field.is_some(),
        Operator::NotExists => field.is_none(),
        Operator::Equals => is(equals),
        Operator::NotEquals => value.is_some() && !is(equals),
        Operator::Contains => contains(field.as_ref(), value.as_ref()),
        Operator::NotContains => value.is_some() && !contains(field.as_ref(), value.as_ref()),
        Operator::StartsWith => is(|field, value| text(field).starts_with(&written(value))),
        Operator::EndsWith => is(|field, value| text(field).ends_with(&written(value))),
        Operator::GreaterThan => is(|field, value| order(field, value) == Some(Ordering::Greater)),
        Operator::LessThan => is(|field, value| order(field, value) == Some(Ordering::Less)),
    }
}

/// Whether it is true of the value or, if that is a list such as the tags, of one in it. Objects are neither text nor number.
fn any(value: &Value, asked: impl Fn(&Value) -> bool) -> bool {
    match value.kind() {
        ValueKind::Seq => value.try_iter().is_ok_and(|mut items| items.any(|item| asked(&item))),
        ValueKind::Map => false,
        _ => asked(value),
    }
}

fn contains(field: Option<&Value>, value: Option<&Scalar>) -> bool {
    let (Some(field), Some(value)) = (field, value) else { return false };
    match field.kind() {
        ValueKind::Seq => any(field, |item| equals(item, value)),
        _ => any(field, |field| text(field).contains(&written(value))),
    }
}

/// The field as text, in no case of letters.
fn text(field: &Value) -> String {
    fold(&field.to_string()).into_owned()
}

/// The value as text, in no case of letters.
fn written(value: &Scalar) -> String {
    match value {
        Scalar::Text(text) => fold(text).into_owned(),
        Scalar::Number(number) => number.to_string(),
        Scalar::Flag(flag) => flag.to_string(),
    }
}

#[cfg(test)]
mod tests;
