//! Whether a question about a lead can be answered.

use super::{CampaignInput, faults::Faults, text::given};
use crate::{
    engine::fields,
    models::workflow::{ConditionConfig, Operator, Scalar},
};

/// `config` is the pointer to the node's configuration.
pub(super) fn check(config: &str, condition: &ConditionConfig, input: &CampaignInput<'_>, faults: &mut Faults) {
    let pointer = format!("{config}/field");
    match given(condition.field.as_ref()) {
        None => faults.add(pointer, "missing_field", "A condition needs a field of the lead."),
        Some(field) if !fields::is_lead_field(field, input.custom_fields) => {
            let detail = "Leads have no such field; their own fields are written `custom_fields.name`.";
            faults.add(pointer, "unknown_field", detail);
        }
        Some(_) => {}
    }
    match condition.operator {
        None => faults.add(format!("{config}/operator"), "missing_operator", "A condition needs an operator."),
        Some(operator) => check_value(&format!("{config}/value"), operator, condition.value.as_ref(), faults),
    }
}

/// What an operator is given to hold the field against.
enum Takes {
    Nothing,
    Anything,
    Text,
    Number,
}

fn takes(operator: Operator) -> Takes {
    match operator {
        Operator::Exists | Operator::NotExists => Takes::Nothing,
        Operator::Equals | Operator::NotEquals => Takes::Anything,
        Operator::Contains | Operator::NotContains | Operator::StartsWith | Operator::EndsWith => Takes::Text,
        Operator::GreaterThan | Operator::LessThan => Takes::Number,
    }
}

fn check_value(pointer: &str, operator: Operator, value: Option<&Scalar>, faults: &mut Faults) {
    let says_something = |value: &&Scalar| !matches!(value, Scalar::Text(text) if text.is_empty());
    match (takes(operator), value.filter(says_something)) {
        (Takes::Nothing, Some(_)) => {
            faults.add(pointer, "unexpected_value", "This operator asks whether there is a value; it takes none.");
        }
        (Takes::Anything | Takes::Text | Takes::Number, None) => {
            faults.add(pointer, "missing_value", "This operator needs a value.");
        }
        (Takes::Text, Some(Scalar::Number(_) | Scalar::Flag(_))) => {
            faults.add(pointer, "wrong_value_type", "This operator needs a text.");
        }
        (Takes::Number, Some(Scalar::Text(_) | Scalar::Flag(_))) => {
            faults.add(pointer, "wrong_value_type", "This operator needs a number.");
        }
        _ => {}
    }
}
