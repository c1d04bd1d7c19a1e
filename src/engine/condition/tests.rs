use serde_json::{Value as Json, json};

use super::*;
use crate::{engine::message::tests::lead, models::Lead};

fn facts() -> Facts {
    let some = |text: &str| Some(text.to_owned());
    let custom = json!({
        "seats": 50, "share": 0.5, "zip": "0123", "count": " 12 ", "active": true, "team": {"size": 3}, "last.round": "A",
        "stack": ["Rust", 7], "blank": " ", "empty": [], "infinite": "inf"
    });
    let lead = Lead {
        first_name: some("JÖRG"),
        full_name: None,
        email: some("joerg@example.com"),
        title: some("Head of Sales"),
        country: some("Germany"),
        company: None,
        tags: vec!["VIP".into(), "berlin".into()],
        ..lead(&custom)
    };
    Facts::of(&lead, None)
}

fn answer(field: &str, operator: &str, value: &Json) -> bool {
    let condition = json!({"field": field, "operator": operator, "value": value});
    holds(&serde_json::from_value(condition).unwrap(), &facts())
}

/// Each row is a question and its answer.
fn table(rows: &[(&str, &str, Json, bool)]) {
    for (field, operator, value, expected) in rows {
        assert_eq!(answer(field, operator, value), *expected, "{field} {operator} {value}");
    }
}

#[test]
fn text_is_compared_in_any_case_of_letters() {
    table(&[
        ("title", "equals", json!("head of sales"), true),
        ("title", "equals", json!("head"), false),
        ("title", "not_equals", json!("HEAD OF SALES"), false),
        ("first_name", "equals", json!("jo\u{308}rg"), true),
        ("title", "contains", json!("SALES"), true),
        ("title", "contains", json!("CEO"), false),
        ("title", "not_contains", json!("CEO"), true),
        ("title", "starts_with", json!("HEAD"), true),
        ("title", "starts_with", json!("sales"), false),
        ("title", "ends_with", json!("SALES"), true),
        ("title", "ends_with", json!("head"), false),
        ("status", "equals", json!("NEW"), true),
        ("custom_fields.last.round", "equals", json!("a"), true),
    ]);
}

#[test]
fn a_country_is_one_whatever_it_is_called() {
    table(&[
        ("country", "equals", json!("DE"), true),
        ("country", "equals", json!("deutschland"), true),
        ("country", "equals", json!("GERMANY"), true),
        ("country", "equals", json!("FR"), false),
        ("country", "equals", json!("NA"), false),
        ("country", "equals", json!(49), false),
        ("country", "not_equals", json!("DE"), false),
        ("country", "not_equals", json!("FR"), true),
        ("country", "contains", json!("german"), true),
    ]);
}

#[test]
fn of_a_list_it_is_enough_that_one_is_meant() {
    table(&[
        ("tags", "equals", json!("vip"), true),
        ("tags", "equals", json!("vi"), false),
        ("tags", "not_equals", json!("vip"), false),
        ("tags", "not_equals", json!("cold"), true),
        ("tags", "contains", json!("Berlin"), true),
        ("tags", "contains", json!("berl"), false),
        ("tags", "not_contains", json!("berl"), true),
        ("tags", "starts_with", json!("berl"), true),
        ("tags", "exists", json!(null), true),
        ("custom_fields.stack", "contains", json!("rust"), true),
        ("custom_fields.stack", "greater_than", json!(6), true),
        ("custom_fields.stack", "greater_than", json!(7), false),
    ]);
}

#[test]
fn a_number_is_a_number_even_if_it_is_written_as_text() {
    table(&[
        ("custom_fields.seats", "greater_than", json!(49.5), true),
        ("custom_fields.seats", "greater_than", json!(50), false),
        ("custom_fields.seats", "less_than", json!(51), true),
        ("custom_fields.share", "less_than", json!(1), true),
        ("custom_fields.count", "greater_than", json!(11), true),
        ("custom_fields.count", "less_than", json!(11), false),
        ("custom_fields.count", "equals", json!(12), true),
        ("custom_fields.seats", "equals", json!(50.0), true),
        ("custom_fields.seats", "equals", json!("50"), true),
        ("custom_fields.seats", "not_equals", json!("50.0"), false),
        ("custom_fields.team.size", "equals", json!(3), true),
        ("custom_fields.zip", "equals", json!("123"), false),
        ("custom_fields.zip", "equals", json!("0123"), true),
        ("custom_fields.seats", "contains", json!("5"), true),
        ("title", "greater_than", json!(1), false),
        ("title", "less_than", json!(1), false),
        ("custom_fields.infinite", "greater_than", json!(1), false),
        ("custom_fields.active", "greater_than", json!(0), false),
    ]);
}

#[test]
fn true_and_false_are_compared_by_name() {
    table(&[
        ("custom_fields.active", "equals", json!(true), true),
        ("custom_fields.active", "equals", json!("TRUE"), true),
        ("custom_fields.active", "equals", json!(false), false),
        ("custom_fields.active", "not_equals", json!(false), true),
        ("title", "equals", json!(true), false),
    ]);
}

#[test]
fn of_an_empty_field_only_the_negative_is_true() {
    for field in [
        "company",
        "last_name",
        "custom_fields.blank",
        "custom_fields.empty",
        "custom_fields.none",
        "custom_fields.team.x",
        "nothing",
        "title.x",
    ] {
        for (operator, value, expected) in [
            ("equals", json!("x"), false),
            ("not_equals", json!("x"), true),
            ("contains", json!("x"), false),
            ("not_contains", json!("x"), true),
            ("starts_with", json!("x"), false),
            ("ends_with", json!("x"), false),
            ("exists", json!(null), false),
            ("not_exists", json!(null), true),
            ("greater_than", json!(0), false),
            ("less_than", json!(0), false),
        ] {
            assert_eq!(answer(field, operator, &value), expected, "{field} {operator}");
        }
    }
    table(&[
        ("title", "exists", json!(null), true),
        ("title", "not_exists", json!(null), false),
        ("custom_fields.team", "exists", json!(null), true),
        ("custom_fields.team", "contains", json!("3"), false),
        ("custom_fields.team", "not_equals", json!("3"), true),
    ]);
}

#[test]
fn of_a_condition_that_is_not_complete_nothing_is_true() {
    for condition in [json!({}), json!({"field": "title"}), json!({"operator": "not_exists"})] {
        assert!(!holds(&serde_json::from_value(condition).unwrap(), &facts()));
    }
    table(&[("title", "equals", json!(null), false), ("title", "not_equals", json!(null), false)]);
}
