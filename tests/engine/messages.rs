//! What is written to people, and what else a node needs to know.

use std::slice;

use clento::engine::workflow::{ConnectedChannel, LinkedinTier};
use serde_json::{Value, json};

use crate::campaign::{Campaign, with_node};

const MESSAGE: &str = "/workflow/nodes/0/config/message";

#[test]
fn a_step_that_writes_has_something_to_say() {
    for node_type in ["send_followup", "comment_post"] {
        for config in [json!({}), json!({"message": ""}), json!({"message": " \n"}), json!({"message": null})] {
            with_node(node_type, config).must_say(&[(MESSAGE, "missing_message")]);
        }
        with_node(node_type, json!({"message": "Hi"})).must_say(&[]);
    }
    with_node("send_inmail", json!({}))
        .must_say(&[("/workflow/nodes/0/config/subject", "missing_subject"), (MESSAGE, "missing_message")]);
}

#[test]
fn an_invitation_may_go_out_without_a_note() {
    for config in [json!(null), json!({}), json!({"message": ""})] {
        with_node("send_connection_request", config).must_say(&[]);
    }
}

#[test]
fn a_template_uses_what_is_known_of_a_lead() {
    for (text, expected) in [
        ("Hi {{ first_name | default('there') }} at {{ company }}", vec![]),
        ("{{ custom_fields.seniority }} {{ custom_fields['last round'] }}", vec![]),
        ("{{ custom_fields.seniority.since }} {{ custom_fields['last round'].amount }}", vec![]),
        ("Best, {{ sender.first_name }}", vec![]),
        ("{% if title and 'CEO' in title %}Boss{% else %}Hi{% endif %}", vec![]),
        ("{{ frist_name }}", vec!["unknown_variable"]),
        ("{{ frist_name | default('x') }} {{ nmae }}", vec!["unknown_variable", "unknown_variable"]),
        ("{{ custom_fields.age }}", vec!["unknown_variable"]),
        ("{{ custom_fields }}", vec!["unknown_variable"]),
        ("{{ sender.password }}", vec!["unknown_variable"]),
        ("{% if tags %}{{ secret }}{% endif %}", vec!["unknown_variable"]),
        ("Hi {{ first_name", vec!["template_syntax"]),
        ("{{ first_name | uper }}", vec!["unknown_filter"]),
        ("{% if title is beautiful %}x{% endif %}", vec!["unknown_test"]),
        ("{{ range(3) }}", vec!["unknown_function"]),
        ("{{ first_name | int }}", vec!["template_fails"]),
        ("{{ custom_fields.seniority | int }}", vec![]),
        ("{% for a in 'a' * 9999 %}{{ 'b' * 9999 }}{% endfor %}", vec!["template_too_costly"]),
    ] {
        let expected: Vec<_> = expected.into_iter().map(|code| (MESSAGE, code)).collect();
        with_node("send_followup", json!({"message": text})).must_say(&expected);
    }
    let faults = with_node("send_followup", json!({"message": "Hi\n{{ frist_name }}"})).faults();
    assert_eq!(faults[0].detail, "Line 2: there is no variable `frist_name`.");
}

#[test]
fn a_text_with_a_thousand_unknown_names_gets_a_short_answer() {
    let text: String = (0..1_000).fold(String::new(), |text, i| text + &format!("{{{{v{i}}}}}"));
    assert_eq!(with_node("send_followup", json!({"message": text})).faults().len(), 20);
}

#[test]
fn a_note_fits_what_linkedin_takes_from_these_accounts() {
    let free = ConnectedChannel::linkedin(LinkedinTier::Free);
    let paid = ConnectedChannel::linkedin(LinkedinTier::Paid);
    let note = |length: usize, channels: &[ConnectedChannel]| Campaign {
        channels: channels.to_vec(),
        ..with_node("send_connection_request", json!({"message": "ä".repeat(length)}))
    };
    let over = [(MESSAGE, "too_long")];
    note(200, slice::from_ref(&free)).must_say(&[]);
    note(201, slice::from_ref(&free)).must_say(&over);
    note(300, slice::from_ref(&paid)).must_say(&[]);
    note(301, slice::from_ref(&paid)).must_say(&over);
    note(201, &[paid.clone(), free]).must_say(&over);
    note(300, &[paid, ConnectedChannel::mailbox()]).must_say(&[]);
    let faults = note(301, &[ConnectedChannel::linkedin(LinkedinTier::Paid)]).faults();
    assert_eq!(faults[0].detail, "Even with all variables left empty it has 301 characters; 300 are allowed here.");
}

#[test]
fn a_note_that_is_too_long_only_for_long_names_is_told_apart() {
    let note = |text: String| with_node("send_connection_request", json!({"message": text}));
    let may = [(MESSAGE, "may_be_too_long")];
    note(format!("{}{{{{ first_name }}}}", "x".repeat(290))).must_say(&[]);
    note(format!("{}{{{{ first_name }}}}", "x".repeat(291))).must_say(&may);
    note(format!("{}{{{{ first_name }}}}", "x".repeat(300))).must_say(&may);
    note(format!("{}{{{{ first_name }}}}", "x".repeat(301))).must_say(&[(MESSAGE, "too_long")]);
    note(format!("{}{{{{ custom_fields.seniority }}}}", "x".repeat(285))).must_say(&may);
    note(format!("{{% if company %}}{}{{% endif %}}", "x".repeat(301))).must_say(&may);
    note(format!("{{# {} #}}Hi", "x".repeat(400))).must_say(&[]);
}

#[test]
fn the_longest_wording_counts_and_every_wording_is_read() {
    let note = |text: String| with_node("send_connection_request", json!({"message": text}));
    let wordings = |length: usize, rest: &str| note(format!("{{Hi|{}|Hello}}{rest}", "x".repeat(length)));
    wordings(300, "").must_say(&[]);
    wordings(301, "").must_say(&[(MESSAGE, "too_long")]);
    wordings(290, "{ {{ first_name }}|!}").must_say(&[(MESSAGE, "may_be_too_long")]);
    wordings(289, "{ {{ first_name }}|!}").must_say(&[]);
    note(format!("{{Hi|{{Hello|{}}} you}}", "x".repeat(297))).must_say(&[(MESSAGE, "too_long")]);
    note("{Hi {{ frist_name }}|Hello}".into()).must_say(&[(MESSAGE, "unknown_variable")]);
    note("{Hi|Hello {{ first_name | uper }}}".into()).must_say(&[(MESSAGE, "unknown_filter")]);
    note("{% autoescape false %}Hi{% endautoescape %}".into()).must_say(&[(MESSAGE, "template_syntax")]);
}

#[test]
fn every_text_keeps_to_its_limit() {
    for (node_type, config, expected) in [
        ("comment_post", json!({"message": "x".repeat(1_250)}), None),
        ("comment_post", json!({"message": "x".repeat(1_251)}), Some("message")),
        ("send_inmail", json!({"subject": "x".repeat(200), "message": "x".repeat(2_000)}), None),
        ("send_inmail", json!({"subject": "x".repeat(201), "message": "x"}), Some("subject")),
        ("send_inmail", json!({"subject": "x", "message": "x".repeat(2_001)}), Some("message")),
        ("send_followup", json!({"message": "x".repeat(10_000)}), None),
        ("send_followup", json!({"message": "x".repeat(10_001)}), Some("message")),
    ] {
        let pointer = format!("/workflow/nodes/0/config/{}", expected.unwrap_or_default());
        let expected: &[_] = if expected.is_some() { &[(&*pointer, "too_long")] } else { &[] };
        with_node(node_type, config).must_say(expected);
    }
}

#[test]
fn a_mail_has_a_subject_and_a_body_in_each_wording() {
    let good = || json!({"weight": 1, "subject": "Hi", "text": "Hi", "html": "<p>Hi</p>"});
    for (change, place, code) in [
        (json!({"subject": null}), "/0/subject", "missing_subject"),
        (json!({"subject": "a\nBcc: everybody@example.com"}), "/0/subject", "line_break_in_subject"),
        (json!({"subject": "x".repeat(256)}), "/0/subject", "too_long"),
        (json!({"subject": "{{ nmae }}"}), "/0/subject", "unknown_variable"),
        (json!({"text": "", "html": null}), "/0/text", "missing_body"),
        (json!({"text": "{{ nmae }}"}), "/0/text", "unknown_variable"),
        (json!({"html": "{{ nmae"}), "/0/html", "template_syntax"),
        (json!({"weight": -1}), "/0/weight", "out_of_range"),
        (json!({"weight": 1_001}), "/0/weight", "out_of_range"),
        (json!({"weight": 0}), "", "no_weight"),
    ] {
        let mut variant = good();
        variant.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let pointer = format!("/workflow/nodes/0/config/variants{place}");
        with_node("send_email", json!({"variants": [variant]})).must_say(&[(&pointer, code)]);
    }
    with_node("send_email", json!({"variants": [good(), {"weight": 0, "subject": "x", "html": "x"}]})).must_say(&[]);
    with_node("send_email", json!({})).must_say(&[("/workflow/nodes/0/config/variants", "missing_variants")]);
    with_node("send_email", json!({"variants": vec![good(); 11]}))
        .must_say(&[("/workflow/nodes/0/config/variants", "too_many")]);
}

#[test]
fn a_mail_in_a_thread_has_no_subject_of_its_own() {
    let mail = |subject: &str| {
        let nodes = json!([
            {"id": "mail", "type": "send_email", "config": {"variants": [{"subject": "Hi", "text": "Hi"}]}},
            {"id": "bump", "type": "send_email", "config": {"thread": true, "variants": [{"subject": subject, "text": "Hi"}]}}]);
        crate::campaign::with_workflow(nodes, json!([{"source": "mail", "target": "bump"}]))
    };
    mail("").must_say(&[]);
    mail("Re: Hi").must_say(&[("/workflow/nodes/1/config/variants/0/subject", "unexpected_subject")]);
}

#[test]
fn a_post_has_an_age() {
    for (node_type, days, fine) in
        [("like_post", 1, true), ("like_post", 0, false), ("comment_post", 365, true), ("comment_post", 366, false)]
    {
        let config = match node_type {
            "like_post" => json!({"max_post_age_days": days}),
            _ => json!({"message": "Hi", "max_post_age_days": days}),
        };
        let expected: &[_] = if fine { &[] } else { &[("/workflow/nodes/0/config/max_post_age_days", "out_of_range")] };
        with_node(node_type, config).must_say(expected);
    }
    with_node("like_post", json!(null)).must_say(&[]);
}

#[test]
fn a_webhook_goes_to_an_https_address() {
    for (url, code) in [
        (json!("https://hooks.example.com/clento?key=1"), None),
        (json!(null), Some("missing_url")),
        (json!(""), Some("missing_url")),
        (json!("http://hooks.example.com/"), Some("invalid_url")),
        (json!("https://user:secret@hooks.example.com/"), Some("invalid_url")),
        (json!("https://"), Some("invalid_url")),
        (json!("hooks.example.com"), Some("invalid_url")),
        (json!("file:///etc/passwd"), Some("invalid_url")),
        (json!(format!("https://hooks.example.com/{}", "x".repeat(2_000))), Some("invalid_url")),
    ] {
        let expected: Vec<_> = code.into_iter().map(|code| ("/workflow/nodes/0/config/url", code)).collect();
        with_node("webhook", json!({"url": url})).must_say(&expected);
    }
}

#[test]
fn a_condition_asks_something_that_can_be_answered() {
    for (field, operator, value, expected) in [
        (json!("title"), json!("contains"), json!("CEO"), vec![]),
        (json!("custom_fields.seniority"), json!("equals"), json!(3), vec![]),
        (json!("custom_fields.seniority"), json!("greater_than"), json!(2.5), vec![]),
        (json!("email"), json!("exists"), json!(null), vec![]),
        (json!("email"), json!("exists"), json!(""), vec![]),
        (json!("tags"), json!("contains"), json!("vip"), vec![]),
        (json!(null), json!("exists"), json!(null), vec![("field", "missing_field")]),
        (json!("age"), json!("exists"), json!(null), vec![("field", "unknown_field")]),
        (json!("custom_fields.age"), json!("exists"), json!(null), vec![("field", "unknown_field")]),
        (json!("sender.email"), json!("exists"), json!(null), vec![("field", "unknown_field")]),
        (json!("title"), json!(null), json!("x"), vec![("operator", "missing_operator")]),
        (json!("title"), json!("not_exists"), json!("x"), vec![("value", "unexpected_value")]),
        (json!("title"), json!("equals"), json!(null), vec![("value", "missing_value")]),
        (json!("title"), json!("starts_with"), json!(""), vec![("value", "missing_value")]),
        (json!("title"), json!("ends_with"), json!(true), vec![("value", "wrong_value_type")]),
        (json!("title"), json!("less_than"), json!("5"), vec![("value", "wrong_value_type")]),
    ] {
        let nodes = json!([
            {"id": "ask", "type": "condition", "config": {"field": field, "operator": operator, "value": value}},
            {"id": "yes", "type": "wait"}, {"id": "no", "type": "wait"}]);
        let edges: Value = json!([
            {"source": "ask", "target": "yes", "condition": "true"}, {"source": "ask", "target": "no", "condition": "false"}]);
        let expected: Vec<_> =
            expected.into_iter().map(|(field, code)| (format!("/workflow/nodes/0/config/{field}"), code)).collect();
        let expected: Vec<_> = expected.iter().map(|(pointer, code)| (&**pointer, *code)).collect();
        crate::campaign::with_workflow(nodes, edges).must_say(&expected);
    }
}
