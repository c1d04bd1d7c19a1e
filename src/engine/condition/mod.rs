//! The answer to a question about a lead.

use std::cmp::Ordering;

use minijinja::{Value, value::ValueKind};

use super::message::Facts;
use crate::{
    models::workflow::{ConditionConfig, Operator, Scalar},
    utils::text::fold,
};

/// Whether what the condition says is true of the lead. Of a field that is empty, only `not_exists`, `not_equals` and `not_contains` are; of
/// a condition that is not complete, nothing is.
#[must_use]
pub fn holds(condition: &ConditionConfig, facts: &Facts) -> bool {
    let ConditionConfig { field: Some(field), operator: Some(operator), value } = condition else { return false };
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

/// Two texts are compared as such: `0123` is not `123`. As soon as one of them is a number, both are.
fn equals(field: &Value, value: &Scalar) -> bool {
    if field.is_number() || matches!(value, Scalar::Number(_)) {
        order(field, value) == Some(Ordering::Equal)
    } else {
        text(field) == written(value)
    }
}

/// How the field compares with the value, if both are numbers or texts that are numbers.
fn order(field: &Value, value: &Scalar) -> Option<Ordering> {
    let field = match field.as_str() {
        Some(text) => number(text),
        None if field.is_number() => f64::try_from(field.clone()).ok(),
        None => None,
    };
    let value = match value {
        Scalar::Text(text) => number(text),
        Scalar::Number(number) => number.as_f64(),
        Scalar::Flag(_) => None,
    };
    field?.partial_cmp(&value?)
}

fn number(text: &str) -> Option<f64> {
    text.trim().parse().ok().filter(|number: &f64| number.is_finite())
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
