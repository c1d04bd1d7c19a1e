//! How what is known of a lead compares with what is asked.

use std::cmp::Ordering;

use minijinja::Value;

use super::{text, written};
use crate::{
    models::workflow::Scalar,
    utils::{country, text::fold},
};

/// Two texts are compared as such: `0123` is not `123`. As soon as one of them is a number, both are.
pub(super) fn equals(field: &Value, value: &Scalar) -> bool {
    if field.is_number() || matches!(value, Scalar::Number(_)) {
        order(field, value) == Some(Ordering::Equal)
    } else {
        text(field) == written(value)
    }
}

/// A country is one, whichever of its names and codes is asked for.
pub(super) fn is_same_country(field: &Value, value: &Scalar) -> bool {
    let (Some(kept), Scalar::Text(asked)) = (field.as_str(), value) else { return equals(field, value) };
    let named = |text: &str| fold(country::name(text).unwrap_or(text)).into_owned();
    named(kept) == named(asked)
}

/// How the field compares with the value, if both are numbers or texts that are numbers.
pub(super) fn order(field: &Value, value: &Scalar) -> Option<Ordering> {
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
